import { refuse } from "../errors.js";

/** Where a {@link TimeWeightedAverage} starts. */
export interface TimeWeightedOptions {
  /** The time at which watching begins, in ms; 0 without it. */
  readonly startMs?: number;
  /** The level at that time; 0 without it. */
  readonly level?: number;
}

/**
 * The average over time of a level that changes in steps: customers in a queue, busy servers, bytes in a buffer.
 * Each level counts for as long as it stood.
 */
export class TimeWeightedAverage {
  #startMs: number;
  #sinceMs: number;
  #level: number;
  #area = 0;
  #max: number;

  /** @throws {@link ParameterError} if a field is not finite. */
  constructor(options: TimeWeightedOptions = {}) {
    const { startMs = 0, level = 0 } = options;
    if (!Number.isFinite(startMs)) refuse("TimeWeightedAverage", "startMs", "a finite number", startMs);
    if (!Number.isFinite(level)) refuse("TimeWeightedAverage", "level", "a finite number", level);
    this.#startMs = startMs;
    this.#sinceMs = startMs;
    this.#level = level;
    this.#max = level;
  }

  /** The level is `level` from `timeMs` on. @throws {@link ParameterError} if time goes back or one is not finite. */
  set(timeMs: number, level: number): void {
    this.#advance("set", timeMs);
    if (!(level > -Infinity && level < Infinity)) refuse("TimeWeightedAverage.set", "level", "a finite number", level);
    this.#level = level;
    if (level > this.#max) this.#max = level;
  }

  /** The level changes by `change` at `timeMs`. @throws {@link ParameterError} if time goes back or one is not finite. */
  change(timeMs: number, change: number): void {
    this.set(timeMs, this.#level + change);
  }

  /** Forgets all before `timeMs`, as the end of the warm-up; the level stays. @throws {@link ParameterError} if time goes back. */
  restart(timeMs: number): void {
    this.#advance("restart", timeMs);
    this.#startMs = timeMs;
    this.#area = 0;
    this.#max = this.#level;
  }

  /** The average level from the start to `timeMs`; NaN when no time has passed. @throws {@link ParameterError} if time goes back. */
  meanUntil(timeMs: number): number {
    if (!(timeMs >= this.#sinceMs && timeMs < Infinity)) this.#refuseTime("meanUntil", timeMs);
    return (this.#area + this.#level * (timeMs - this.#sinceMs)) / (timeMs - this.#startMs);
  }

  /** The level now. */
  get level(): number {
    return this.#level;
  }

  /** The highest level since the start. */
  get max(): number {
    return this.#max;
  }

  #advance(method: string, timeMs: number): void {
    if (!(timeMs >= this.#sinceMs && timeMs < Infinity)) this.#refuseTime(method, timeMs);
    this.#area += this.#level * (timeMs - this.#sinceMs);
    this.#sinceMs = timeMs;
  }

  #refuseTime(method: string, timeMs: number): never {
    const wanted = `a finite number of at least ${this.#sinceMs} (the last change)`;
    refuse(`TimeWeightedAverage.${method}`, "timeMs", wanted, timeMs);
  }
}
