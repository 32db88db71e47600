import { checkWhole, refuse } from "../errors.js";
import { checkConfidence, type Interval, type IntervalOptions } from "./intervals.js";
import { checkMeasures, intervalsOf, type Measures } from "./measures.js";

/** How often {@link replicate} runs a model, and from which seed on. */
export interface ReplicationOptions extends IntervalOptions {
  /** How many independent runs, at least 2; 20 without it. */
  readonly replications?: number;
  /** The seed of the first run; each further run takes the next. 1 without it. */
  readonly firstSeed?: number;
}

/** Which seed a row's run had. */
export interface SeedColumn {
  /** The seed of the run. */
  readonly seed: number;
}

/** What {@link replicate} returns. */
export interface Replications<M> {
  /** One row a run, in the order of seeds: the seed and what the model measured. */
  readonly rows: readonly (SeedColumn & M)[];
  /** For each measure the interval of its mean over the runs. */
  readonly intervals: { readonly [K in keyof M]: Interval };
}

/**
 * Runs a model once for each of several seeds. Runs with different seeds are independent, so their spread says how far
 * the mean may be off.
 *
 * @param model takes a seed and returns what it measured, as named finite numbers; it may be async.
 * @throws {@link ParameterError} if an option is out of range or a run returns anything else, or other names than the first.
 */
export async function replicate<M extends Measures>(
  model: (seed: number) => M | Promise<M>,
  options: ReplicationOptions = {},
): Promise<Replications<M>> {
  if (typeof model !== "function") refuse("replicate", "model", "a function of a seed", model);
  const replications = checkWhole("replicate", "replications", options.replications ?? 20, 2);
  const firstSeed = checkWhole("replicate", "firstSeed", options.firstSeed ?? 1);
  checkConfidence("replicate", options.confidence ?? 0.95);
  const runs: M[] = [];
  for (let seed = firstSeed; seed < firstSeed + replications; seed++) {
    runs.push(checkMeasures("replicate", `seed ${seed}`, await model(seed), runs[0] && Object.keys(runs[0])));
  }
  return { rows: runs.map((run, i) => ({ seed: firstSeed + i, ...run })), intervals: intervalsOf(runs, options) };
}
