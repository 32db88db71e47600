import { ParameterError, refuse } from "../../errors.js";
import { checkTimeout } from "../checks.js";
import type { Core } from "../core/core.js";
import { Fifo } from "../core/fifo.js";
import type { RunningProcess } from "../core/process.js";
import { ofHost } from "../core/strangers.js";
import { dropSettled, type Wait, type WaitKind, type WaitTarget } from "../core/wait.js";
import { TimedOut } from "../errors.js";
import type { Mutex, Queue } from "../host.js";

/** A queue between the threads of one process. */
export class ThreadQueue<T> implements Queue<T>, WaitTarget {
  readonly #core: Core;
  readonly #owner: RunningProcess;
  readonly #capacity: number;
  readonly #values = new Fifo<T>();
  readonly #takers = new Fifo<Wait<T>>();
  readonly #putters = new Fifo<{ wait: Wait<void>; value: T }>();
  #waitingTakers = 0;

  constructor(owner: RunningProcess, capacity: number) {
    if (capacity !== Infinity && !(Number.isSafeInteger(capacity) && capacity >= 1)) {
      refuse("queue", "capacity", "a whole number of at least 1, or Infinity", capacity);
    }
    this.#core = owner.core;
    this.#owner = owner;
    this.#capacity = capacity;
  }

  get [ofHost](): string {
    return "a queue, which is memory of one process";
  }

  waitText(kind: WaitKind): string {
    return `${kind} on a queue (${this.size} of ${this.#capacity === Infinity ? "any number" : this.#capacity})`;
  }

  get size(): number {
    return this.#values.size;
  }

  get takers(): number {
    return this.#waitingTakers;
  }

  put(value: T): Promise<void> {
    this.#core.checkCaller("put", this.#owner);
    if (this.#takesAtOnce(value)) return this.#core.atOnce(this.#owner, undefined);
    const wait = this.#core.wait<void>(this.#core.threadOf(this.#owner), "put", this);
    this.#putters.push({ wait, value });
    return wait.newPromise();
  }

  offer(value: T): boolean {
    this.#core.checkCaller("offer", this.#owner);
    return this.#takesAtOnce(value);
  }

  #takesAtOnce(value: T): boolean {
    const taker = this.#nextTaker();
    if (taker) {
      this.#core.ready(taker, value);
      return true;
    }
    if (this.#values.size >= this.#capacity) return false;
    this.#values.push(value);
    return true;
  }

  take(options?: { readonly timeoutMs?: number }): Promise<T> {
    this.#core.checkCaller("take", this.#owner);
    const timeoutMs = checkTimeout("take", options);
    if (this.#values.size > 0) {
      const value = this.#values.shift() as T;
      this.#admitPutter();
      return this.#core.atOnce(this.#owner, value);
    }
    const core = this.#core;
    const wait = core.wait<T>(core.threadOf(this.#owner), "take", this);
    if (wait.state !== "pending") return wait.newPromise();
    this.#waitingTakers++;
    wait.abandon = () => {
      this.#waitingTakers--;
    };
    dropSettled(this.#takers);
    this.#takers.push(wait);
    if (timeoutMs !== undefined) {
      const late = (): void => core.fail(wait, new TimedOut(`take: nothing came in ${timeoutMs} ms`));
      wait.timer = core.driver.at(core.now() + timeoutMs, late, undefined);
    }
    return wait.newPromise();
  }

  #nextTaker(): Wait<T> | undefined {
    let wait = this.#takers.shift();
    while (wait && !(wait.state === "pending" && wait.thread.isAlive)) wait = this.#takers.shift();
    if (!wait) return undefined;
    this.#waitingTakers--;
    wait.abandon = undefined;
    return wait;
  }

  #admitPutter(): void {
    let next = this.#putters.shift();
    while (next && !(next.wait.state === "pending" && next.wait.thread.isAlive)) next = this.#putters.shift();
    if (!next) return;
    this.#values.push(next.value);
    this.#core.ready(next.wait, undefined);
  }
}

/** A lock between the threads of one process. */
export class ThreadMutex implements Mutex, WaitTarget {
  readonly #core: Core;
  readonly #owner: RunningProcess;
  readonly #waiting = new Fifo<Wait<void>>();
  #isLocked = false;

  constructor(owner: RunningProcess) {
    this.#core = owner.core;
    this.#owner = owner;
  }

  get [ofHost](): string {
    return "a mutex, which is memory of one process";
  }

  waitText(): string {
    return "lock";
  }

  lock(): Promise<void> {
    this.#core.checkCaller("lock", this.#owner);
    if (!this.#isLocked) {
      this.#isLocked = true;
      return this.#core.atOnce(this.#owner, undefined);
    }
    const wait = this.#core.wait<void>(this.#core.threadOf(this.#owner), "lock", this);
    this.#waiting.push(wait);
    return wait.newPromise();
  }

  unlock(): void {
    this.#core.checkCaller("unlock", this.#owner);
    if (!this.#isLocked) throw new ParameterError("unlock: the mutex is not locked");
    let next = this.#waiting.shift();
    while (next && !(next.state === "pending" && next.thread.isAlive)) next = this.#waiting.shift();
    if (next) this.#core.ready(next, undefined);
    else this.#isLocked = false;
  }
}
