import { md1, mg1, mg1ps, mm1, mm1ResponseQuantile, ParameterError } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const near = (actual: number, wanted: number, share = 1e-9) =>
  assert.ok(Math.abs(actual - wanted) <= share * Math.abs(wanted), `${actual} is not near ${wanted}`);

test("mean wait in M/M/1 at load 0.8 and 10 ms is 40 ms, the response 50 ms (W = 1/(μ−λ))", () => {
  const means = mm1({ arrivalsPerS: 80, serviceMs: 10 });
  near(means.waitMs, 40);
  near(means.responseMs, 1000 / (100 - 80));
  near(means.inSystem, 4);
  near(means.waiting, 3.2);
  near(means.utilization, 0.8);
  assert.is(means.throughputPerS, 80);
});

test("a constant service time halves the wait of an exponential one; scv 4 makes it 2.5 times as long", () => {
  const at = { arrivalsPerS: 80, serviceMs: 10 };
  near(md1(at).waitMs, 20);
  near(mg1({ ...at, scv: 0 }).waitMs, 20);
  near(mg1({ ...at, scv: 1 }).waitMs, 40);
  near(mg1({ ...at, scv: 4 }).waitMs, 100);
});

test("Pollaczek–Khinchine agrees with λE[S²]/(2(1−ρ)) for two service times of 1 and 21 ms, each with probability 1/2", () => {
  const [mean, second] = [11, (1 + 441) / 2];
  const lambda = 0.05;
  const means = mg1({ arrivalsPerS: 50, serviceMs: mean, scv: second / mean ** 2 - 1 });
  near(means.waitMs, (lambda * second) / (2 * (1 - lambda * mean)));
});

test("processor sharing has the response time of M/M/1, whatever the variance", () => {
  near(mg1ps({ arrivalsPerS: 50, serviceMs: 10 }).responseMs, 20);
});

test("90 % of responses in M/M/1 come within ln 10 times the mean", () => {
  near(mm1ResponseQuantile({ arrivalsPerS: 80, serviceMs: 10, quantile: 0.9 }), 50 * Math.LN10);
});

test("at a load of 1 or more the wait is infinite and the throughput what the server can do", () => {
  for (const arrivalsPerS of [100, 150]) {
    const means = mm1({ arrivalsPerS, serviceMs: 10 });
    assert.is(means.waitMs, Number.POSITIVE_INFINITY);
    assert.is(means.utilization, 1);
    assert.is(means.throughputPerS, 100);
  }
});

test("an idle server answers in its service time", () => {
  assert.is(mm1({ arrivalsPerS: 0, serviceMs: 10 }).responseMs, 10);
});

test("bad parameters are refused by name", () => {
  const refused = (f: () => unknown, message: RegExp) =>
    assert.throws(f, (error: Error) => error instanceof ParameterError && message.test(error.message));
  refused(() => mm1({ arrivalsPerS: Number.NaN, serviceMs: 10 }), /^mm1: arrivalsPerS must be .*, got NaN$/);
  refused(() => mm1({ arrivalsPerS: 1, serviceMs: 0 }), /^mm1: serviceMs must be .*, got 0$/);
  refused(() => mg1({ arrivalsPerS: 1, serviceMs: 1, scv: -1 }), /^mg1: scv/);
  refused(() => md1({ arrivalsPerS: -1, serviceMs: 1 }), /^md1: arrivalsPerS/);
  refused(() => mg1ps({ arrivalsPerS: 1, serviceMs: Number.POSITIVE_INFINITY }), /^mg1ps: serviceMs/);
  refused(
    () => mm1ResponseQuantile({ arrivalsPerS: 1, serviceMs: 1, quantile: 1 }),
    /quantile must be between 0 and 1/,
  );
});

test.run();
