import { type RandomSource, randomStream } from "../../simulation/index.js";
import type { WholeMemory, WholeWriter } from "./memory.js";
import { WriterClock } from "./writer-clock.js";

/**
 * What runs in the virtual machine, as the pages that it writes. It has one processor: while it stands, all its writers do.
 *
 * A log of written pages goes with it: {@link pass} or {@link step} lets it run, {@link marks} is the log, {@link clear} begins it anew.
 *
 * @internal
 */
export class Guest {
  /** 1 for each page that was written since the log was cleared. */
  readonly marks: Uint8Array;
  readonly #writers: readonly RunningWriter[];

  constructor({ memoryPages, writers, seed }: WholeMemory) {
    this.marks = new Uint8Array(memoryPages);
    // Each writer has its own stream, so that one more of them leaves the others' writes alone.
    this.#writers = writers.map(
      (writer, i) => new RunningWriter(writer, randomStream(seed, `writer ${i}`), this.marks),
    );
  }

  /** Lets it run for so long. */
  pass(ms: number): void {
    for (const writer of this.#writers) writer.write(writer.clock.pass(ms));
  }

  /** Forgets what was written. */
  clear(): void {
    this.marks.fill(0);
    for (const writer of this.#writers) writer.clear();
  }

  /** How long until it writes to a page that may be new in the log; Infinity if it never will. */
  untilNextMs(): number {
    let least = Infinity;
    for (const { isThrough, clock } of this.#writers) if (!isThrough) least = Math.min(least, clock.untilNextMs());
    return least;
  }

  /** Lets it run for so long, not beyond its next write; each page that it is about to write is shown first. */
  step(ms: number, beforeWrite: (page: number) => void): void {
    for (const writer of this.#writers) {
      if (writer.isThrough) continue;
      const isNext = writer.clock.untilNextMs() <= ms;
      for (let due = writer.clock.pass(ms, isNext ? 1 : 0); due > 0; due--) {
        const page = writer.next();
        beforeWrite(page);
        writer.mark(page);
      }
    }
  }
}

/** A writer, and where it stands. */
class RunningWriter {
  readonly clock: WriterClock;
  readonly #writer: WholeWriter;
  readonly #random: RandomSource;
  readonly #marks: Uint8Array;
  /** Of a sweep: the next page, counted from the first. */
  #position: number;
  /** How many pages it was the first to mark; all of a sweep's in its first round. */
  #fresh = 0;

  constructor(writer: WholeWriter, random: RandomSource, marks: Uint8Array) {
    this.clock = new WriterClock(writer);
    this.#writer = writer;
    this.#random = random;
    this.#marks = marks;
    this.#position = Math.floor(writer.startPage);
  }

  clear(): void {
    this.#fresh = 0;
  }

  /** Whether all its pages are in the log, so that what it writes makes no difference any more. */
  get isThrough(): boolean {
    return this.#fresh >= this.#writer.pages;
  }

  /** So many writes at once. */
  write(count: number): void {
    if (this.#writer.order === "random") {
      for (let i = 0; i < count && !this.isThrough; i++) this.mark(this.next());
      return;
    }
    const { pages } = this.#writer;
    const counting = Math.min(count, pages - this.#fresh);
    for (let i = 0; i < counting; i++) this.mark(this.next());
    this.#position = (this.#position + count - counting) % pages;
  }

  /** The page of its next write. */
  next(): number {
    const { firstPage, pages, order } = this.#writer;
    if (order === "random") return firstPage + Math.floor(this.#random() * pages);
    const page = firstPage + this.#position;
    if (++this.#position === pages) this.#position = 0;
    return page;
  }

  mark(page: number): void {
    // A sweep comes to a page for the second time only when it is through, whoever else has marked it.
    if (this.#marks[page] === 0 || this.#writer.order === "sequential") this.#fresh++;
    this.#marks[page] = 1;
  }
}
