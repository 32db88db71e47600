/**
 * What a notebook shows and asks: figures, space-time diagrams and tables with their data; predictions, claims,
 * exercises with their checks, progress, datasets. Everything here is a value that shows itself
 * ({@link Displayable}) and carries its rows, so that a check can compare them. Drawn with Observable Plot; a diagram's
 * buttons are the only script. Left out: widgets that talk back to the kernel, and animation.
 *
 * A figure is a cell's last value; its data go with it:
 *
 * ```ts
 * import { claims, exponential, mm1, overlay, queueModel } from "kernel-lib";
 *
 * const waits = [20, 50, 80].map((arrivalsPerS) => {
 *   const service = (source: () => number) => exponential({ mean: 10 }, source);
 *   return { x: arrivalsPerS, y: queueModel({ arrivalsPerS, service, requests: 20_000, seed: 1 }).responseMs };
 * });
 * const figure = overlay({
 *   title: "Response times in M/M/1",
 *   alt: "The calculated curve rises ever more steeply with the load, and the simulated points lie on it.",
 *   x: { label: "arrivals", unit: "1/s" },
 *   y: { label: "response time", unit: "ms" },
 *   theory: { f: (arrivalsPerS) => mm1({ arrivalsPerS, serviceMs: 10 }).responseMs },
 *   predicted: waits,
 * });
 * claims({ "from 50 to 80 requests a second, the response time doubles": waits[2]!.y > 2 * waits[1]!.y });
 * console.log(figure, waits[2]!.y); // in a notebook, `figure` as the last value; the last response time is near 50
 * ```
 *
 * @see Okabe and Ito, "Color Universal Design", 2008, for the colours; Lamport, "Time, Clocks, and the Ordering of Events in
 * a Distributed System", C. ACM 21, 1978, for the diagrams.
 */

export {
  checkMime,
  claimsMime,
  jupyterDisplay,
  type KernelHook,
  kernelHook,
  kernelHookName,
  type MimeBundle,
  tableMime,
} from "../jupyter.js";
export { type CheckOptions, check } from "./checks/check.js";
export { type CheckRecord, CheckResult, exerciseResults, exportResults, forgetResults } from "./checks/check-result.js";
export { type ClaimRecord, Claims, claim, claims } from "./checks/claims.js";
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
  type WrongNumber,
} from "./checks/exercise.js";
export {
  type ChoiceQuestion,
  Comparison,
  type NumberQuestion,
  type OneOf,
  Prediction,
  predict,
} from "./checks/predict.js";
export { type Dataset, dataset, datasets, MalformedDataset, UnknownDataset } from "./dataset.js";
export { type ColumnOptions, type Row, Table, type TableOptions, table } from "./figures/data-table.js";
export { type Displayable, show } from "./figures/display.js";
export { type DistributionOptions, distribution, type Sample } from "./figures/distribution.js";
export type { LegendItem } from "./figures/drawing.js";
export { type AxisOptions, Figure, type FigureOptions, type FigureText, figure } from "./figures/figure.js";
export { type LaneSpan, type LanesOptions, lanes } from "./figures/lanes.js";
export {
  type OverlayOptions,
  overlay,
  type Point,
  type PredictedHeight,
  type Series,
  type Theory,
} from "./figures/overlay.js";
export { type Palette, palette, type Role } from "./figures/palette.js";
export { type Progress, progress } from "./figures/progress.js";
export { type ScreenPictureOptions, screenPicture } from "./figures/screen-picture.js";
export { type SegmentsAt, segmentsFigure } from "./figures/segments-figure.js";
export { type FieldAxis, type SweepFigureOptions, sweepFigure } from "./figures/sweep-figure.js";
export { type SweepRow, sweepRows } from "./figures/sweep-rows.js";
export { type MessageRecord, messages, type RunLike } from "./figures/trace-view.js";
export { hopThroughPage, type PageHop, type PageHopOptions } from "./page-hop.js";
export { type SpaceTimeOptions, spaceTime } from "./space-time/space-time.js";
export { type TerminalUse, type UseTerminalOptions, useTerminal } from "./use-terminal.js";
