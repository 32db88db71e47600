import type { EventId } from "../../simulation/index.js";
import type { Driver, Processor, ProcessorJob } from "../core/driver.js";

interface Work {
  readonly job: ProcessorJob;
  /** The service that its level has given each job when this one is done. */
  readonly finish: number;
}

/** Jobs of one priority. */
interface Level {
  readonly priority: number;
  /** Descending by `finish`; of equal ones, the later arrival first: the next to end is the last. */
  works: Work[];
  /** The CPU time, in ms, that each job here has had since the level was last empty. */
  served: number;
  /** Cores for each job, at most 1. */
  rate: number;
}

/** What rounding may leave of a work that is due, in ms: below it, time could stand still at a late clock. */
const slackMs = (nowMs: number): number => 1e-9 + nowMs * 1e-15;

/**
 * The cores of a machine in virtual time: strict priority between levels, processor sharing within one (each of n jobs gets
 * `min(1, cores left / n)`).
 */
export class SharedProcessor implements Processor {
  readonly #clock: Pick<Driver, "now" | "at" | "cancel">;
  readonly #cores: number;
  /** Highest priority first; only levels with work. */
  #levels: Level[] = [];
  #lastMs = 0;
  #timer: EventId | undefined;
  #paused = false;
  #runnable = 0;

  constructor(clock: Pick<Driver, "now" | "at" | "cancel">, cores: number) {
    this.#clock = clock;
    this.#cores = cores;
  }

  get runnable(): number {
    return this.#runnable;
  }

  add(job: ProcessorJob): void {
    this.#advance();
    let at = 0;
    while (at < this.#levels.length && (this.#levels[at] as Level).priority > job.priority) at++;
    let level = this.#levels[at];
    if (level?.priority !== job.priority) {
      level = { priority: job.priority, works: [], served: 0, rate: 0 };
      this.#levels.splice(at, 0, level);
    }
    const work = { job, finish: level.served + job.workMs };
    level.works.splice(firstAtMost(level.works, work.finish), 0, work);
    this.#runnable++;
    this.#plan();
  }

  remove(job: ProcessorJob): void {
    this.#advance();
    for (const level of this.#levels) {
      const i = level.works.findIndex((work) => work.job === job);
      if (i < 0) continue;
      level.works.splice(i, 1);
      this.#runnable--;
      break;
    }
    this.#plan();
  }

  pause(): void {
    this.#advance();
    this.#paused = true;
    this.#plan();
  }

  resume(): void {
    this.#advance();
    this.#paused = false;
    this.#plan();
  }

  #advance(): void {
    const now = this.#clock.now();
    const elapsed = now - this.#lastMs;
    this.#lastMs = now;
    if (elapsed > 0) for (const level of this.#levels) level.served += elapsed * level.rate;
  }

  #plan(): void {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    this.#timer = undefined;
    this.#levels = this.#levels.filter((level) => level.works.length > 0);
    let free = this.#paused ? 0 : this.#cores;
    let nextMs = Infinity;
    for (const level of this.#levels) {
      const n = level.works.length;
      level.rate = Math.min(1, free / n);
      free -= Math.min(free, n);
      if (level.rate > 0) nextMs = Math.min(nextMs, Math.max(0, nextToEnd(level).finish - level.served) / level.rate);
    }
    if (nextMs < Infinity) this.#timer = this.#clock.at(this.#lastMs + nextMs, (self) => self.#tick(), this as this);
  }

  #tick(): void {
    this.#timer = undefined;
    this.#advance();
    const ended: ProcessorJob[] = [];
    for (const level of this.#levels) {
      while (level.works.length > 0 && nextToEnd(level).finish <= level.served + slackMs(this.#lastMs)) {
        ended.push((level.works.pop() as Work).job);
      }
    }
    this.#runnable -= ended.length;
    this.#plan();
    for (const job of ended) job.done();
  }
}

function nextToEnd(level: Level): Work {
  return level.works[level.works.length - 1] as Work;
}

/** Where a work of that finish belongs: in front of those that end no later, so that equal ones end in order of arrival. */
function firstAtMost(works: readonly Work[], finish: number): number {
  let [low, high] = [0, works.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((works[middle] as Work).finish > finish) low = middle + 1;
    else high = middle;
  }
  return low;
}
