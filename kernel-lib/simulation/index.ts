/**
 * Discrete-event simulation below the level of programs: an event list of callbacks, random numbers, distributions.
 *
 * Modelled: virtual time in ms, events in time order (equal times in the order of scheduling), one independent stream
 * of random numbers for each named purpose of one seed. Left out: processes, hosts and networks (the room `world`).
 */
export * from "./discrete-distributions.js";
export * from "./distributions.js";
export * from "./random.js";
export * from "./scheduler.js";
