/**
 * Interfaces over a network, as programs on a {@link Host}: what stands at the user's side, and what keeps it in step with the server. In
 * `synchronization/`, an application's own protocol: copies of a calendar that are edited without the server and merged; in `terminal/`, one
 * protocol for all applications: a screen that is kept at the server, and terminals that show it.
 *
 * Modelled: what travels, when, and what is lost. Left out: windows and widgets.
 *
 * Vocabulary after van Steen and Tanenbaum, *Distributed Systems*, §3.3.
 *
 * A merge rule says which of two versions of an entry stays; a history shows what it loses:
 *
 * ```ts
 * import { lamportClock, smallestHistory, wallClock } from "kernel-lib";
 *
 * console.log(smallestHistory(wallClock, "laterWriteLost")?.verdict.laterWriteLost);
 * // dentist: phone shows 9:00, but laptop saw that and wrote 9:30
 * console.log(smallestHistory(lamportClock, "laterWriteLost")); // undefined: there is none
 * ```
 *
 * @module
 */
export * from "./display/index.js";
export * from "./synchronization/index.js";
export * from "./terminal/index.js";
