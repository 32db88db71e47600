/**
 * Clusters of servers: many back ends behind a front end, which chooses one of them for each request.
 *
 * Modelled: policies of dispatch, from round robin to consistent hashing and LARD, with weights and health; models of
 * millions of requests: views that are out of date, caches, storms of retries, fan-out.
 * Left out: several front ends that share what they know; back ends that talk to each other.
 *
 * A policy chooses, its user counts:
 *
 * ```ts
 * import { consistentHash, roundRobin } from "kernel-lib";
 *
 * const backEnds = ["a", "b", "c"].map((name) => ({ name, active: 0 }));
 * const [inTurn, byKey] = [roundRobin(), consistentHash()];
 * console.log([1, 2, 3, 4].map(() => inTurn.choose({}, backEnds)?.name)); // a, b, c, a
 * console.log(byKey.choose({ key: "page" }, backEnds) === byKey.choose({ key: "page" }, backEnds)); // true
 * ```
 *
 * @module
 */
export * from "./models/index.js";
export * from "./policies/index.js";
