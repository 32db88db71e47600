/**
 * How the values of those distributions are drawn that take more than one line. The algorithms are d3-random's, and so are
 * the values (tested); d3-random itself draws them with the logarithms and exponentials of the engine, which differ.
 */
import { exp, log, log1p } from "./elementary-functions/index.js";
import type { RandomSource } from "./random.js";

/**
 * Draws from a normal distribution: two values at a time, of which the second is kept for the next call.
 *
 * @see Marsaglia and Bray, "A convenient method for generating normal variables", SIAM Review 6(3), 1964 (polar method).
 */
export function normalVariates(mean: number, deviation: number, source: RandomSource): () => number {
  let spare: number | undefined;
  let square = 0;
  return () => {
    let value = spare;
    spare = undefined;
    while (value === undefined) {
      const x = source() * 2 - 1;
      const y = source() * 2 - 1;
      square = x * x + y * y;
      if (square > 0 && square <= 1) [spare, value] = [x, y];
    }
    return mean + deviation * value * Math.sqrt((-2 * log(square)) / square);
  };
}

/** Draws numbers whose logarithm is normal. */
export function lognormalVariates(logMean: number, logDeviation: number, source: RandomSource): () => number {
  const normal = normalVariates(logMean, logDeviation, source);
  return () => exp(normal());
}

/**
 * Draws from gamma distributions of scale 1, each call with a shape of its own, at least 1.
 *
 * @see Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26(3), 2000.
 */
export function gammaVariates(source: RandomSource): (shape: number) => number {
  const normal = normalVariates(0, 1, source);
  return (shape) => {
    if (shape === 1) return -log1p(-source());
    const d = shape - 1 / 3;
    const c = 1 / (3 * Math.sqrt(d));
    for (;;) {
      const x = normal();
      const root = 1 + c * x;
      if (root <= 0) continue;
      const v = root * (root * root);
      const u = 1 - source();
      if (u < 1 - 0.0331 * x * x * x * x || log(u) < 0.5 * x * x + d * (1 - v + log(v))) return d * v;
    }
  };
}

/**
 * Draws from binomial distributions, each call with a number of trials and a probability of its own. While both outcomes
 * are many, the i-th smallest of the trials' uniform numbers is drawn instead, which settles i trials at once.
 *
 * @see Relles, "A simple algorithm for generating binomial random variables when N is large", JASA 67(339), 1972.
 */
function binomialVariates(source: RandomSource): (trials: number, probability: number) => number {
  const gamma = gammaVariates(source);
  return (trials, probability) => {
    let [left, chance, settled] = [trials, probability, 0];
    while (left * chance > 16 && left * (1 - chance) > 16) {
      const i = Math.floor((left + 1) * chance);
      const below = gamma(i);
      const ith = below / (below + gamma(left - i + 1));
      if (ith <= chance) {
        settled += i;
        left -= i;
        chance = (chance - ith) / (1 - ith);
      } else {
        left = i - 1;
        chance /= ith;
      }
    }
    // The rarer outcome is counted by the gaps between two of its kind.
    const isRare = chance < 0.5;
    const logOfOther = log1p(-(isRare ? chance : 1 - chance));
    const gap = () => 1 + Math.floor(log1p(-source()) / logOfOther);
    let count = 0;
    for (let at = gap(); at <= left; at += gap()) count++;
    return settled + (isRare ? count : left - count);
  };
}

/**
 * Draws from a Poisson distribution: counts the arrivals of rate 1 within `mean`. While that is long, it leaps to the n-th.
 *
 * @see Ahrens and Dieter, "Computer methods for sampling from gamma, beta, Poisson and binomial distributions", Computing 12, 1974.
 */
export function poissonVariates(mean: number, source: RandomSource): () => number {
  const gamma = gammaVariates(source);
  const binomial = binomialVariates(source);
  const gap = () => -log1p(-source());
  return () => {
    let [left, count] = [mean, 0];
    while (left > 16) {
      const n = Math.floor(0.875 * left);
      const nth = gamma(n);
      // The n − 1 before it are spread evenly over its time.
      if (nth > left) return count + binomial(n - 1, left / nth);
      count += n;
      left -= nth;
    }
    for (let at = gap(); at <= left; at += gap()) count++;
    return count;
  };
}
