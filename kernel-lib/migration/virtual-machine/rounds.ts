import { Guest } from "./guest.js";
import type { WholeLink } from "./link.js";
import type { WholeMemory } from "./memory.js";
import { emptyRow, type MigrationRow } from "./migration-row.js";
import type { CheckedPolicy } from "./policy.js";
import { Scan } from "./scan.js";

/** What a row counts. */
interface Counts {
  sentPages: number;
  sentBytes: number;
  skippedPages: number;
}

/**
 * A migration up to the moment in which the machine stops: {@link round} copies while it runs, {@link stop} copies the rest.
 *
 * What is written in a round is sent in a later one. So only the moments count in which the log of written pages is read; between two of
 * them, pages are sent and written in bulk.
 *
 * @internal
 */
export class Rounds {
  /** In time order; the rows so far. */
  readonly rows: MigrationRow[] = [];
  readonly guest: Guest;
  readonly scan: Scan;
  readonly #link: WholeLink;
  readonly #policy: CheckedPolicy;
  readonly #wholePageBytes: number;
  #nowMs: number;
  /** They go before the other pages. */
  #zerosLeft: number;
  /** Since when the present window lasts, and what has been sent in it. */
  #windowStartMs: number;
  #windowBytes = 0;
  /** The guest's share of time: less than 1 when it is throttled. */
  #pace = 1;

  constructor(memory: WholeMemory, link: WholeLink, policy: CheckedPolicy) {
    this.#link = link;
    this.#policy = policy;
    this.#wholePageBytes = link.pageBytes + link.pageHeaderBytes;
    this.guest = new Guest(memory);
    this.scan = new Scan(memory.memoryPages, policy.scan);
    this.#zerosLeft = memory.zeroPages;
    // During the set-up the guest runs, and nothing of what it writes is in the log.
    this.#nowMs = Math.min(link.setupMs, link.giveUpMs);
    this.guest.pass(this.#nowMs);
    this.guest.clear();
    this.#windowStartMs = this.#nowMs;
  }

  /** Since the migration began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Pages of zeros whose headers have not been sent. */
  get zerosLeft(): number {
    return this.#zerosLeft;
  }

  /** What is still to be sent, headers not counted. */
  get leftBytes(): number {
    return this.#left * this.#link.pageBytes;
  }

  /** Whether the time for it has run out. */
  get isGivenUp(): boolean {
    return this.#nowMs >= this.#link.giveUpMs;
  }

  /** One round of copying; pushes its row. It sends something if anything is left, even if that is less than what ends a round. */
  round(): void {
    const policy = this.#policy;
    const bytesPerS = policy.bytesPerS(this.rows);
    const throttle = policy.throttle(this.rows);
    const enough = Math.ceil(policy.roundEndsAtBytes(bytesPerS) / this.#link.pageBytes);
    const startMs = this.#nowMs;
    const counts = { sentPages: 0, sentBytes: 0, skippedPages: 0 };
    this.#pace = 1 - throttle;
    while (this.#left > 0 && !this.isGivenUp) {
      if (policy.windowMs > 0) this.#sendWindow(counts, bytesPerS);
      else this.#sendBatch(counts, bytesPerS, enough === 0 ? Infinity : Math.max(1, this.#left - enough + 1));
      if (this.#left < enough) break;
    }
    const dirtyPages = this.scan.add(this.guest.marks);
    this.guest.clear();
    this.#pace = 1;
    this.#push("running", startMs, bytesPerS, { ...counts, dirtyPages, throttle });
  }

  /** The machine stands: what is left is sent, and it resumes. Pushes the row. */
  stop(bytesPerS: number): void {
    const startMs = this.#nowMs;
    const { sent: sentPages } = this.scan.take(Infinity);
    const sentBytes = sentPages * this.#wholePageBytes + this.#zerosLeft * this.#link.zeroPageBytes;
    this.#zerosLeft = 0;
    this.#nowMs += (sentBytes * 1000) / bytesPerS + this.#link.resumeMs;
    this.#push("stopped", startMs, bytesPerS, { sentPages, sentBytes });
  }

  /** The machine stands, and resumes without what is left. Pushes the row. */
  resumeWithout(bytesPerS: number): void {
    const startMs = this.#nowMs;
    this.#nowMs += this.#link.resumeMs;
    this.#push("stopped", startMs, bytesPerS, {});
  }

  get #left(): number {
    return this.scan.left + this.#zerosLeft;
  }

  #push(phase: MigrationRow["phase"], startMs: number, bytesPerS: number, counts: Partial<MigrationRow>): void {
    const durationMs = this.#nowMs - startMs;
    const round = this.rows.length + 1;
    this.rows.push({ round, phase, startMs, durationMs, bytesPerS, ...emptyRow, ...counts });
  }

  /** What a window allows, at the link's rate; then waits for the next, unless nothing is left. The last page may exceed it. */
  #sendWindow(counts: Counts, bytesPerS: number): void {
    const { windowMs } = this.#policy;
    const allowed = (bytesPerS * windowMs) / 1000;
    while (this.#left > 0 && !this.isGivenUp) {
      if (this.#windowBytes > allowed) {
        this.#passUntil(Math.max(this.#nowMs, this.#windowStartMs + windowMs));
        this.#windowStartMs = this.#nowMs;
        this.#windowBytes = 0;
        return;
      }
      const unitBytes = this.#zerosLeft > 0 ? this.#link.zeroPageBytes : this.#wholePageBytes;
      const most = unitBytes === 0 ? Infinity : Math.floor((allowed - this.#windowBytes) / unitBytes) + 1;
      this.#windowBytes += this.#sendBatch(counts, this.#link.linkBytesPerS, most);
    }
  }

  /** Up to so many pages at once, of zeros as long as there are any. @returns the bytes. */
  #sendBatch(counts: Counts, bytesPerS: number, most: number): number {
    const { skipRewritten, batchPages } = this.#policy;
    const { giveUpMs, zeroPageBytes } = this.#link;
    const areZeros = this.#zerosLeft > 0;
    const unitBytes = areZeros ? zeroPageBytes : this.#wholePageBytes;
    const inTime = Math.floor(((giveUpMs - this.#nowMs) * bytesPerS) / 1000 / unitBytes);
    const limit = Math.min(most, skipRewritten ? batchPages : Infinity, unitBytes === 0 ? Infinity : inTime);
    if (!(limit > 0)) {
      this.#passUntil(giveUpMs);
      return 0;
    }
    const { sent, skipped } = areZeros
      ? { sent: Math.min(limit, this.#zerosLeft), skipped: 0 }
      : this.scan.take(limit, skipRewritten ? this.guest.marks : undefined);
    const bytes = sent * unitBytes;
    if (areZeros) this.#zerosLeft -= sent;
    else counts.sentPages += sent;
    counts.sentBytes += bytes;
    counts.skippedPages += skipped;
    this.#passUntil(this.#nowMs + (bytes * 1000) / bytesPerS);
    return bytes;
  }

  #passUntil(ms: number): void {
    const until = Math.min(ms, this.#link.giveUpMs);
    this.guest.pass((until - this.#nowMs) * this.#pace);
    this.#nowMs = until;
  }
}
