import { leaseTraffic, ParameterError } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const near = (actual: number, wanted: number, error: number) =>
  assert.ok(Math.abs(actual - wanted) <= error, `${actual} is not near ${wanted}`);

test("at 0.864 reads a second and 0.1 s off, terms of 1, 5, 10 and 30 s leave .563, .191, .105 and .037 of the load", () => {
  for (const [termS, load] of [
    [1, 0.563],
    [5, 0.191],
    [10, 0.105],
    [30, 0.037],
  ] as const)
    near(leaseTraffic({ readsPerS: 0.864, termMs: 1000 * termS - 100 }).askedShare, load, 5e-4);
});

test("without a term every read asks, and nothing is ever called back", () => {
  const { askedShare, requestsPerS, recallsPerS } = leaseTraffic({ readsPerS: 3, termMs: 0, changesPerS: 2 });
  assert.equal([askedShare, requestsPerS, recallsPerS], [1, 3, 0]);
});

test("changes that are rare change nothing, and frequent ones make every read ask", () => {
  const calm = leaseTraffic({ readsPerS: 2, termMs: 5000 });
  near(leaseTraffic({ readsPerS: 2, termMs: 5000, changesPerS: 1e-9 }).askedShare, calm.askedShare, 1e-7);
  near(leaseTraffic({ readsPerS: 2, termMs: 5000, changesPerS: 1e6 }).askedShare, 1, 1e-5);
});

test("of leases without end each is called back: one recall a request", () => {
  const { requestsPerS, recallsPerS } = leaseTraffic({ readsPerS: 1, termMs: 1e9, changesPerS: 0.5 });
  near(recallsPerS, requestsPerS, 1e-9);
  // One read after another, a change after each two on average: 1/(1 + 1/0.5).
  near(requestsPerS, 1 / 3, 1e-9);
});

test("rates and terms that can't be are refused by name", () => {
  assert.throws(
    () => leaseTraffic({ readsPerS: 0, termMs: 1 }),
    (error: Error) =>
      error instanceof ParameterError &&
      error.message === "leaseTraffic: readsPerS must be a finite number above 0, got 0",
  );
  for (const wrong of [{ termMs: Number.NaN }, { termMs: -1 }, { changesPerS: -1 }, { changesPerS: Number.NaN }])
    assert.throws(
      () => leaseTraffic({ readsPerS: 1, termMs: 1, ...wrong }),
      (error: Error) => error instanceof ParameterError,
    );
});

test.run();
