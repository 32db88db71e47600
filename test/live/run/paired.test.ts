import { type Run, runLive, simulate } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Cell, differenceOf, type PairedPrograms, pairedScenario } from "../../../bench/paired-runs.js";

const test = suite("live against virtual, request by request");

const seed = 3;

/** What the server computed, in order of asking: the requests' service times, as the trace has them. */
const computed = (run: Run<PairedPrograms>): number[] =>
  run.rows.flatMap((row) => (row.kind === "compute" && row.host === "server" ? [row.workMs] : []));

for (const organisation of ["iterative", "concurrent"] as const) {
  const cell: Cell = { organisation, cores: 1, load: 0.5, requests: 30, meanServiceMs: 10 };

  test(`both worlds draw the same arrivals and services, row by row: ${organisation} server`, async () => {
    const live = await runLive(pairedScenario(cell, seed), { seed, timeScale: 1, maxRealMs: 60_000 });
    const virtual = live.predicted;
    const drawn = (run: Run<PairedPrograms>) =>
      run.results.clients.map(({ request, arrivalMs, serviceMs, outcome }) => ({
        request,
        arrivalMs,
        serviceMs,
        outcome,
      }));
    assert.is(drawn(live).length, cell.requests);
    assert.equal(drawn(live), drawn(virtual));
    const byCost = (a: number, b: number): number => a - b;
    assert.equal(
      [...computed(live)].sort(byCost),
      drawn(virtual)
        .map(({ serviceMs }) => serviceMs)
        .sort(byCost),
    );
    const difference = differenceOf(live, virtual, 1);
    assert.ok(difference.meanExcessMs >= -1, `live is ${-difference.meanExcessMs} ms faster than virtual time`);
    assert.ok(difference.live.meanMs >= difference.virtual.meanMs - 1);
  });
}

test("another seed draws other requests, so the comparison of draws can fail", async () => {
  const cell: Cell = { organisation: "iterative", cores: 1, load: 0.5, requests: 5, meanServiceMs: 10 };
  const [a, b] = [await simulate(pairedScenario(cell, 1)), await simulate(pairedScenario(cell, 2))];
  assert.not.equal(computed(a), computed(b));
});

test("a run compared with itself has no excess, correlation 1 and the same order", async () => {
  const cell: Cell = { organisation: "concurrent", cores: 2, load: 0.7, requests: 50, meanServiceMs: 10 };
  const run = await simulate(pairedScenario(cell, 1));
  const { meanExcessMs, medianExcessMs, correlation, sameOrder, busyPerWork, live, virtual } = differenceOf(
    run,
    run,
    2,
  );
  assert.equal([meanExcessMs, medianExcessMs, sameOrder], [0, 0, 1]);
  assert.ok(Math.abs(correlation - 1) < 1e-12);
  assert.ok(Math.abs(busyPerWork - 1) < 1e-9, `${busyPerWork}`);
  assert.equal(live, virtual);
});

test("the iterative server answers in the order of arrival", async () => {
  const cell: Cell = { organisation: "iterative", cores: 1, load: 0.7, requests: 200, meanServiceMs: 10 };
  const { clients } = (await simulate(pairedScenario(cell, 1))).results;
  const doneMs = clients.map(({ arrivalMs, responseMs }) => arrivalMs + responseMs);
  assert.equal(
    [...doneMs].sort((a, b) => a - b),
    doneMs,
  );
});

test.run();
