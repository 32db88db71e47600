import { fromWords, highWord, withoutLowWord } from "./words.js";

/** π/2 in three parts: the first two have 33 bits each. */
const halfPi1 = 1.5707963267341256;
const halfPi1Rest = 6.077100506506192e-11;
const halfPi2 = 6.077100506303966e-11;
const halfPi2Rest = 2.0222662487959506e-21;
/** The high word of π/4, up to which no reduction is needed. */
const quarterPiHigh = 0x3fe921fb;

/** The sine of an angle from 0 to π/2. */
export function sin(x: number): number {
  if (highWord(x) <= quarterPiHigh) return kernelSin(x, 0);
  const y = lessHalfPi(x);
  return kernelCos(y, lessHalfPiRest(x, y));
}

/** The cosine of an angle from 0 to π/2. */
export function cos(x: number): number {
  if (highWord(x) <= quarterPiHigh) return kernelCos(x, 0);
  const y = lessHalfPi(x);
  return -kernelSin(y, lessHalfPiRest(x, y));
}

/** The tangent of an angle from 0 to π/2. */
export function tan(x: number): number {
  if (highWord(x) <= quarterPiHigh) return kernelTan(x, 0, false);
  const y = lessHalfPi(x);
  return kernelTan(y, lessHalfPiRest(x, y), true);
}

/** x − π/2, as the sum of this number and {@link lessHalfPiRest}; near π/2 with more bits of π. */
function lessHalfPi(x: number): number {
  const z = x - halfPi1;
  return highWord(x) === 0x3ff921fb ? z - halfPi2 - halfPi2Rest : z - halfPi1Rest;
}

function lessHalfPiRest(x: number, y: number): number {
  const z = x - halfPi1;
  return highWord(x) === 0x3ff921fb ? z - halfPi2 - y - halfPi2Rest : z - y - halfPi1Rest;
}

/** sin(x + rest) for |x| up to π/4. */
function kernelSin(x: number, rest: number): number {
  if ((highWord(x) & 0x7fffffff) < 0x3e400000) return x;
  const z = x * x;
  const v = z * x;
  const r =
    0.00833333333332249 +
    z *
      (-0.0001984126982985795 +
        z * (0.0000027557313707070068 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10)));
  return rest === 0
    ? x + v * (-0.16666666666666632 + z * r)
    : x - (z * (0.5 * rest - v * r) - rest - v * -0.16666666666666632);
}

/** cos(x + rest) for |x| up to π/4. */
function kernelCos(x: number, rest: number): number {
  const size = highWord(x) & 0x7fffffff;
  if (size < 0x3e400000) return 1;
  const z = x * x;
  const r =
    z *
    (0.0416666666666666 +
      z *
        (-0.001388888888887411 +
          z *
            (0.00002480158728947673 +
              z * (-2.7557314351390663e-7 + z * (2.087572321298175e-9 + z * -1.1359647557788195e-11)))));
  if (size < 0x3fd33333) return 1 - (0.5 * z - (z * r - x * rest));
  const quarter = size > 0x3fe90000 ? 0.28125 : fromWords(size - 0x200000, 0);
  return 1 - quarter - (0.5 * z - quarter - (z * r - x * rest));
}

const tanEven = [
  0.13333333333320124, 0.021869488294859542, 0.0035920791075913124, 0.0005880412408202641, 0.00007817944429395571,
  -0.000018558637485527546,
] as const;
const tanOdd = [
  0.05396825397622605, 0.0088632398235993, 0.0014562094543252903, 0.0002464631348184699, 0.00007140724913826082,
  0.00002590730518636337,
] as const;

/** tan(x + rest) for |x| up to π/4, or −1 / tan(x + rest). */
function kernelTan(x: number, rest: number, isInverse: boolean): number {
  const high = highWord(x);
  const size = high & 0x7fffffff;
  if (size < 0x3e300000) return isInverse ? minusInverse(x + rest, x, rest) : x;
  const isLarge = size >= 0x3fe59428;
  if (isLarge) {
    x = 0.7853981633974483 - Math.abs(x) + (3.061616997868383e-17 - (high < 0 ? -rest : rest));
    rest = 0;
  }
  const z = x * x;
  const w = z * z;
  const [e0, e1, e2, e3, e4, e5] = tanEven;
  const [o0, o1, o2, o3, o4, o5] = tanOdd;
  const even = e0 + w * (e1 + w * (e2 + w * (e3 + w * (e4 + w * e5))));
  const odd = z * (o0 + w * (o1 + w * (o2 + w * (o3 + w * (o4 + w * o5)))));
  const cube = z * x;
  const r = rest + z * (cube * (even + odd) + rest) + 0.3333333333333341 * cube;
  const sum = x + r;
  if (isLarge) {
    const v = isInverse ? -1 : 1;
    return (high < 0 ? -1 : 1) * (v - 2 * (x - ((sum * sum) / (sum + v) - r)));
  }
  return isInverse ? minusInverse(sum, x, r) : sum;
}

/** −1 / (x + rest), where `sum` is x + rest rounded. */
function minusInverse(sum: number, x: number, rest: number): number {
  const sumHigh = withoutLowWord(sum);
  const inverse = -1 / sum;
  const inverseHigh = withoutLowWord(inverse);
  return inverseHigh + inverse * (1 + inverseHigh * sumHigh + inverseHigh * (rest - (sumHigh - x)));
}
