import { checkPositive, checkWhole, refuse } from "../errors.js";
import { log, log1p, pow } from "./elementary-functions/index.js";
import type { RandomSource } from "./random.js";
import { gammaVariates, lognormalVariates, normalVariates } from "./variates.js";

/** A random variable: each call draws a value; its exact mean and variance are beside it. */
export interface RandomVariable {
  /** Draws the next value. */
  (): number;
  /** The mean of the distribution, in the unit of its values. */
  readonly mean: number;
  /** The variance of the distribution, in the square of that unit. */
  readonly variance: number;
}

/** Puts the moments beside a function that draws. @internal */
export function variable(draw: () => number, mean: number, variance: number): RandomVariable {
  return Object.assign(draw, { mean, variance });
}

/** Always the same value (D). @throws {@link ParameterError} if it is not finite. */
export function deterministic(options: { readonly value: number }): RandomVariable {
  const { value } = options;
  if (!Number.isFinite(value)) refuse("deterministic", "value", "a finite number", value);
  return variable(() => value, value, 0);
}

/** Any number from `min` to below `max`, all alike. @throws {@link ParameterError} unless min < max, both finite. */
export function uniform(
  options: { readonly min?: number; readonly max: number },
  source: RandomSource,
): RandomVariable {
  const { min = 0, max } = options;
  if (!Number.isFinite(min)) refuse("uniform", "min", "a finite number", min);
  if (!(max > min && max < Infinity)) refuse("uniform", "max", `a finite number above min (${min})`, max);
  const width = max - min;
  return variable(() => source() * width + min, (min + max) / 2, (width * width) / 12);
}

/**
 * The time between events that happen at random at a constant rate (M). Its squared coefficient of variation is 1.
 * Takes one number of the source for each value, and a larger number gives a larger value.
 *
 * @throws {@link ParameterError} if the mean is not finite and above 0.
 */
export function exponential(options: { readonly mean: number }, source: RandomSource): RandomVariable {
  const mean = checkPositive("exponential", "mean", options.mean);
  // The hot path of every queue: log1p(−u) would take a sixth of an M/M/1 run more, and 1 − u is exact here.
  return variable(() => -log(1 - source()) * mean, mean, mean * mean);
}

/**
 * The sum of equal exponential stages (E_k): steadier than the exponential, with squared coefficient of variation
 * 1 / `stages`.
 *
 * @throws {@link ParameterError} if the mean is not above 0 or `stages` is not a whole number of at least 1.
 */
export function erlang(
  options: { readonly mean: number; readonly stages: number },
  source: RandomSource,
): RandomVariable {
  const mean = checkPositive("erlang", "mean", options.mean);
  const stages = checkWhole("erlang", "stages", options.stages, 1);
  const gamma = gammaVariates(source);
  const scale = mean / stages;
  return variable(() => gamma(stages) * scale, mean, (mean * mean) / stages);
}

/**
 * One of two exponentials by chance (H2, balanced means): more variable than the exponential, with the squared
 * coefficient of variation that is asked for.
 *
 * @throws {@link ParameterError} if the mean is not above 0 or `scv` is not finite and at least 1.
 * @see Whitt, "Approximating a point process by a renewal process", Operations Research 30(1), 1982 (balanced means).
 */
export function hyperexponential(
  options: { readonly mean: number; readonly scv: number },
  source: RandomSource,
): RandomVariable {
  const mean = checkPositive("hyperexponential", "mean", options.mean);
  const { scv } = options;
  if (!(scv >= 1 && scv < Infinity)) refuse("hyperexponential", "scv", "a finite number of at least 1", scv);
  const often = (1 + Math.sqrt((scv - 1) / (scv + 1))) / 2;
  const short = mean / (2 * often);
  const long = mean / (2 * (1 - often));
  return variable(() => (source() < often ? short : long) * -log(1 - source()), mean, scv * mean * mean);
}

/**
 * A power law between two bounds: most values near `min`, a few near `max`. As it is bounded, all moments are finite.
 *
 * @throws {@link ParameterError} unless 0 < min < max, both finite, and the shape is above 0.
 * @see Harchol-Balter and Downey, "Exploiting process lifetime distributions for dynamic load balancing", ACM TOCS 15(3), 1997.
 */
export function boundedPareto(
  options: { readonly min: number; readonly max: number; readonly shape: number },
  source: RandomSource,
): RandomVariable {
  const min = checkPositive("boundedPareto", "min", options.min);
  const shape = checkPositive("boundedPareto", "shape", options.shape);
  const { max } = options;
  if (!(max > min && max < Infinity)) refuse("boundedPareto", "max", `a finite number above min (${min})`, max);
  const inside = 1 - pow(min / max, shape);
  const moment = (k: number): number =>
    shape === k
      ? (shape * pow(min, k) * log(max / min)) / inside
      : ((shape * pow(min, k)) / (shape - k)) * ((1 - pow(min / max, shape - k)) / inside);
  const mean = moment(1);
  return variable(() => min * pow(1 - source() * inside, -1 / shape), mean, moment(2) - mean * mean);
}

/**
 * A value whose logarithm is normal; given by its own mean and squared coefficient of variation.
 *
 * @throws {@link ParameterError} if one of them is not finite and above 0.
 */
export function lognormal(
  options: { readonly mean: number; readonly scv: number },
  source: RandomSource,
): RandomVariable {
  const mean = checkPositive("lognormal", "mean", options.mean);
  const scv = checkPositive("lognormal", "scv", options.scv);
  const sigmaSquared = log1p(scv);
  const draw = lognormalVariates(log(mean) - sigmaSquared / 2, Math.sqrt(sigmaSquared), source);
  return variable(draw, mean, scv * mean * mean);
}

/** The bell curve. @throws {@link ParameterError} if the mean is not finite or the deviation not above 0. */
export function normal(
  options: { readonly mean?: number; readonly standardDeviation: number },
  source: RandomSource,
): RandomVariable {
  const { mean = 0 } = options;
  if (!Number.isFinite(mean)) refuse("normal", "mean", "a finite number", mean);
  const deviation = checkPositive("normal", "standardDeviation", options.standardDeviation);
  return variable(normalVariates(mean, deviation, source), mean, deviation * deviation);
}
