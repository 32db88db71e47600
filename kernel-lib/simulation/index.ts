/**
 * Discrete-event simulation below the level of programs: an event list of callbacks, random numbers, distributions, and
 * the statistics of runs.
 *
 * Modelled: virtual time in ms, events in time order (equal times in the order of scheduling), one independent stream
 * of random numbers for each named purpose of one seed; warm-up by a stated rule, replications, confidence intervals,
 * sweeps over parameters.
 * Left out: processes, hosts and networks (the room `world`).
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
