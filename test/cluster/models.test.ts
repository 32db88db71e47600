import {
  allOf,
  choices,
  costsOfFlash,
  type DispatchPolicy,
  dispatchModel,
  exponential,
  fanOutModel,
  joinIdleQueue,
  lard,
  lardModel,
  lardReplicated,
  leastConnections,
  type RandomSource,
  type RetryStormRow,
  retryStormModel,
  roundRobin,
  shareWithSlow,
  supermarket,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("models of clusters");

const near = (actual: number, wanted: number, share: number, what: string) =>
  assert.ok(Math.abs(actual / wanted - 1) <= share, `${what}: ${actual} is not within ${100 * share} % of ${wanted}`);
const service = (source: RandomSource) => exponential({ mean: 1 }, source);
type MakePolicy = (source: RandomSource) => DispatchPolicy;
const random: MakePolicy = (source) => choices(1, source);
const two: MakePolicy = (source) => choices(2, source);

test("ten requests at once, two servers in turn: the last pair is answered after five services", () => {
  // Ten services of 10 ms that come almost at once: two are served at once, eight wait in two lines.
  const rows = {
    arrivalsPerS: 1e9,
    requests: 10,
    seed: 1,
    service: () => Object.assign(() => 10, { mean: 10, variance: 0 }),
  };
  const { responseMs, maxMs, longest } = dispatchModel({ ...rows, servers: 2, policy: roundRobin });
  // Without the first two: 20, 20, 30, 30, 40, 40, 50, 50.
  near(responseMs, 35, 1e-3, "mean");
  near(maxMs, 50, 1e-3, "largest");
  assert.is(longest, 5);
});

test("a thousand servers with two choices lie within 1.5 % of the supermarket model at loads .7 and .95", () => {
  for (const load of [0.7, 0.95]) {
    const at = { arrivalsPerS: 1000 * load, serviceMs: 1, choices: 2 };
    const { responseMs } = dispatchModel({
      ...{
        servers: 1000,
        arrivalsPerS: 1e6 * load,
        service,
        policy: two,
        requests: load < 0.9 ? 1_000_000 : 3_000_000,
        seed: 1,
      },
    });
    near(responseMs, supermarket(at).responseMs, 0.015, `load ${load}`);
  }
});

/** Mean response of GI/M/1 with Erlang-n gaps, which round robin over n makes of Poisson arrivals: 1/(1 − σ), σ = (nρ/(nρ + 1 − σ))ⁿ. */
function roundRobinTheory(n: number, load: number): number {
  let sigma = 0.5;
  for (let i = 0; i < 2000; i++) sigma = ((n * load) / (n * load + 1 - sigma)) ** n;
  return 1 / (1 - sigma);
}

test("twenty servers at load .9: chance is M/M/1 and round robin Eₙ/M/1 within 3 %; the others come in the known order", () => {
  const at = { servers: 20, arrivalsPerS: 18_000, service, requests: 400_000, seed: 1 };
  const of = (policy: MakePolicy) => dispatchModel({ ...at, policy }).responseMs;
  near(of(random), 10, 0.05, "chance");
  near(of(roundRobin), roundRobinTheory(20, 0.9), 0.03, "round robin");
  // Twenty are few: above the model of infinitely many.
  const [d2, d3, idle, shortest] = [
    of(two),
    of((source) => choices(3, source)),
    of(joinIdleQueue),
    of(leastConnections),
  ];
  near(d2, 2.86, 0.03, "two choices");
  near(d3, 2.29, 0.03, "three choices");
  near(idle, 1.67, 0.03, "join idle queue");
  near(shortest, 1.47, 0.03, "least connections");
});

test("with views of up to 5 service times least connections is worse than chance, and two choices stay far better", () => {
  const at = { servers: 20, arrivalsPerS: 18_000, service, requests: 400_000, seed: 1, refreshMs: 5 };
  const of = (policy: MakePolicy) => dispatchModel({ ...at, policy }).responseMs;
  const [herd, pair, chance] = [of(leastConnections), of(two), of(random)];
  assert.ok(herd > 1.3 * chance && pair < 0.5 * chance, `${herd}, ${pair}, ${chance}`);
  near(herd, 16, 0.05, "herd");
});

test("the same seed gives the same result, another seed another", () => {
  const at = { servers: 5, arrivalsPerS: 4000, service, requests: 5000, policy: two };
  assert.equal(dispatchModel({ ...at, seed: 3 }), dispatchModel({ ...at, seed: 3 }));
  assert.not.equal(dispatchModel({ ...at, seed: 3 }), dispatchModel({ ...at, seed: 4 }));
});

const cached = { servers: 8, filesBytes: 200e6, cacheBytes: 32e6, requests: 60_000, seed: 1 };

test("eight caches of 32 MB and 200 MB of files: LARD answers at least 3 times as many, and no back end is above 2·high", () => {
  const blind = lardModel({ ...cached, policy: leastConnections });
  for (const policy of [() => lard(), (_: RandomSource, now: () => number) => lardReplicated(now)]) {
    const local = lardModel({ ...cached, policy });
    assert.ok(local.throughputPerS >= 3 * blind.throughputPerS, `${local.throughputPerS} ${blind.throughputPerS}`);
    assert.ok(local.hitShare > blind.hitShare && local.longest <= 130, JSON.stringify(local));
  }
});

test("when one cache holds all files, LARD is within 3 % of least connections once warm, and ahead while cold", () => {
  const fits = { ...cached, filesBytes: 20e6 };
  const ratio = (warmUp: number) =>
    lardModel({ ...fits, warmUp, policy: () => lard() }).throughputPerS /
    lardModel({ ...fits, warmUp, policy: leastConnections }).throughputPerS;
  near(ratio(150_000), 1, 0.03, "warm");
  assert.ok(ratio(0) > 1.3, "cold");
});

test("with flash of today the CPU is the bottleneck, and LARD within 3 % of least connections", () => {
  const of = (policy: () => DispatchPolicy) => lardModel({ ...cached, policy, costs: costsOfFlash }).throughputPerS;
  near(
    of(() => lard()),
    of(leastConnections),
    0.03,
    "flash",
  );
});

test("a cached 8 KiB file takes 2·145 µs and 16·40 µs: one back end answers 1075 a second", () => {
  const one = { servers: 1, filesBytes: 8192, meanFileBytes: 8192, cacheBytes: 1e6, requests: 2000, seed: 1 };
  near(lardModel({ ...one, policy: roundRobin }).throughputPerS, 1075, 0.001, "one back end");
});

const storm = {
  ...{ arrivalsPerS: 800, serviceMs: 1, timeoutMs: 100, retries: 3, untilMs: 40_000, seed: 1 },
  spike: { atMs: 10_000, durationMs: 5000, factor: 1.6 },
};
const shareAnswered = (rows: readonly RetryStormRow[], fromS: number, toS: number) => {
  const some = rows.slice(fromS, toS);
  return some.reduce((sum, row) => sum + row.answered, 0) / some.reduce((sum, row) => sum + row.requests, 0);
};

test("a storm of retries outlives its cause: 15 s after the spike almost nothing is answered, for five seeds", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const rows = retryStormModel({ ...storm, seed });
    assert.ok(shareAnswered(rows, 0, 10) > 0.999, "all is well before");
    assert.ok(shareAnswered(rows, 30, 40) < 0.01, `${shareAnswered(rows, 30, 40)}`);
    assert.ok(
      rows.slice(30).every(({ inVain, answered }) => inVain > 50 * answered),
      "service is in vain",
    );
  }
});

test("no spike, no storm; a retry budget of .1, a queue limit, or no retries: all is answered again", () => {
  const cures = [{ spike: { ...storm.spike, factor: 1 } }, { retryBudget: 0.1 }, { queueLimit: 50 }, { retries: 0 }];
  for (const cure of cures)
    assert.ok(
      // A budget leaves a load of .88, which takes some 17 s to work off what the spike left.
      shareAnswered(retryStormModel({ ...storm, untilMs: 60_000, ...cure }), 50, 60) > 0.98,
      JSON.stringify(cure),
    );
});

test("every attempt is answered, refused, in vain, or at the server still; attempts are at most 1 + retries for each request", () => {
  for (const options of [storm, { ...storm, queueLimit: 5 }, { ...storm, retryBudget: 0.5 }]) {
    const rows = retryStormModel(options);
    const sum = (field: keyof RetryStormRow) => rows.reduce((total, row) => total + row[field], 0);
    assert.is(sum("attempts"), sum("answered") + sum("refused") + sum("inVain") + (rows.at(-1)?.queue ?? NaN));
    assert.ok(sum("attempts") <= 4 * sum("requests"));
  }
});

test("the slowest of 100 exponential answers takes 10·H₁₀₀ ms within 1 %, and .634 of requests meet one of the slowest hundredth", () => {
  const slowMs = -10 * Math.log(0.01);
  const at = { fanOut: 100, slowMs, requests: 20_000, seed: 1 };
  const mean10 = (source: RandomSource) => exponential({ mean: 10 }, source);
  const plain = fanOutModel({ ...at, service: mean10 });
  near(plain.responseMs, allOf({ n: 100, meanMs: 10 }), 0.01, "mean");
  near(plain.slowShare, shareWithSlow({ n: 100, slow: 0.01 }), 0.02, "slow share");
  const hedged = fanOutModel({ ...at, service: mean10, hedgeAfterMs: slowMs });
  near(hedged.messagesFactor, 1.01, 0.001, "messages");
  assert.ok(hedged.p99Ms < 0.8 * plain.p99Ms, `${hedged.p99Ms}, ${plain.p99Ms}`);
});

test.run();
