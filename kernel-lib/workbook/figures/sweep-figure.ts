import type { Markish } from "@observablehq/plot";
import { refuse } from "../../errors.js";
import { checkRows, type Row } from "./data-table.js";
import { drawPlot, type LegendItem, plot } from "./drawing.js";
import { type AxisOptions, axisEnds, checkText, Figure, type FigureText, plotAxis } from "./figure.js";
import { formatNumber } from "./numbers.js";
import { palette } from "./palette.js";

/** An axis that shows a field of the rows. */
export interface FieldAxis extends AxisOptions {
  /** The field's name. */
  readonly field: string;
  /** On the vertical axis: the fields of an interval's lower and upper end. */
  readonly low?: string;
  /** See `low`. */
  readonly high?: string;
}

/** See {@link sweepFigure}. */
export interface SweepFigureOptions extends FigureText {
  /** The parameter. */
  readonly x: FieldAxis;
  /** The result. */
  readonly y: FieldAxis;
  /** The field that tells variants apart: each gets its colour. */
  readonly series?: string;
  /**
   * The field that says where a row comes from: `theory` (a line), `predicted` (from virtual time: hollow points),
   * `measured` (live: diamonds), `published` (squares). Without it, all rows are predicted.
   */
  readonly source?: string;
  /** In pixels. Default 720. */
  readonly width?: number;
  /** In pixels. Default 360. */
  readonly height?: number;
}

const sources = ["theory", "predicted", "measured", "published"] as const;
type Source = (typeof sources)[number];

/**
 * How a result moves with a parameter, for one or several variants: a colour for each variant, a shape for each source.
 * Points of one variant and source are joined in the order of x where no line of theory does it; measured ones, which are
 * few, only where they stand alone. The figure's data are the rows given.
 *
 * @param rows flat records, one a point.
 * @throws {@link ParameterError} if there are no rows, a field is missing or not a number, or a source is unknown.
 * @example
 * sweepFigure(rows, { title: "Where the lines cross", alt: "…", series: "organization",
 *   x: { field: "serviceMs", label: "service time", unit: "ms", scale: "log" },
 *   y: { field: "throughputPerS", label: "throughput", unit: "requests/s" } })
 */
export function sweepFigure(rows: readonly object[], options: SweepFigureOptions): Figure {
  checkText("sweepFigure", options);
  const flat = checkRows("sweepFigure", "rows", rows);
  if (flat.length === 0) refuse("sweepFigure", "rows", "at least one record", rows);
  const { x, y, series, source } = options;
  const axes = { x: plotAxis("sweepFigure", "x", x), y: plotAxis("sweepFigure", "y", y) };
  for (const [i, row] of flat.entries()) {
    for (const field of [x.field, y.field]) {
      if (!Number.isFinite(row[field])) refuse("sweepFigure", `rows[${i}].${field}`, "a finite number", row[field]);
    }
    if (source && !sources.includes(row[source] as Source)) {
      refuse("sweepFigure", `rows[${i}].${source}`, `one of ${sources.join(", ")}`, row[source]);
    }
  }
  const nameOf = (row: Row) => (series ? String(row[series]) : y.label);
  const variants = [...new Set(flat.map(nameOf))];
  const used = sources.filter((one) => flat.some((row) => sourceOf(row, source) === one));
  const marks: Markish[] = [];
  const colorOf = (index: number) =>
    series
      ? (palette.series[index % palette.series.length] as string)
      : used.length === 1 && used[0] === "measured"
        ? palette.measured
        : palette.predicted;
  // Pairs of one place stand side by side rather than one upon the other.
  const isPaired = used.includes("predicted") && used.includes("measured");
  const nudgeOf = (one: Source) => (isPaired ? { theory: 0, predicted: -2.5, measured: 2.5, published: 0 }[one] : 0);
  const roles = {
    theory: palette.theory,
    predicted: palette.predicted,
    measured: palette.measured,
    published: palette.published,
  };
  variants.forEach((variant, index) => {
    for (const one of used) {
      const points = flat
        .filter((row) => nameOf(row) === variant && sourceOf(row, source) === one)
        .sort((a, b) => (a[x.field] as number) - (b[x.field] as number));
      const look = {
        color: series ? colorOf(index) : roles[one],
        isJoined: !used.includes("theory") && (one !== "measured" || used.length === 1),
        dx: nudgeOf(one),
      };
      if (points.length > 0) marks.push(...marksOf(points, one, variant, x, y, look));
    }
  });
  const legend: LegendItem[] = [
    ...(series ? variants.map((label, i) => ({ label, color: colorOf(i), mark: "square" as const })) : []),
    ...(used.length > 1 || !series ? used.map((one) => sourceItem(one, series ? palette.ink : roles[one])) : []),
  ];
  const heights = flat.map((row) => row[y.field] as number);
  const fromZero = y.scale !== "log" && !y.domain && heights.every((value) => value >= 0);
  const { width, height } = options;
  const drawing = drawPlot(
    {
      grid: true,
      ...(width ? { width } : {}),
      ...(height ? { height } : {}),
      x: { ...axisEnds(x), ...axes.x } as never,
      y: { ...axisEnds(y), zero: fromZero, ...axes.y } as never,
      marks: [...(fromZero ? [plot().ruleY([0], { stroke: palette.ink, strokeOpacity: 0.5 })] : []), ...marks],
    },
    legend,
  );
  return new Figure({ ...options, drawing, rows: flat });
}

function sourceOf(row: Row, field: string | undefined): Source {
  return field ? (row[field] as Source) : "predicted";
}

function sourceItem(source: Source, color: string): LegendItem {
  const label = {
    theory: "theory",
    predicted: "predicted (virtual time)",
    measured: "measured (live)",
    published: "published",
  };
  const mark = { theory: "line", predicted: "hollow", measured: "diamond", published: "square" } as const;
  return { label: label[source], color, mark: mark[source] };
}

function marksOf(
  points: readonly Row[],
  source: Source,
  name: string,
  x: FieldAxis,
  y: FieldAxis,
  { color, isJoined, dx }: { color: string; isJoined: boolean; dx: number },
): Markish[] {
  const { line, dot, ruleX } = plot();
  const at = { x: x.field, y: y.field };
  if (source === "theory") return [line(points, { ...at, stroke: color, strokeWidth: 1.8 } as never)];
  const title = (row: Row) =>
    `${name}\n${x.label} ${formatNumber(row[x.field] as number)}: ${formatNumber(row[y.field] as number)}${y.unit ? ` ${y.unit}` : ""}`;
  const { low, high } = y;
  const withInterval =
    low && high ? points.filter((row) => Number.isFinite(row[low]) && Number.isFinite(row[high])) : [];
  return [
    ...(isJoined
      ? [
          line(points, {
            ...at,
            stroke: color,
            strokeWidth: 1.4,
            strokeOpacity: 0.55,
            strokeDasharray: source === "measured" ? "4,3" : undefined,
          } as never),
        ]
      : []),
    ruleX(withInterval, { x: x.field, y1: low, y2: high, stroke: color, strokeWidth: 1.6, dx } as never),
    dot(points, {
      ...at,
      title,
      dx,
      symbol: source === "measured" ? "diamond" : source === "published" ? "square" : "circle",
      r: 4,
      stroke: color,
      strokeWidth: 1.8,
      fill: source === "predicted" ? palette.paper : color,
    } as never),
  ];
}
