import { test } from "uvu";
import * as assert from "uvu/assert";
import { cos, exp, expm1, log, log1p, pow, sin, tan } from "../../kernel-lib/simulation/elementary-functions/index.js";
import { soaked } from "../soak.js";

/** V8 took its functions from fdlibm until its version 12; a later one, and another engine, has other last bits. */
const isReference = Number(process.versions.v8.split(".")[0]) <= 12;

const bits = new BigUint64Array(1);
const double = new Float64Array(bits.buffer);
let state = 1n;
/** 64 random bits (splitmix64). */
function next(): bigint {
  state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
  let z = state;
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}
const unit = () => Number(next() >> 11n) / 0x20000000000000;
const between = (low: number, high: number) => () => low + unit() * (high - low);
/** Any double: all exponents alike, also what is no number. */
const any = () => {
  bits[0] = next();
  return double[0] as number;
};
/** Close to a number, on both sides and at all distances. */
const near = (x: number) => () => x * (1 + (unit() - 0.5) * 2 ** (-52 * unit()));
const whole = (low: number, high: number) => () => Math.floor(between(low, high)());
const edges = [
  0,
  1,
  Infinity,
  NaN,
  2,
  0.5,
  3,
  10,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  2 ** -1022,
  2 ** 31,
  2 ** 53,
  1024,
];
const edge = () => (edges[whole(0, edges.length)()] as number) * (unit() < 0.5 ? -1 : 1);

const ofOne: Record<string, [(x: number) => number, (x: number) => number, Record<string, () => number>]> = {
  log: [log, Math.log, { any, "in the unit interval": unit, "near 1": near(1), "at the edges": edge }],
  log1p: [log1p, Math.log1p, { any, "of −u": () => -unit(), "to 9": between(-1, 9), "of little": near(2 ** -29) }],
  exp: [exp, Math.exp, { any, "within its range": between(-750, 720), small: between(-2, 2), "at the edges": edge }],
  expm1: [
    expm1,
    Math.expm1,
    { any, "within its range": between(-60, 720), small: between(-2, 2), "at the edges": edge },
  ],
  sin: [sin, Math.sin, { "of an angle to π/2": between(0, Math.PI / 2), "of little": () => 2 ** (-60 * unit()) }],
  cos: [cos, Math.cos, { "of an angle to π/2": between(0, Math.PI / 2), "of little": () => 2 ** (-60 * unit()) }],
  tan: [
    tan,
    Math.tan,
    {
      "of an angle to π/2": between(0, Math.PI / 2),
      "near π/2": () => Math.min(Math.PI / 2, near(Math.PI / 2)()),
      "of little": () => 2 ** (-60 * unit()),
    },
  ],
};
const ofTwo: Record<string, [() => number, () => number]> = {
  any: [any, any],
  "any to a moderate power": [any, between(-2, 2)],
  "of a uniform number": [unit, between(-3, 0)],
  "of a rank": [whole(1, 1_000_000), between(-2, 0)],
  "of ten, whole": [() => 10, whole(-330, 310)],
  "of two": [() => 2, between(-1080, 1030)],
  "negative, whole": [between(-10, 0), whole(-20, 20)],
  "of nearly 1 to much": [near(1), () => (unit() - 0.5) * 2 ** (70 * unit())],
  "of less than the smallest normal number": [() => unit() * 2 ** -1022, between(-1.5, 1.5)],
  "at the edges": [edge, edge],
};

/** The distance of two numbers in units of the last place; 0 for equal ones, also for NaN. */
function apart(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  const size = Math.max(Math.abs(a), Math.abs(b));
  if (!(size < Infinity) || Math.sign(a) !== Math.sign(b)) return Infinity;
  return Math.abs(a - b) / Math.max(Number.MIN_VALUE, size * 2 ** -52);
}

const tries = soaked(5_000_000);
// With another engine's functions as the oracle, both may be wrong by less than one unit: three lie between them at most.
const allowed = isReference ? 0 : 3;
const likeEngine = isReference ? "the very bits of this engine's" : "this engine's, but for the last bits";

for (const [name, [ours, theirs, kinds]] of Object.entries(ofOne))
  for (const [kind, draw] of Object.entries(kinds))
    test(`${name} ${kind}: ${likeEngine}`, () => {
      for (let i = 0; i < tries; i++) {
        const x = draw();
        const [a, b] = [ours(x), theirs(x)];
        if (apart(a, b) > allowed) assert.unreachable(`${name}(${x}) is ${a}, Math.${name} says ${b}`);
      }
    });
for (const [kind, [base, exponent]] of Object.entries(ofTwo))
  test(`pow ${kind}: ${likeEngine}`, () => {
    for (let i = 0; i < tries; i++) {
      const [x, y] = [base(), exponent()];
      const [a, b] = [pow(x, y), x ** y];
      if (apart(a, b) > allowed) assert.unreachable(`pow(${x}, ${y}) is ${a}, ** says ${b}`);
    }
  });

test("values that can be worked out by hand are exact", () => {
  const worked: [number, number][] = [
    [exp(1), Math.E],
    [log(1), 0],
    [log1p(-1), -Infinity],
    [pow(10, 22), 1e22],
    [pow(2, -1074), Number.MIN_VALUE],
    [pow(-8, 3), -512],
    [pow(-8, 1 / 3), NaN],
    [pow(1, Infinity), NaN],
    [pow(NaN, 0), 1],
    [tan(0), 0],
  ];
  for (const [i, [got, wanted]] of worked.entries()) assert.ok(Object.is(got, wanted), `line ${i}: ${got}, ${wanted}`);
});

test.run();
