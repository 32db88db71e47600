import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import { refuse } from "../errors.js";

/** A stream of uniform random numbers: each call gives the next, at least 0 and below 1, with 53 random bits. */
export type RandomSource = () => number;

/**
 * A stream of random numbers that belongs to one purpose ("arrivals", "service", "loss") of one seeded run.
 *
 * The stream depends on its seed and its name and on nothing else: not on the order in which streams are made, nor on
 * how much is drawn from others. So changing one part of a model leaves every other part's numbers alone.
 *
 * @param seed a whole number from 0 to 2^53 − 1.
 * @param name what the numbers are for; streams of different names (or seeds) are independent.
 * @throws {@link ParameterError} if the seed is not such a number or the name is not a string.
 * @see Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4), 2021 (xoroshiro128+).
 */
export function randomStream(seed: number, name: string): RandomSource {
  if (!Number.isSafeInteger(seed) || seed < 0)
    refuse("randomStream", "seed", "a whole number from 0 to 2^53 − 1", seed);
  if (typeof name !== "string") refuse("randomStream", "name", "a string", name);
  const generator = xoroshiro128plusFromState(hash128(`${seed}\0${name}`));
  // The lowest bits of xoroshiro128+ are its weakest, so each half of the 53 bits is taken from the top of a word.
  return () => ((generator.next() >>> 5) * 0x4000000 + (generator.next() >>> 6)) / 0x20000000000000;
}

/** Four well-mixed 32-bit words from a text: four multiply-xor lanes, each ended with MurmurHash3's finaliser. */
function hash128(text: string): [number, number, number, number] {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x452821e6];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = b ^ Math.imul(a ^ unit, 0x239b961b);
    b = c ^ Math.imul(b ^ unit, 0xab0e9789);
    c = d ^ Math.imul(c ^ unit, 0x38b34ae5);
    d = a ^ Math.imul(d ^ unit, 0xa1e38b93);
  }
  const sum = a ^ b ^ c ^ d ^ text.length;
  a = mix32(a ^ sum);
  b = mix32(b + a);
  c = mix32(c + b);
  d = mix32(d + c);
  // The generator's one forbidden state is all zeros.
  return a === 0 && b === 0 && c === 0 && d === 0 ? [1, 2, 3, 4] : [a, b, c, d];
}

function mix32(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
