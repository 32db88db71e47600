import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { refuse } from "../../errors.js";
import type { Measures } from "../../simulation/measures.js";
import type { ModelElsewhere, SweepPoint } from "../../simulation/sweep.js";
import { sourceOf } from "../children/self-contained.js";
import type { SweepTask, SweepThreads } from "./sweep-worker.js";

/**
 * A model for `sweep` that runs on worker threads: a function that a module exports.
 *
 * @param module where the module is: `new URL("./model.js", import.meta.url)`, or its address as text.
 * @param name the name of the exported function; it takes a point and a seed and returns named finite numbers.
 * @throws {@link ParameterError} if the module is no address or the name is empty. That the module has no such function
 * shows in the first run.
 */
export function exportedModel<Point extends SweepPoint, M extends Measures>(
  module: URL | string,
  name: string,
): ModelElsewhere<Point, M> {
  if (!URL.canParse(String(module))) refuse("exportedModel", "module", "a URL", module);
  if (typeof name !== "string" || name === "") refuse("exportedModel", "name", "the name of an export", name);
  return onWorkers({ module: String(module), name });
}

/**
 * A model for `sweep` that runs on worker threads, from a function in a notebook cell, which no module exports. Its
 * source text is what crosses, so it must be self-contained: it sees its parameters and what JavaScript itself has,
 * and takes this library as its third argument.
 *
 * ```ts
 * const model = selfContainedModel((point: { load: number }, seed, { Scheduler, randomStream }) => …);
 * ```
 *
 * @param model an arrow function or a `function`, sync or async; not a method, nor a bound or built-in function.
 * @throws {@link ParameterError} if it is no such function. A name from outside that it uses shows in the first run.
 */
export function selfContainedModel<Point extends SweepPoint, M extends Measures>(
  model: (point: Point, seed: number, library: typeof import("../../index.js")) => M | Promise<M>,
): ModelElsewhere<Point, M> {
  return onWorkers({ source: sourceOf("selfContainedModel", "model", model) });
}

/** How long a sweep that ends waits for threads that still load the library: else they would leave files open. */
const mostLoadingMs = 10_000;

function onWorkers<Point extends SweepPoint, M extends Measures>(model: SweepTask["model"]): ModelElsewhere<Point, M> {
  return {
    async open(runs, wanted = availableParallelism()) {
      const workers = Math.min(wanted, runs);
      // Loaded here and not above: loading the library must stay fast, and most runs need no workers.
      const { Piscina } = await import("piscina");
      const loaded = new Int32Array(new SharedArrayBuffer(4));
      const pool = new Piscina<SweepTask, M>({
        filename: new URL("./sweep-worker.js", import.meta.url).href,
        minThreads: workers,
        maxThreads: workers,
        workerData: { loaded } satisfies SweepThreads,
      });
      // A thread without a run has failed, most likely to start: the next would too.
      let failure: unknown;
      const end = async (): Promise<void> => {
        for (
          let waitedMs = 0;
          Atomics.load(loaded, 0) < workers && !failure && waitedMs < mostLoadingMs;
          waitedMs += 10
        )
          await sleep(10);
        await pool.destroy();
      };
      let closing: Promise<void> | undefined;
      const close = (): Promise<void> => {
        closing ??= end();
        return closing;
      };
      pool.on("error", (error) => {
        failure ??= error;
        void close();
      });
      const run = (point: Point, seed: number): Promise<M> =>
        pool.run({ model, point, seed }).catch((error: unknown) => {
          throw failure ?? error;
        });
      return { workers, run, close };
    },
  };
}
