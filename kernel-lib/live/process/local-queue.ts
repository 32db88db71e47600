import { ParameterError, refuse } from "../../errors.js";
import { checkTimeout } from "../../world/checks.js";
import { Fifo } from "../../world/core/fifo.js";
import { type Mutex, type Queue, TimedOut } from "../../world/index.js";
import { nextPending, type OwnProcess, ProcessWait } from "./own-process.js";

/** A queue between the threads of a real process: its callbacks, that is. @internal */
export class LocalQueue<T> implements Queue<T> {
  readonly #process: OwnProcess;
  readonly #capacity: number;
  readonly #values = new Fifo<T>();
  readonly #takers = new Set<ProcessWait<T>>();
  readonly #putters = new Fifo<{ readonly wait: ProcessWait<void>; readonly value: T; readonly isPending: boolean }>();

  constructor(process: OwnProcess, capacity = Number.POSITIVE_INFINITY) {
    if (capacity !== Infinity && !(Number.isSafeInteger(capacity) && capacity >= 1))
      refuse("queue", "capacity", "a whole number of at least 1, or Infinity", capacity);
    this.#process = process;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#values.size;
  }

  get takers(): number {
    for (const taker of this.#takers) if (!taker.isPending) this.#takers.delete(taker);
    return this.#takers.size;
  }

  put(value: T): Promise<void> {
    if (this.offer(value)) return Promise.resolve();
    const wait = new ProcessWait<void>(this.#process.thread);
    this.#putters.push({
      wait,
      value,
      get isPending() {
        return wait.isPending;
      },
    });
    return wait.promise;
  }

  offer(value: T): boolean {
    for (const taker of this.#takers) {
      this.#takers.delete(taker);
      if (taker.succeed(value)) return true;
    }
    if (this.#values.size >= this.#capacity) return false;
    this.#values.push(value);
    return true;
  }

  take(options?: { readonly timeoutMs?: number }): Promise<T> {
    const timeoutMs = checkTimeout("take", options);
    if (this.#values.size > 0) {
      const value = this.#values.shift() as T;
      const putter = nextPending(this.#putters);
      if (putter) {
        this.#values.push(putter.value);
        queueMicrotask(() => putter.wait.succeed()); // who takes goes on first
      }
      return Promise.resolve(value);
    }
    const late = () => {
      this.#takers.delete(wait);
      return new TimedOut(`take: nothing came in ${timeoutMs} ms`);
    };
    const wait = new ProcessWait<T>(this.#process.thread, timeoutMs, late);
    if (wait.isPending) this.#takers.add(wait);
    return wait.promise;
  }
}

/** A lock between the threads of a real process. @internal */
export class LocalMutex implements Mutex {
  readonly #process: OwnProcess;
  readonly #waiting = new Fifo<ProcessWait<void>>();
  #isLocked = false;

  constructor(process: OwnProcess) {
    this.#process = process;
  }

  lock(): Promise<void> {
    if (!this.#isLocked) {
      this.#isLocked = true;
      return Promise.resolve();
    }
    const wait = new ProcessWait<void>(this.#process.thread);
    this.#waiting.push(wait);
    return wait.promise;
  }

  unlock(): void {
    if (!this.#isLocked) throw new ParameterError("unlock: the mutex is not locked");
    const next = nextPending(this.#waiting);
    if (next) next.succeed();
    else this.#isLocked = false;
  }
}
