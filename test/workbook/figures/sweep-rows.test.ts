import { grid, sweep, sweepRows } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const swept = () =>
  sweep(grid({ load: [1, 2] }), ({ load }, seed) => ({ waitMs: load * 10 + (seed % 2), other: seed }), {
    replications: 2,
  });

test("a measure becomes one row a point, with its mean, its interval and its source", async () => {
  const rows = sweepRows(await swept(), "waitMs");
  assert.equal(
    rows.map(({ low, high, ...row }) => ({ ...row, around: low < row.waitMs && row.waitMs < high })),
    [
      { load: 1, waitMs: 10.5, source: "predicted", around: true },
      { load: 2, waitMs: 20.5, source: "predicted", around: true },
    ],
  );
});

test("a measure that the sweep has not is refused by name", async () => {
  const found = await swept();
  assert.throws(
    () => sweepRows(found, "idle" as "waitMs"),
    /sweepRows: measure must be one of waitMs, other, got "idle"/,
  );
});

test.run();
