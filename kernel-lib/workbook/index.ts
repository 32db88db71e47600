/**
 * What a notebook shows and asks: figures, space-time diagrams and tables with their data; predictions, claims,
 * exercises with their checks, progress, datasets. Everything here is a value that shows itself
 * ({@link Displayable}) and carries its rows, so that a check can compare them. Drawn with Observable Plot; a diagram's
 * buttons are the only script. Left out: widgets that talk back to the kernel, and animation.
 *
 * @see Okabe and Ito, "Color Universal Design", 2008, for the colours; Lamport, "Time, Clocks, and the Ordering of Events in
 * a Distributed System", C. ACM 21, 1978, for the diagrams.
 */
export { type CheckOptions, check } from "./check.js";
export {
  type CheckRecord,
  CheckResult,
  checkMime,
  exerciseResults,
  exportResults,
  forgetResults,
} from "./check-result.js";
export { type ClaimRecord, Claims, claim, claims, claimsMime } from "./claims.js";
export { type ColumnOptions, type Row, Table, type TableOptions, table, tableMime } from "./data-table.js";
export { type Dataset, dataset, datasets, MalformedDataset, UnknownDataset } from "./dataset.js";
export { type Displayable, jupyterDisplay, type KernelHook, kernelHook, type MimeBundle, show } from "./display.js";
export { type DistributionOptions, distribution, type Sample } from "./distribution.js";
export type { LegendItem } from "./drawing.js";
export {
  type ChoiceExercise,
  type ExerciseText,
  exercise,
  type Failure,
  type Mistake,
  type NumberExercise,
  type OneChoice,
  type ProgramExercise,
  type RunClaim,
} from "./exercise.js";
export { type AxisOptions, Figure, type FigureOptions, type FigureText, figure } from "./figure.js";
export { type LaneSpan, type LanesOptions, lanes } from "./lanes.js";
export { type OverlayOptions, overlay, type Point, type PredictedHeight, type Series, type Theory } from "./overlay.js";
export { hopThroughPage, type PageHop, type PageHopOptions } from "./page-hop.js";
export { type Palette, palette, type Role } from "./palette.js";
export { type ChoiceQuestion, Comparison, type NumberQuestion, type OneOf, Prediction, predict } from "./predict.js";
export { type Progress, progress } from "./progress.js";
export { type SegmentsAt, segmentsFigure } from "./segments-figure.js";
export { type SpaceTimeOptions, spaceTime } from "./space-time.js";
export { type FieldAxis, type SweepFigureOptions, sweepFigure } from "./sweep-figure.js";
export { type SweepRow, sweepRows } from "./sweep-rows.js";
export { type MessageRecord, messages, type RunLike } from "./trace-view.js";
