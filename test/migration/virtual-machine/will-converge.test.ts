import fc from "fast-check";
import {
  autoConverge,
  clarkPolicy,
  fixedRounds,
  type Link,
  type Memory,
  migrationTotals,
  preCopy,
  qemuPolicy,
  willConverge,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../../soak.js";

const test = suite("the verdict beforehand");

const link: Link = { linkBytesPerS: 1e9, giveUpMs: 60_000 };
const near = (actual: number, wanted: number, error: number, what = "") =>
  assert.ok(Math.abs(actual - wanted) <= error, `${what} ${actual} is not within ${error} of ${wanted}`);
const continuous = (bytesPerS: number, leftPages: number) => ({
  bytesPerS: () => bytesPerS,
  stops: (_: unknown, leftBytes: number) => leftBytes < leftPages * 4096,
});

test("at twice the rate of writing, rounds halve: 8,192 pages fall below 100 after seven", () => {
  const memory: Memory = { memoryPages: 8192, writers: [{ pagesPerS: 1000, pages: 8192 }] };
  const plain = { linkBytesPerS: 1e9, pageHeaderBytes: 0 };
  const { converges, rounds, leftPages, missingBytesPerS } = willConverge(memory, plain, continuous(8.192e6, 100));
  assert.equal([converges, rounds, leftPages, missingBytesPerS], [true, 7, 64, 0]);
});

test("a machine that writes nothing is sent in one round, and none of it is left", () => {
  for (const writers of [
    [],
    [{ pagesPerS: 0, pages: 8192 }],
    [{ pagesPerS: 0, pages: 10, order: "random" as const }],
  ]) {
    const { converges, rounds, leftPages } = willConverge({ memoryPages: 8192, writers }, link, continuous(8e6, 100));
    assert.equal([converges, rounds, leftPages], [true, 1, 0]);
  }
});

test("rounds of random writes settle at P = D(P/R), where W(1 − e^(−rP/RW)) crosses the diagonal", () => {
  // λ = rate of writing / rate of sending = 2: P/W = 1 − e^(−2 P/W), which is at 0.7968 (the size of the giant component at mean degree 2).
  const memory: Memory = { memoryPages: 20_000, writers: [{ pagesPerS: 2000, pages: 10_000, order: "random" }] };
  const plain = { linkBytesPerS: 1e9, pageHeaderBytes: 0 };
  const { converges, leftPages } = willConverge(memory, plain, continuous(4.096e6, 7900));
  assert.is(converges, false);
  near(leftPages, 7968.1, 0.1);
  assert.is(willConverge(memory, plain, continuous(4.096e6, 7980)).converges, true);
});

test("a sweep faster than the link leaves its whole working set, and needs a link as fast as itself", () => {
  const memory: Memory = { memoryPages: 8192, writers: [{ pagesPerS: 2000, pages: 4000 }] };
  const plain = { linkBytesPerS: 1e9, pageHeaderBytes: 0 };
  const verdict = willConverge(memory, plain, continuous(4.096e6, 100));
  assert.equal([verdict.converges, verdict.rounds, verdict.leftPages], [false, Infinity, 4000]);
  // It writes 8.192 MB/s; at that very rate rounds do not shrink, at a little more they do.
  near(verdict.missingBytesPerS, 4.096e6, 0.02 * 4.096e6);
  assert.match(verdict.reason, /the rounds settle at 16\.4 MB.*at 4\.1 MB\/s.*4\.1 MB\/s more would do/);
});

test("of random writes, those to pages that a round has left anyway are sent once", () => {
  // A round ends with E = 2,000 of 10,000 pages left, and P = E + D(P − E)·(1 − E/W): 80 % of what is written is new.
  const memory: Memory = { memoryPages: 10_000, writers: [{ pagesPerS: 2000, pages: 10_000, order: "random" }] };
  let [low, high] = [1, 10_000];
  while (high - low > 1e-6) {
    const sent = (low + high) / 2;
    if (8000 * (1 - Math.exp((-2 * sent) / 10_000)) > sent) low = sent;
    else high = sent;
  }
  const policy = { ...continuous(4.096e6, 2100), roundEndsAtBytes: () => 2000 * 4096 };
  const { converges, leftPages } = willConverge(memory, { linkBytesPerS: 1e9, pageHeaderBytes: 0 }, policy);
  assert.is(converges, false);
  near(leftPages, 2000 + low, 1);
});

test("writers that share pages count them once, bursts by their mean", () => {
  const plain = { linkBytesPerS: 1e9, pageHeaderBytes: 0 };
  const settled = (writers: Memory["writers"]) =>
    willConverge({ memoryPages: 1000, writers }, plain, continuous(4096, 1)).leftPages;
  const fast = { pagesPerS: 1e6, pages: 400 };
  near(settled([fast, { ...fast, firstPage: 300 }]), 700, 1e-6);
  near(settled([fast, { ...fast, firstPage: 400 }]), 800, 1e-6);
  // One page a second is sent, half a page is written: the rounds halve.
  const burst = { pagesPerS: 2, pages: 1000, onMs: 1000, offMs: 3000 };
  assert.is(willConverge({ memoryPages: 1024, writers: [burst] }, plain, continuous(4096, 2)).rounds, 10);
});

test("a policy that stops for other reasons converges whatever is written; what is given up before it begins, at no rate", () => {
  const memory: Memory = { memoryPages: 8192, writers: [{ pagesPerS: 1e5, pages: 8000 }] };
  assert.is(willConverge(memory, link, fixedRounds(3)).rounds, 3);
  assert.is(willConverge(memory, link, clarkPolicy).converges, true);
  assert.is(willConverge(memory, link, qemuPolicy({ maxBytesPerS: 8e6 })).converges, false);
  const patient = { linkBytesPerS: 1e9 };
  assert.is(willConverge(memory, patient, autoConverge(qemuPolicy({ maxBytesPerS: 8e6 }))).converges, true);
  const never = willConverge(memory, { ...link, setupMs: 20, giveUpMs: 10 }, fixedRounds(1));
  assert.equal([never.converges, never.missingBytesPerS], [false, Infinity]);
  assert.match(never.reason, /no rate would do/);
});

test("what would take longer than the time for it does not converge, and says so", () => {
  const memory: Memory = { memoryPages: 10_000, writers: [{ pagesPerS: 100, pages: 10_000 }] };
  const { converges, reason, missingBytesPerS } = willConverge(
    memory,
    { ...link, giveUpMs: 5000 },
    continuous(4.1e6, 50),
  );
  assert.is(converges, false);
  assert.match(reason, /when it is given up/);
  assert.ok(missingBytesPerS > 4e6 && missingBytesPerS < 6e6, `${missingBytesPerS}`);
});

test("of random migrations by QEMU's rule, at most one verdict of twenty is not what the model plays, and none far from the border", () => {
  let [played, wrong] = [0, 0];
  const plan = fc.record({
    memoryPages: fc.integer({ min: 2048, max: 12_000 }),
    share: fc.double({ min: 0.05, max: 1, noNaN: true }),
    maxBytesPerS: fc.double({ min: 4e6, max: 40e6, noNaN: true }),
    ratio: fc.double({ min: 0.3, max: 2.8, noNaN: true }),
    order: fc.constantFrom("sequential" as const, "random" as const),
    downtimeLimitMs: fc.integer({ min: 100, max: 500 }),
  });
  fc.assert(
    fc.property(plan, ({ memoryPages, share, maxBytesPerS, ratio, order, downtimeLimitMs }) => {
      const pages = Math.ceil(share * memoryPages);
      const pagesPerS = (ratio * maxBytesPerS) / 4104;
      const memory: Memory = { memoryPages, writers: [{ pagesPerS, pages, order }] };
      const policy = qemuPolicy({ maxBytesPerS, downtimeLimitMs });
      const { converged } = preCopy(memory, link, policy);
      const { converges } = willConverge(memory, link, policy);
      played++;
      if (converges === converged) return;
      wrong++;
      // Well below the rate of the link it is sure, and so it is well above with a working set of many times the limit.
      const timesLimit = (pages * 4096) / ((maxBytesPerS * downtimeLimitMs) / 1000);
      assert.ok(ratio > 0.9 && (ratio < 1.2 || timesLimit < 4), `ratio ${ratio}, ${timesLimit} times the limit`);
    }),
    { numRuns: soaked(15_000), seed: 1 },
  );
  assert.ok(wrong <= played / 20, `${wrong} of ${played}`);
});

test("where it converges with pages to spare, rounds and downtime are about those that the model plays", () => {
  const memory: Memory = {
    memoryPages: 50_000,
    writers: [
      { pagesPerS: 2000, pages: 3000, order: "random" },
      { pagesPerS: 500, pages: 40_000, firstPage: 5000 },
    ],
  };
  const policy = continuous(40e6, 50);
  const { rounds, leftPages } = willConverge(memory, { linkBytesPerS: 40e6 }, policy);
  const { rows } = preCopy(memory, { linkBytesPerS: 40e6 }, policy);
  near(rounds, migrationTotals(rows).rounds, 1);
  near(leftPages, rows.at(-1)?.sentPages ?? NaN, 30);
});

test.run();
