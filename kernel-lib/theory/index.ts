/**
 * Closed forms to hold simulations and measurements against: single and multiple servers (M/M/1, M/G/1, M/G/1-PS,
 * M/M/c, M/M/c/K), closed networks, order statistics of parallel requests, leases, choice among many servers, sharing of load,
 * traffic of the paradigms of mobile code, the rounds of migrating a virtual machine. Of queues, steady state only: means of
 * systems that have run for ever, with Poisson arrivals where arrivals are named; of transients just the backlog after a stop; no
 * priorities, no networks with several classes. Each function names its source and is tested against published values or hand calculation.
 *
 * A closed form is a function from an options object to a record of means. So it can be asked before anything is simulated:
 *
 * ```ts
 * import { mm1, mmc } from "kernel-lib";
 *
 * const one = mm1({ arrivalsPerS: 80, serviceMs: 10 });
 * const two = mmc({ arrivalsPerS: 160, serviceMs: 10, servers: 2 });
 * console.log(one.waitMs, two.waitMs); // 40 and 17.8: two servers with one line wait less at the same load
 * ```
 */
export { backlogMs, type StopOptions, waitAfterStop } from "./backlog.js";
export {
  type ClosedNetworkOptions,
  type ClosedStation,
  closedNetwork,
} from "./closed-network.js";
export { type LeaseOptions, type LeaseTraffic, leaseTraffic } from "./leases.js";
export { type LoadSharing, type LoadSharingOptions, loadSharing } from "./load-sharing.js";
export {
  type MvaOptions,
  type MvaResult,
  type MvaRow,
  type MvaStation,
  type MvaStationRow,
  meanValueAnalysis,
} from "./mean-value-analysis.js";
export {
  erlangB,
  erlangC,
  type FiniteMeans,
  type FiniteOptions,
  type MultiServerMeans,
  type MultiServerOptions,
  mmc,
  mmck,
} from "./multi-server.js";
export {
  allOf,
  firstOf,
  harmonic,
  hedgedLoad,
  mOfN,
  type OrderOptions,
  orderStatisticProbability,
  shareWithSlow,
} from "./order-statistics.js";
export {
  type ParadigmTask,
  type ParadigmTraffic,
  paradigmTraffic,
  queriesWorthCode,
} from "./paradigm-traffic.js";
export {
  type DistinctPagesOptions,
  distinctPages,
  type PreCopyBounds,
  type PreCopyBoundsOptions,
  type PreCopySeries,
  type PreCopySeriesOptions,
  preCopyBounds,
  preCopySeries,
} from "./pre-copy.js";
export {
  type GeneralOptions,
  md1,
  mg1,
  mg1ps,
  mm1,
  mm1ResponseQuantile,
  type QueueMeans,
  type QueueOptions,
} from "./single-server.js";
export { type Supermarket, type SupermarketOptions, supermarket } from "./supermarket.js";
