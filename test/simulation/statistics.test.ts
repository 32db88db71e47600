import fc from "fast-check";
import {
  batchMeans,
  confidenceInterval,
  exponential,
  normal,
  ParameterError,
  quantile,
  quantiles,
  RunningStatistics,
  randomStream,
  replicate,
  studentQuantile,
  TimeWeightedAverage,
  warmUp,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const near = (got: number, wanted: number, relative = 1e-12): void =>
  assert.ok(Math.abs(got - wanted) <= relative * Math.max(Math.abs(wanted), 1e-300), `got ${got}, want ${wanted}`);
const refused = (call: () => unknown, message: RegExp): void =>
  assert.throws(call, (error: Error) => error instanceof ParameterError && message.test(error.message));

test("running mean and variance equal those of the whole array, also after a merge at any place", () => {
  const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 60 });
  fc.assert(
    fc.property(values, fc.nat(), (xs, cut) => {
      const [all, left, right] = [new RunningStatistics(), new RunningStatistics(), new RunningStatistics()];
      xs.forEach((x, i) => {
        all.add(x);
        (i < cut % xs.length ? left : right).add(x);
      });
      left.merge(right);
      const mean = xs.reduce((sum, x) => sum + x, 0) / xs.length;
      const variance = xs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (xs.length - 1);
      for (const statistics of [all, left]) {
        assert.is(statistics.count, xs.length);
        assert.ok(Math.abs(statistics.mean - mean) < 1e-8);
        assert.ok(Math.abs(statistics.variance - variance) <= 1e-9 * variance + 1e-6);
        assert.is(statistics.min, Math.min(...xs));
        assert.is(statistics.max, Math.max(...xs));
      }
    }),
    { seed: 1 },
  );
});

test("the variance of 1e9+4, 1e9+7, 1e9+13, 1e9+16 is 30: large values lose no digits", () => {
  const statistics = new RunningStatistics();
  for (const x of [4, 7, 13, 16]) statistics.add(1e9 + x);
  assert.is(statistics.variance, 30);
  assert.is(statistics.standardDeviation, Math.sqrt(30));
  assert.ok(Number.isNaN(new RunningStatistics().mean));
  refused(() => statistics.add(NaN), /^RunningStatistics.add: value must be a finite number, got NaN$/);
});

test("a level of 0 for 2 ms, 3 for 1 ms and 1 for 7 ms averages 1; after a restart only the later time counts", () => {
  const level = new TimeWeightedAverage();
  level.set(2, 3);
  level.change(3, -2);
  assert.is(level.meanUntil(10), 1);
  assert.is(level.max, 3);
  level.restart(10);
  level.set(11, 5);
  assert.is(level.meanUntil(12), 3);
  assert.ok(Number.isNaN(new TimeWeightedAverage().meanUntil(0)));
  refused(() => level.set(4, 1), /TimeWeightedAverage.set: timeMs must be a finite number of at least 11/);
  refused(() => level.set(20, NaN), /level/);
  refused(() => new TimeWeightedAverage({ startMs: NaN }), /startMs/);
});

test("quantiles interpolate as NumPy's do: of 1, 2, 3, 4 the quartile is 1.75 and the 90th percentile 3.7", () => {
  assert.is(quantile([4, 1, 3, 2], 0.25), 1.75);
  near(quantile([4, 1, 3, 2], 0.9), 3.7);
  assert.equal(quantiles([10, -5, 2], [0, 0.5, 1]), [-5, 2, 10]);
  const values = Object.freeze([3, 1, 2]);
  quantile(values, 0.5);
  assert.equal(values, [3, 1, 2]);
  refused(() => quantile([], 0.5), /^quantile: values must be at least 1 number, got "0 of them"$/);
  refused(() => quantile([1, NaN], 0.5), /values\[1\]/);
  refused(() => quantile([1], 1.5), /probability/);
});

test("Student quantiles agree with published tables", () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, to its three decimals.
  const published: [number, number, number][] = [
    [0.975, 1, 12.706],
    [0.975, 2, 4.303],
    [0.975, 10, 2.228],
    [0.975, 19, 2.093],
    [0.95, 30, 1.697],
    [0.995, 5, 4.032],
    [0.999, 19, 3.579],
    [0.9, 100, 1.29],
  ];
  for (const [probability, degrees, t] of published) near(studentQuantile(probability, degrees), t, 5e-4);
  near(studentQuantile(0.75, 1), 1); // the Cauchy distribution's quartile
  near(studentQuantile(0.975, 2), 0.95 * Math.sqrt(2 / (1 - 0.95 ** 2)));
  near(studentQuantile(0.0005, 19), -studentQuantile(0.9995, 19));
  near(studentQuantile(0.975, 1_000_000), 1.959966356, 1e-8);
  assert.is(studentQuantile(0.5, 7), 0);
  refused(() => studentQuantile(1, 5), /probability/);
  refused(() => studentQuantile(0.9, 0.5), /degrees/);
});

test("the 95 % interval of 1 … 5 is 3 ± 2.776 · √(2.5 / 5)", () => {
  const interval = confidenceInterval([1, 2, 3, 4, 5]);
  near(interval.halfWidth, 2.7764451051977987 * Math.sqrt(0.5));
  assert.equal([interval.mean, interval.count, interval.confidence], [3, 5, 0.95]);
  near(interval.high - interval.low, 2 * interval.halfWidth);
  refused(() => confidenceInterval([1]), /values must be at least 2 numbers/);
  refused(
    () => confidenceInterval([1, 2], { confidence: 95 }),
    /^confidenceInterval: confidence must be above 0 and below 1, got 95$/,
  );
});

test("90 % intervals from 5 normal values hold the true mean in 90 % of 4,000 samples (4 standard errors)", () => {
  const draw = normal({ mean: 10, standardDeviation: 2 }, randomStream(1, "coverage"));
  let held = 0;
  for (let i = 0; i < 4000; i++) {
    const { low, high } = confidenceInterval([draw(), draw(), draw(), draw(), draw()], { confidence: 0.9 });
    if (low <= 10 && 10 <= high) held++;
  }
  assert.ok(Math.abs(held / 4000 - 0.9) < 4 * Math.sqrt(0.09 / 4000), `${held} of 4000`);
});

/** Each value is 0.9 of the one before and noise: like the waits of customers who follow each other. */
function correlated(count: number, seed: number, start = 0): number[] {
  const noise = normal({ standardDeviation: 1 }, randomStream(seed, "noise"));
  let value = start;
  return Array.from({ length: count }, () => (value = 0.9 * value + noise()));
}

test("batch means of a correlated run hold the true mean where an interval of its single values does not", () => {
  let byBatches = 0;
  let bySingles = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const values = correlated(4000, seed);
    const batches = batchMeans(values);
    if (batches.low <= 0 && 0 <= batches.high) byBatches++;
    const singles = confidenceInterval(values);
    if (singles.low <= 0 && 0 <= singles.high) bySingles++;
  }
  assert.ok(byBatches >= 180, `${byBatches} of 200`);
  assert.ok(bySingles <= 120, `${bySingles} of 200`);
});

test("batch means cut 103 values into 10 batches of 10 and leave the first 3 out; short batches show by their correlation", () => {
  const values = [...new Array<number>(3).fill(1e9), ...Array.from({ length: 100 }, (_, i) => Math.floor(i / 10))];
  const { means, batchSize, mean } = batchMeans(values, { batches: 10 });
  assert.equal([means, batchSize, mean], [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 10, 4.5]);
  assert.ok(batchMeans(correlated(200, 1), { batches: 100 }).autocorrelation > 0.5);
  assert.ok(batchMeans(correlated(100_000, 1), { batches: 20 }).autocorrelation < 0.4);
  refused(() => batchMeans([1, 2, 3], { batches: 4 }), /values must be at least 4 numbers/);
  refused(() => batchMeans([1, 2, 3], { batches: 1 }), /batches/);
});

test("MSER-5 cuts a run right where its transient ends, by a trace worked out by hand", () => {
  // Means of 5: 10, 0, 2, 0, 2, 0. Squared errors Σ(x − mean)² / n² after each cut from 0 to 3:
  // 75.33/36 = 2.093, 4.8/25 = 0.192, 4/16 = 0.25, 2.667/9 = 0.296: the cut after the first batch is best.
  const values = [10, 0, 2, 0, 2, 0].flatMap((x) => [x, x, x, x, x]);
  const found = warmUp(values);
  assert.equal([found.count, found.settled], [5, true]);
  near(found.mean, 0.8);
});

test("MSER-5 leaves a run that is settled from its start nearly whole, and says so when a run never settles", () => {
  assert.ok(warmUp(correlated(10_000, 3)).count <= 1000);
  assert.is(warmUp(correlated(10_000, 3, 300)).settled, true);
  assert.ok(warmUp(correlated(10_000, 3, 300)).count >= 20);
  assert.is(warmUp(Array.from({ length: 1000 }, (_, i) => i)).settled, false);
  assert.equal(warmUp(new Array<number>(100).fill(5)), { count: 0, mean: 5, settled: true });
  refused(() => warmUp([1, 2, 3]), /values must be at least 10 numbers/);
});

test("replicate runs seeds 1 to 20 by default, gives a row each, and the interval of each measure", async () => {
  const model = async (seed: number) => {
    const draw = exponential({ mean: 3 }, randomStream(seed, "x"));
    return { mean: Array.from({ length: 500 }, draw).reduce((a, b) => a + b) / 500, first: draw() };
  };
  const { rows, intervals } = await replicate(model);
  assert.equal(
    rows.map((row) => row.seed),
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
  assert.equal(intervals.mean, confidenceInterval(rows.map((row) => row.mean)));
  assert.is(intervals.first.count, 20);
  const again = await replicate(model, { replications: 3, firstSeed: 18 });
  assert.equal(again.rows, rows.slice(17));
});

test("replicate refuses a model that returns no number or other names, naming the seed", async () => {
  const failure = async (run: Promise<unknown>): Promise<string> =>
    run.then(
      () => "no error",
      (error: Error) => `${error.name}: ${error.message}`,
    );
  assert.match(
    await failure(replicate((seed) => ({ x: seed === 3 ? NaN : 1 }))),
    /ParameterError: replicate: x \(the model's result for seed 3\) must be a finite number, got NaN/,
  );
  assert.match(
    await failure(replicate((seed) => (seed === 2 ? { y: 1 } : { x: 1 }) as { x: number })),
    /x \(the model's result for seed 2\).*undefined/,
  );
  assert.match(await failure(replicate(() => ({}))), /named numbers/);
  assert.match(
    await failure(replicate(() => ({ x: 1 }), { replications: 1 })),
    /replications must be a whole number of at least 2, got 1/,
  );
});

test.run();
