import { refuse } from "../errors.js";
import { confidenceInterval, type Interval, type IntervalOptions } from "./intervals.js";

/** What one run of a model measured: named finite numbers. */
export type Measures = { readonly [name: string]: number };

/** The result of one run with the names that the first run gave, all finite, else a {@link ParameterError}. @internal */
export function checkMeasures<M extends Measures>(where: string, run: string, got: M, names?: readonly string[]): M {
  if (typeof got !== "object" || got === null) refuse(where, `the model's result for ${run}`, "an object", got);
  const own = Object.keys(got);
  if (own.length === 0) refuse(where, `the model's result for ${run}`, "an object of named numbers", "no number");
  for (const name of names ? new Set([...names, ...own]) : own) {
    if (!Number.isFinite(got[name]) || (names && !names.includes(name))) {
      const wanted = names && !names.includes(name) ? "absent, as it is in the first run" : "a finite number";
      refuse(where, `${name} (the model's result for ${run})`, wanted, got[name]);
    }
  }
  return got;
}

/** The interval of each measure over the runs, in the order in which the model names them. @internal */
export function intervalsOf<M extends Measures>(
  runs: readonly M[],
  options: IntervalOptions,
): { readonly [K in keyof M]: Interval } {
  const intervals: Record<string, Interval> = {};
  for (const name of Object.keys(runs[0] ?? {})) {
    intervals[name] = confidenceInterval(
      runs.map((run) => run[name] as number),
      options,
    );
  }
  return intervals as { readonly [K in keyof M]: Interval };
}
