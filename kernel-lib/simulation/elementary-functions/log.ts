import { highWord, oneOverTwoTo } from "./words.js";

/** ln 2 as the sum of two numbers; a small whole number times the first is exact. */
const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;

/** The natural logarithm: −∞ for 0, NaN below it. */
export function log(x: number): number {
  let high = highWord(x);
  let k = 0;
  if (high < 0x00100000) {
    if (x === 0) return -Infinity;
    if (high < 0) return NaN;
    // Smaller than the numbers whose fraction has all its bits.
    k = -54;
    x *= 0x40000000000000;
    high = highWord(x);
  }
  if (high >= 0x7ff00000) return x;
  // x = 2^k · (1 + f), with 1 + f between √½ and √2.
  const fraction = high & 0xfffff;
  const exponent = (high >> 20) - 1023 + ((fraction + 0x95f64) >> 20);
  k += exponent;
  const f = x * oneOverTwoTo(exponent) - 1;
  if (((fraction + 2) & 0xfffff) < 3) return logNearPower(f, k);
  return logOfProduct(f, k, ((fraction - 0x6147a) | (0x6b851 - fraction)) > 0);
}

/** ln(2^k · (1 + f)) where |f| is below 2^−20: three terms of the series. */
function logNearPower(f: number, k: number): number {
  if (f === 0) return k * ln2High + k * ln2Low;
  const rest = f * f * (0.5 - 0.3333333333333333 * f);
  return k === 0 ? f - rest : k * ln2High - (rest - k * ln2Low - f);
}

/**
 * ln(2^k · (1 + f)), with ln(1 + f) = ln(1 + s) − ln(1 − s) as a polynomial in s²; `isLarge` where half of f² must be kept
 * apart. (A function of its own: as a part of `log` it took 7 ns more.)
 */
function logOfProduct(f: number, k: number, isLarge: boolean): number {
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const r =
    z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586))) +
    w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  if (isLarge) {
    const half = 0.5 * f * f;
    return k === 0 ? f - (half - s * (half + r)) : k * ln2High - (half - (s * (half + r) + k * ln2Low) - f);
  }
  return k === 0 ? f - s * (f - r) : k * ln2High - (s * (f - r) - k * ln2Low - f);
}

/** The natural logarithm of 1 + x, exact also where x is small: −∞ for −1, NaN below it. */
export function log1p(x: number): number {
  const high = highWord(x);
  const size = high & 0x7fffffff;
  if (high < 0x3fda827a) {
    if (size >= 0x3ff00000) return x === -1 ? -Infinity : NaN;
    if (size < 0x3e200000) return size < 0x3c900000 ? x : x - x * x * 0.5;
    if (high > 0 || size <= 0x3fd2bec4) return log1pOfProduct(x, 0, 0);
  }
  if (high >= 0x7ff00000) return x;
  // 1 + x = 2^k · (1 + f), with 1 + f between √½ and √2; what is lost by rounding 1 + x is added at the end.
  const isHuge = size >= 0x43400000;
  const u = isHuge ? x : 1 + x;
  const highOfU = highWord(u);
  let k = (highOfU >> 20) - 1023;
  const correction = isHuge ? 0 : (k > 0 ? 1 - (u - x) : x - (u - 1)) / u;
  const fraction = highOfU & 0xfffff;
  if (fraction >= 0x6a09e) k++;
  const f = u * oneOverTwoTo(k) - 1;
  if (fraction !== 0 && fraction < 0xffffd) return log1pOfProduct(f, k, correction);
  // |f| is below 2^−20.
  if (f === 0) return k * ln2High + (correction + k * ln2Low);
  const rest = 0.5 * f * f * (1 - 0.6666666666666666 * f);
  return k === 0 ? f - rest : k * ln2High - (rest - (k * ln2Low + correction) - f);
}

/** ln(2^k · (1 + f)) and the correction. */
function log1pOfProduct(f: number, k: number, correction: number): number {
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  const z = s * s;
  const r =
    z *
    (0.6666666666666735 +
      z *
        (0.3999999999940942 +
          z *
            (0.2857142874366239 +
              z *
                (0.22222198432149784 +
                  z * (0.1818357216161805 + z * (0.15313837699209373 + z * 0.14798198605116586))))));
  if (k === 0) return f - (half - s * (half + r));
  return k * ln2High - (half - (s * (half + r) + (k * ln2Low + correction)) - f);
}
