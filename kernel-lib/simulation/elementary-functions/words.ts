/**
 * A number as its two words of 32 bits, which the algorithms of fdlibm take apart and put together: the high word holds
 * the sign, eleven bits of exponent (less 1023) and the first twenty bits of the fraction.
 */

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);
double[0] = 1;
const high = words[1] === 0 ? 0 : 1;
const low = 1 - high;

/** Sign, exponent and first twenty bits of the fraction; negative for a number below 0. */
export function highWord(x: number): number {
  double[0] = x;
  return words[high] as number;
}

/** The last 32 bits of the fraction. */
export function lowWord(x: number): number {
  double[0] = x;
  return words[low] as number;
}

/** The number of two words. */
export function fromWords(highBits: number, lowBits: number): number {
  words[high] = highBits;
  words[low] = lowBits;
  return double[0] as number;
}

/** The number with the last 32 bits of its fraction cleared, so that products of two such are exact. */
export function withoutLowWord(x: number): number {
  double[0] = x;
  words[low] = 0;
  return double[0] as number;
}

const powersOfTwo = new Float64Array(1074 + 1024);
for (let k = -1074, power = Number.MIN_VALUE; k < 1024; k++, power *= 2) powersOfTwo[1074 + k] = power;

/** 2 to the power k, for k from −1074 to 1023. From a table: to put it together from words took longer than a logarithm. */
export function twoTo(k: number): number {
  return powersOfTwo[1074 + k] as number;
}

/** 2 to the power −k, for k from −1023 to 1074. (`twoTo(-k)` made a fraction of k, as −0 is no whole number for V8.) */
export function oneOverTwoTo(k: number): number {
  return powersOfTwo[1074 - k] as number;
}
