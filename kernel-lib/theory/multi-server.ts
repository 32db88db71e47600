import { checkNonNegative, checkPositive, checkWhole } from "../errors.js";
import { exp, log } from "../simulation/elementary-functions/index.js";
import { meansOf, type QueueMeans, type QueueOptions } from "./single-server.js";

/** Poisson arrivals at several equal servers with one queue. */
export interface MultiServerOptions extends QueueOptions {
  /** How many requests are served at the same time. */
  readonly servers: number;
}

/** See {@link mmc}. */
export interface MultiServerMeans extends QueueMeans {
  /** Share of requests that have to wait (Erlang C). */
  readonly waitProbability: number;
}

/** See {@link mmck}. */
export interface FiniteOptions extends MultiServerOptions {
  /** The most requests in the system, waiting or served; at least `servers`. Who finds it full is turned away. */
  readonly capacity: number;
}

/** See {@link mmck}; times are of the requests that get in. */
export interface FiniteMeans extends QueueMeans {
  /** Share of requests turned away. */
  readonly lossProbability: number;
}

/**
 * The share of requests turned away by `servers` servers without a queue (M/G/c/c), by the stable recursion
 * B(0) = 1, B(c) = aB(c−1) / (c + aB(c−1)).
 *
 * @param servers whole, at least 0.
 * @param offeredLoad a = λE[S], in Erlang: how many servers would be busy if there were always one free.
 * @throws {@link ParameterError} if servers is not whole or offeredLoad is not finite and at least 0.
 * @see Erlang 1917.
 */
export function erlangB(servers: number, offeredLoad: number): number {
  checkWhole("erlangB", "servers", servers);
  checkNonNegative("erlangB", "offeredLoad", offeredLoad);
  let loss = 1;
  for (let c = 1; c <= servers; c++) loss = (offeredLoad * loss) / (c + offeredLoad * loss);
  return loss;
}

/**
 * The share of requests that have to wait for one of `servers` servers with an unlimited queue (M/M/c); 1 at an offered
 * load of `servers` or more.
 *
 * @throws {@link ParameterError} if servers is not whole and at least 1, or offeredLoad is not finite and at least 0.
 * @see Erlang 1917.
 */
export function erlangC(servers: number, offeredLoad: number): number {
  checkWhole("erlangC", "servers", servers, 1);
  checkNonNegative("erlangC", "offeredLoad", offeredLoad);
  if (offeredLoad >= servers) return 1;
  const loss = erlangB(servers, offeredLoad);
  return loss / (1 - (offeredLoad / servers) * (1 - loss));
}

/**
 * Several equal servers with one queue, first come first served, Poisson arrivals, exponential service: Wq = C/(cμ−λ),
 * C by {@link erlangC}.
 *
 * @throws {@link ParameterError} if servers is not whole and at least 1, arrivalsPerS is not finite and at least 0, or
 * serviceMs not finite and above 0.
 */
export function mmc(options: MultiServerOptions): MultiServerMeans {
  const servers = checkWhole("mmc", "servers", options?.servers, 1);
  const arrivalsPerS = checkNonNegative("mmc", "arrivalsPerS", options.arrivalsPerS);
  const serviceMs = checkPositive("mmc", "serviceMs", options.serviceMs);
  const offeredLoad = (arrivalsPerS * serviceMs) / 1000;
  const waitProbability = erlangC(servers, offeredLoad);
  const waitMs =
    offeredLoad < servers ? (waitProbability * serviceMs) / (servers - offeredLoad) : Number.POSITIVE_INFINITY;
  return { ...meansOf(arrivalsPerS, serviceMs, servers, waitMs), waitProbability };
}

/**
 * Several equal servers and a bounded system: who finds `capacity` requests in it is turned away. Poisson arrivals,
 * exponential service. In steady state at any load, since the excess is lost; probabilities are
 * pₙ ∝ aⁿ/n! up to the number of servers, then a factor a/c for each more.
 *
 * @throws {@link ParameterError} as {@link mmc}, or if capacity is not whole and at least `servers`.
 */
export function mmck(options: FiniteOptions): FiniteMeans {
  const servers = checkWhole("mmck", "servers", options?.servers, 1);
  const capacity = checkWhole("mmck", "capacity", options.capacity, servers);
  const arrivalsPerS = checkNonNegative("mmck", "arrivalsPerS", options.arrivalsPerS);
  const serviceMs = checkPositive("mmck", "serviceMs", options.serviceMs);
  const offeredLoad = (arrivalsPerS * serviceMs) / 1000;
  // Weights relative to the largest, so that nothing overflows: each state's weight by logarithms.
  const logs: number[] = [0];
  for (let n = 1; n <= capacity; n++) logs.push((logs[n - 1] as number) + log(offeredLoad / Math.min(n, servers)));
  const most = logs.reduce((a, b) => Math.max(a, b));
  const weights = logs.map((each) => exp(each - most));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const mean = (of: (n: number) => number) => weights.reduce((total, weight, n) => total + weight * of(n), 0) / sum;
  const lossProbability = (weights[capacity] as number) / sum;
  const throughputPerS = arrivalsPerS * (1 - lossProbability);
  const waiting = mean((n) => Math.max(0, n - servers));
  const waitMs = throughputPerS > 0 ? (1000 * waiting) / throughputPerS : 0;
  return {
    utilization: mean((n) => Math.min(n, servers)) / servers,
    waitMs,
    responseMs: waitMs + serviceMs,
    waiting,
    inSystem: mean((n) => n),
    throughputPerS,
    lossProbability,
  };
}
