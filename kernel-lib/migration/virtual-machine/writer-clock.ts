import type { WholeWriter } from "./memory.js";

/** A write that is due within so much of the gap between two has been done: sums of times are not exact. */
const tolerance = 1e-6;

/** When one writer writes. Its time passes only while the machine runs. @internal */
export class WriterClock {
  readonly #writesPerMs: number;
  readonly #onMs: number;
  readonly #cycleMs: number;
  /** How long ago the present burst began. */
  #phaseMs = 0;
  /** How much of the way to the next write has passed, from 0 to 1. */
  #progress: number;

  constructor({ pagesPerS, startPage, onMs, offMs }: WholeWriter) {
    this.#writesPerMs = pagesPerS / 1000;
    this.#onMs = onMs;
    this.#cycleMs = offMs === 0 ? Infinity : onMs + offMs;
    this.#progress = startPage % 1;
  }

  /**
   * Lets time pass.
   *
   * @param least how many writes it brings at least: 1 where the time is {@link untilNextMs}.
   * @returns how many writes it brings.
   */
  pass(ms: number, least = 0): number {
    this.#progress += this.#writesPerMs * this.#onDuring(ms);
    const writes = Math.max(least, Math.floor(this.#progress + tolerance));
    this.#progress -= writes;
    return writes;
  }

  /** How long until the next write; Infinity for a writer that never writes. */
  untilNextMs(): number {
    if (this.#writesPerMs === 0) return Infinity;
    const onMs = Math.max(0, 1 - this.#progress) / this.#writesPerMs;
    if (this.#cycleMs === Infinity) return onMs;
    const left = Math.max(0, this.#onMs - this.#phaseMs);
    if (onMs <= left) return onMs;
    const beyond = onMs - left;
    const bursts = Math.ceil(beyond / this.#onMs) - 1;
    return this.#cycleMs - this.#phaseMs + bursts * this.#cycleMs + (beyond - bursts * this.#onMs);
  }

  #onDuring(ms: number): number {
    if (this.#cycleMs === Infinity) return ms;
    const end = this.#phaseMs + ms;
    const cycles = Math.floor(end / this.#cycleMs);
    const phaseMs = end - cycles * this.#cycleMs;
    const onMs = cycles * this.#onMs + Math.min(phaseMs, this.#onMs) - Math.min(this.#phaseMs, this.#onMs);
    this.#phaseMs = phaseMs;
    return onMs;
  }
}
