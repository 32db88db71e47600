import { checkWhole, refuse } from "../errors.js";
import { checkConfidence, confidenceInterval, type Interval, type IntervalOptions } from "./intervals.js";

/** How often {@link replicate} runs a model, and from which seed on. */
export interface ReplicationOptions extends IntervalOptions {
  /** How many independent runs, at least 2; 20 without it. */
  readonly replications?: number;
  /** The seed of the first run; each further run takes the next. 1 without it. */
  readonly firstSeed?: number;
}

/** What {@link replicate} returns. */
export interface Replications<Measures> {
  /** One row a run, in the order of seeds: the seed and what the model measured. */
  readonly rows: readonly ({ readonly seed: number } & Measures)[];
  /** For each measure the interval of its mean over the runs. */
  readonly intervals: { readonly [K in keyof Measures]: Interval };
}

/**
 * Runs a model once for each of several seeds. Runs with different seeds are independent, so their spread says how far
 * the mean may be off.
 *
 * @param model takes a seed and returns what it measured, as named finite numbers; it may be async.
 * @throws {@link ParameterError} if an option is out of range or a run returns anything else, or other names than the first.
 */
export async function replicate<Measures extends { readonly [name: string]: number }>(
  model: (seed: number) => Measures | Promise<Measures>,
  options: ReplicationOptions = {},
): Promise<Replications<Measures>> {
  if (typeof model !== "function") refuse("replicate", "model", "a function of a seed", model);
  const replications = checkWhole("replicate", "replications", options.replications ?? 20, 2);
  const firstSeed = checkWhole("replicate", "firstSeed", options.firstSeed ?? 1);
  checkConfidence("replicate", options.confidence ?? 0.95);
  const rows: ({ readonly seed: number } & Measures)[] = [];
  for (let i = 0; i < replications; i++) {
    const seed = firstSeed + i;
    rows.push({ seed, ...(await model(seed)) });
  }
  return { rows, intervals: intervalsOf(rows, options) };
}

function intervalsOf<Measures extends { readonly [name: string]: number }>(
  rows: readonly ({ readonly seed: number } & Measures)[],
  options: IntervalOptions,
): { readonly [K in keyof Measures]: Interval } {
  const names = Object.keys(rows[0] ?? {}).filter((name) => name !== "seed");
  if (names.length === 0) refuse("replicate", "the model's result", "an object of named numbers", "no number");
  const intervals: Record<string, Interval> = {};
  for (const row of rows) {
    for (const name of new Set([...names, ...Object.keys(row)])) {
      if (!Number.isFinite(row[name])) {
        refuse("replicate", `${name} (the model's result for seed ${row.seed})`, "a finite number", row[name]);
      }
    }
  }
  for (const name of names) {
    intervals[name] = confidenceInterval(
      rows.map((row) => row[name] as number),
      options,
    );
  }
  return intervals as { readonly [K in keyof Measures]: Interval };
}
