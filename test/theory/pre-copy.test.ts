import { backlogMs, distinctPages, ParameterError, preCopyBounds, preCopySeries, waitAfterStop } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const near = (actual: number, wanted: number, error = 1e-9) =>
  assert.ok(Math.abs(actual - wanted) <= error, `${actual} is not near ${wanted}`);

const half = { memoryBytes: 1024, dirtyBytesPerS: 50, linkBytesPerS: 100, thresholdBytes: 100 };

test("1,024 bytes at twice the rate of writing: rounds of 1,024, 512, 256, 128, and a last copy of 64", () => {
  const { rounds, sentBytes, totalMs, downtimeMs } = preCopySeries({ ...half, resumeMs: 30 });
  assert.is(rounds, 4);
  near(sentBytes, 1024 + 512 + 256 + 128 + 64);
  near(totalMs, 19_840);
  near(downtimeMs, 640 + 30);
});

test("a threshold that a round meets exactly needs no further round, and one above the memory none at all", () => {
  assert.is(preCopySeries({ ...half, thresholdBytes: 64 }).rounds, 4);
  assert.is(preCopySeries({ ...half, thresholdBytes: 63 }).rounds, 5);
  assert.equal(preCopySeries({ ...half, thresholdBytes: 1024 }), {
    rounds: 0,
    sentBytes: 1024,
    totalMs: 10_240,
    downtimeMs: 10_240,
  });
});

test("a machine that writes nothing is sent once, and stands for nothing", () => {
  const { rounds, sentBytes, downtimeMs } = preCopySeries({ ...half, dirtyBytesPerS: 0 });
  assert.equal([rounds, sentBytes, downtimeMs], [1, 1024, 0]);
});

test("a machine that writes as fast as the link sends is never over, and would stand for its whole memory", () => {
  for (const dirtyBytesPerS of [100, 120]) {
    const { rounds, totalMs, downtimeMs } = preCopySeries({ ...half, dirtyBytesPerS });
    assert.equal([rounds, totalMs, downtimeMs], [Infinity, Infinity, 10_240]);
  }
});

test("as many random writes as there are pages reach 63.2 % of them, few reach as many pages, many reach all", () => {
  near(distinctPages({ pagesPerS: 1000, pages: 1000, durationMs: 1000 }), 1000 * (1 - 1 / Math.E), 1e-6);
  near(distinctPages({ pagesPerS: 10, pages: 1e6, durationMs: 1000 }), 10, 1e-3);
  near(distinctPages({ pagesPerS: 1e6, pages: 100, durationMs: 1000 }), 100);
});

test("Akoush's bounds of 100 pages at 4,096 bytes a second are 100 and 499 s, and 100 s of downtime", () => {
  const bounds = preCopyBounds({ memoryBytes: 409_600, linkBytesPerS: 4096 });
  assert.equal(bounds, { leastTotalMs: 100_000, mostTotalMs: 499_000, mostDowntimeMs: 100_000 });
});

test("3 s of standing at a load of 0.6 are felt for 4.5 s; at a load of 1 for ever", () => {
  near(backlogMs({ load: 0.6, stopMs: 3000 }), 4500);
  assert.is(backlogMs({ load: 1, stopMs: 1 }), Infinity);
  assert.is(backlogMs({ load: 0, stopMs: 3000 }), 0);
  assert.is(backlogMs({ load: 2, stopMs: 0 }), 0);
});

test("a request waits all of the stop if it came with it, 1.8 s with the resume, nothing when the backlog is gone", () => {
  const wait = (sinceResumeMs: number) => waitAfterStop({ load: 0.6, stopMs: 3000, sinceResumeMs });
  near(wait(-3000), 3000);
  near(wait(0), 1800);
  near(wait(1000), 1400);
  near(wait(4500), 0);
  assert.is(wait(9000), 0);
});

test("the waits are those of a line that is played request by request", () => {
  // A request each 10 ms takes 6 ms; the server stands from 1,000 to 1,300.
  const [load, stopMs] = [0.6, 300];
  let freeMs = 0;
  for (let n = 0; n < 300; n++) {
    const arrivalMs = 10 * n;
    const startMs = Math.max(arrivalMs, freeMs);
    const begins = startMs >= 1000 && startMs < 1300 ? 1300 : startMs;
    freeMs = begins + 6;
    if (arrivalMs >= 1000)
      near(begins - arrivalMs, waitAfterStop({ load, stopMs, sinceResumeMs: arrivalMs - 1300 }), 6);
  }
});

test("a request from before the stop, and sizes that can't be, are refused by name", () => {
  const refused = (call: () => unknown, message: string) =>
    assert.throws(call, (error: Error) => error instanceof ParameterError && error.message === message);
  refused(
    () => waitAfterStop({ load: 0.5, stopMs: 10, sinceResumeMs: -11 }),
    "waitAfterStop: sinceResumeMs must be a finite number of at least −stopMs, -10, got -11",
  );
  refused(
    () => preCopyBounds({ memoryBytes: 100, linkBytesPerS: 1 }),
    "preCopyBounds: pageBytes must be at most memoryBytes, 100, got 4096",
  );
  refused(
    () => preCopySeries({ ...half, linkBytesPerS: 0 }),
    "preCopySeries: linkBytesPerS must be a finite number above 0, got 0",
  );
});

test.run();
