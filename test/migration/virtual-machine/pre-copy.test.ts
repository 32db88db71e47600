import fc from "fast-check";
import {
  autoConverge,
  clarkPolicy,
  fixedRounds,
  type Link,
  type Memory,
  type MigrationRow,
  migrationTotals,
  ParameterError,
  type PreCopyPolicy,
  preCopy,
  preCopyBounds,
  preCopySeries,
  qemuPolicy,
  stopAndCopy,
  xenPolicy,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../../soak.js";
import { type Counted, slowPreCopy } from "./oracle.js";

const test = suite("pre-copy");

const counted = (rows: readonly MigrationRow[]): Counted[] =>
  rows.map((row) => [
    row.phase,
    row.startMs,
    row.startMs + row.durationMs,
    row.sentPages,
    row.skippedPages,
    row.dirtyPages,
  ]);
const near = (actual: number, wanted: number, error: number, what = "") =>
  assert.ok(Math.abs(actual - wanted) <= error, `${what} ${actual} is not within ${error} of ${wanted}`);
const untilLeft = (pages: number, pageBytes = 4096): PreCopyPolicy => ({
  bytesPerS: () => Infinity,
  stops: (_, leftBytes) => leftBytes <= pages * pageBytes,
});
/** A page takes 100 ms. */
const slow: Link = { linkBytesPerS: 1000, pageBytes: 100, pageHeaderBytes: 0 };

// ---- traces worked out by hand

test("four pages at 100 ms each, one written every 200 ms: rounds of 4, 2 and 1 pages, and a stop of none", () => {
  // Written at 200, 400, 600, …: pages 0 and 1 until 400, page 2 until 600, none until 700.
  const { rows, converged } = preCopy({ memoryPages: 4, writers: [{ pagesPerS: 5, pages: 4 }] }, slow, untilLeft(0));
  assert.is(converged, true);
  assert.equal(counted(rows), [
    ["running", 0, 400, 4, 0, 2],
    ["running", 400, 600, 2, 0, 1],
    ["running", 600, 700, 1, 0, 0],
    ["stopped", 700, 700, 0, 0, 0],
  ]);
});

test("a page that is written again before its turn is sent later only, if the policy leaves such pages out", () => {
  // A sweep backwards can't be; one that starts at page 3 writes it at 50 ms, page 0 at 150 (sent already), 1 at 250, 2 at 350.
  const memory: Memory = { memoryPages: 4, writers: [{ pagesPerS: 10, pages: 4, startPage: 3.5 }] };
  const { rows } = preCopy(memory, slow, { ...fixedRounds(2), skipRewritten: true });
  // Page 0 goes until 100, 1 until 200, 2 until 300; 3 was written at 50. Then 3 at 300, 0 at 400 … in the second round: 0 and 1 were
  // written in the first; 3 too. It sends 0 until 400; at 350 page 2 was written, at 450 page 3.
  assert.equal(counted(rows), [
    ["running", 0, 300, 3, 1, 3],
    ["running", 300, 500, 2, 1, 2],
    ["stopped", 500, 700, 2, 0, 0],
  ]);
});

test("set-up is not logged, and a stop lasts until the machine has resumed", () => {
  // Until 400 ms two writes go by unseen, to pages 0 and 1; then 2 and 3 are written at 600 and 800.
  const memory: Memory = { memoryPages: 4, writers: [{ pagesPerS: 5, pages: 4 }] };
  const { rows } = preCopy(memory, { ...slow, setupMs: 400, resumeMs: 50 }, fixedRounds(1));
  assert.equal(counted(rows), [
    ["running", 400, 800, 4, 0, 2],
    ["stopped", 800, 1050, 2, 0, 0],
  ]);
  assert.equal(migrationTotals(rows), {
    totalMs: 1050,
    downtimeMs: 250,
    sentBytes: 600,
    rounds: 1,
    faults: 0,
    blockedMs: 0,
  });
});

test("QEMU sends what a window allows and a page more, looks after the window only, and goes on where it stopped", () => {
  // 250 bytes in 100 ms: 3 pages a window. Less than 300 bytes end a round. Page 0 is written at 90, 1 at 180, 2 at 270.
  const memory: Memory = { memoryPages: 8, writers: [{ pagesPerS: 1000 / 90, pages: 8 }] };
  const link: Link = { linkBytesPerS: 100_000, pageBytes: 100, pageHeaderBytes: 0, resumeMs: 6 };
  const { rows } = preCopy(memory, link, qemuPolicy({ maxBytesPerS: 2500, downtimeLimitMs: 120 }));
  // 0–100: pages 0 to 2. 100–200: 3 to 5; 6 and 7 are left, 200 bytes, and the log has 0 and 1. 400 bytes: a round more, 6, 7, 0 at once
  // and not 0, 1, 6. Until 300 page 2 is written: 1 and 2 are left, 2 ms.
  assert.equal(counted(rows), [
    ["running", 0, 200, 6, 0, 2],
    ["running", 200, 300, 3, 0, 1],
    ["stopped", 300, 308, 2, 0, 0],
  ]);
});

test("pages of zeros are headers before the other pages of the first round, and count as left until then", () => {
  const link: Link = { ...slow, zeroPageBytes: 10 };
  // Page 0 is written each 100 ms: at 100 and 200, while the headers take 30 and the pages 200.
  const memory: Memory = { memoryPages: 2, zeroPages: 3, writers: [{ pagesPerS: 10, pages: 1 }] };
  const { rows } = preCopy(memory, link, fixedRounds(1));
  assert.equal(counted(rows), [
    ["running", 0, 230, 2, 0, 1],
    ["stopped", 230, 330, 1, 0, 0],
  ]);
  assert.is(rows[0]?.sentBytes, 230);
  // Less than 350 bytes end the round: with two pages and one of zeros left.
  const early = preCopy(memory, link, { ...fixedRounds(1), roundEndsAtBytes: () => 350 });
  assert.equal(counted(early.rows), [
    ["running", 0, 20, 0, 0, 0],
    ["stopped", 20, 230, 2, 0, 0],
  ]);
  assert.is(early.rows[1]?.sentBytes, 210);
});

test("a machine whose time is taken writes less: half the time, half the writes", () => {
  const memory: Memory = { memoryPages: 4, writers: [{ pagesPerS: 10, pages: 4 }] };
  const { rows } = preCopy(memory, slow, { ...fixedRounds(1), throttle: () => 0.5 });
  assert.equal(
    rows.map(({ dirtyPages, throttle }) => [dirtyPages, throttle]),
    [
      [2, 0.5],
      [0, 0],
    ],
  );
});

test("a burst of 100 ms, a rest of 200: ten pages a second become one in 300 ms", () => {
  const memory: Memory = { memoryPages: 9, writers: [{ pagesPerS: 10, pages: 9, onMs: 100, offMs: 200 }] };
  // Written at 100, 400, 700.
  assert.is(preCopy(memory, slow, fixedRounds(1)).rows[0]?.dirtyPages, 3);
});

test("a migration that is given up has no stopped row, and ends at that moment", () => {
  const memory: Memory = { memoryPages: 4, writers: [{ pagesPerS: 100, pages: 4 }] };
  const { rows, converged } = preCopy(memory, { ...slow, giveUpMs: 950, setupMs: 100 }, untilLeft(0));
  assert.is(converged, false);
  assert.equal(counted(rows), [
    ["running", 100, 500, 4, 0, 4],
    ["running", 500, 900, 4, 0, 4],
    ["running", 900, 950, 0, 0, 4],
  ]);
  const never = preCopy({ ...memory, memoryPages: 4 }, slow, { ...untilLeft(0), stops: () => false });
  assert.equal([never.converged, never.rows.length], [false, 10_000]);
});

test("stop-and-copy sends every page once: 512 MB take 32, 16 and 8 s at 128, 256 and 512 Mbit/s (Clark et al.)", () => {
  for (const [mbitPerS, seconds] of [
    [128, 32],
    [256, 16],
    [512, 8],
  ] as const) {
    const memory: Memory = { memoryPages: 125_000, writers: [{ pagesPerS: 1e6, pages: 125_000 }] };
    const { rows, converged } = stopAndCopy(memory, { linkBytesPerS: (mbitPerS * 1e6) / 8, pageHeaderBytes: 0 });
    assert.is(converged, true);
    assert.equal(counted(rows), [["stopped", 0, seconds * 1000, 125_000, 0, 0]]);
  }
});

// ---- another way of playing it

const writer = (memoryPages: number): fc.Arbitrary<Memory["writers"][number]> =>
  fc
    .record({
      pagesPerS: fc.double({ min: 0, max: 120, noNaN: true }),
      firstPage: fc.nat({ max: memoryPages - 1 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      start: fc.double({ min: 0, max: 0.999, noNaN: true }),
      order: fc.constantFrom("sequential" as const, "random" as const),
      burst: fc.option(fc.record({ onMs: fc.integer({ min: 5, max: 300 }), offMs: fc.integer({ min: 1, max: 300 }) }), {
        nil: {},
      }),
    })
    .map(({ pagesPerS, firstPage, share, start, order, burst }) => {
      const pages = 1 + Math.floor(share * (memoryPages - firstPage - 1));
      return { pagesPerS, firstPage, pages, startPage: start * pages, order, ...burst };
    });
const memory = fc.integer({ min: 1, max: 60 }).chain((memoryPages) =>
  fc.record({
    memoryPages: fc.constant(memoryPages),
    zeroPages: fc.nat({ max: 20 }),
    seed: fc.nat({ max: 1000 }),
    writers: fc.array(writer(memoryPages), { maxLength: 3 }),
  }),
);
const link = fc.record({
  linkBytesPerS: fc.double({ min: 4000, max: 40_000, noNaN: true }),
  pageBytes: fc.constantFrom(100, 128),
  pageHeaderBytes: fc.nat({ max: 8 }),
  setupMs: fc.nat({ max: 300 }),
  resumeMs: fc.nat({ max: 20 }),
});
const policy = fc
  .record({
    bytesPerS: fc.double({ min: 3000, max: 50_000, noNaN: true }),
    endsAt: fc.constantFrom(0, 0, 250, 1000),
    stopAt: fc.nat({ max: 2000 }),
    rounds: fc.integer({ min: 1, max: 8 }),
    throttle: fc.constantFrom(0, 0.3),
    skipRewritten: fc.boolean(),
    scan: fc.constantFrom("ascending" as const, "permuted" as const),
    batchPages: fc.integer({ min: 1, max: 12 }),
    windowMs: fc.constantFrom(0, 0, 20, 100),
  })
  .map(({ bytesPerS, endsAt, stopAt, rounds, throttle, ...rest }): PreCopyPolicy => {
    const isWindowed = rest.windowMs > 0;
    return {
      ...rest,
      ...(isWindowed ? { skipRewritten: false } : {}),
      bytesPerS: () => bytesPerS,
      roundEndsAtBytes: () => endsAt,
      stops: (rows, leftBytes) => leftBytes <= stopAt || rows.length >= rounds,
      throttle: (rows) => (rows.length % 2 === 1 ? throttle : 0),
    };
  });

test("played page by page and write by write, random migrations have the same rows", () => {
  let compared = 0;
  fc.assert(
    fc.property(memory, link, policy, (memory, link, policy) => {
      const wanted = slowPreCopy(memory, link, policy, 20);
      if (wanted === undefined) return;
      compared++;
      const rows = counted(preCopy(memory, link, policy).rows);
      const digits = (row: Counted) => row.map((value) => (typeof value === "number" ? value.toFixed(3) : value));
      assert.equal(rows.map(digits), wanted.map(digits));
    }),
    { numRuns: soaked(20_000), seed: 1 },
  );
  assert.ok(compared > soaked(20_000) / 3, `${compared} could be compared`);
});

test("so has one of 3,000 pages in Xen's order, where neighbours are 1,024 turns apart", () => {
  const memory: Memory = { memoryPages: 3000, writers: [{ pagesPerS: 900, pages: 1700, firstPage: 500 }] };
  const policy: PreCopyPolicy = { ...fixedRounds(3), scan: "permuted", skipRewritten: true, batchPages: 128 };
  const wanted = slowPreCopy(memory, { linkBytesPerS: 4e6 }, policy, 9);
  const digits = (row: Counted) => row.map((value) => (typeof value === "number" ? value.toFixed(3) : value));
  assert.equal(counted(preCopy(memory, { linkBytesPerS: 4e6 }, policy).rows).map(digits), wanted?.map(digits));
});

// ---- laws

test("a sweep of all memory makes rounds of V·λ^i pages, to within a page (Liu)", () => {
  for (const ratio of [0.3, 0.5, 0.77, 0.9]) {
    const memoryPages = 131_072;
    const memory: Memory = { memoryPages, writers: [{ pagesPerS: ratio * 10_000, pages: memoryPages }] };
    const link: Link = { linkBytesPerS: 40.96e6, pageHeaderBytes: 0 };
    const { rows } = preCopy(memory, link, untilLeft(100));
    for (const [i, { sentPages }] of rows.entries()) near(sentPages, memoryPages * ratio ** i, 1, `round ${i + 1}`);
    const options = { memoryBytes: 2 ** 29, linkBytesPerS: 40.96e6, dirtyBytesPerS: ratio * 40.96e6 };
    const series = preCopySeries({ ...options, thresholdBytes: 100 * 4096 });
    const { totalMs, downtimeMs, rounds } = migrationTotals(rows);
    assert.is(rounds, series.rounds);
    near(totalMs, series.totalMs, 0.1 * rows.length, "ms in all");
    near(downtimeMs, series.downtimeMs, 0.1, "ms of downtime");
  }
});

test("random writes mark W(1 − e^(−rT/W)) distinct pages, within 1 % for each of twenty seeds", () => {
  for (const [pagesPerS, pages] of [
    [2000, 40_000],
    [10_000, 131_072],
    [50_000, 60_000],
  ] as const)
    for (let seed = 1; seed <= 20; seed++) {
      const memory: Memory = { memoryPages: 131_072, seed, writers: [{ pagesPerS, pages, order: "random" }] };
      const [first] = preCopy(memory, { linkBytesPerS: 40.96e6, pageHeaderBytes: 0 }, fixedRounds(1)).rows;
      const wanted = pages * (1 - Math.exp((-pagesPerS * 13.1072) / pages));
      near(first?.dirtyPages ?? NaN, wanted, 0.01 * wanted, `seed ${seed}`);
    }
});

test("every pre-copy that stops as Xen's lies within Akoush's bounds", () => {
  const rate = 1e6;
  let [longest, shortest] = [0, Infinity];
  fc.assert(
    fc.property(
      memory,
      fc.boolean(),
      fc.constantFrom("ascending" as const, "permuted" as const),
      fc.double({ min: 1, max: 400, noNaN: true }),
      (small, skipRewritten, scan, times) => {
        // Memories of up to 3,000 pages: Xen stops for fewer than 50.
        const writers = small.writers.map((each) => ({
          ...each,
          pagesPerS: each.pagesPerS * times,
          pages: each.pages * 50,
          firstPage: (each.firstPage ?? 0) * 50,
        }));
        const bounded = { memoryPages: small.memoryPages * 50, writers };
        const constant = { bytesPerS: () => rate, stoppedBytesPerS: () => rate };
        const { rows, converged } = preCopy(
          bounded,
          { linkBytesPerS: rate, pageHeaderBytes: 0 },
          { ...xenPolicy, ...constant, skipRewritten, scan },
        );
        assert.is(converged, true);
        const bounds = preCopyBounds({ memoryBytes: bounded.memoryPages * 4096, linkBytesPerS: rate });
        const { totalMs, downtimeMs } = migrationTotals(rows);
        assert.ok(totalMs >= bounds.leastTotalMs - 1e-6, `${totalMs} < ${bounds.leastTotalMs}`);
        assert.ok(totalMs <= bounds.mostTotalMs + 1e-6, `${totalMs} > ${bounds.mostTotalMs}`);
        assert.ok(downtimeMs <= bounds.mostDowntimeMs + 1e-6, `${downtimeMs} > ${bounds.mostDowntimeMs}`);
        longest = Math.max(longest, totalMs / bounds.leastTotalMs);
        shortest = Math.min(shortest, totalMs / bounds.leastTotalMs);
      },
    ),
    { numRuns: soaked(10_000), seed: 2 },
  );
  // The bounds are not so wide that nothing comes near them.
  assert.ok(shortest < 1.01 && longest > 3, `${shortest} to ${longest} times`);
});

test("at least every page is sent, none more often than there are rounds, and rows follow one another", () => {
  fc.assert(
    fc.property(memory, link, policy, (memory, link, policy) => {
      const { rows, converged } = preCopy(memory, link, policy);
      assert.is(converged, true);
      const sent = rows.reduce((sum, { sentPages }) => sum + sentPages, 0);
      assert.ok(sent >= memory.memoryPages && sent <= rows.length * memory.memoryPages, `${sent} pages`);
      let endMs = link.setupMs;
      for (const [i, row] of rows.entries()) {
        near(row.startMs, endMs, 1e-6);
        assert.is(row.round, i + 1);
        assert.is(row.phase, i === rows.length - 1 ? "stopped" : "running");
        endMs = row.startMs + row.durationMs;
      }
    }),
    { numRuns: soaked(10_000), seed: 3 },
  );
});

test("the same seed gives the same rows, another seed other ones, and a new writer leaves the others' writes alone", () => {
  const hot = { pagesPerS: 3000, pages: 1000, order: "random" } as const;
  const cold = { pagesPerS: 500, pages: 3000, firstPage: 1000, order: "random" } as const;
  const run = (memory: Partial<Memory>) =>
    preCopy({ memoryPages: 4000, writers: [hot, cold], ...memory }, { linkBytesPerS: 5e6 }, fixedRounds(3)).rows;
  assert.equal(run({}), run({ seed: 1 }));
  assert.not.equal(run({ seed: 2 }), run({ seed: 1 }));
  const dirty = (writers: Memory["writers"]) => run({ writers })[0]?.dirtyPages ?? NaN;
  assert.is(dirty([hot, cold]) - dirty([hot]), dirty([{ ...hot, pagesPerS: 0 }, cold]));
});

test("512 MB go through thirty rounds of QEMU's policy, or Xen's, in well under a second of processor time", () => {
  const memory: Memory = {
    memoryPages: 131_072,
    writers: [
      { pagesPerS: 20_000, pages: 60_000 },
      { pagesPerS: 20_000, pages: 60_000, firstPage: 60_000, order: "random" },
    ],
  };
  const thirty = { stops: (rows: readonly MigrationRow[]) => rows.length === 30 };
  for (const policy of [qemuPolicy({ maxBytesPerS: 60e6 }), xenPolicy]) {
    const began = process.cpuUsage().user;
    const { rows } = preCopy(memory, { linkBytesPerS: 1e9 }, { ...policy, ...thirty });
    const tookMs = (process.cpuUsage().user - began) / 1000;
    assert.is(rows.length, 31);
    // Each takes a tenth of that on a quiet machine.
    assert.ok(tookMs < 1000, `${tookMs} ms`);
  }
});

// ---- what can't be

test("what a policy returns is checked, too", () => {
  const refused = (policy: Partial<PreCopyPolicy>, message: string) =>
    assert.throws(
      () => preCopy({ memoryPages: 4, writers: [] }, slow, { ...fixedRounds(1), ...policy }),
      (error: Error) => error instanceof ParameterError && error.message === `preCopy: ${message}`,
    );
  refused({ bytesPerS: () => NaN }, "what policy.bytesPerS returns must be a number above 0, got NaN");
  refused({ bytesPerS: () => 0 }, "what policy.bytesPerS returns must be a number above 0, got 0");
  refused({ throttle: () => 1.5 }, "what policy.throttle returns must be from 0 to 1, got 1.5");
  refused(
    { roundEndsAtBytes: () => -1 },
    "what policy.roundEndsAtBytes returns must be a finite number of at least 0, got -1",
  );
  const busy: Memory = { memoryPages: 4, writers: [{ pagesPerS: 100, pages: 4 }] };
  assert.throws(
    () => preCopy(busy, slow, { ...fixedRounds(1), stops: () => undefined as unknown as boolean }),
    /preCopy: what policy.stops returns must be true or false, got undefined/,
  );
});

test("auto-converge ends what would not end: after two rounds the machine is slowed down by 20 %, after each two more by 10 more", () => {
  const memory: Memory = { memoryPages: 8192, writers: [{ pagesPerS: 4000, pages: 6000 }] };
  const link: Link = { linkBytesPerS: 1e9, giveUpMs: 60_000 };
  const policy = qemuPolicy({ maxBytesPerS: 12e6 });
  assert.is(preCopy(memory, link, policy).converged, false);
  const { rows, converged } = preCopy(memory, link, autoConverge(policy));
  assert.is(converged, true);
  const percents = rows.slice(0, 8).map(({ throttle }) => Math.round(throttle * 100));
  assert.equal(percents, [0, 0, 20, 20, 30, 30, 40, 40]);
});

test("Clark's rounds never go below 100 Mbit/s nor above 500, and the last copy goes at 500", () => {
  const memory: Memory = { memoryPages: 20_000, writers: [{ pagesPerS: 5000, pages: 8000, order: "random" }] };
  const { rows } = preCopy(memory, { linkBytesPerS: 125e6 }, clarkPolicy);
  const mbit = rows.map(({ bytesPerS }) => (bytesPerS * 8) / 1e6);
  assert.equal([mbit[0], mbit.at(-1)], [100, 500]);
  assert.ok(mbit.every((rate) => rate >= 100 && rate <= 500));
  const idle = preCopy(
    { ...memory, writers: [{ pagesPerS: 100, pages: 8000 }] },
    { linkBytesPerS: 125e6 },
    clarkPolicy,
  );
  const idleMbit = idle.rows.map(({ bytesPerS }) => (bytesPerS * 8) / 1e6);
  assert.ok(idleMbit.length > 2 && idleMbit.slice(0, -1).every((rate) => rate === 100), `${idleMbit}`);
});

test.run();
