import { checkNonNegative, checkWhole, refuse } from "../../errors.js";
import { quantile, type RandomSource, type RandomVariable, randomStream } from "../../simulation/index.js";

/** See {@link fanOutModel}. */
export interface FanOutOptions {
  /** How many servers a request asks at once; it is answered when all of them have. */
  readonly fanOut: number;
  /** How long one of them takes, in ms: `(source) => exponential({ mean: 10 }, source)`. */
  readonly service: (source: RandomSource) => RandomVariable;
  /** After how long a second server is asked for an answer that is missing, in ms; the first of both counts. Never unless told. */
  readonly hedgeAfterMs?: number;
  /** An answer of a request is slow from here on, in ms. */
  readonly slowMs: number;
  /** How many requests. */
  readonly requests: number;
  /** A whole number: the same seed gives the same result. */
  readonly seed: number;
}

/** See {@link fanOutModel}. */
export type FanOutResult = {
  /** Mean time until all answers are there. */
  readonly responseMs: number;
  /** The time that 99 of 100 requests do not exceed. */
  readonly p99Ms: number;
  /** The share of requests that are slow. */
  readonly slowShare: number;
  /** Questions to servers over those that would do without hedging. */
  readonly messagesFactor: number;
};

/**
 * A request that needs many servers waits for the slowest of them: the tail of one becomes the rule of all. Servers are independent and never busy with others.
 *
 * @throws {@link ParameterError} if a number is out of range or service is no function that makes a random variable.
 * @see Dean and Barroso, "The Tail at Scale", C. ACM 56, 2013; {@link allOf}, {@link shareWithSlow}.
 */
export function fanOutModel(options: FanOutOptions): FanOutResult {
  const where = "fanOutModel";
  const fanOut = checkWhole(where, "fanOut", options?.fanOut, 1);
  const requests = checkWhole(where, "requests", options.requests, 10);
  const slowMs = checkNonNegative(where, "slowMs", options.slowMs);
  checkWhole(where, "seed", options.seed);
  const { hedgeAfterMs } = options;
  if (hedgeAfterMs !== undefined) checkNonNegative(where, "hedgeAfterMs", hedgeAfterMs);
  if (typeof options.service !== "function") refuse(where, "service", "a function of a random source", options.service);
  const first = options.service(randomStream(options.seed, "service"));
  // A stream of its own: hedging leaves the first answers as they are.
  const second = options.service(randomStream(options.seed, "hedge"));
  if (typeof first !== "function") refuse(where, "service", "a function that returns a random variable", first);
  const responsesMs = new Float64Array(requests);
  let [sum, slow, messages] = [0, 0, 0];
  for (let request = 0; request < requests; request++) {
    let responseMs = 0;
    for (let i = 0; i < fanOut; i++) {
      let answerMs = checkNonNegative(where, "service's draws", first());
      messages++;
      if (hedgeAfterMs !== undefined && answerMs > hedgeAfterMs) {
        messages++;
        answerMs = Math.min(answerMs, hedgeAfterMs + second());
      }
      responseMs = Math.max(responseMs, answerMs);
    }
    responsesMs[request] = responseMs;
    sum += responseMs;
    if (responseMs >= slowMs) slow++;
  }
  return {
    responseMs: sum / requests,
    p99Ms: quantile(responsesMs, 0.99),
    slowShare: slow / requests,
    messagesFactor: messages / (requests * fanOut),
  };
}
