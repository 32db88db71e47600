import { workerData } from "node:worker_threads";
import type { Measures } from "../../simulation/measures.js";
import type { SweepPoint } from "../../simulation/sweep.js";
import { compiled, explainMissing } from "../children/self-contained.js";

/** One run that a sweep asks of a worker: which model, for which point and seed. @internal */
export interface SweepTask {
  readonly model: { readonly module: string; readonly name: string } | { readonly source: string };
  readonly point: SweepPoint;
  readonly seed: number;
}

/** What the threads of a sweep share: how many of them have loaded the library. @internal */
export interface SweepThreads {
  readonly loaded: Int32Array;
}

// Here, before the first run, and told: a thread that is ended while it reads files leaves them open.
const library = await import("../../index.js");
Atomics.add((workerData as SweepThreads).loaded, 0, 1);

type Model = (point: SweepPoint, seed: number, library?: unknown) => Measures | Promise<Measures>;

const bySource = new Map<string, Model>();

/** Runs one task; what piscina calls in the worker. @internal */
export default async function run({ model, point, seed }: SweepTask): Promise<Measures> {
  if ("module" in model) {
    const found = ((await import(model.module)) as Record<string, unknown>)[model.name];
    if (typeof found !== "function") throw new TypeError(`${model.module} exports no function ${model.name}`);
    return (found as Model)(point, seed);
  }
  let known = bySource.get(model.source);
  if (!known) {
    known = compiled<Model>(model.source);
    bySource.set(model.source, known);
  }
  try {
    return await known(point, seed, library);
  } catch (error) {
    throw explainMissing(
      error,
      "the model runs on its own, so pass it in the point, or take it from the library argument",
    );
  }
}
