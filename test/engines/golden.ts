/** What must come out alike on every engine: digests of numbers and of runs. Runs in Node and in a page. */
import fc from "fast-check";
import {
  batchMeans,
  bernoulli,
  boundedPareto,
  closedNetwork,
  discrete,
  distinctPages,
  erlang,
  exponential,
  fileWorkload,
  geometric,
  hyperexponential,
  leaseTraffic,
  lognormal,
  type Memory,
  mm1ResponseQuantile,
  mmck,
  normal,
  poisson,
  postCopy,
  preCopy,
  preCopySeries,
  qemuPolicy,
  queueModel,
  type RandomSource,
  randomStream,
  shareWithSlow,
  simulate,
  studentQuantile,
  uniform,
  willConverge,
  xenPolicy,
  zipf,
} from "kernel-lib";
import { cos, exp, expm1, log, log1p, pow, sin, tan } from "../../kernel-lib/simulation/elementary-functions/index.js";
import { randomScenario } from "../soak/random-programs.js";

/** Digests by name. */
export type Digests = Readonly<Record<string, string>>;

/** A digest of a text: two lanes of 32 bits (FNV-1a, with other primes). It finds changes; it is no seal. */
function digest(text: string): string {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(i), 0x85ebca6b);
  }
  return [a, b].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}

/** The digest of so many numbers, to the last bit: JavaScript writes every number so that it can be read back. */
const digestOf = (draw: () => number, count = 20_000): string => digest(Array.from({ length: count }, draw).join());

const distributions: Readonly<Record<string, (source: RandomSource) => () => number>> = {
  uniform: (s) => uniform({ min: -1, max: 7 }, s),
  exponential: (s) => exponential({ mean: 3 }, s),
  erlang: (s) => erlang({ mean: 3, stages: 4 }, s),
  hyperexponential: (s) => hyperexponential({ mean: 3, scv: 4 }, s),
  boundedPareto: (s) => boundedPareto({ min: 1, max: 1000, shape: 1.5 }, s),
  lognormal: (s) => lognormal({ mean: 3, scv: 2 }, s),
  normal: (s) => normal({ mean: 3, standardDeviation: 2 }, s),
  bernoulli: (s) => bernoulli({ probability: 0.3 }, s),
  "poisson, few": (s) => poisson({ mean: 2.5 }, s),
  "poisson, many": (s) => poisson({ mean: 2500 }, s),
  geometric: (s) => geometric({ probability: 0.01 }, s),
  discrete: (s) => discrete({ weights: [1, 0, 3] }, s),
  zipf: (s) => zipf({ count: 1000, exponent: 0.8 }, s),
};

type Functions = Readonly<Record<string, (source: RandomSource) => number>>;
const ours: Functions = {
  log: (u) => log(u() * 10),
  log1p: (u) => log1p(-u()),
  exp: (u) => exp(u() * 40 - 20),
  expm1: (u) => expm1(u() * 4 - 2),
  pow: (u) => pow(u() * 10, u() * 6 - 3),
  sin: (u) => sin(u() * 1.5),
  cos: (u) => cos(u() * 1.5),
  tan: (u) => tan(u() * 1.5),
};
const theirs: Functions = {
  log: (u) => Math.log(u() * 10),
  log1p: (u) => Math.log1p(-u()),
  exp: (u) => Math.exp(u() * 40 - 20),
  expm1: (u) => Math.expm1(u() * 4 - 2),
  pow: (u) => (u() * 10) ** (u() * 6 - 3),
  sin: (u) => Math.sin(u() * 1.5),
  cos: (u) => Math.cos(u() * 1.5),
  tan: (u) => Math.tan(u() * 1.5),
};
const ofFunctions = (functions: Functions): Digests =>
  Object.fromEntries(
    Object.entries(functions).map(([name, f]) => {
      const source = randomStream(1, name);
      return [name, digestOf(() => f(source))];
    }),
  );

/** Our functions, by name. */
export const ofOurFunctions = (): Digests => ofFunctions(ours);

/** The engine's own functions of the same arguments. */
export const ofTheEngine = (): Digests => ofFunctions(theirs);

/** Every distribution, quantiles, closed forms and models. */
export function ofNumbers(): Digests {
  const drawn = Object.entries(distributions).map(([name, make]) => [name, digestOf(make(randomStream(1, name)))]);
  const degrees = Array.from({ length: 300 }, (_, i) => i + 1);
  const stations = [
    { name: "processor", demandMs: 7.3 },
    { name: "disk", demandMs: 11.1, servers: 2 },
  ];
  const memory: Memory = {
    memoryPages: 8000,
    writers: [
      { pagesPerS: 700, pages: 3000, order: "random" },
      { pagesPerS: 333.3, pages: 5000, firstPage: 2500, onMs: 70, offMs: 30 },
    ],
  };
  const bytes = { memoryBytes: 32e6, linkBytesPerS: 10e6 };
  const values: Record<string, unknown> = {
    studentQuantile: degrees.map((n) => [0.9, 0.975, 0.9995].map((p) => studentQuantile(p, n))),
    batchMeans: batchMeans(Array.from({ length: 1000 }, exponential({ mean: 1 }, randomStream(1, "x")))),
    closedNetwork: closedNetwork({ stations, customers: 30, thinkMs: 100 }),
    leaseTraffic: leaseTraffic({ termMs: 10_000, readsPerS: 0.9, changesPerS: 0.05 }),
    mm1ResponseQuantile: mm1ResponseQuantile({ arrivalsPerS: 80, serviceMs: 10, quantile: 0.99 }),
    mmck: mmck({ arrivalsPerS: 300, serviceMs: 11, servers: 3, capacity: 20 }),
    shareWithSlow: shareWithSlow({ n: 40, slow: 0.013 }),
    queueModel: queueModel({
      arrivalsPerS: 80,
      requests: 20_000,
      seed: 1,
      service: (source) => hyperexponential({ mean: 10, scv: 3 }, source),
    }),
    distinctPages: degrees.map((n) => distinctPages({ pagesPerS: 100 * n, pages: 10_000, durationMs: 1000 })),
    preCopySeries: degrees.map((n) => preCopySeries({ ...bytes, dirtyBytesPerS: n * 3e4, thresholdBytes: 1e5 })),
    preCopy: [qemuPolicy({ maxBytesPerS: 8e6 }), xenPolicy].map((policy) => preCopy(memory, bytes, policy)),
    postCopy: postCopy(memory, { ...bytes, push: "around the fault", roundTripMs: 0.3 }),
    willConverge: willConverge(memory, bytes, qemuPolicy({ maxBytesPerS: 3e6 })),
    fileWorkload: fileWorkload({
      users: 3,
      sessionsEach: 20,
      files: 200,
      popularity: 0.8,
      writeShare: 0.2,
      largestBlocks: 100,
      thinkMs: 100,
      seed: 1,
    }),
  };
  return Object.fromEntries([
    ...drawn,
    ...Object.entries(values).map(([name, value]) => [name, digest(JSON.stringify(value))]),
  ]);
}

/** Runs of random scenarios: their rows and how their programs ended, all in one digest. */
export async function ofScenarios(count: number): Promise<string> {
  const digests: string[] = [];
  for (const { plan, seed } of fc.sample(randomScenario, { numRuns: count, seed: 1 })) {
    const run = await simulate(plan, { seed });
    digests.push(digest(JSON.stringify([run.rows, run.outcomes])));
  }
  return digest(digests.join());
}
