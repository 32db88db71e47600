import { checkNonNegative, checkPositive, refuse } from "../errors.js";
import { log1p } from "../simulation/elementary-functions/index.js";

/** Poisson arrivals at one server. */
export interface QueueOptions {
  /** Mean arrivals per second; 0 gives the times of a request that finds the server idle. */
  readonly arrivalsPerS: number;
  /** Mean service time. */
  readonly serviceMs: number;
}

/** See {@link mg1}. */
export interface GeneralOptions extends QueueOptions {
  /** Squared coefficient of variation of the service time, variance over mean squared: 0 constant, 1 exponential. */
  readonly scv: number;
}

/** Means of a queue in steady state. At a load of 1 or more the times and numbers are `Infinity`. */
export interface QueueMeans {
  /** Share of time that the server works, ρ = λE[S], at most 1. */
  readonly utilization: number;
  /** From arrival to the start of service, Wq. */
  readonly waitMs: number;
  /** From arrival to departure, W. */
  readonly responseMs: number;
  /** Requests that wait, Lq = λWq. */
  readonly waiting: number;
  /** Requests that wait or are served, L = λW (Little's law). */
  readonly inSystem: number;
  /** What leaves: the arrivals, or what the server can do if that is less. */
  readonly throughputPerS: number;
}

/**
 * One server, first come first served, Poisson arrivals, any service time: Wq = λE[S²] / (2(1−ρ)), with
 * E[S²] = (1 + scv)·E[S]².
 *
 * @throws {@link ParameterError} if arrivalsPerS or scv is not finite and at least 0, or serviceMs not above 0.
 * @see Pollaczek 1930, Khinchine 1932; Harchol-Balter, "Performance Modeling and Design of Computer Systems", §23.
 */
export function mg1(options: GeneralOptions): QueueMeans {
  const scv = checkNonNegative("mg1", "scv", options?.scv);
  return withWait("mg1", options, (load, serviceMs) => (load * serviceMs * (1 + scv)) / (2 * (1 - load)));
}

/**
 * One server, first come first served, Poisson arrivals, exponential service: W = 1/(μ−λ).
 *
 * @throws {@link ParameterError} if arrivalsPerS is not finite and at least 0, or serviceMs not finite and above 0.
 * @example
 * mm1({ arrivalsPerS: 80, serviceMs: 10 }).responseMs // 50
 */
export function mm1(options: QueueOptions): QueueMeans {
  return exponential("mm1", options);
}

/**
 * One server, first come first served, Poisson arrivals, constant service: half the wait of M/M/1.
 *
 * @throws {@link ParameterError} as {@link mm1}.
 */
export function md1(options: QueueOptions): QueueMeans {
  return withWait("md1", options, (load, serviceMs) => (load * serviceMs) / (2 * (1 - load)));
}

/**
 * One server that works on all its requests at once, each at an equal share (processor sharing), Poisson arrivals, any
 * service time: W = E[S]/(1−ρ), whatever the variance. Nothing waits for a first moment of service; `waitMs` is what
 * sharing adds, W − E[S].
 *
 * @throws {@link ParameterError} as {@link mm1}.
 * @see Kleinrock, "Queueing Systems", vol. 2, §4.4.
 */
export function mg1ps(options: QueueOptions): QueueMeans {
  return exponential("mg1ps", options);
}

/**
 * The response time that a share `quantile` of requests does not exceed in M/M/1, where it is exponential:
 * −W·ln(1−quantile).
 *
 * @throws {@link ParameterError} as {@link mm1}, or if quantile is not between 0 and 1.
 */
export function mm1ResponseQuantile(options: QueueOptions & { readonly quantile: number }): number {
  const quantile: unknown = options?.quantile;
  if (typeof quantile !== "number" || !(quantile > 0 && quantile < 1))
    refuse("mm1ResponseQuantile", "quantile", "between 0 and 1", quantile);
  return -exponential("mm1ResponseQuantile", options).responseMs * log1p(-quantile);
}

/** Also the means of processor sharing, whatever the service times. */
function exponential(where: string, options: QueueOptions): QueueMeans {
  return withWait(where, options, (load, serviceMs) => (load * serviceMs) / (1 - load));
}

function withWait(where: string, options: QueueOptions, wait: (load: number, serviceMs: number) => number): QueueMeans {
  const arrivalsPerS = checkNonNegative(where, "arrivalsPerS", options?.arrivalsPerS);
  const serviceMs = checkPositive(where, "serviceMs", options?.serviceMs);
  const load = (arrivalsPerS * serviceMs) / 1000;
  const waitMs = load < 1 ? wait(load, serviceMs) : Number.POSITIVE_INFINITY;
  return meansOf(arrivalsPerS, serviceMs, 1, waitMs);
}

/** The other means, by Little's law. @internal */
export function meansOf(arrivalsPerS: number, serviceMs: number, servers: number, waitMs: number): QueueMeans {
  const responseMs = waitMs + serviceMs;
  return {
    utilization: Math.min(1, (arrivalsPerS * serviceMs) / 1000 / servers),
    waitMs,
    responseMs,
    waiting: (arrivalsPerS * waitMs) / 1000,
    inSystem: (arrivalsPerS * responseMs) / 1000,
    throughputPerS: Math.min(arrivalsPerS, (1000 * servers) / serviceMs),
  };
}
