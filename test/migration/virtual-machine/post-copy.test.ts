import fc from "fast-check";
import {
  fixedRounds,
  type Memory,
  migrationTotals,
  type PostCopyOptions,
  postCopy,
  qemuPolicy,
  stopAndCopy,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../../soak.js";
import { slowPostCopy } from "./oracle.js";

const test = suite("post-copy");

const pushes = ["none", "ascending", "after the fault", "around the fault"] as const;
const pushing = pushes.slice(1) as readonly Exclude<(typeof pushes)[number], "none">[];
const near = (actual: number, wanted: number, error: number, what = "") =>
  assert.ok(Math.abs(actual - wanted) <= error, `${what} ${actual} is not within ${error} of ${wanted}`);
/** A page takes 100 ms. */
const slow: PostCopyOptions = { linkBytesPerS: 1000, pageBytes: 100, pageHeaderBytes: 0 };

test("four pages, one written every 150 ms: the machine stands twice, and all is over when all was sent", () => {
  // A sweep from page 2. It wants 2 at 150: page 1 goes until 200, then 2 until 300. 3 is wanted at 450, on its way since 300: it came at 400.
  // 0 at 600 was the first. So one fault, of 150 ms.
  const memory: Memory = { memoryPages: 4, writers: [{ pagesPerS: 1000 / 150, pages: 4, startPage: 2 }] };
  const { rows, converged } = postCopy(memory, { ...slow, resumeMs: 10 });
  assert.is(converged, true);
  const [stopped, fetching] = rows;
  assert.equal([stopped?.phase, stopped?.startMs, stopped?.durationMs, stopped?.sentPages], ["stopped", 0, 10, 0]);
  assert.equal(fetching, {
    round: 2,
    phase: "fetching",
    startMs: 10,
    durationMs: 400,
    bytesPerS: 1000,
    sentPages: 4,
    sentBytes: 400,
    skippedPages: 0,
    // Page 2 at 300; by then 150 ms were lost, so 3 at 450: after the end.
    dirtyPages: 1,
    faults: 1,
    blockedMs: 150,
    throttle: 0,
  });
});

test("a page that is on its way is not asked for: the machine waits for what is left of it", () => {
  // Wants page 1 at 130; it is being sent from 100 to 200, whatever the round trip.
  const memory: Memory = { memoryPages: 2, writers: [{ pagesPerS: 1000 / 130, pages: 2, startPage: 1 }] };
  const { faults, blockedMs, totalMs } = migrationTotals(postCopy(memory, { ...slow, roundTripMs: 500 }).rows);
  assert.equal([faults, Math.round(blockedMs), totalMs], [1, 70, 200]);
});

test("without pushing each page comes only when it is asked for, a round trip later", () => {
  // Wants 0 at 100, has it at 100 + 40 + 100 = 240; 1 at 340, has it at 480; the others never.
  const memory: Memory = { memoryPages: 5, writers: [{ pagesPerS: 10, pages: 2 }] };
  const { rows, converged } = postCopy(memory, { ...slow, push: "none", roundTripMs: 40 });
  assert.is(converged, false);
  const { sentPages, durationMs, faults, blockedMs } = rows[1] as (typeof rows)[number];
  assert.equal([sentPages, Math.round(durationMs), faults, Math.round(blockedMs)], [2, 480, 2, 280]);
});

test("without pushing it never ends: the last row lasts until it is given up, and has fewer pages than the memory", () => {
  const memory: Memory = { memoryPages: 500, writers: [{ pagesPerS: 1000, pages: 100, order: "random" }] };
  const { rows, converged } = postCopy(memory, { linkBytesPerS: 1e7, push: "none", giveUpMs: 30_000 });
  assert.equal([converged, rows[1]?.sentPages, migrationTotals(rows).totalMs], [false, 100, 30_000]);
  // If the machine asks for all, it does end.
  const all: Memory = { memoryPages: 500, writers: [{ pagesPerS: 1000, pages: 500 }] };
  assert.is(postCopy(all, { linkBytesPerS: 1e7, push: "none" }).converged, true);
});

test("of the time in which it is given up, only pages that were sent whole by then are counted", () => {
  const memory: Memory = { memoryPages: 10, writers: [] };
  const { rows, converged } = postCopy(memory, { ...slow, giveUpMs: 350 });
  assert.equal([converged, rows[1]?.sentPages, migrationTotals(rows).totalMs], [false, 3, 350]);
});

const memory = fc.integer({ min: 1, max: 300 }).chain((memoryPages) =>
  fc.record({
    memoryPages: fc.constant(memoryPages),
    zeroPages: fc.nat({ max: 50 }),
    seed: fc.nat({ max: 1000 }),
    writers: fc.array(
      fc
        .record({
          pagesPerS: fc.double({ min: 0, max: 5000, noNaN: true }),
          firstPage: fc.nat({ max: memoryPages - 1 }),
          share: fc.double({ min: 0, max: 1, noNaN: true }),
          order: fc.constantFrom("sequential" as const, "random" as const),
          burst: fc.option(
            fc.record({ onMs: fc.integer({ min: 5, max: 90 }), offMs: fc.integer({ min: 1, max: 90 }) }),
            {
              nil: {},
            },
          ),
        })
        .map(({ share, burst, ...rest }) => ({
          ...rest,
          ...burst,
          pages: 1 + Math.floor(share * (memoryPages - rest.firstPage - 1)),
        })),
      { maxLength: 3 },
    ),
  }),
);
const link = fc.record({
  linkBytesPerS: fc.double({ min: 1e5, max: 1e7, noNaN: true }),
  setupMs: fc.nat({ max: 50 }),
  resumeMs: fc.nat({ max: 50 }),
  roundTripMs: fc.double({ min: 0, max: 5, noNaN: true }),
});

test("each page is sent once, and it takes as long as stop-and-copy, whatever the order of pushing", () => {
  fc.assert(
    fc.property(memory, link, (memory, link) => {
      const whole = migrationTotals(stopAndCopy(memory, link).rows);
      for (const push of pushing) {
        const { rows, converged } = postCopy(memory, { ...link, push });
        const { totalMs, sentBytes, downtimeMs } = migrationTotals(rows);
        assert.is(converged, true);
        assert.is(rows[1]?.sentPages, memory.memoryPages);
        assert.is(sentBytes, whole.sentBytes);
        near(totalMs, whole.totalMs, 1e-6 * whole.totalMs, push);
        near(downtimeMs, link.resumeMs, 1e-9);
      }
    }),
    { numRuns: soaked(10_000), seed: 1 },
  );
});

test("looked at every millisecond, random post-copies have the same faults, times and pages", () => {
  const writer = (memoryPages: number) =>
    fc.nat({ max: memoryPages - 1 }).chain((firstPage) =>
      fc.record({
        // Powers of two: then no sum is rounded, and what happens at the same moment does so in both.
        gapMs: fc.constantFrom(1, 2, 4, 8, 16, 32),
        firstPage: fc.constant(firstPage),
        pages: fc.integer({ min: 1, max: memoryPages - firstPage }),
      }),
    );
  const plan = fc.integer({ min: 1, max: 40 }).chain((memoryPages) =>
    fc.record({
      memoryPages: fc.constant(memoryPages),
      writers: fc.array(writer(memoryPages), { minLength: 1, maxLength: 3 }),
      sendMs: fc.constantFrom(1, 2, 5, 10),
      roundTripMs: fc.constantFrom(0, 1, 3, 8),
      push: fc.constantFrom(...pushes),
    }),
  );
  fc.assert(
    fc.property(plan, ({ memoryPages, writers, sendMs, roundTripMs, push }) => {
      const wanted = slowPostCopy({ memoryPages, writers, sendMs, roundTripMs, push });
      const memory: Memory = {
        memoryPages,
        writers: writers.map(({ gapMs, ...rest }) => ({ pagesPerS: 1000 / gapMs, ...rest })),
      };
      const options = { linkBytesPerS: 100_000 / sendMs, pageBytes: 100, pageHeaderBytes: 0, roundTripMs, push };
      const { rows } = postCopy(memory, options);
      const { sentPages, faults, blockedMs, durationMs } = rows[1] as (typeof rows)[number];
      const found = { sentPages, faults, blockedMs: Math.round(blockedMs) };
      assert.equal(found, { sentPages: wanted.sentPages, faults: wanted.faults, blockedMs: wanted.blockedMs });
      if (push !== "none") assert.is(Math.round(durationMs), wanted.endMs);
    }),
    { numRuns: soaked(20_000), seed: 2 },
  );
});

test("with pushing, a machine that stays near where it faults asks for few pages; without, for all that it writes", () => {
  const memory: Memory = { memoryPages: 131_072, writers: [{ pagesPerS: 8000, pages: 30_000, firstPage: 90_000 }] };
  const faults = (push: (typeof pushes)[number]) =>
    migrationTotals(postCopy(memory, { linkBytesPerS: 125e6, roundTripMs: 0.2, push }).rows).faults;
  assert.is(faults("none"), 30_000);
  assert.ok(faults("after the fault") < 100, `${faults("after the fault")}`);
  assert.ok(faults("ascending") > 10 * faults("after the fault"), `${faults("ascending")}`);
});

test("a slower rate of pushing makes it longer by that much, and does not hold back what is asked for", () => {
  const memory: Memory = { memoryPages: 1000, writers: [{ pagesPerS: 10, pages: 1000, order: "random" }] };
  const whole: PostCopyOptions = { linkBytesPerS: 4096e3, pageHeaderBytes: 0 };
  near(migrationTotals(postCopy(memory, whole).rows).totalMs, 1000, 1e-6);
  const { totalMs, faults, blockedMs } = migrationTotals(postCopy(memory, { ...whole, pushBytesPerS: 409.6e3 }).rows);
  near(totalMs, 10_000, 20);
  // A page takes 1 ms, and up to one more for the page that is under way.
  assert.ok(faults > 20 && blockedMs <= 2 * faults, `${faults} faults, ${blockedMs} ms`);
});

test("all rows have the same fields in the same order: as the type lists them", () => {
  const memory: Memory = { memoryPages: 1000, writers: [{ pagesPerS: 200, pages: 300 }] };
  const { rows } = postCopy(memory, { linkBytesPerS: 4e6, before: { rounds: 1, policy: fixedRounds(1) } });
  const fields = "round phase startMs durationMs bytesPerS sentPages sentBytes skippedPages dirtyPages";
  assert.equal(
    rows.map((row) => Object.keys(row).join(" ")),
    rows.map(() => `${fields} faults blockedMs throttle`),
  );
});

test("after rounds of pre-copy only what was written in the last of them is fetched", () => {
  const memory: Memory = { memoryPages: 1000, writers: [{ pagesPerS: 200, pages: 300 }] };
  const link = { linkBytesPerS: 4096e3, pageHeaderBytes: 0, resumeMs: 5 };
  const { rows, converged } = postCopy(memory, { ...link, before: { rounds: 2, policy: fixedRounds(9) } });
  assert.is(converged, true);
  // 1,000 pages in 1,000 ms, 200 in 200 ms, and the 40 that were written then.
  assert.equal(
    rows.map(({ phase, sentPages }) => [phase, sentPages]),
    [
      ["running", 1000],
      ["running", 200],
      ["stopped", 0],
      ["fetching", 40],
    ],
  );
  // Its rounds run on, whatever the policy would do.
  const stubborn = { rounds: 4, policy: qemuPolicy({ maxBytesPerS: 4096e3 }) };
  assert.is(postCopy(memory, { ...link, before: stubborn }).rows.filter(({ phase }) => phase === "running").length, 4);
});

test.run();
