import type { Measures } from "../simulation/measures.js";
import type { SweepPoint } from "../simulation/sweep.js";

/** One run that a sweep asks of a worker: which model, for which point and seed. @internal */
export interface SweepTask {
  readonly model: { readonly module: string; readonly name: string } | { readonly source: string };
  readonly point: SweepPoint;
  readonly seed: number;
}

type Model = (point: SweepPoint, seed: number, library?: unknown) => Measures | Promise<Measures>;

const bySource = new Map<string, Model>();

/** Runs one task; what piscina calls in the worker. @internal */
export default async function run({ model, point, seed }: SweepTask): Promise<Measures> {
  if ("module" in model) {
    const found = ((await import(model.module)) as Record<string, unknown>)[model.name];
    if (typeof found !== "function") throw new TypeError(`${model.module} exports no function ${model.name}`);
    return (found as Model)(point, seed);
  }
  let compiled = bySource.get(model.source);
  if (!compiled) {
    compiled = new Function(`"use strict"; return (${model.source});`)() as Model;
    bySource.set(model.source, compiled);
  }
  try {
    return await compiled(point, seed, await import("../index.js"));
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new ReferenceError(
      `${error.message}: the model runs on its own, so pass it in the point, or take it from the library argument`,
    );
  }
}
