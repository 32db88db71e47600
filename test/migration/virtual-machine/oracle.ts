/**
 * Migrations played page by page and write by write, with sets and lists: as slow as it is plain. It knows the model's rules and shares
 * none of its code; of the library it takes the random numbers only.
 */
import { type Link, type Memory, type PreCopyPolicy, randomStream, type Writer } from "kernel-lib";

/** A write, at a time of the machine's own. */
interface Write {
  readonly ms: number;
  readonly page: number;
  readonly gapMs: number;
}

/** All writes of a writer up to a time of the machine's own. */
function writesOf(writer: Writer, seed: number, index: number, untilMs: number): Write[] {
  const { pagesPerS, pages, firstPage = 0, startPage = 0, order = "sequential", onMs = Infinity, offMs = 0 } = writer;
  const random = randomStream(seed, `writer ${index}`);
  const gapMs = 1000 / pagesPerS;
  const found: Write[] = [];
  if (pagesPerS === 0) return found;
  for (let n = 0; ; n++) {
    // The nth write comes when the sweep reaches the end of its page.
    const ownMs = (Math.floor(startPage) + n + 1 - startPage) * gapMs;
    if (ownMs > untilMs) return found;
    let ms = ownMs;
    for (let rested = onMs; rested < ownMs - 1e-9; rested += onMs) ms += offMs;
    if (ms > untilMs) return found;
    const page = order === "random" ? Math.floor(random() * pages) : (Math.floor(startPage) + n) % pages;
    found.push({ ms, page: firstPage + page, gapMs });
  }
}

/** A row with its counts only. */
export type Counted = readonly [
  phase: string,
  startMs: number,
  endMs: number,
  sent: number,
  skipped: number,
  dirty: number,
];

/** The pages by their turn: Xen's permutation, on the digits of a page's number. */
function turns(pages: number, scan: PreCopyPolicy["scan"]): number[] {
  const all = Array.from({ length: pages }, (_, page) => page);
  if (scan !== "permuted" || pages === 1) return all;
  const digits = (pages - 1).toString(2).length;
  const shift = Math.min(10, digits - 1);
  return all.map((turn) => {
    let page = turn;
    do {
      const text = page.toString(2).padStart(digits, "0");
      page = Number.parseInt(text.slice(shift) + text.slice(0, shift), 2);
    } while (page >= pages);
    return page;
  });
}

/** Pre-copy, page by page. `undefined`: a writer in random order wrote to all its pages in one row, where draws are left out. */
export function slowPreCopy(
  memory: Memory,
  link: Link,
  policy: PreCopyPolicy,
  maxRounds: number,
): Counted[] | undefined {
  const { pageBytes = 4096, pageHeaderBytes = 8, zeroPageBytes = 9, setupMs = 0, resumeMs = 0 } = link;
  const wholeBytes = pageBytes + pageHeaderBytes;
  const horizonMs = 20_000;
  const writes = memory.writers
    .flatMap((writer, i) => writesOf(writer, memory.seed ?? 1, i, horizonMs))
    .sort((a, b) => a.ms - b.ms);
  const order = turns(memory.memoryPages, policy.scan);
  let toSend = new Set(order);
  let log = new Set<number>();
  let zeros = memory.zeroPages ?? 0;
  let [wallMs, guestMs, cursor, pace] = [0, 0, 0, 1];
  let [windowStartMs, windowBytes, next] = [setupMs, 0, 0];
  const isDue = (write: Write | undefined): boolean => write !== undefined && write.ms <= guestMs + 1e-6 * write.gapMs;
  const rows: Counted[] = [];
  const wait = (ms: number): void => {
    wallMs += ms;
    guestMs += ms * pace;
    while (isDue(writes[next])) log.add((writes[next++] as Write).page);
    if (guestMs > horizonMs) throw new Error("played for longer than writes were made for");
  };
  wait(setupMs);
  for (;;) {
    const history = rows.map(([phase, startMs, endMs, sentPages, skippedPages, dirtyPages], i) => ({
      ...{
        round: i + 1,
        phase: phase as "running",
        startMs,
        durationMs: endMs - startMs,
        sentPages,
        skippedPages,
        dirtyPages,
      },
      ...{ bytesPerS: 0, sentBytes: sentPages * wholeBytes, faults: 0, blockedMs: 0, throttle: 0 },
    }));
    const rate = Math.min(policy.bytesPerS(history), link.linkBytesPerS);
    const leftBytes = (toSend.size + log.size - [...log].filter((page) => toSend.has(page)).length + zeros) * pageBytes;
    // The log is that of the round that has just ended.
    if (rows.length > 0 && (leftBytes === 0 || policy.stops(history, leftBytes, rate))) {
      const left = new Set([...toSend, ...log]);
      const stoppedRate = Math.min((policy.stoppedBytesPerS ?? policy.bytesPerS)(history), link.linkBytesPerS);
      const endMs = wallMs + ((left.size * wholeBytes + zeros * zeroPageBytes) * 1000) / stoppedRate + resumeMs;
      rows.push(["stopped", wallMs, endMs, left.size, 0, 0]);
      return rows;
    }
    if (rows.length === maxRounds) return rows;
    toSend = new Set([...toSend, ...log]);
    log = new Set();
    pace = 1 - (policy.throttle?.(history) ?? 0);
    const ends = policy.roundEndsAtBytes?.(rate) ?? 0;
    const startMs = wallMs;
    let [sent, skipped, inBatch] = [0, 0, 0];
    let peeked = new Set<number>();
    const isOver = (): boolean => (toSend.size + zeros) * pageBytes < ends;
    while (toSend.size + zeros > 0) {
      if (policy.windowMs && windowBytes > (rate * policy.windowMs) / 1000) {
        wait(Math.max(0, windowStartMs + policy.windowMs - wallMs));
        [windowStartMs, windowBytes] = [wallMs, 0];
        if (isOver()) break;
      }
      if (zeros > 0) {
        zeros--;
        windowBytes += zeroPageBytes;
        wait((zeroPageBytes * 1000) / (policy.windowMs ? link.linkBytesPerS : rate));
        if (!policy.windowMs && isOver()) break;
        continue;
      }
      if (policy.skipRewritten) {
        if (inBatch === 0) peeked = new Set(log);
        const page = order[cursor] as number;
        cursor = (cursor + 1) % order.length;
        if (!toSend.delete(page)) continue;
        if (peeked.has(page)) {
          skipped++;
          continue;
        }
      } else {
        while (!toSend.delete(order[cursor] as number)) cursor = (cursor + 1) % order.length;
        cursor = (cursor + 1) % order.length;
      }
      sent++;
      inBatch = (inBatch + 1) % (policy.batchPages ?? 1);
      windowBytes += wholeBytes;
      wait((wholeBytes * 1000) / (policy.windowMs ? link.linkBytesPerS : rate));
      if (!policy.windowMs && isOver()) break;
    }
    if (toSend.size === 0) cursor = 0;
    pace = 1;
    for (const { order: how, pages, firstPage = 0 } of memory.writers) {
      const own = [...log].filter((page) => page >= firstPage && page < firstPage + pages);
      if (how === "random" && own.length === pages) return undefined;
    }
    rows.push(["running", startMs, wallMs, sent, skipped, log.size]);
  }
}

/** What comes out of {@link slowPostCopy}. */
export interface SlowPostCopy {
  readonly endMs: number;
  readonly sentPages: number;
  readonly faults: number;
  readonly blockedMs: number;
}

/** Post-copy by the clock: everything happens at whole milliseconds, looked at one after the other. */
export function slowPostCopy(options: {
  readonly memoryPages: number;
  /** By writer, in whole ms between writes. */
  readonly writers: readonly { readonly gapMs: number; readonly firstPage: number; readonly pages: number }[];
  readonly sendMs: number;
  readonly roundTripMs: number;
  readonly push: "none" | "ascending" | "after the fault" | "around the fault";
}): SlowPostCopy {
  const { memoryPages, writers, sendMs, roundTripMs, push } = options;
  const missing = new Set(Array.from({ length: memoryPages }, (_, page) => page));
  const unsent = new Set(missing);
  const counts = writers.map(() => 0);
  let [guestMs, faults, blockedMs] = [0, 0, 0];
  let waitsFor: number | undefined;
  let asked: { page: number; atMs: number } | undefined;
  let onLink: { page: number; untilMs: number } | undefined;
  let [pivot, turn] = [0, 0];
  const pushed = (): number | undefined => {
    const left = [...unsent].sort((a, b) => a - b);
    if (push === "none") return undefined;
    if (push === "ascending") return left[0];
    const above = left.find((page) => page >= pivot);
    if (push === "after the fault") return above ?? left[0];
    const below = left.filter((page) => page < pivot).at(-1);
    const wanted = turn % 2 === 0 ? (above ?? below) : (below ?? above);
    turn = wanted === above ? 1 : 0;
    return wanted;
  };
  /** Writes that are due, by writer; false if one must wait. */
  const writeAll = (): boolean => {
    for (const [i, { gapMs, firstPage, pages }] of writers.entries()) {
      while (((counts[i] as number) + 1) * gapMs <= guestMs) {
        const page = firstPage + ((counts[i] as number) % pages);
        if (missing.has(page)) {
          waitsFor = page;
          return false;
        }
        counts[i] = (counts[i] as number) + 1;
      }
    }
    return true;
  };
  for (let ms = 0; ; ms++) {
    if (onLink?.untilMs === ms) {
      missing.delete(onLink.page);
      onLink = undefined;
    }
    if (missing.size === 0) return { endMs: ms, sentPages: memoryPages, faults, blockedMs: blockedMs };
    if (waitsFor !== undefined && !missing.has(waitsFor)) waitsFor = undefined;
    if (waitsFor === undefined) {
      while (!writeAll() && waitsFor !== undefined) {
        faults++;
        asked = { page: waitsFor, atMs: ms + roundTripMs };
        break;
      }
    }
    if (asked && !unsent.has(asked.page)) asked = undefined;
    if (!onLink) {
      const isAsked = asked !== undefined && asked.atMs <= ms;
      const page = isAsked ? asked?.page : pushed();
      if (isAsked) {
        [pivot, turn] = [(asked as { page: number }).page, 0];
        asked = undefined;
      }
      if (page !== undefined) {
        unsent.delete(page);
        onLink = { page, untilMs: ms + sendMs };
      } else if (waitsFor === undefined && writers.every(({ pages }, i) => (counts[i] as number) > pages)) {
        return { endMs: ms, sentPages: memoryPages - missing.size, faults, blockedMs };
      }
    }
    if (waitsFor === undefined) guestMs++;
    else blockedMs++;
  }
}
