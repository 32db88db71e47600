import { checkWhole, Interrupted, ParameterError, refuse, shown } from "../errors.js";
import { stopSignal } from "./interrupt.js";
import { checkConfidence, type Interval } from "./intervals.js";
import { checkMeasures, intervalsOf, type Measures } from "./measures.js";
import type { ReplicationOptions, SeedColumn } from "./replications.js";

/** One combination of parameters: plain data that can be copied. */
export type SweepPoint = { readonly [name: string]: unknown };

/**
 * A model that runs elsewhere than in the calling thread: made by `exportedModel` or `selfContainedModel`.
 *
 * @typeParam Point the parameters that it takes. @typeParam M what it measures.
 */
export interface ModelElsewhere<Point extends SweepPoint, M extends Measures> {
  /** Gets ready for so many runs, on so many workers (by default as many as the machine has cores) or fewer. */
  open(
    runs: number,
    workers: number | undefined,
  ): Promise<{
    /** How many runs can go on at once. */
    readonly workers: number;
    /** Runs the model once. */
    run(point: Point, seed: number): Promise<M>;
    /** Ends all workers. */
    close(): Promise<void>;
  }>;
}

type OpenModel<Point extends SweepPoint, M extends Measures> = Awaited<ReturnType<ModelElsewhere<Point, M>["open"]>>;

/** How {@link sweep} runs. */
export interface SweepOptions extends ReplicationOptions {
  /** How many workers to run on, for a model that can; by default as many as the machine has cores. Never changes the result. */
  readonly workers?: number;
  /** Is called after each run with how many are done. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Ends the sweep early: workers are stopped, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Which measure a row of a summary is about. */
export interface MeasureColumn<M extends Measures> {
  /** The name that the model gave it. */
  readonly measure: keyof M & string;
}

/** What {@link sweep} returns; all rows are flat, ready to plot. */
export interface Sweep<Point extends SweepPoint, M extends Measures> {
  /** One row a run: the point's parameters, the seed, the measures; by points as given, then by seeds. */
  readonly rows: readonly (Point & SeedColumn & M)[];
  /** One row for each point and measure: the parameters, `measure`, and the interval of its mean over the seeds. */
  readonly summary: readonly (Point & MeasureColumn<M> & Interval)[];
}

/** All combinations of the values of several parameters; the last parameter changes fastest. */
export function grid<G extends { readonly [name: string]: readonly unknown[] }>(
  values: G,
): { [K in keyof G]: G[K][number] }[] {
  let points: { [name: string]: unknown }[] = [{}];
  for (const [name, choices] of Object.entries(values)) {
    if (!Array.isArray(choices)) refuse("grid", name, "an array of values", choices);
    points = points.flatMap((point) => choices.map((choice) => ({ ...point, [name]: choice })));
  }
  return points as { [K in keyof G]: G[K][number] }[];
}

/**
 * Runs a model for each point, with each of several seeds.
 *
 * All points see the same seeds, so points are compared on the same luck (common random numbers). The result is the
 * same for any number of workers: rows come in the order of points and seeds, and each run sees only its own copy of its
 * point and its seed. A model that is a plain function runs in this thread, one run after the other, and hands the event
 * loop over between runs about every 50 ms, so that an interrupt and a progress bar live.
 *
 * @param points the combinations of parameters; see {@link grid}.
 * @param model takes a point and a seed and returns what it measured, as named finite numbers; it may be async.
 * @throws {@link ParameterError} if the model is none, an option is out of range, a point can't be copied or names a
 * parameter like a column of the result, or a run returns anything but the same finite numbers. An error thrown by the model comes out
 * with its point and seed; when several runs fail, the first in the order of rows does. {@link Interrupted} after Interrupt.
 */
export async function sweep<const Point extends SweepPoint, M extends Measures>(
  points: readonly Point[],
  model: ((point: Point, seed: number) => M | Promise<M>) | ModelElsewhere<Point, M>,
  options: SweepOptions = {},
): Promise<Sweep<Point, M>> {
  if (typeof model !== "function" && typeof model?.open !== "function") {
    refuse("sweep", "model", "a function of a point and a seed, or made by exportedModel or selfContainedModel", model);
  }
  const replications = checkWhole("sweep", "replications", options.replications ?? 20, 2);
  const firstSeed = checkWhole("sweep", "firstSeed", options.firstSeed ?? 1);
  if (options.workers !== undefined) checkWhole("sweep", "workers", options.workers, 1, 1024);
  checkConfidence("sweep", options.confidence ?? 0.95);
  const copies = checkPoints(points);
  const { onProgress } = options;
  options.signal?.throwIfAborted();
  const runs = new Array<M>(points.length * replications);
  const failures: { readonly index: number; readonly error: unknown }[] = [];
  let next = 0;
  let done = 0;
  const stop = stopSignal(options.signal, () => `sweep was interrupted after ${done} of ${runs.length} runs`);
  const { signal } = stop;
  const lane = async (open: OpenModel<Point, M>): Promise<void> => {
    while (next < runs.length && failures.length === 0 && !signal.aborted) {
      const index = next++;
      const point = copies[Math.floor(index / replications)] as Point;
      const seed = firstSeed + (index % replications);
      try {
        const run = `${Object.entries(point).map(([name, value]) => `${name} ${shown(value)}`)}, seed ${seed}`;
        const got = await open.run(structuredClone(point), seed).catch((error: unknown) => explain(error, run));
        runs[index] = checkMeasures("sweep", run, got);
        onProgress?.({ done: ++done, total: runs.length });
      } catch (error) {
        failures.push({ index, error });
      }
    }
  };
  try {
    const open = await (typeof model === "function" ? here(model) : model.open(runs.length, options.workers));
    // Closing ends the workers' runs at once, and with them the lanes.
    signal.addEventListener("abort", () => void open.close());
    try {
      await Promise.all(Array.from({ length: Math.min(open.workers, runs.length) }, () => lane(open)));
    } finally {
      await open.close();
    }
  } finally {
    stop.release();
  }
  signal.throwIfAborted();
  // Runs are begun in order, so the first to fail has been tried whatever the number of workers.
  const [first] = failures.sort((a, b) => a.index - b.index);
  if (first) throw first.error;
  return collect(points, runs, firstSeed, replications, options);
}

function collect<Point extends SweepPoint, M extends Measures>(
  points: readonly Point[],
  runs: readonly M[],
  firstSeed: number,
  replications: number,
  options: SweepOptions,
): Sweep<Point, M> {
  const names = Object.keys(runs[0] ?? {});
  const rows: (Point & SeedColumn & M)[] = [];
  const summary: (Point & MeasureColumn<M> & Interval)[] = [];
  for (const [i, point] of points.entries()) {
    const own = runs.slice(i * replications, (i + 1) * replications);
    for (const [k, run] of own.entries()) {
      const seed = firstSeed + k;
      checkMeasures("sweep", `point ${i}, seed ${seed}`, run, names);
      rows.push({ ...point, seed, ...run });
    }
    for (const [measure, interval] of Object.entries(intervalsOf(own, options))) {
      if (measure in point) refuse("sweep", `points[${i}]`, "without a parameter named like a measure", measure);
      summary.push({ ...point, measure, ...(interval as Interval) });
    }
  }
  return { rows, summary };
}

const columns = ["seed", "measure", "mean", "low", "high", "halfWidth", "confidence", "count"];

function checkPoints<Point extends SweepPoint>(points: readonly Point[]): Point[] {
  if (!Array.isArray(points) || points.length === 0)
    refuse("sweep", "points", "an array of at least one point", points);
  return points.map((point: Point, i) => {
    if (typeof point !== "object" || point === null) refuse("sweep", `points[${i}]`, "an object of parameters", point);
    for (const name of columns) {
      if (name in point) refuse("sweep", `points[${i}]`, `without a parameter named ${columns.join(", ")}`, name);
    }
    try {
      return structuredClone(point);
    } catch (error) {
      throw new ParameterError(
        `sweep: points[${i}] must be plain data that can be copied: ${(error as Error).message}`,
      );
    }
  });
}

/** Gives an error of the model its point and seed. */
function explain(error: unknown, run: string): never {
  if (error instanceof ParameterError || error instanceof Interrupted) throw error;
  const message = error instanceof Error ? error.message : shown(error);
  throw new Error(`sweep: the model failed for ${run}: ${message}`, { cause: error });
}

/** A plain function, run in this thread. */
async function here<Point extends SweepPoint, M extends Measures>(
  model: (point: Point, seed: number) => M | Promise<M>,
): Promise<OpenModel<Point, M>> {
  let heldSinceMs = performance.now();
  const run = async (point: Point, seed: number): Promise<M> => {
    if (performance.now() - heldSinceMs > 50) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      heldSinceMs = performance.now();
    }
    return model(point, seed);
  };
  return { workers: 1, run, close: async () => {} };
}
