import { ParameterError, refuse } from "../../errors.js";
import { checkTimeout } from "../checks.js";
import { Fifo } from "../core/fifo.js";
import type { RunningProcess } from "../core/process.js";
import type { Services } from "../core/services.js";
import type { WaitKind, WaitTarget } from "../core/wait.js";
import { WaitLine } from "../core/wait-line.js";
import { TimedOut } from "../errors.js";
import type { Mutex, Queue } from "../host.js";
import { ofHost } from "../strangers.js";

/** A queue between the threads of one process. */
export class ThreadQueue<T> implements Queue<T>, WaitTarget {
  readonly #core: Services;
  readonly #owner: RunningProcess;
  readonly #capacity: number;
  readonly #values = new Fifo<T>();
  readonly #takers = new WaitLine<T>();
  /** Each with its value. */
  readonly #putters = new WaitLine<void>();

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
    return this.#takers.waiting;
  }

  put(value: T): Promise<void> {
    this.#core.checkCaller("put", this.#owner);
    if (this.#takesAtOnce(value)) return this.#core.atOnce(this.#owner, undefined);
    const wait = this.#core.wait<void>(this.#core.threadOf(this.#owner), "put", this);
    wait.cargo = value;
    this.#putters.add(wait);
    return wait.newPromise();
  }

  offer(value: T): boolean {
    this.#core.checkCaller("offer", this.#owner);
    return this.#takesAtOnce(value);
  }

  #takesAtOnce(value: T): boolean {
    const taker = this.#takers.next();
    if (taker) {
      taker.succeed(value);
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
    this.#takers.add(wait);
    if (timeoutMs !== undefined) {
      const late = (): void => wait.fail(new TimedOut(`take: nothing came in ${timeoutMs} ms`));
      wait.timer = core.driver.at(core.now() + timeoutMs, late, undefined);
    }
    return wait.newPromise();
  }

  #admitPutter(): void {
    const next = this.#putters.next();
    if (!next) return;
    this.#values.push(next.cargo as T);
    next.succeed();
  }
}

/** A lock between the threads of one process. */
export class ThreadMutex implements Mutex, WaitTarget {
  readonly #core: Services;
  readonly #owner: RunningProcess;
  readonly #waiting = new WaitLine<void>();
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
    this.#waiting.add(wait);
    return wait.newPromise();
  }

  unlock(): void {
    this.#core.checkCaller("unlock", this.#owner);
    if (!this.#isLocked) throw new ParameterError("unlock: the mutex is not locked");
    const next = this.#waiting.next();
    if (next) next.succeed();
    else this.#isLocked = false;
  }
}
