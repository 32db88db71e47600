/**
 * Discrete-event simulation below the level of programs: an event list of callbacks, random numbers, distributions, and
 * the statistics of runs.
 *
 * Modelled: virtual time in ms, events in time order (equal times in the order of scheduling), one independent stream
 * of random numbers for each named purpose of one seed; warm-up by a stated rule, replications, confidence intervals,
 * sweeps over parameters.
 * Left out: processes, hosts and networks (the room `world`).
 *
 * A model is callbacks that schedule each other. Each purpose draws from a stream of its own, named under one seed; a
 * run is repeated with other seeds, and an interval says how well its mean is known:
 *
 * ```ts
 * import { exponential, randomStream, replicate, Scheduler } from "kernel-lib";
 *
 * const arrivalsInAnHour = (seed: number) => {
 *   const scheduler = new Scheduler();
 *   const gapMs = exponential({ mean: 60_000 }, randomStream(seed, "arrivals"));
 *   let arrivals = 0;
 *   const arrive = () => {
 *     arrivals++;
 *     scheduler.after(gapMs(), arrive);
 *   };
 *   scheduler.after(gapMs(), arrive);
 *   scheduler.run({ untilMs: 3_600_000 });
 *   return { arrivals };
 * };
 * const { arrivals } = (await replicate(arrivalsInAnHour, { replications: 20 })).intervals;
 * console.log(`${arrivals.low} to ${arrivals.high}`); // 60 lies within, 95 times of 100
 * ```
 */
export * from "./discrete-distributions.js";
export * from "./distributions.js";
export * from "./intervals.js";
export type { Measures } from "./measures.js";
export * from "./quantiles.js";
export * from "./random.js";
export * from "./replications.js";
export * from "./running-statistics.js";
export * from "./scheduler.js";
export * from "./student.js";
export * from "./sweep.js";
export * from "./time-weighted-average.js";
export * from "./warm-up.js";
