import { highWord, oneOverTwoTo, twoTo } from "./words.js";

/** ln 2 as the sum of two numbers; a small whole number times the first is exact. */
const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;

/** e to the power x. */
export function exp(x: number): number {
  const size = highWord(x) & 0x7fffffff;
  if (size >= 0x40862e42) {
    if (Number.isNaN(x)) return x;
    if (x > 709.782712893384) return Infinity;
    if (x < -745.1332191019411) return 0;
  }
  if (x === 1) return Math.E;
  if (size < 0x3e300000) return 1 + x;
  // x = k · ln 2 + r, with |r| at most half of ln 2.
  let k = 0;
  let high = x;
  let low = 0;
  if (size > 0x3fd62e42) {
    k = size < 0x3ff0a2b2 ? (x < 0 ? -1 : 1) : Math.trunc(Math.LOG2E * x + (x < 0 ? -0.5 : 0.5));
    high = x - k * ln2High;
    low = k * ln2Low;
  }
  const r = high - low;
  const t = r * r;
  const c = r - t * expPolynomial(t);
  if (k === 0) return 1 - ((r * c) / (c - 2) - r);
  const y = 1 - (low - (r * c) / (2 - c) - high);
  if (k === 1024) return y * 2 * twoTo(1023);
  return k >= -1021 ? y * twoTo(k) : y * twoTo(k + 1000) * twoTo(-1000);
}

/** With t = r²: (r − R(r)) / r², where e^r = 1 + r + r · R / (2 − R). */
export function expPolynomial(t: number): number {
  return (
    0.16666666666666602 +
    t *
      (-0.0027777777777015593 +
        t * (0.00006613756321437934 + t * (-0.0000016533902205465252 + t * 4.1381367970572385e-8)))
  );
}

/** e to the power x, less 1, exact also where x is small. */
export function expm1(x: number): number {
  const size = highWord(x) & 0x7fffffff;
  if (size >= 0x4043687a) {
    if (Number.isNaN(x)) return x;
    if (x > 709.782712893384) return Infinity;
    if (x < 0) return -1;
  }
  if (size < 0x3c900000) return x;
  let k = 0;
  let c = 0;
  if (size > 0x3fd62e42) {
    k = size < 0x3ff0a2b2 ? (x < 0 ? -1 : 1) : Math.trunc(Math.LOG2E * x + (x < 0 ? -0.5 : 0.5));
    const high = x - k * ln2High;
    const low = k * ln2Low;
    x = high - low;
    c = high - x - low;
  }
  const half = 0.5 * x;
  const square = x * half;
  const r =
    1 +
    square *
      (-0.03333333333333313 +
        square *
          (0.0015873015872548146 +
            square * (-0.0000793650757867488 + square * (0.000004008217827329362 + square * -2.0109921818362437e-7))));
  const t = 3 - r * half;
  let e = square * ((r - t) / (6 - x * t));
  if (k === 0) return x - (x * e - square);
  e = x * (e - c) - c - square;
  if (k === -1) return 0.5 * (x - e) - 0.5;
  if (k === 1) return x < -0.25 ? -2 * (e - (x + 0.5)) : 1 + 2 * (x - e);
  if (k <= -2 || k > 56) {
    const y = 1 - (e - x);
    return (k === 1024 ? y * 2 * twoTo(1023) : y * twoTo(k)) - 1;
  }
  // 1 − 2^−k is exact up to k = 53; above 20 it is taken apart, as the small part would be lost.
  return (k < 20 ? 1 - oneOverTwoTo(k) - (e - x) : x - (e + oneOverTwoTo(k)) + 1) * twoTo(k);
}
