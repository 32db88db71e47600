import { checkNonNegative, checkPositive } from "../errors.js";
import { expm1 } from "../simulation/elementary-functions/index.js";

/** A client that reads one file at random moments, under leases. */
export interface LeaseOptions {
  /** Mean reads per second; a Poisson process. */
  readonly readsPerS: number;
  /** How long the client may use a lease: the server's term less what the client takes off it. */
  readonly termMs: number;
  /** How often others change the file, per second; a Poisson process. Each change ends the lease early. 0 unless told. */
  readonly changesPerS?: number;
}

/** See {@link leaseTraffic}. */
export interface LeaseTraffic {
  /** The share of reads for which the server is asked. */
  readonly askedShare: number;
  /** Requests for a lease, per second. */
  readonly requestsPerS: number;
  /** Leases that are called back before they run out, per second. */
  readonly recallsPerS: number;
}

/**
 * How much a client with leases has to do with its server. A read finds no lease and asks for one; the lease lasts until its
 * term is over or somebody changes the file, on average D = (1 − e^(−wt))/w, which without changes is t; then follows, on
 * average 1/R later, the next read that asks. So the share of reads that ask is 1/(1 + R·D).
 *
 * @throws {@link ParameterError} if readsPerS is not above 0, or termMs or changesPerS not at least 0.
 * @see Gray and Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache Consistency", SOSP 1989, §3.1,
 * for 1/(1 + R·t); the form with changes follows from the same renewal argument.
 * @example
 * leaseTraffic({ readsPerS: 0.864, termMs: 9900 }).askedShare // 0.105
 */
export function leaseTraffic(options: LeaseOptions): LeaseTraffic {
  const readsPerS = checkPositive("leaseTraffic", "readsPerS", options?.readsPerS);
  const { changesPerS: changes = 0 } = options;
  const termS = checkNonNegative("leaseTraffic", "termMs", options.termMs) / 1000;
  const changesPerS = checkNonNegative("leaseTraffic", "changesPerS", changes);
  const recalled = -expm1(-changesPerS * termS);
  const lastsS = changesPerS === 0 ? termS : recalled / changesPerS;
  const requestsPerS = 1 / (1 / readsPerS + lastsS);
  return { askedShare: requestsPerS / readsPerS, requestsPerS, recallsPerS: requestsPerS * recalled };
}
