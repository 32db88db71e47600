import { checkNonNegative, checkPositive, checkWhole, refuse } from "../errors.js";
import { type RandomVariable, variable } from "./distributions.js";
import { log, log1p, pow } from "./elementary-functions/index.js";
import type { RandomSource } from "./random.js";
import { poissonVariates } from "./variates.js";

/** 1 with the given probability, else 0. @throws {@link ParameterError} if the probability is not from 0 to 1. */
export function bernoulli(options: { readonly probability: number }, source: RandomSource): RandomVariable {
  const { probability } = options;
  if (!(probability >= 0 && probability <= 1)) refuse("bernoulli", "probability", "from 0 to 1", probability);
  return variable(() => (source() < probability ? 1 : 0), probability, probability * (1 - probability));
}

/** How many events happen in an interval when they happen at random. @throws {@link ParameterError} if the mean is not finite and above 0. */
export function poisson(options: { readonly mean: number }, source: RandomSource): RandomVariable {
  const mean = checkPositive("poisson", "mean", options.mean);
  return variable(poissonVariates(mean, source), mean, mean);
}

/**
 * How many trials fail before the first that succeeds: 0, 1, 2 …
 *
 * @throws {@link ParameterError} if the probability of success is not above 0 and at most 1.
 */
export function geometric(options: { readonly probability: number }, source: RandomSource): RandomVariable {
  const { probability } = options;
  if (!(probability > 0 && probability <= 1)) refuse("geometric", "probability", "above 0 and at most 1", probability);
  const failure = 1 - probability;
  const draw = failure === 0 ? () => 0 : () => Math.floor(log1p(-source()) / log(failure));
  return variable(draw, failure / probability, failure / (probability * probability));
}

/**
 * A whole number from 0 to `weights.length − 1`, each as often as its weight says.
 *
 * @throws {@link ParameterError} if there is no weight, one is negative or not finite, or all are 0.
 */
export function discrete(options: { readonly weights: readonly number[] }, source: RandomSource): RandomVariable {
  const { weights } = options;
  if (!Array.isArray(weights) || weights.length === 0) refuse("discrete", "weights", "at least one number", weights);
  const upTo = new Float64Array(weights.length);
  let [sum, first, second] = [0, 0, 0];
  for (const [i, weight] of weights.entries()) {
    sum += checkNonNegative("discrete", `weights[${i}]`, weight);
    first += i * weight;
    second += i * i * weight;
    upTo[i] = sum;
  }
  checkPositive("discrete", "the sum of weights", sum);
  const mean = first / sum;
  return variable(() => firstAbove(upTo, source() * sum), mean, second / sum - mean * mean);
}

/**
 * The rank of an item among `count`, 1 for the most popular: rank r comes with a probability in proportion to
 * 1 / r^`exponent`.
 *
 * @throws {@link ParameterError} if `count` is not a whole number of at least 1 or the exponent is negative or not finite.
 */
export function zipf(
  options: { readonly count: number; readonly exponent?: number },
  source: RandomSource,
): RandomVariable {
  const count = checkWhole("zipf", "count", options.count, 1, 100_000_000);
  const exponent = checkNonNegative("zipf", "exponent", options.exponent ?? 1);
  const upTo = new Float64Array(count);
  let [sum, first, second] = [0, 0, 0];
  for (let rank = 1; rank <= count; rank++) {
    const weight = pow(rank, -exponent);
    sum += weight;
    first += rank * weight;
    second += rank * rank * weight;
    upTo[rank - 1] = sum;
  }
  const mean = first / sum;
  return variable(() => 1 + firstAbove(upTo, source() * sum), mean, second / sum - mean * mean);
}

/** The first index whose running sum is above `value`. */
function firstAbove(upTo: Float64Array, value: number): number {
  let low = 0;
  let high = upTo.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((upTo[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
