import { checkNonNegative, checkWhole, refuse } from "../errors.js";

/** Names one scheduled event; once that event has run or was cancelled, the id never names another. */
export type EventId = number;

/** Where {@link Scheduler.run} stops. */
export interface RunOptions {
  /** The last instant to run, in ms; events at exactly this time still run. Without it: until nothing is left. */
  readonly untilMs?: number;
  /** How many events to run at most. */
  readonly maxEvents?: number;
}

/** What {@link Scheduler.run} did. */
export interface RunSummary {
  /** How many events ran. */
  readonly events: number;
  /** Why it stopped: nothing was left, `untilMs` or `maxEvents` was reached, or `stop()` was called. */
  readonly stoppedBy: "empty" | "untilMs" | "maxEvents" | "stop";
}

interface Entry {
  timeMs: number;
  id: number;
  callback: ((argument: never) => void) | undefined;
  argument: unknown;
}

const before = (a: Entry, b: Entry): boolean => a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.id < b.id);

/**
 * The event list of a discrete-event simulation: a clock, and callbacks that run when the clock reaches their time.
 *
 * Events of equal times run in the order in which they were scheduled. Time is in ms and never goes back.
 */
export class Scheduler {
  #now = 0;
  #nextId = 1;
  #stopped = false;
  readonly #heap: Entry[] = [];
  readonly #live = new Map<EventId, Entry>();

  /** The time of the event that runs now, or of the last that ran, in ms; 0 at the start. */
  get nowMs(): number {
    return this.#now;
  }

  /** How many events are scheduled and neither run nor cancelled. */
  get size(): number {
    return this.#live.size;
  }

  /** The time of the next event, in ms; `Infinity` when there is none. */
  get nextTimeMs(): number {
    this.#dropCancelled();
    return this.#heap[0]?.timeMs ?? Infinity;
  }

  /**
   * Runs `callback(argument)` when the clock reaches `timeMs`.
   *
   * @throws {@link ParameterError} if the time is not finite or already past.
   */
  at(timeMs: number, callback: () => void): EventId;
  at<T>(timeMs: number, callback: (argument: T) => void, argument: T): EventId;
  at(timeMs: number, callback: (argument: never) => void, argument?: unknown): EventId {
    if (!(timeMs >= this.#now && timeMs < Infinity)) {
      refuse("Scheduler.at", "timeMs", `a finite number of at least ${this.#now} (now)`, timeMs);
    }
    if (typeof callback !== "function") refuse("Scheduler.at", "callback", "a function", callback);
    const entry: Entry = { timeMs, id: this.#nextId++, callback, argument };
    this.#live.set(entry.id, entry);
    const heap = this.#heap;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(entry, heap[parent] as Entry)) break;
      heap[i] = heap[parent] as Entry;
      i = parent;
    }
    heap[i] = entry;
    return entry.id;
  }

  /**
   * Runs `callback(argument)` after a delay from now.
   *
   * @throws {@link ParameterError} if the delay is negative or not finite.
   */
  after(delayMs: number, callback: () => void): EventId;
  after<T>(delayMs: number, callback: (argument: T) => void, argument: T): EventId;
  after(delayMs: number, callback: (argument: never) => void, argument?: unknown): EventId {
    checkNonNegative("Scheduler.after", "delayMs", delayMs);
    return this.at(this.#now + delayMs, callback as (argument: unknown) => void, argument);
  }

  /** Takes an event off the list. @returns whether it was still there. */
  cancel(id: EventId): boolean {
    const entry = this.#live.get(id);
    if (!entry) return false;
    entry.callback = undefined;
    entry.argument = undefined;
    return this.#live.delete(id);
  }

  /** Moves the clock to the next event and runs it. @returns false when there was none. */
  step(): boolean {
    this.#dropCancelled();
    const entry = this.#heap[0];
    if (!entry) return false;
    this.#removeFirst();
    this.#live.delete(entry.id);
    this.#now = entry.timeMs;
    entry.callback?.(entry.argument as never);
    return true;
  }

  /** Makes the current {@link Scheduler.run} return after the event that runs now. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Runs events in time order. With `untilMs`, the clock stands at `untilMs` afterwards, unless something else
   * stopped the run before.
   */
  run(options: RunOptions = {}): RunSummary {
    const { untilMs = Infinity, maxEvents = Infinity } = options;
    if (!(untilMs >= this.#now)) refuse("Scheduler.run", "untilMs", `a number of at least ${this.#now} (now)`, untilMs);
    if (maxEvents !== Infinity) checkWhole("Scheduler.run", "maxEvents", maxEvents);
    this.#stopped = false;
    let events = 0;
    while (events < maxEvents) {
      const next = this.nextTimeMs;
      if (next === Infinity || next > untilMs) {
        if (untilMs !== Infinity) this.#now = untilMs;
        return { events, stoppedBy: next === Infinity ? "empty" : "untilMs" };
      }
      this.step();
      events++;
      if (this.#stopped) return { events, stoppedBy: "stop" };
    }
    return { events, stoppedBy: "maxEvents" };
  }

  #dropCancelled(): void {
    while (this.#heap.length > 0 && !this.#heap[0]?.callback) this.#removeFirst();
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    const count = heap.length;
    if (count === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= count) break;
      if (child + 1 < count && before(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!before(heap[child] as Entry, last)) break;
      heap[i] = heap[child] as Entry;
      i = child;
    }
    heap[i] = last;
  }
}
