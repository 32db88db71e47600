import { execFileSync } from "node:child_process";
import { measureStartCosts } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

// The children of this process, without the ps that lists them.
const children = () =>
  execFileSync("ps", ["-A", "-o", "pid=,ppid=,comm="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, name]) => Number(parent) === process.pid && !name?.endsWith("ps"));

test("what starts is measured, kind by kind, and nothing is left behind", async () => {
  const before = children().length;
  const rows = await measureStartCosts({ repetitions: 3 });
  assert.equal(
    rows.map((row) => [row.what, row.count]),
    [
      ["program", 3],
      ["worker thread", 3],
      ["Node process", 3],
    ],
  );
  for (const { leastMs, medianMs, mostMs } of rows) {
    assert.ok(leastMs > 0.05 && leastMs <= medianMs && medianMs <= mostMs, `${leastMs}, ${medianMs}, ${mostMs}`);
  }
  assert.is(children().length, before);
});

test("an engine of its own makes a Node process dearer than the smallest program", async () => {
  const [program, , node] = await measureStartCosts({ repetitions: 5 });
  assert.ok((node?.leastMs as number) > (program?.leastMs as number));
});

test("an abort ends the measurement and what it started", async () => {
  const before = children();
  const controller = new AbortController();
  const measuring = measureStartCosts({ repetitions: 1000, signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 100);
  let reason = "";
  await measuring.catch((error: Error) => {
    reason = error.message;
  });
  assert.is(reason, "enough");
  const goneBy = performance.now() + 10_000;
  while (children().length > before.length && performance.now() < goneBy)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(children(), before);
});

test("an aborted signal starts nothing", async () => {
  let reason = "";
  await measureStartCosts({ signal: AbortSignal.abort(new Error("before")) }).catch((error: Error) => {
    reason = error.message;
  });
  assert.is(reason, "before");
});

test("too few repetitions are refused", async () => {
  let message = "";
  await measureStartCosts({ repetitions: 2 }).catch((error: Error) => {
    message = error.message;
  });
  assert.is(message, "measureStartCosts: repetitions must be a whole number of at least 3, got 2");
});

test.run();
