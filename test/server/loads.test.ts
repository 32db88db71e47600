import {
  exponential,
  type Host,
  iterativeServer,
  jainIndex,
  type LoadRow,
  on,
  openLoop,
  pairLoads,
  scenario,
  simulate,
  summarize,
  workload,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const service = (source: () => number) => exponential({ mean: 10 }, source);
const drawn = { arrivalsPerS: 50, service, requests: 1000, seed: 1 };

test("a workload has the rate and the service time that were asked for", () => {
  const rows = workload({ ...drawn, requests: 20_000 });
  const lastMs = rows[rows.length - 1]?.arrivalMs as number;
  assert.ok(Math.abs((20_000 * 1000) / lastMs / 50 - 1) < 0.03);
  assert.ok(Math.abs(rows.reduce((sum, row) => sum + row.serviceMs, 0) / 20_000 / 10 - 1) < 0.03);
  assert.ok(rows.every((row, i) => row.request === i && row.arrivalMs > (rows[i - 1]?.arrivalMs ?? 0)));
});

test("the same seed draws the same workload, another seed another", () => {
  assert.equal(workload(drawn), workload(drawn));
  assert.not.equal(workload(drawn), workload({ ...drawn, seed: 2 }));
});

test("another service leaves the arrivals alone, another rate the services", () => {
  const arrivals = (rows: readonly { arrivalMs: number }[]) => rows.map((row) => row.arrivalMs);
  const services = (rows: readonly { serviceMs: number }[]) => rows.map((row) => row.serviceMs);
  const slower = workload({ ...drawn, service: (source) => exponential({ mean: 20 }, source) });
  assert.equal(arrivals(slower), arrivals(workload(drawn)));
  assert.equal(services(workload({ ...drawn, arrivalsPerS: 10 })), services(workload(drawn)));
});

test("a workload's wrong options are refused", () => {
  assert.throws(
    () => workload({ ...drawn, arrivalsPerS: 0 }),
    /workload: arrivalsPerS must be a finite number above 0/,
  );
  assert.throws(() => workload({ ...drawn, requests: 1.5 }), /workload: requests must be a whole number/);
  assert.throws(() => workload({ ...drawn, service: 10 as never }), /workload: service must be a function/);
  const negative = Object.assign(() => -1, { mean: 1, variance: 0 });
  assert.throws(() => workload({ ...drawn, service: () => negative }), /workload: service's draws must be .*got -1/);
});

const handle = async (host: Host, { waitMs }: { waitMs: number }) => {
  await host.sleep(waitMs);
  return "done";
};
const play = async (plan: readonly { arrivalMs: number }[], options: { port?: number; timeoutMs?: number } = {}) => {
  const played = scenario({
    hosts: { server: {}, clients: {} },
    network: { latencyMs: 5 },
    programs: {
      server: on("server", iterativeServer, handle).daemon(),
      load: on("clients", openLoop, plan, options),
    },
    limitMs: 10_000,
  });
  return simulate(played, { seed: 1 });
};

test("open-loop clients come when they come, whether or not others still wait", async () => {
  const plan = [0, 10, 20].map((arrivalMs) => ({ arrivalMs, waitMs: 100 }));
  const { results } = await play(plan);
  assert.equal(
    results.load.map((row) => [row.request, row.arrivalMs, row.responseMs, row.outcome]),
    [
      [0, 0, 120, "answered"],
      [1, 10, 210, "answered"],
      [2, 20, 300, "answered"],
    ],
  );
});

test("a closed port is told from a server that is too slow", async () => {
  const plan = [{ arrivalMs: 0, waitMs: 100 }];
  const refused = (await play(plan, { port: 81 })).results.load[0] as LoadRow;
  assert.equal([refused.outcome, refused.responseMs], ["refused", 10]);
  const late = (await play(plan, { timeoutMs: 50 })).results.load[0] as LoadRow;
  assert.equal([late.outcome, late.responseMs], ["timed out", 50]);
});

test("a plan out of order is refused", async () => {
  const { outcomes } = await play([{ arrivalMs: 5 }, { arrivalMs: 4 }]);
  assert.match(
    outcomes.load.how === "threw" ? outcomes.load.error.message : "",
    "openLoop: plan[1].arrivalMs must be at least that of the request before, got 4",
  );
});

const row = (request: number, responseMs: number, outcome: LoadRow["outcome"] = "answered"): LoadRow => {
  return { request, arrivalMs: request * 10, responseMs, outcome };
};

test("a summary counts answers, those turned away and those who left", () => {
  const rows = [row(0, 10), row(1, 30), row(2, 20), row(3, 0, "busy"), row(4, 60, "timed out"), row(5, 1, "reset")];
  assert.equal(summarize(rows), {
    requests: 6,
    answered: 3,
    turnedAway: 2,
    timedOut: 1,
    meanMs: 20,
    medianMs: 20,
    maxMs: 30,
    answeredPerS: 30,
  });
  assert.throws(() => summarize([]), /summarize: rows must be at least one row/);
});

test("Jain's index is 1 for equal shares and 1/n if one of n has everything", () => {
  assert.is(jainIndex([3, 3, 3, 3]), 1);
  assert.is(jainIndex([0, 0, 5, 0]), 0.25);
  assert.is(jainIndex([1, 3]), 16 / 20);
  for (const wrong of [[], [0, 0], [1, -1], [Number.NaN]]) assert.throws(() => jainIndex(wrong), /jainIndex: /);
});

test("paired loads have both times of each request, and both means", () => {
  const paired = pairLoads([row(0, 10), row(1, 20)], [row(0, 12), row(1, 28)]);
  assert.equal(paired, {
    predictedMs: 15,
    measuredMs: 20,
    rows: [
      { request: 0, predictedMs: 10, measuredMs: 12 },
      { request: 1, predictedMs: 20, measuredMs: 28 },
    ],
  });
  assert.throws(() => pairLoads([row(0, 1)], []), /pairLoads: live must be rows of the same 1 requests/);
  assert.throws(() => pairLoads([row(0, 1)], [row(1, 1)]), /pairLoads: live\[0\]\.request must be 0, got 1/);
  assert.throws(() => pairLoads([], []), /pairLoads: predicted must be at least one row/);
});

test.run();
