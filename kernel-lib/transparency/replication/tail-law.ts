import { checkPositive, checkShare, checkWhole } from "../../errors.js";
import { exp, log } from "../../simulation/elementary-functions/index.js";
import type { RandomSource } from "../../simulation/index.js";

/** A law of response times: how to draw one, and how probable longer ones are. */
export interface TailLaw {
  /** The probability that an answer takes longer. */
  readonly survival: (timeMs: number) => number;
  /** Draws a time. */
  readonly draw: (source: RandomSource) => number;
}

const parts = { quick: 0.98, slow: 0.01732, slowMs: 20, slowestMs: 320 } as const;

/**
 * A law that yields the published figures of *The Tail at Scale*: a client waits for 100 servers; with a second request after 10 ms, the
 * time that 999 of 1,000 calls do not exceed falls from 1,800 to 74 ms, for 2 % more requests. It is *a* law that yields them, made for
 * this workbook; which one the servers had is not known.
 *
 * 98 % of answers come in 0 to 10 ms, all equally likely; 1.732 % after 10 ms and an exponential time of 20 ms; 0.268 % after 10 ms and an
 * exponential time of 320 ms. Laws with one parameter for their tail (Weibull, lognormal, Pareto, exponential) do not yield all three figures.
 */
export const tailLaw: TailLaw = {
  survival: (timeMs) =>
    timeMs <= 0
      ? 1
      : timeMs <= 10
        ? 1 - parts.quick * (timeMs / 10)
        : parts.slow * exp(-(timeMs - 10) / parts.slowMs) +
          (1 - parts.quick - parts.slow) * exp(-(timeMs - 10) / parts.slowestMs),
  draw: (source) => {
    const which = source();
    if (which < parts.quick) return 10 * source();
    return 10 - (which < parts.quick + parts.slow ? parts.slowMs : parts.slowestMs) * log(1 - source());
  },
};

/** See {@link tailAtScale}. */
export interface TailOptions {
  /** How many servers are asked; the call takes as long as the last of them. */
  readonly n: number;
  /** Which share of calls does not exceed the time. */
  readonly quantile: number;
  /** After which time a server's request is sent to a second one; never unless told. */
  readonly hedgeAfterMs?: number;
}

/**
 * The time that a share of calls does not exceed, when each waits for n independent answers, in closed form but for a bisection.
 *
 * @throws {@link ParameterError} if n is not whole and at least 1, or the quantile is not above 0 and below 1.
 */
export function tailAtScale(
  { survival }: TailLaw,
  { n, quantile, hedgeAfterMs = Number.POSITIVE_INFINITY }: TailOptions,
): number {
  checkWhole("tailAtScale", "n", n, 1);
  checkShare("tailAtScale", "quantile", quantile);
  if (hedgeAfterMs !== Number.POSITIVE_INFINITY) checkPositive("tailAtScale", "hedgeAfterMs", hedgeAfterMs);
  const longer = (timeMs: number) => survival(timeMs) * (timeMs > hedgeAfterMs ? survival(timeMs - hedgeAfterMs) : 1);
  const allWithin = (timeMs: number) => exp(n * log(1 - longer(timeMs)));
  let [low, high] = [0, 1];
  while (allWithin(high) < quantile && high < 1e9) high *= 2;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (allWithin(middle) < quantile) low = middle;
    else high = middle;
  }
  return high;
}
