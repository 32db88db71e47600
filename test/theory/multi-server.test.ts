import { erlangB, erlangC, mm1, mmc, mmck, ParameterError } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const near = (actual: number, wanted: number, error = 1e-9) =>
  assert.ok(Math.abs(actual - wanted) <= error, `${actual} is not near ${wanted}`);

test("Erlang C of (2, 1), (5, 4), (10, 8) is .3333, .5541, .4092", () => {
  near(erlangC(2, 1), 1 / 3);
  near(erlangC(5, 4), 0.5541, 5e-5);
  near(erlangC(10, 8), 0.4092, 5e-5);
});

test("Erlang B agrees with aᶜ/c! over the sum of aⁿ/n! for (3, 2): (8/6) / (1 + 2 + 2 + 8/6) = 4/19", () => {
  near(erlangB(3, 2), 4 / 19);
  assert.is(erlangB(0, 5), 1);
  assert.is(erlangB(3, 0), 0);
});

test("Erlang B of a thousand servers neither overflows nor leaves 0 … 1", () => {
  const loss = erlangB(1000, 1000);
  assert.ok(loss > 0.02 && loss < 0.03, String(loss));
});

test("M/M/c with one server is M/M/1", () => {
  const at = { arrivalsPerS: 80, serviceMs: 10 };
  const one = mmc({ ...at, servers: 1 });
  const wanted = mm1(at);
  for (const field of ["waitMs", "responseMs", "waiting", "inSystem", "utilization"] as const)
    near(one[field], wanted[field]);
  near(one.waitProbability, 0.8);
});

test("two servers at an offered load of 1 make a request wait a third of its service time (Wq = C/(cμ−λ))", () => {
  near(mmc({ servers: 2, arrivalsPerS: 100, serviceMs: 10 }).waitMs, 10 / 3);
});

test("an overloaded M/M/c waits for ever and everybody waits", () => {
  const means = mmc({ servers: 2, arrivalsPerS: 300, serviceMs: 10 });
  assert.is(means.waitMs, Number.POSITIVE_INFINITY);
  assert.is(means.waitProbability, 1);
  assert.is(means.throughputPerS, 200);
});

test("M/M/1/2 at load 1 has three equally likely states: a third is turned away, one request is there on average", () => {
  const means = mmck({ servers: 1, capacity: 2, arrivalsPerS: 100, serviceMs: 10 });
  near(means.lossProbability, 1 / 3);
  near(means.inSystem, 1);
  near(means.waiting, 1 / 3);
  near(means.throughputPerS, 200 / 3);
  near(means.utilization, 2 / 3);
  near(means.waitMs, 5);
});

test("without a queue M/M/c/c loses what Erlang B says", () => {
  near(mmck({ servers: 3, capacity: 3, arrivalsPerS: 200, serviceMs: 10 }).lossProbability, 4 / 19);
});

test("with a very large capacity M/M/c/K is M/M/c", () => {
  const at = { servers: 5, arrivalsPerS: 400, serviceMs: 10 };
  near(mmck({ ...at, capacity: 2000 }).waitMs, mmc(at).waitMs, 1e-7);
});

test("an overloaded M/M/c/K works all the time and loses the excess", () => {
  const means = mmck({ servers: 2, capacity: 2000, arrivalsPerS: 1000, serviceMs: 10 });
  near(means.throughputPerS, 200, 1e-6);
  near(means.lossProbability, 0.8, 1e-9);
});

test("nobody arrives, nobody is lost", () => {
  const means = mmck({ servers: 2, capacity: 4, arrivalsPerS: 0, serviceMs: 10 });
  assert.is(means.lossProbability, 0);
  assert.is(means.responseMs, 10);
});

test("bad parameters are refused by name", () => {
  const refused = (f: () => unknown, message: RegExp) =>
    assert.throws(f, (error: Error) => error instanceof ParameterError && message.test(error.message));
  refused(() => mmc({ servers: 2.5, arrivalsPerS: 1, serviceMs: 1 }), /^mmc: servers must be a whole number/);
  refused(() => erlangC(0, 1), /^erlangC: servers/);
  refused(() => erlangB(2, Number.NaN), /^erlangB: offeredLoad .*got NaN$/);
  refused(
    () => mmck({ servers: 3, capacity: 2, arrivalsPerS: 1, serviceMs: 1 }),
    /^mmck: capacity must be .* at least 3/,
  );
  refused(() => mmck({ servers: 1, capacity: 2, arrivalsPerS: 1, serviceMs: -1 }), /^mmck: serviceMs/);
});

test.run();
