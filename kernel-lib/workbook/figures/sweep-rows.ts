import { refuse } from "../../errors.js";
import type { Sweep, SweepPoint } from "../../simulation/index.js";

/** A point of a sweep with one of its measures; see {@link sweepRows}. */
export type SweepRow<Point, K extends string> = Point & { readonly [measure in K]: number } & {
  /** Lower end of the interval. */
  readonly low: number;
  /** Upper end of the interval. */
  readonly high: number;
  /** For `sweepFigure`: the row is from virtual time. */
  readonly source: "predicted";
};

/**
 * One measure of a sweep, ready for {@link sweepFigure}: for each point a row with its parameters, the mean under the measure's name,
 * and the interval's ends.
 *
 * @throws {@link ParameterError} if the sweep has no such measure.
 * @example
 * sweepRows(await sweep([{ load: 0.5 }], model), "responseMs") // [{ load: 0.5, responseMs: 20.1, low: 19.2, high: 21, source: "predicted" }]
 */
export function sweepRows<Point extends SweepPoint, K extends string, M extends { readonly [name in K]: number }>(
  sweep: Sweep<Point, M>,
  measure: K,
): SweepRow<Point, K>[] {
  const own = sweep.summary.filter((row) => (row.measure as string) === measure);
  if (own.length === 0) {
    const known = [...new Set(sweep.summary.map((row) => row.measure))];
    refuse("sweepRows", "measure", `one of ${known.join(", ")}`, measure);
  }
  return own.map(
    ({ measure: _measure, mean, low, high, halfWidth: _half, confidence: _sure, count: _count, ...point }) => {
      return { ...point, [measure]: mean, low, high, source: "predicted" } as unknown as SweepRow<Point, K>;
    },
  );
}
