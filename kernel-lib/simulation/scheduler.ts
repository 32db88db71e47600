import { checkNonNegative, checkWhole, ParameterError, refuse } from "../errors.js";
import { EventList } from "./event-list.js";
import { none } from "./event-records.js";

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

/**
 * The event list of a discrete-event simulation: a clock, and callbacks that run when the clock reaches their time.
 *
 * Events of equal times run in the order in which they were scheduled. Time is in ms and never goes back.
 */
export class Scheduler {
  #now = 0;
  #size = 0;
  #running = false;
  #stopped = false;
  readonly #list = new EventList();

  /** The time of the event that runs now, or of the last that ran, in ms; 0 at the start. */
  get nowMs(): number {
    return this.#now;
  }

  /** How many events are scheduled and neither run nor cancelled. */
  get size(): number {
    return this.#size;
  }

  /** The time of the next event, in ms; `Infinity` when there is none. */
  get nextTimeMs(): number {
    return this.#list.firstMs();
  }

  /**
   * Runs `callback(argument)` when the clock reaches `timeMs`.
   *
   * @throws {@link ParameterError} if the time is not finite or already past.
   */
  at(timeMs: number, callback: () => void): EventId;
  at<T>(timeMs: number, callback: (argument: T) => void, argument: T): EventId;
  at(timeMs: number, callback: (argument: never) => void, argument?: unknown): EventId {
    if (typeof timeMs !== "number" || !(timeMs >= this.#now && timeMs < Infinity)) {
      refuse("Scheduler.at", "timeMs", `a finite number of at least ${this.#now} (now)`, timeMs);
    }
    if (typeof callback !== "function") refuse("Scheduler.at", "callback", "a function", callback);
    this.#size++;
    return this.#list.schedule(timeMs, callback, argument);
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
    const slot = this.#list.slotOf(id);
    if (slot === none) return false;
    this.#list.cancel(slot, --this.#size);
    return true;
  }

  /** Moves the clock to the next event and runs it. @returns false when there was none. */
  step(): boolean {
    const timeMs = this.#list.firstMs();
    if (timeMs === Infinity) return false;
    this.#runFirst(timeMs);
    return true;
  }

  /** Makes the current {@link Scheduler.run} return after the event that runs now. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Runs events in time order. With `untilMs`, the clock stands at `untilMs` afterwards, unless something else
   * stopped the run before. An error thrown by a callback comes out of here; the event that threw is gone, the others
   * are still scheduled.
   *
   * @throws {@link ParameterError} if `untilMs` is past or no number, `maxEvents` is not a whole number of at least 0, or
   * the call comes from a callback of the same run.
   */
  run(options: RunOptions = {}): RunSummary {
    if (typeof options !== "object" || options === null) {
      refuse("Scheduler.run", "options", "an object such as { untilMs: 100 }", options);
    }
    const { untilMs = Infinity, maxEvents = Infinity } = options;
    if (typeof untilMs !== "number" || !(untilMs >= this.#now)) {
      refuse("Scheduler.run", "untilMs", `a number of at least ${this.#now} (now)`, untilMs);
    }
    if (maxEvents !== Infinity) checkWhole("Scheduler.run", "maxEvents", maxEvents);
    if (this.#running) {
      throw new ParameterError("Scheduler.run: can't be called from one of its own callbacks; use at, after or stop");
    }
    this.#stopped = false;
    this.#running = true;
    let events = 0;
    try {
      while (events < maxEvents) {
        const timeMs = this.#list.firstMs();
        const isEmpty = timeMs === Infinity;
        if (isEmpty || timeMs > untilMs) {
          if (untilMs !== Infinity) this.#now = untilMs;
          return { events, stoppedBy: isEmpty ? "empty" : "untilMs" };
        }
        events++;
        this.#runFirst(timeMs);
        if (this.#stopped) return { events, stoppedBy: "stop" };
      }
      return { events, stoppedBy: "maxEvents" };
    } finally {
      this.#running = false;
    }
  }

  #runFirst(timeMs: number): void {
    const list = this.#list;
    const slot = list.takeFirst();
    this.#now = timeMs;
    this.#size--;
    const callback = list.payload[2 * slot] as (argument: unknown) => void;
    const argument = list.payload[2 * slot + 1];
    list.clear(slot);
    list.release(slot);
    callback(argument);
  }
}
