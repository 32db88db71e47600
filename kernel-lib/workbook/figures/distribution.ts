import type { Markish } from "@observablehq/plot";
import { checkPositive, refuse } from "../../errors.js";
import { drawPlot, type LegendItem, plot } from "./drawing.js";
import { type AxisOptions, axisEnds, checkText, Figure, type FigureText, plotAxis } from "./figure.js";
import { formatNumber } from "./numbers.js";
import { palette, type Role } from "./palette.js";

/** Numbers drawn from one source, with the name that the legend gives them. */
export interface Sample {
  /** Its name in the legend and in the data. */
  readonly label: string;
  /** At least one finite number, in any order. */
  readonly values: readonly number[];
  /** Gives the sample its colour; several of one role differ by their dashes. */
  readonly role?: Role;
}

/** See {@link distribution}. */
export interface DistributionOptions extends FigureText {
  /** What the numbers are. */
  readonly x: AxisOptions;
  /** `cumulative`: the share of values up to x. `tail`: the share above x, on a logarithmic axis. Default `cumulative`. */
  readonly show?: "cumulative" | "tail";
  /** Quantiles that are marked on the curves, from 0 to 1. Default 0.5 and 0.99. */
  readonly quantiles?: readonly number[];
  /** In pixels. Default 720. */
  readonly width?: number;
  /** In pixels. Default 360. */
  readonly height?: number;
}

const maxPoints = 400;
const dashes = [undefined, "7,4", "2,4", "9,3,2,3"];

/**
 * The empirical distribution of one or several samples: for each x the share of values up to it, with quantiles marked.
 *
 * The figure's data have one row a sample: `sample`, `count`, `mean`, `min`, the quantiles 0.5, 0.9, 0.99, 0.999, `max`.
 * A quantile q is the smallest value with a share of at least q at or below it.
 *
 * @param samples numbers, samples with labels, or an object of numbers by label.
 * @throws {@link ParameterError} if a sample is empty or has a value that is not finite.
 * @example
 * distribution({ iterative: slow, "thread pool": fast }, {
 *   title: "The tail is what changes", alt: "…", x: { label: "response time", unit: "ms", scale: "log" } })
 */
export function distribution(
  samples: readonly number[] | readonly Sample[] | Readonly<Record<string, readonly number[]>>,
  options: DistributionOptions,
): Figure {
  checkText("distribution", options);
  const xAxis = plotAxis("distribution", "x", options.x);
  const { show = "cumulative", quantiles = [0.5, 0.99] } = options;
  if (show !== "cumulative" && show !== "tail") refuse("distribution", "show", "cumulative or tail", show);
  for (const q of quantiles) if (!(q > 0 && q < 1)) refuse("distribution", "quantiles", "between 0 and 1", q);
  const isLog = options.x.scale === "log";
  const sorted = samplesOf(samples).map((sample) => ({ ...sample, values: checkedValues(sample) }));
  const leftOut = sorted.flatMap(({ label, values }) => {
    const bad = isLog ? values.filter((value) => value <= 0).length : 0;
    return bad > 0 ? [`${bad} of ${values.length} values of ${label} are not above 0 and not drawn`] : [];
  });
  const { line, dot, ruleY } = plot();
  const isTail = show === "tail";
  const share = (below: number) => (isTail ? 1 - below : below);
  const marks: Markish[] = isTail ? [] : [ruleY([0, 1], { stroke: palette.ink, strokeOpacity: 0.4 })];
  const legend: LegendItem[] = [];
  sorted.forEach(({ label, values, role }, i) => {
    const color = role ? palette[role] : (palette.series[i % palette.series.length] as string);
    const before = role ? sorted.slice(0, i).filter((other) => other.role === role).length : 0;
    const dash = dashes[before % dashes.length];
    const points = stepPoints(values).filter(([x, y]) => (!isLog || x > 0) && (!isTail || y < 1));
    marks.push(
      line(
        points.map(([x, y]) => [x, share(y)]),
        { curve: "step-after", stroke: color, strokeWidth: 1.8, strokeDasharray: dash } as never,
      ),
      dot(
        quantiles.map((q) => ({ q, x: quantile(values, q), y: share(q) })).filter(({ x }) => !isLog || x > 0),
        {
          x: "x",
          y: "y",
          r: 4,
          fill: color,
          stroke: palette.paper,
          title: ({ q, x }: { q: number; x: number }) =>
            `${label}: ${formatNumber(q * 100)} % are at most ${formatNumber(x)}`,
        } as never,
      ),
    );
    const marked = quantiles.map((q) => `p${formatNumber(q * 100)} ${formatNumber(quantile(values, q), 3)}`).join(", ");
    legend.push({ label: marked ? `${label}: ${marked}` : label, color, mark: dash ? "dashed" : "line" });
  });
  const { width, height } = options;
  const drawing = drawPlot(
    {
      grid: true,
      ...(width ? { width: checkPositive("distribution", "width", width) } : {}),
      ...(height ? { height: checkPositive("distribution", "height", height) } : {}),
      x: { ...axisEnds(options.x), ...xAxis } as never,
      y: isTail
        ? { type: "log", label: "share of values above" }
        : { label: "share of values up to x", domain: [0, 1] },
      marks,
    },
    legend,
  );
  const rows = sorted.map(({ label, values }) => ({
    sample: label,
    count: values.length,
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    min: values[0],
    p50: quantile(values, 0.5),
    p90: quantile(values, 0.9),
    p99: quantile(values, 0.99),
    "p99.9": quantile(values, 0.999),
    max: values[values.length - 1],
  }));
  const caption = [options.caption, leftOut.length ? `${leftOut.join("; ")}.` : ""].filter(Boolean).join(" ");
  return new Figure({ ...options, caption, drawing, rows });
}

function samplesOf(
  given: readonly number[] | readonly Sample[] | Readonly<Record<string, readonly number[]>>,
): Sample[] {
  if (!Array.isArray(given)) {
    if (typeof given !== "object" || given === null)
      refuse("distribution", "samples", "numbers, or numbers by label", given);
    return Object.entries(given as Record<string, readonly number[]>).map(([label, values]) => ({ label, values }));
  }
  if (given.length === 0) refuse("distribution", "samples", "at least one value", given);
  return typeof given[0] === "number"
    ? [{ label: "sample", values: given as number[], role: "predicted" }]
    : [...(given as Sample[])];
}

function checkedValues({ label, values }: Sample): number[] {
  if (!Array.isArray(values) || values.length === 0)
    refuse("distribution", label, "an array of at least one number", values);
  for (const value of values) if (!Number.isFinite(value)) refuse("distribution", label, "finite numbers", value);
  return [...(values as number[])].sort((a, b) => a - b);
}

/** The smallest value with a share of at least q of the sorted values at or below it. */
function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length - 1e-9) - 1))] as number;
}

/** Corners of the step function; of long samples as many as can be told apart, and all of the last ones, the tail. */
function stepPoints(sorted: readonly number[]): [x: number, y: number][] {
  const n = sorted.length;
  const every = Math.max(1, Math.floor(n / maxPoints));
  const points: [number, number][] = [[sorted[0] as number, 0]];
  for (let i = 0; i < n; i++) {
    if (i % every === 0 || i >= n - 100) points.push([sorted[i] as number, (i + 1) / n]);
  }
  return points;
}
