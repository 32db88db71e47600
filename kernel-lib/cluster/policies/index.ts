/**
 * Which back end gets a request, a file a policy. Each is the same object in a model, in a program on a host and behind real sockets, and says in its
 * comment what it promises. Randomness and clocks are arguments.
 */
export { type BoundedLoadOptions, boundedLoad } from "./bounded-load.js";
export { choices } from "./choices.js";
export { consistentHash } from "./consistent-hash.js";
export { joinIdleQueue } from "./join-idle-queue.js";
export { type LardOptions, lard } from "./lard.js";
export { type LardReplicatedOptions, lardReplicated } from "./lard-replicated.js";
export { leastConnections } from "./least-connections.js";
export { type MaglevOptions, type MaglevPreference, maglev, maglevTable } from "./maglev.js";
export { type BackEnd, type DispatchPolicy, type DispatchRequest, isUp } from "./policy.js";
export { rendezvous } from "./rendezvous.js";
export type { RingOptions } from "./ring.js";
export { roundRobin } from "./round-robin.js";
export { weighted } from "./weighted.js";
