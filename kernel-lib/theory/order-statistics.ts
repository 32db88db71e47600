import { checkPositive, checkShare, checkWhole } from "../errors.js";
import { exp, expm1, log, log1p } from "../simulation/elementary-functions/index.js";

/** Requests sent to several servers at once, each answering after an independent exponential time. */
export interface OrderOptions {
  /** How many are asked. */
  readonly n: number;
  /** Mean time of one answer. */
  readonly meanMs: number;
}

/** The sum 1 + 1/2 + … + 1/n. */
export function harmonic(n: number): number {
  checkWhole("harmonic", "n", n);
  let sum = 0;
  for (let i = n; i >= 1; i--) sum += 1 / i;
  return sum;
}

/**
 * Mean time until the first of n answers: mean/n.
 *
 * @throws {@link ParameterError} if n is not whole and at least 1, or meanMs is not finite and above 0.
 */
export function firstOf(options: OrderOptions): number {
  return spacings("firstOf", 1, options);
}

/**
 * Mean time until all of n answers are there: the mean times 1 + 1/2 + … + 1/n.
 *
 * @throws {@link ParameterError} as {@link firstOf}.
 */
export function allOf(options: OrderOptions): number {
  return spacings("allOf", options?.n, options);
}

/**
 * Mean time until m of n answers are there: the mean times 1/(n−m+1) + … + 1/n.
 *
 * @throws {@link ParameterError} as {@link firstOf}, or if m is not whole and from 1 to n.
 * @see Rényi's representation of exponential order statistics, 1953.
 */
export function mOfN(options: OrderOptions & { readonly m: number }): number {
  return spacings("mOfN", options?.m, options);
}

/**
 * The probability that at least m of n answers are there, when each is with probability `share`: of any distribution,
 * the m-th order statistic's.
 *
 * @throws {@link ParameterError} if m or n is out of range or share is not from 0 to 1.
 */
export function orderStatisticProbability(options: {
  readonly m: number;
  readonly n: number;
  readonly share: number;
}): number {
  const n = checkWhole("orderStatisticProbability", "n", options?.n, 1);
  const { m, share } = options;
  checkWhole("orderStatisticProbability", "m", m, 1, n);
  checkShare("orderStatisticProbability", "share", share);
  let sum = 0;
  let logChoose = 0;
  for (let k = n; k >= m; k--) {
    sum += exp(logChoose + power(share, k) + power(1 - share, n - k));
    logChoose += log(k) - log(n - k + 1);
  }
  return Math.min(1, sum);
}

/**
 * Share of requests that meet at least one slow answer, when they wait for n answers of which a share is slow:
 * 1 − (1−slow)ⁿ.
 *
 * @throws {@link ParameterError} if n is not whole and at least 1, or slow is not from 0 to 1.
 * @see Dean and Barroso, "The Tail at Scale", C. ACM 56, 2013.
 */
export function shareWithSlow(options: { readonly n: number; readonly slow: number }): number {
  const n = checkWhole("shareWithSlow", "n", options?.n, 1);
  const { slow } = options;
  checkShare("shareWithSlow", "slow", slow);
  return -expm1(n * log1p(-slow));
}

/**
 * How much load hedging makes: the factor by which requests grow when a second one is sent after a wait that a share
 * `quantile` of answers does not exceed: 2 − quantile.
 *
 * @throws {@link ParameterError} if quantile is not from 0 to 1.
 */
export function hedgedLoad(quantile: number): number {
  checkShare("hedgedLoad", "quantile", quantile);
  return 2 - quantile;
}

/** After each answer the next of those left comes with the mean divided by how many are left. */
function spacings(where: string, m: number, options: OrderOptions): number {
  const n = checkWhole(where, "n", options?.n, 1);
  const { meanMs } = options;
  checkWhole(where, "m", m, 1, n);
  checkPositive(where, "meanMs", meanMs);
  let sum = 0;
  for (let i = n; i > n - m; i--) sum += 1 / i;
  return meanMs * sum;
}

function power(base: number, exponent: number): number {
  return exponent === 0 ? 0 : exponent * log(base);
}
