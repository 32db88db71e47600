import {
  dataset,
  type Link,
  type Memory,
  type Migration,
  migrationTotals,
  postCopy,
  preCopy,
  qemuPolicy,
  stopAndCopy,
  willConverge,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("the page model beside recorded migrations of a real machine");

interface RecordedMigration {
  readonly way: "pre-copy" | "stop-and-copy" | "post-copy";
  readonly order: "sequential" | "random";
  readonly pagesPerS: number;
  readonly writtenPages: number;
  readonly maxBytesPerS: number;
  readonly downtimeLimitMs: number;
  readonly giveUpMs: number;
  readonly writesBefore: number;
  readonly converged: boolean;
  readonly totalMs: number;
  readonly sentBytes: number;
  readonly normalPages: number;
  readonly zeroPages: number;
  readonly filledPages: number;
}

const rows = dataset("virtual-machine").rows as unknown as RecordedMigration[];
/** Of a machine that stood still: all its pages, once. */
const still = rows.find(({ way, pagesPerS }) => way === "stop-and-copy" && pagesPerS === 0) as RecordedMigration;
/** What is in memory beside the pages that the guest fills, and before them: its code, the BIOS's tables. */
const ownPages = still.normalPages - still.filledPages;

const memoryOf = ({ pagesPerS, writtenPages, writesBefore, order }: RecordedMigration): Memory => {
  const startPage = writesBefore % writtenPages;
  const writer = { pagesPerS, pages: writtenPages, firstPage: ownPages, startPage, order };
  return { memoryPages: still.normalPages, zeroPages: still.zeroPages, writers: pagesPerS > 0 ? [writer] : [] };
};
/** From memory to memory of one machine; what it takes to stop here and go on there. */
const link: Link = { linkBytesPerS: 2e9, resumeMs: 4 };

function play(row: RecordedMigration): Migration {
  const { way, maxBytesPerS, downtimeLimitMs, giveUpMs } = row;
  if (way === "stop-and-copy") return stopAndCopy(memoryOf(row), { ...link, linkBytesPerS: maxBytesPerS });
  if (way === "post-copy") return postCopy(memoryOf(row), { ...link, pushBytesPerS: maxBytesPerS, roundTripMs: 0.2 });
  return preCopy(memoryOf(row), { ...link, giveUpMs }, qemuPolicy({ maxBytesPerS, downtimeLimitMs }));
}
const named = ({ way, order, pagesPerS, maxBytesPerS }: RecordedMigration): string =>
  `${way}, ${order}, ${pagesPerS} pages/s, ${maxBytesPerS / 1e6} MB/s`;

test("the verdict beforehand is right for each of the recorded pre-copies, and so is the model's run", () => {
  const preCopies = rows.filter(({ way }) => way === "pre-copy");
  assert.is(preCopies.length, 18);
  assert.ok(preCopies.some(({ converged }) => !converged));
  for (const row of preCopies) {
    const { maxBytesPerS, downtimeLimitMs, converged } = row;
    const { converges } = willConverge(memoryOf(row), link, qemuPolicy({ maxBytesPerS, downtimeLimitMs }));
    assert.equal([converges, play(row).converged], [converged, converged], named(row));
  }
});

test("bytes are right within two in a hundred, time within QEMU's window of 100 ms", () => {
  for (const row of rows) {
    const { totalMs, sentBytes } = migrationTotals(play(row).rows);
    assert.ok(Math.abs(sentBytes / row.sentBytes - 1) < 0.02, `${named(row)}: ${sentBytes} for ${row.sentBytes} B`);
    assert.ok(Math.abs(totalMs - row.totalMs) < 115, `${named(row)}: ${totalMs} for ${row.totalMs} ms`);
  }
});

test.run();
