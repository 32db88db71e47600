import { refuse } from "../../errors.js";
import type { Segments } from "../../migration/abstract-machine/index.js";
import { drawPlot, plot, textWidth } from "./drawing.js";
import { checkText, Figure, type FigureText } from "./figure.js";
import { formatNumber, largest } from "./numbers.js";
import { palette } from "./palette.js";

/** A process, or the lack of one, at a place and a moment. */
export interface SegmentsAt {
  /** Where and when: `laptop, before`. */
  readonly at: string;
  /** What is there, as `segmentsOf` gives it; leave it out where nothing is. */
  readonly segments?: Segments;
}

const names = ["code", "execution", "resources"] as const;
const colors = { code: palette.predicted, execution: palette.measured, resources: palette.published };

/**
 * The three segments of a process at several places and moments: a bar for each, as long as its bytes in an image.
 *
 * The figure's data have one row a bar: `at`, `segment`, `bytes`.
 *
 * @throws {@link ParameterError} if there is nothing to draw, or title or alt is missing.
 * @example
 * segmentsFigure([{ at: "ana, before", segments: segmentsOf(machine) }, { at: "bruno, before" }], { title: "…", alt: "…" })
 */
export function segmentsFigure(places: readonly SegmentsAt[], text: FigureText): Figure {
  checkText("segmentsFigure", text);
  if (!Array.isArray(places) || places.length === 0) refuse("segmentsFigure", "places", "at least one place", places);
  const rows = places.flatMap(({ at, segments }) =>
    names.map((segment) => ({ at, segment, bytes: segments?.[segment].bytes ?? 0 })),
  );
  const totals = places.map(({ at, segments }) => ({
    at,
    bytes: names.reduce((sum, segment) => sum + (segments?.[segment].bytes ?? 0), 0),
    text: segments
      ? names.map((segment) => `${segment[0]} ${formatNumber(segments[segment].bytes)}`).join(" · ")
      : "nothing",
  }));
  const { barX, text: label } = plot();
  const most = largest(totals.map(({ bytes }) => bytes));
  const longest = largest(totals.map((total) => textWidth(total.text, 11)));
  const marginLeft = 16 + largest(places.map(({ at }) => textWidth(at)));
  const drawing = drawPlot(
    {
      marginLeft,
      height: 60 + 34 * places.length,
      // Room to the right of the longest bar for its text.
      x: { label: "bytes in an image", domain: [0, Math.max(1, most) * (1 + longest / (620 - marginLeft - longest))] },
      y: { label: null, domain: places.map(({ at }) => at), padding: 0.25 },
      marks: [
        barX(rows, { x: "bytes", y: "at", fill: (row: { segment: (typeof names)[number] }) => colors[row.segment] }),
        label(totals, { x: "bytes", y: "at", text: "text", textAnchor: "start", dx: 6, fontSize: 11 }),
      ],
    },
    names.map((segment) => ({ label: `${segment} segment`, color: colors[segment], mark: "square" })),
  );
  return new Figure({ ...text, drawing, rows, columns: { at: {}, segment: {}, bytes: { unit: "bytes" } } });
}
