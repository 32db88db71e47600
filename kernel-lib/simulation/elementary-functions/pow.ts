import { expPolynomial } from "./exp.js";
import { fromWords, highWord, lowWord, twoTo, withoutLowWord } from "./words.js";

/** x to the power y, with JavaScript's meaning of the special cases: NaN for 1 to the power ∞. */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (y === Infinity || y === -Infinity) {
    const size = Math.abs(x);
    if (size === 1) return NaN;
    return size > 1 === y > 0 ? Infinity : 0;
  }
  if (y === 1) return x;
  if (y === -1) return 1 / x;
  if (y === 2) return x * x;
  if (y === 0.5 && (x > 0 || Object.is(x, 0))) return Math.sqrt(x);
  const isNegative = x < 0 || Object.is(x, -0);
  const isWhole = Number.isInteger(y);
  const sign = isNegative && isWhole && y % 2 !== 0 ? -1 : 1;
  const size = Math.abs(x);
  if (size === 0 || size === Infinity) return sign * ((size === 0) === y > 0 ? 0 : Infinity);
  if (isNegative && !isWhole) return NaN;
  if (size === 1) return sign;
  return sign * powOfPositive(size, y);
}

/** Both finite, x above 0 and not 1, y not 0: 2 to the power y · log₂ x, with the logarithm in two numbers. */
function powOfPositive(x: number, y: number): number {
  const highOfY = highWord(y) & 0x7fffffff;
  let t1: number;
  let t2: number;
  if (highOfY > 0x41e00000) {
    // |y| is above 2^31, so the result leaves the range unless x is within 2^−20 of 1.
    const high = highWord(x);
    const isBelow = high <= 0x3fefffff;
    if (highOfY > 0x43f00000) return isBelow === y < 0 ? Infinity : 0;
    if (high < 0x3fefffff) return y < 0 ? Infinity : 0;
    if (high > 0x3ff00000) return y > 0 ? Infinity : 0;
    const t = x - 1;
    const w = t * t * (0.5 - t * (0.3333333333333333 - t * 0.25));
    const u = 1.4426950216293335 * t;
    const v = t * 1.9259629911266175e-8 - w * Math.LOG2E;
    t1 = withoutLowWord(u + v);
    t2 = v - (t1 - u);
  } else {
    let n = 0;
    if (x < 2.2250738585072014e-308) {
      x *= 0x20000000000000;
      n = -53;
    }
    let high = highWord(x);
    n += (high >> 20) - 1023;
    const fraction = high & 0xfffff;
    high = fraction | 0x3ff00000;
    // x = 2^n · a, and a is near 1 or near 1.5.
    let isNearOneAndHalf = 0;
    if (fraction > 0x3988e) {
      if (fraction < 0xbb67a) isNearOneAndHalf = 1;
      else {
        n++;
        high -= 0x100000;
      }
    }
    const a = fromWords(high, lowWord(x));
    const near = isNearOneAndHalf ? 1.5 : 1;
    const u = a - near;
    const v = 1 / (a + near);
    const s = u * v;
    const sHigh = withoutLowWord(s);
    const sumHigh = fromWords(((high >> 1) | 0x20000000) + 0x80000 + (isNearOneAndHalf << 18), 0);
    const sumLow = a - (sumHigh - near);
    const sLow = v * (u - sHigh * sumHigh - sHigh * sumLow);
    const s2 = s * s;
    const r =
      s2 *
        s2 *
        (0.5999999999999946 +
          s2 *
            (0.4285714285785502 +
              s2 *
                (0.33333332981837743 +
                  s2 * (0.272728123808534 + s2 * (0.23066074577556175 + s2 * 0.20697501780033842))))) +
      sLow * (sHigh + s);
    const square = sHigh * sHigh;
    const tHigh = withoutLowWord(3 + square + r);
    const tLow = r - (tHigh - 3 - square);
    const p = sHigh * tHigh;
    const q = sLow * tHigh + tLow * s;
    const pHigh = withoutLowWord(p + q);
    const pLow = q - (pHigh - p);
    const zHigh = 0.9617967009544373 * pHigh;
    const zLow =
      -7.028461650952758e-9 * pHigh + pLow * 0.9617966939259756 + (isNearOneAndHalf ? 1.350039202129749e-8 : 0);
    const logOfNear = isNearOneAndHalf ? 0.5849624872207642 : 0;
    t1 = withoutLowWord(zHigh + zLow + logOfNear + n);
    t2 = zLow - (t1 - n - logOfNear - zHigh);
  }
  const yHigh = withoutLowWord(y);
  const pLow = (y - yHigh) * t1 + y * t2;
  return twoToSum(yHigh * t1, pLow);
}

/** 2 to the power of a number given as the sum of two. */
function twoToSum(pHigh: number, pLow: number): number {
  const sum = pLow + pHigh;
  if (sum > 1024 || (sum === 1024 && pLow + 8.008566259537294e-17 > sum - pHigh)) return Infinity;
  if (sum < -1075 || (sum === -1075 && pLow <= sum - pHigh)) return 0;
  const high = highWord(sum);
  let n = 0;
  if ((high & 0x7fffffff) > 0x3fe00000) {
    // n is the sum rounded to a whole number.
    const exponent = ((high & 0x7fffffff) >> 20) - 1023;
    const rounded = high + (0x100000 >> (exponent + 1));
    const k = ((rounded & 0x7fffffff) >> 20) - 1023;
    n = ((rounded & 0xfffff) | 0x100000) >> (20 - k);
    if (high < 0) n = -n;
    pHigh -= n;
  }
  const t = withoutLowWord(pLow + pHigh);
  const u = t * 0.6931471824645996;
  const v = (pLow - (t - pHigh)) * Math.LN2 + t * -1.904654299957768e-9;
  const z = u + v;
  const w = v - (z - u);
  const square = z * z;
  const c = z - square * expPolynomial(square);
  // fdlibm subtracts w + z · w from the quotient; V8 up to 12, whose values these are, from the divisor.
  const r = (z * c) / (c - 2 - (w + z * w));
  const result = 1 - (r - z);
  if (n > 1023) return result * 2 * twoTo(1023);
  return n >= -1021 ? result * twoTo(n) : result * twoTo(n + 54) * twoTo(-54);
}
