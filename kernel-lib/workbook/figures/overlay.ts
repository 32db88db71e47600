import type { Markish } from "@observablehq/plot";
import { checkPositive, refuse } from "../../errors.js";
import { pow } from "../../simulation/elementary-functions/index.js";
import type { Row } from "./data-table.js";
import { drawPlot, type LegendItem, plot } from "./drawing.js";
import { type AxisOptions, axisEnds, checkText, Figure, type FigureText, plotAxis } from "./figure.js";
import { formatNumber, largest, smallest } from "./numbers.js";
import { palette, type Role } from "./palette.js";

/** A point of a series, with its interval where one is known. */
export interface Point {
  /** Where on the horizontal axis: a number, or a name. */
  readonly x: number | string;
  /** How high. */
  readonly y: number;
  /** Lower end of the interval. */
  readonly low?: number;
  /** Upper end of the interval. */
  readonly high?: number;
}

/** Points with the name that the legend gives them. */
export interface Series {
  /** Its name in the legend; by default what the source is called. */
  readonly label?: string;
  /** In the order in which a line joins them. */
  readonly points: readonly Point[];
}

/** A closed form, drawn as a line. */
export interface Theory {
  /** Its name in the legend. Default `theory`. */
  readonly label?: string;
  /** The height at x; infinite values are left out. */
  readonly f: (x: number) => number;
  /** Where the line begins and ends; by default the span of the other series. */
  readonly from?: number;
  /** See `from`. */
  readonly to?: number;
}

/** What the reader said beforehand; a {@link Prediction} of a number is one. */
export interface PredictedHeight {
  /** Stands in the legend, with the value. */
  readonly label: string;
  /** Where the line is drawn; undefined if nothing was said. */
  readonly value: number | undefined;
}

/** See {@link overlay}. */
export interface OverlayOptions extends FigureText {
  /** The horizontal axis. */
  readonly x: AxisOptions;
  /** The vertical axis; from 0 unless something is below it, or `domain` says otherwise. */
  readonly y: AxisOptions;
  /** Closed forms, or points of a table of theory: lines. */
  readonly theory?: Theory | Series | readonly (Theory | Series)[];
  /** From virtual time: hollow points with their intervals. */
  readonly predicted?: readonly Point[] | Series | readonly Series[];
  /** From live runs: filled diamonds. */
  readonly measured?: readonly Point[] | Series | readonly Series[];
  /** From a published table: squares. */
  readonly published?: readonly Point[] | Series | readonly Series[];
  /** What the reader said beforehand, as heights: dashed lines across. Undefined ones are left out. */
  readonly predictions?: readonly PredictedHeight[];
  /** In pixels. Default 720. */
  readonly width?: number;
  /** In pixels. Default 360. */
  readonly height?: number;
}

interface Drawn {
  readonly role: Role;
  readonly label: string;
  readonly points: readonly Point[];
  readonly index: number;
}

const names: Record<Role, string> = {
  theory: "theory",
  predicted: "predicted (virtual time)",
  measured: "measured (live)",
  published: "published",
  reader: "your prediction",
};

/**
 * Theory as a line, predicted points with their intervals, measured points, published points: all in one figure, each in its
 * colour and its shape. The figure's data have one row a point: `series`, `source`, `x`, `y`, `low`, `high`.
 *
 * @throws {@link ParameterError} if there is nothing to draw, a point is malformed, or title, alt or an axis is missing.
 * @example
 * overlay({
 *   title: "Response time of an M/M/1 server", alt: "Both kinds of points lie on the curve up to a load of 0.8",
 *   x: { label: "load" }, y: { label: "mean response time", unit: "ms" },
 *   theory: { f: (load) => 10 / (1 - load), to: 0.9 },
 *   predicted: rows.map((r) => ({ x: r.load, y: r.meanMs, low: r.lowMs, high: r.highMs })),
 *   measured: live.map((r) => ({ x: r.load, y: r.meanMs })),
 * })
 */
export function overlay(options: OverlayOptions): Figure {
  checkText("overlay", options);
  const axes = { x: plotAxis("overlay", "x", options.x), y: plotAxis("overlay", "y", options.y) };
  const given = (["predicted", "measured", "published"] as const).flatMap((role) => seriesOf(role, options[role]));
  const theory = theoryOf(options, given);
  const all = [...theory, ...given];
  const predictions = (options.predictions ?? []).filter((p) => p.value !== undefined);
  if (all.length === 0) {
    refuse("overlay", "theory, predicted, measured or published", "given, with at least one point", undefined);
  }
  const isNamed = all.some(({ points }) => points.some(({ x }) => typeof x === "string"));
  const namesInOrder = [...new Set(all.flatMap(({ points }) => points.map(({ x }) => x)))];
  const heights = all.flatMap(({ points }) => points.flatMap((p) => [p.y, p.low ?? p.y, p.high ?? p.y]));
  const fromZero = options.y.scale !== "log" && !options.y.domain && heights.every((y) => y >= 0);
  const marks: Markish[] = [
    ...(fromZero ? [plot().ruleY([0], { stroke: palette.ink, strokeOpacity: 0.5 })] : []),
    ...predictions.map(({ value }) =>
      plot().ruleY([value], { stroke: palette.reader, strokeWidth: 2, strokeDasharray: "6,4" }),
    ),
    ...all.flatMap((series) => marksOf(series, isNamed)),
  ];
  const legend: LegendItem[] = [
    ...all.map(legendItem),
    ...predictions.map(({ label, value }) => ({
      label: `${label}: ${formatNumber(value ?? Number.NaN)}`,
      color: palette.reader,
      mark: "dashed" as const,
    })),
  ];
  const { width, height } = options;
  const drawing = drawPlot(
    {
      grid: true,
      ...(width ? { width: checkPositive("overlay", "width", width) } : {}),
      ...(height ? { height: checkPositive("overlay", "height", height) } : {}),
      x: {
        ...(isNamed ? {} : axisEnds(options.x)),
        ...(isNamed ? { type: "point", grid: false, domain: namesInOrder } : {}),
        ...axes.x,
      } as never,
      y: { ...axisEnds(options.y), zero: fromZero, ...axes.y } as never,
      marks,
    },
    legend,
  );
  const rows: Row[] = [
    ...all.flatMap(({ role, label, points }) =>
      points.map(({ x, y, low, high }) => ({
        series: label,
        source: role,
        x,
        y,
        ...(low === undefined ? {} : { low }),
        ...(high === undefined ? {} : { high }),
      })),
    ),
    ...predictions.map(({ label, value }) => ({ series: label, source: "reader", x: "", y: value })),
  ];
  const columns = {
    series: {},
    source: {},
    x: { label: options.x.label, unit: options.x.unit },
    y: { label: options.y.label, unit: options.y.unit },
    ...(rows.some((row) => "low" in row) ? { low: {}, high: {} } : {}),
  };
  return new Figure({ ...options, drawing, rows, columns });
}

function seriesOf(role: Role, given: readonly Point[] | Series | readonly Series[] | undefined): Drawn[] {
  if (given === undefined) return [];
  const list = (Array.isArray(given) ? given : [given]) as readonly (Point | Series)[];
  const isPoints =
    list.length > 0 && list.every((item) => typeof item === "object" && item !== null && !("points" in item));
  const series = isPoints ? [{ points: list as readonly Point[] }] : (list as readonly Series[]);
  return series.map((one: Series, index) => ({
    role,
    index,
    label: one.label ?? names[role],
    points: checkPoints(role, one.points),
  }));
}

function checkPoints(role: Role, points: unknown): readonly Point[] {
  if (!Array.isArray(points)) refuse("overlay", role, "an array of points { x, y, low?, high? }", points);
  points.forEach((point: Partial<Point>, i) => {
    for (const field of ["x", "y", "low", "high"] as const) {
      const value = point?.[field];
      const isName = field === "x" && typeof value === "string";
      const mayLack = value === undefined && (field === "low" || field === "high");
      if (!mayLack && !isName && !Number.isFinite(value))
        refuse("overlay", `${role}[${i}].${field}`, "a finite number", value);
    }
  });
  return points as Point[];
}

/** Closed forms become points, close enough that the line is smooth; where they are infinite the line stops. */
function theoryOf({ theory, x }: OverlayOptions, given: readonly Drawn[]): Drawn[] {
  const list =
    theory === undefined ? [] : ((Array.isArray(theory) ? theory : [theory]) as readonly (Theory | Series)[]);
  const numbers = given
    .flatMap(({ points }) => points.map((p) => p.x))
    .filter((v): v is number => typeof v === "number");
  return list.map((one, index) => {
    const label = one.label ?? names.theory;
    if ("points" in one) return { role: "theory", index, label, points: checkPoints("theory", one.points) };
    if (typeof one.f !== "function") refuse("overlay", "theory.f", "a function of x", one.f);
    const from = one.from ?? x.domain?.[0] ?? smallest(numbers);
    const to = one.to ?? x.domain?.[1] ?? largest(numbers);
    if (!(Number.isFinite(from) && Number.isFinite(to) && from < to)) {
      refuse("overlay", "theory.from and theory.to", "finite and in order where no other series says where to draw", [
        from,
        to,
      ]);
    }
    const steps = 120;
    const points = Array.from({ length: steps + 1 }, (_v, i) => {
      const at = x.scale === "log" ? from * pow(to / from, i / steps) : from + ((to - from) * i) / steps;
      return { x: at, y: one.f(at) };
    }).filter((point) => Number.isFinite(point.y));
    return { role: "theory", index, label, points };
  });
}

const dashes = ["", "7,4", "2,4", "9,3,2,3"];
const symbols = ["circle", "triangle", "square", "wye"] as const;

function marksOf({ role, label, points, index }: Drawn, isNamed: boolean): Markish[] {
  const { line, dot, ruleX, tickX } = plot();
  const color = palette[role];
  if (role === "theory") {
    return isNamed
      ? [tickX(points, { x: "x", y: "y", stroke: color, strokeWidth: 2 })]
      : [
          line(points, {
            x: "x",
            y: "y",
            stroke: color,
            strokeWidth: 1.8,
            strokeDasharray: dashes[index % 4] || undefined,
          }),
        ];
  }
  const title = (p: Point) =>
    `${label}\n${typeof p.x === "number" ? formatNumber(p.x) : p.x}: ${formatNumber(p.y)}${p.low === undefined || p.high === undefined ? "" : ` (${formatNumber(p.low)} to ${formatNumber(p.high)})`}`;
  const withInterval = points.filter((p) => p.low !== undefined && p.high !== undefined);
  const nudge = role === "measured" ? 2.5 : role === "predicted" ? -2.5 : 0;
  const interval = ruleX(withInterval, {
    x: "x",
    y1: "low",
    y2: "high",
    stroke: color,
    strokeWidth: 1.8,
    dx: nudge,
    marker: "tick",
  } as never);
  const symbol = role === "measured" ? "diamond" : role === "published" ? "square" : symbols[index % symbols.length];
  const isCrowded = points.length > 100;
  const look =
    role === "predicted"
      ? { fill: palette.paper, stroke: color, strokeWidth: isCrowded ? 1.2 : 1.8, r: isCrowded ? 2.4 : 4 }
      : { fill: color, fillOpacity: index === 0 ? 1 : 0.45, stroke: color, r: isCrowded ? 2.4 : 4.5 };
  return [interval, dot(points, { x: "x", y: "y", symbol, dx: nudge, title, ...look } as never)];
}

function legendItem({ role, label, index }: Drawn): LegendItem {
  const mark = {
    theory: index === 0 ? "line" : "dashed",
    predicted: index === 0 ? "hollow" : "triangle",
    measured: index === 0 ? "diamond" : "pale diamond",
    published: index === 0 ? "square" : "pale square",
    reader: "dashed",
  }[role] as LegendItem["mark"];
  return { label, color: palette[role], mark };
}
