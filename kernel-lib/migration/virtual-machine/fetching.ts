import type { Guest } from "./guest.js";
import type { WholeLink } from "./link.js";
import { emptyRow, type MigrationRow } from "./migration-row.js";
import type { PushOrder } from "./push-order.js";
import type { Rounds } from "./rounds.js";

/** How pages come to a machine that runs already. @internal */
export interface FetchingOptions extends WholeLink {
  /** Without it, pages are sent only when they are asked for. */
  readonly order: PushOrder | undefined;
  readonly pushBytesPerS: number;
}

/**
 * The time after the machine has resumed without some of its pages: the source pushes them, and sends at once, before others, what the
 * machine asks for.
 *
 * All times are those at which the source has sent the last byte; what passes until it arrives is in `roundTripMs`.
 *
 * @internal
 */
export class Fetching {
  readonly #options: FetchingOptions;
  readonly #guest: Guest;
  readonly #startMs: number;
  readonly #round: number;
  /** By page: when it is there. Infinity before it is sent. */
  readonly #thereMs: Float64Array;
  readonly #sendMs: number;
  readonly #pushMs: number;
  #missing: number;
  #zerosLeft: number;
  #sentPages = 0;
  #sentBytes = 0;
  #faults = 0;
  #blockedMs = 0;
  /** Of the machine: it may stand, and then it is ahead of the link. */
  #nowMs: number;
  /** When the link has sent what it was given. */
  #freeMs: number;
  /** When the rate of pushing allows the next page; those that were asked for count, too. */
  #mayPushMs: number;

  constructor({ rows, guest, scan, zerosLeft, nowMs }: Rounds, options: FetchingOptions) {
    this.#options = options;
    this.#guest = guest;
    this.#startMs = this.#nowMs = this.#freeMs = this.#mayPushMs = nowMs;
    this.#round = rows.length + 1;
    this.#thereMs = Float64Array.from(scan.marks, (mark) => (mark === 1 ? Infinity : 0));
    this.#missing = scan.left;
    this.#zerosLeft = zerosLeft;
    const wholePageBytes = options.pageBytes + options.pageHeaderBytes;
    this.#sendMs = (wholePageBytes * 1000) / options.linkBytesPerS;
    this.#pushMs = (wholePageBytes * 1000) / options.pushBytesPerS;
  }

  /** Until all pages are there, nobody asks for those that aren't, or it is given up. */
  run(): { row: MigrationRow; isComplete: boolean } {
    const { giveUpMs, order } = this.#options;
    this.#guest.clear();
    if (order !== undefined) this.#pushZeros();
    for (;;) {
      const aheadMs = this.#guest.untilNextMs();
      const nextMs = this.#nowMs + aheadMs;
      this.#pushUntil(Math.min(nextMs, giveUpMs));
      const endMs = this.#missing === 0 ? Math.min(this.#freeMs, giveUpMs) : giveUpMs;
      if (!(nextMs < endMs)) break;
      this.#nowMs = nextMs;
      this.#guest.step(aheadMs, (page) => this.#touch(page));
    }
    this.#pushUntil(giveUpMs);
    const isComplete = this.#missing === 0 && this.#zerosLeft === 0;
    const endMs = isComplete || giveUpMs === Infinity ? this.#freeMs : giveUpMs;
    // What it writes after its last missing page matters only to the count.
    if (endMs > this.#nowMs) this.#guest.pass(endMs - this.#nowMs);
    return { row: this.#row(endMs), isComplete };
  }

  #row(endMs: number): MigrationRow {
    return {
      round: this.#round,
      phase: "fetching",
      startMs: this.#startMs,
      durationMs: endMs - this.#startMs,
      bytesPerS: this.#options.order === undefined ? this.#options.linkBytesPerS : this.#options.pushBytesPerS,
      ...emptyRow,
      sentPages: this.#sentPages,
      sentBytes: this.#sentBytes,
      dirtyPages: this.#guest.marks.reduce((sum, mark) => sum + mark, 0),
      faults: this.#faults,
      blockedMs: this.#blockedMs,
    };
  }

  /** The machine wants to write to a page, and waits until it is there. */
  #touch(page: number): void {
    const { giveUpMs, roundTripMs, order } = this.#options;
    this.#pushUntil(this.#nowMs);
    if ((this.#thereMs[page] as number) <= this.#nowMs || this.#nowMs >= giveUpMs) return;
    const askedMs = this.#nowMs + roundTripMs;
    this.#pushUntil(Math.min(askedMs, giveUpMs));
    if (this.#thereMs[page] === Infinity) {
      const beginMs = Math.max(this.#freeMs, askedMs);
      if (beginMs + this.#sendMs <= giveUpMs) this.#send(page, beginMs);
      order?.asked(page);
    }
    const thereMs = Math.min(this.#thereMs[page] as number, giveUpMs);
    this.#faults++;
    this.#blockedMs += thereMs - this.#nowMs;
    this.#nowMs = thereMs;
  }

  /** Pushes all that begins before this moment, and is sent before the migration is given up. */
  #pushUntil(ms: number): void {
    const { order, giveUpMs } = this.#options;
    if (order === undefined) return;
    while (this.#missing > 0) {
      const beginMs = Math.max(this.#freeMs, this.#mayPushMs);
      if (!(beginMs < ms) || beginMs + this.#sendMs > giveUpMs) return;
      this.#send(
        order.next((page) => this.#thereMs[page] === Infinity),
        beginMs,
      );
    }
  }

  #send(page: number, beginMs: number): void {
    this.#thereMs[page] = this.#freeMs = beginMs + this.#sendMs;
    this.#mayPushMs += this.#pushMs;
    this.#missing--;
    this.#sentPages++;
    this.#sentBytes += this.#options.pageBytes + this.#options.pageHeaderBytes;
  }

  /** They go first. */
  #pushZeros(): void {
    const { zeroPageBytes, pushBytesPerS, giveUpMs } = this.#options;
    const eachMs = (zeroPageBytes * 1000) / pushBytesPerS;
    const inTime = eachMs === 0 ? Infinity : Math.max(0, Math.floor((giveUpMs - this.#startMs) / eachMs));
    const sent = Math.min(this.#zerosLeft, inTime);
    this.#zerosLeft -= sent;
    this.#sentBytes += sent * zeroPageBytes;
    this.#freeMs += sent * eachMs;
    this.#mayPushMs = this.#freeMs;
  }
}
