import { readFileSync } from "node:fs";
import {
  bernoulli,
  boundedPareto,
  confidenceInterval,
  deterministic,
  discrete,
  erlang,
  exponential,
  geometric,
  hyperexponential,
  lognormal,
  normal,
  ParameterError,
  poisson,
  type RandomSource,
  type RandomVariable,
  randomStream,
  uniform,
  zipf,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { exp, log, log1p } from "../../kernel-lib/simulation/elementary-functions/index.js";
import { inRoot } from "../../scripts/setup/paths.mjs";

/** What each one is made with, and its mean and variance worked out by hand or from a handbook. */
const cases: Record<string, { make: (source: RandomSource) => RandomVariable; mean: number; variance: number }> = {
  "exponential of mean 5": { make: (s) => exponential({ mean: 5 }, s), mean: 5, variance: 25 },
  "uniform from 2 to 8": { make: (s) => uniform({ min: 2, max: 8 }, s), mean: 5, variance: 3 },
  "Erlang of 4 stages and mean 2": { make: (s) => erlang({ mean: 2, stages: 4 }, s), mean: 2, variance: 1 },
  "H2 of mean 3 and SCV 4": { make: (s) => hyperexponential({ mean: 3, scv: 4 }, s), mean: 3, variance: 36 },
  "H2 of SCV 1, which is the exponential": {
    make: (s) => hyperexponential({ mean: 3, scv: 1 }, s),
    mean: 3,
    variance: 9,
  },
  // Mean a/(a−1) · (1 − (L/H)^(a−1)) / (1 − (L/H)^a) with L = 1, H = 10, a = 2: 2 · 0.9 / 0.99; E[X²] = 2 ln 10 / 0.99.
  "Pareto from 1 to 10 of shape 2": {
    make: (s) => boundedPareto({ min: 1, max: 10, shape: 2 }, s),
    mean: 1.8 / 0.99,
    variance: (2 * Math.log(10)) / 0.99 - (1.8 / 0.99) ** 2,
  },
  // Shape 1: mean ln(H/L) · L / (1 − L/H) = ln 4 / 0.75; E[X²] = H·L = 4.
  "Pareto from 1 to 4 of shape 1": {
    make: (s) => boundedPareto({ min: 1, max: 4, shape: 1 }, s),
    mean: Math.log(4) / 0.75,
    variance: 4 - (Math.log(4) / 0.75) ** 2,
  },
  "lognormal of mean 2 and SCV 0.5": { make: (s) => lognormal({ mean: 2, scv: 0.5 }, s), mean: 2, variance: 2 },
  "normal around 1 with deviation 3": {
    make: (s) => normal({ mean: 1, standardDeviation: 3 }, s),
    mean: 1,
    variance: 9,
  },
  "Bernoulli of 0.3": { make: (s) => bernoulli({ probability: 0.3 }, s), mean: 0.3, variance: 0.21 },
  "Poisson of mean 2.5": { make: (s) => poisson({ mean: 2.5 }, s), mean: 2.5, variance: 2.5 },
  "Poisson of mean 100": { make: (s) => poisson({ mean: 100 }, s), mean: 100, variance: 100 },
  "geometric of 0.25": { make: (s) => geometric({ probability: 0.25 }, s), mean: 3, variance: 12 },
  "discrete with weights 1, 0, 3": { make: (s) => discrete({ weights: [1, 0, 3] }, s), mean: 1.5, variance: 0.75 },
  // Ranks 1, 2, 3 with chances 6/11, 3/11, 2/11.
  "Zipf of 3 ranks": { make: (s) => zipf({ count: 3 }, s), mean: 18 / 11, variance: 36 / 11 - (18 / 11) ** 2 },
};

for (const [what, { make, mean, variance }] of Object.entries(cases)) {
  test(`${what} says its mean and variance, and draws have them (99.9 % intervals, seeds 1–20)`, () => {
    const said = make(randomStream(1, "x"));
    assert.ok(Math.abs(said.mean - mean) <= 1e-12 * Math.abs(mean), `says mean ${said.mean}`);
    assert.ok(Math.abs(said.variance - variance) <= 1e-12 * variance, `says variance ${said.variance}`);
    const means: number[] = [];
    const variances: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const draw = make(randomStream(seed, what));
      const count = 20_000;
      let [sum, squares] = [0, 0];
      for (let i = 0; i < count; i++) {
        const x = draw();
        sum += x;
        squares += (x - mean) ** 2;
      }
      means.push(sum / count);
      variances.push(squares / count);
    }
    for (const [name, values, wanted] of [
      ["mean", means, mean],
      ["variance", variances, variance],
    ] as const) {
      const { low, high } = confidenceInterval(values, { confidence: 0.999 });
      assert.ok(low <= wanted && wanted <= high, `${name} ${wanted} is outside ${low} … ${high}`);
    }
  });
}

/** d3-random with our logarithms in place of the engine's. */
function portableD3(): typeof import("d3-random") {
  const portable = Object.create(Math, { log: { value: log }, log1p: { value: log1p }, exp: { value: exp } });
  const module = { exports: {} as typeof import("d3-random") };
  const source = readFileSync(inRoot("node_modules", "d3-random", "dist", "d3-random.js"), "utf8");
  new Function("module", "exports", "Math", source)(module, module.exports, portable);
  return module.exports;
}

const d3 = portableD3();
const asD3: Record<string, [(source: RandomSource) => () => number, (source: RandomSource) => () => number]> = {
  uniform: [(s) => uniform({ min: -2, max: 5.5 }, s), (s) => d3.randomUniform.source(s)(-2, 5.5)],
  normal: [(s) => normal({ mean: 1, standardDeviation: 3 }, s), (s) => d3.randomNormal.source(s)(1, 3)],
  lognormal: [
    (s) => lognormal({ mean: 1, scv: Math.E - 1 }, s),
    (s) => d3.randomLogNormal.source(s)(-log1p(Math.E - 1) / 2, Math.sqrt(log1p(Math.E - 1))),
  ],
  "Erlang of 1 stage": [(s) => erlang({ mean: 2, stages: 1 }, s), (s) => d3.randomGamma.source(s)(1, 2)],
  "Erlang of 7 stages": [(s) => erlang({ mean: 2, stages: 7 }, s), (s) => d3.randomGamma.source(s)(7, 2 / 7)],
  ...Object.fromEntries(
    [0.1, 2.5, 16, 17, 100, 12_345].map((mean) => [
      `Poisson of mean ${mean}`,
      [(s: RandomSource) => poisson({ mean }, s), (s: RandomSource) => d3.randomPoisson.source(s)(mean)],
    ]),
  ),
};
for (const [what, [ours, theirs]] of Object.entries(asD3))
  test(`${what} draws d3-random's values, bit for bit, from the same source`, () => {
    const [a, b] = [ours(randomStream(1, what)), theirs(randomStream(1, what))];
    for (let i = 0; i < 20_000; i++) {
      const [x, y] = [a(), b()];
      if (!Object.is(x, y)) assert.unreachable(`draw ${i}: ${x}, d3-random ${y}`);
    }
  });

test("deterministic always gives its value, with variance 0", () => {
  const draw = deterministic({ value: 4 });
  assert.equal([draw(), draw(), draw.mean, draw.variance], [4, 4, 4, 0]);
});

test("a third of the exponential's draws are above its mean times ln 3: it is not only the moments that are right", () => {
  const draw = exponential({ mean: 2 }, randomStream(1, "tail"));
  let above = 0;
  for (let i = 0; i < 100_000; i++) if (draw() > 2 * Math.log(3)) above++;
  assert.ok(Math.abs(above / 100_000 - 1 / 3) < 4 * Math.sqrt(2 / 9 / 100_000));
});

test("bounded Pareto stays within its bounds and Zipf within its ranks", () => {
  const pareto = boundedPareto({ min: 1, max: 10, shape: 1.5 }, randomStream(1, "pareto"));
  const rank = zipf({ count: 5, exponent: 0.8 }, randomStream(1, "zipf"));
  for (let i = 0; i < 100_000; i++) {
    const x = pareto();
    assert.ok(x >= 1 && x <= 10);
    const r = rank();
    assert.ok(Number.isInteger(r) && r >= 1 && r <= 5);
  }
});

test("a discrete value of weight 0 never comes", () => {
  const draw = discrete({ weights: [0, 1, 0, 1, 0] }, randomStream(1, "d"));
  for (let i = 0; i < 10_000; i++) assert.ok([1, 3].includes(draw()));
});

test("parameters out of range are ParameterErrors that name the field", () => {
  const s = randomStream(1, "bad");
  const bad: [() => unknown, RegExp][] = [
    [() => exponential({ mean: 0 }, s), /^exponential: mean must be a finite number above 0, got 0$/],
    [() => exponential({ mean: NaN }, s), /mean/],
    [() => deterministic({ value: Infinity }), /deterministic: value/],
    [() => uniform({ min: 3, max: 3 }, s), /^uniform: max must be a finite number above min \(3\), got 3$/],
    [() => uniform({ min: -Infinity, max: 3 }, s), /min/],
    [() => erlang({ mean: 1, stages: 1.5 }, s), /^erlang: stages must be a whole number of at least 1, got 1.5$/],
    [
      () => hyperexponential({ mean: 1, scv: 0.5 }, s),
      /^hyperexponential: scv must be a finite number of at least 1, got 0.5$/,
    ],
    [() => boundedPareto({ min: 2, max: 1, shape: 1 }, s), /boundedPareto: max/],
    [() => boundedPareto({ min: 0, max: 1, shape: 1 }, s), /boundedPareto: min/],
    [() => lognormal({ mean: 1, scv: 0 }, s), /lognormal: scv/],
    [() => normal({ standardDeviation: -1 }, s), /normal: standardDeviation/],
    [() => bernoulli({ probability: 1.1 }, s), /bernoulli: probability/],
    [() => poisson({ mean: -1 }, s), /poisson: mean/],
    [() => geometric({ probability: 0 }, s), /geometric: probability/],
    [() => discrete({ weights: [] }, s), /discrete: weights/],
    [() => discrete({ weights: [0, 0] }, s), /discrete: the sum of weights/],
    [() => discrete({ weights: [1, -1] }, s), /discrete: weights\[1\]/],
    [() => zipf({ count: 0 }, s), /zipf: count/],
    [() => zipf({ count: 3, exponent: -1 }, s), /zipf: exponent/],
  ];
  for (const [call, message] of bad) {
    assert.throws(call, (error: Error) => error instanceof ParameterError && message.test(error.message));
  }
});

test.run();
