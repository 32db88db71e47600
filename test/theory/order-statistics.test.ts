import {
  allOf,
  firstOf,
  harmonic,
  hedgedLoad,
  mOfN,
  orderStatisticProbability,
  ParameterError,
  shareWithSlow,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const near = (actual: number, wanted: number, error = 1e-9) =>
  assert.ok(Math.abs(actual - wanted) <= error, `${actual} is not near ${wanted}`);

test("the first of 5 exponential answers of 10 ms takes 2 ms, all of them 22.83 ms", () => {
  near(firstOf({ n: 5, meanMs: 10 }), 2);
  near(allOf({ n: 5, meanMs: 10 }), 10 * (1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5));
});

test("2 of 3 answers take 1/3 + 1/2 of the mean; 1 of n is the first, n of n are all", () => {
  near(mOfN({ m: 2, n: 3, meanMs: 6 }), 5);
  near(mOfN({ m: 1, n: 7, meanMs: 6 }), firstOf({ n: 7, meanMs: 6 }));
  near(mOfN({ m: 7, n: 7, meanMs: 6 }), allOf({ n: 7, meanMs: 6 }));
});

test("one slow answer in a hundred meets 63.4 % of requests that wait for a hundred", () => {
  near(shareWithSlow({ n: 100, slow: 0.01 }), 0.634, 5e-4);
  assert.is(shareWithSlow({ n: 3, slow: 1 }), 1);
});

test("at least 2 of 3 fair coins show heads half of the time; at least 1 is 1 − (1−p)ⁿ", () => {
  near(orderStatisticProbability({ m: 2, n: 3, share: 0.5 }), 0.5);
  near(orderStatisticProbability({ m: 1, n: 100, share: 0.01 }), shareWithSlow({ n: 100, slow: 0.01 }));
  near(orderStatisticProbability({ m: 3, n: 3, share: 0.9 }), 0.729);
  assert.is(orderStatisticProbability({ m: 2, n: 3, share: 0 }), 0);
  assert.is(orderStatisticProbability({ m: 2, n: 3, share: 1 }), 1);
});

test("the mean of the m-th order statistic is the integral of what its probability leaves", () => {
  let sum = 0;
  for (let t = 0.0005; t < 40; t += 0.001)
    sum += 0.001 * (1 - orderStatisticProbability({ m: 2, n: 4, share: 1 - Math.exp(-t) }));
  near(sum, mOfN({ m: 2, n: 4, meanMs: 1 }), 1e-6);
});

test("hedging at the 98 % quantile adds 2 % of requests", () => {
  near(hedgedLoad(0.98), 1.02);
});

test("bad parameters are refused by name", () => {
  const refused = (f: () => unknown, message: RegExp) =>
    assert.throws(f, (error: Error) => error instanceof ParameterError && message.test(error.message));
  refused(() => firstOf({ n: 0, meanMs: 1 }), /^firstOf: n/);
  refused(() => mOfN({ m: 4, n: 3, meanMs: 1 }), /^mOfN: m must be a whole number from 1 to 3, got 4$/);
  refused(() => allOf({ n: 2, meanMs: Number.NaN }), /^allOf: meanMs/);
  refused(() => shareWithSlow({ n: 2, slow: 1.1 }), /^shareWithSlow: slow/);
  refused(() => hedgedLoad(Number.NaN), /^hedgedLoad: quantile/);
  refused(() => harmonic(2.5), /^harmonic: n/);
});

test.run();
