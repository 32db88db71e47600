import { checkNonNegative, checkPositive, checkWhole, refuse } from "../errors.js";
import { exponential, type RandomSource, type RandomVariable, randomStream } from "../simulation/index.js";

/** A request that will be made. */
export interface PlannedRequest {
  /** Counts from 0. */
  readonly request: number;
  /** When it is made. */
  readonly arrivalMs: number;
  /** How long serving it takes, without waiting. */
  readonly serviceMs: number;
}

/** See {@link workload}. */
export interface WorkloadOptions {
  /** Mean arrivals per second; they are a Poisson process. */
  readonly arrivalsPerS: number;
  /** The service time in ms, as a random variable that draws from the source given: `(source) => exponential({ mean: 10 }, source)`. */
  readonly service: (source: RandomSource) => RandomVariable;
  /** How many requests. */
  readonly requests: number;
  /** A whole number; arrivals and services have streams of their own, so that one can be changed without the other. */
  readonly seed: number;
}

/**
 * Draws a workload: Poisson arrivals, and a service time for each.
 *
 * @returns one row a request, in the order of arrival.
 * @throws {@link ParameterError} if arrivalsPerS is not above 0, requests not whole and at least 1, service no function, or
 * a service time that it draws is not finite and at least 0.
 */
export function workload(options: WorkloadOptions): PlannedRequest[] {
  const draw = streams("workload", options);
  return Array.from({ length: options.requests }, (_, request) => ({ request, ...draw() }));
}

/** Draws one request after the other, for models that keep none. @internal */
export function streams(where: string, options: WorkloadOptions): () => { arrivalMs: number; serviceMs: number } {
  const arrivalsPerS = checkPositive(where, "arrivalsPerS", options?.arrivalsPerS);
  checkWhole(where, "requests", options.requests, 1);
  checkWhole(where, "seed", options.seed);
  if (typeof options.service !== "function") refuse(where, "service", "a function of a random source", options.service);
  const gapMs = exponential({ mean: 1000 / arrivalsPerS }, randomStream(options.seed, "arrivals"));
  const service = options.service(randomStream(options.seed, "service"));
  if (typeof service !== "function") refuse(where, "service", "a function that returns a random variable", service);
  let arrivalMs = 0;
  return () => {
    arrivalMs += gapMs();
    const serviceMs = checkNonNegative(where, "service's draws", service());
    return { arrivalMs, serviceMs };
  };
}
