/**
 * A wait is `pending`, then `ready` (its outcome is known, its thread not yet resumed), then `settled`. Only its own methods change that:
 *
 * - `begin`, `renew`: by whoever makes a thread wait, in a step of that thread;
 * - `succeed`, `fail`: by whatever it waits for, in any step or timer; only the first of them counts;
 * - `succeedNow`: by the timer of a sleep alone;
 * - `go`: by the stepper alone, as the step of its thread;
 * - `drop`: by the end of its process alone. What it waits for hears of it by `abandoned`.
 */
import type { EventId } from "../../simulation/index.js";
import type { Thread } from "./thread.js";

/** What a thread waits for. */
export type WaitKind =
  | "sleep"
  | "compute"
  | "disk"
  | "listen"
  | "datagrams"
  | "accept"
  | "connect"
  | "send"
  | "receive"
  | "peek"
  | "receiveUrgent"
  | "put"
  | "take"
  | "lock"
  | "done";

/** Something that can say what a thread waits on; asked only when a trace or a report wants it. */
export interface WaitTarget {
  waitText(kind: WaitKind): string;
}

/** What a wait is part of, and that must undo its beginning when it ends other than by success. */
export interface Abandoned {
  abandon(): void;
}

type Resolve = (value: never) => void;

let newResolve!: Resolve;
/**
 * One executor for all promises: a closure for each would be a third of what a wait costs. It keeps no reject: ten thousand
 * waiting threads would carry ten thousand more functions through each collection of garbage.
 */
const keepResolve = (resolve: Resolve): void => {
  newResolve = resolve;
};

/** No timer; ids of events are above it. */
export const noTimer: EventId = -1;

/**
 * One pending operation of a thread, and the promise that its program awaits. Its fields are plain, not `#private`: so
 * many are made that it shows.
 */
export class Wait<T = unknown> {
  state: "pending" | "ready" | "settled" = "pending";
  /** A timer to cancel when it ends. */
  timer: EventId = noTimer;
  private resolve: ((value: T | PromiseLike<T>) => void) | undefined = undefined;
  /** Its neighbours among the pending waits of its process, in order of age. */
  previous: Wait | undefined = undefined;
  next: Wait | undefined = undefined;
  abandoned: Abandoned | undefined = undefined;
  /** What its line keeps with it: the message of a send, the value of a put, whether a receive gives an iterator's result. */
  cargo: unknown = undefined;
  /** It was given up, or came to nothing. */
  failed = false;
  /** What it settles with: a value, or an error if it failed. */
  private result: unknown = undefined;

  constructor(
    readonly thread: Thread,
    readonly kind: WaitKind,
    readonly target: WaitTarget,
    public sinceMs: number,
  ) {}

  get text(): string {
    return this.target.waitText(this.kind);
  }

  /** The promise that it settles, for the program to await: to be called once for each operation. */
  newPromise(): Promise<T> {
    const promise = new Promise<T>(keepResolve as never);
    this.resolve = newResolve as (value: T | PromiseLike<T>) => void;
    return promise;
  }

  /** Its process waits for it from now on. Of a dead process it is settled at once, and its promise never. */
  begin(): void {
    const { thread } = this;
    const { process } = thread;
    const { core } = process;
    core.checkCaller(this.kind, process);
    if (process.exit) {
      this.state = "settled";
      return;
    }
    process.pending++;
    const last = process.lastWait;
    this.previous = last;
    if (last) last.next = this as Wait;
    else process.firstWait = this as Wait;
    process.lastWait = this as Wait;
    core.trace.wait(this.sinceMs, thread, this);
    core.onActivity?.();
    process.waits(this.kind);
  }

  /** Begins again, for the same thread and the same thing, after it has settled. */
  renew(sinceMs: number): void {
    this.state = "pending";
    this.failed = false;
    this.sinceMs = sinceMs;
    this.begin();
  }

  /** Its thread goes on with that value, when its turn comes. */
  succeed(value: T): void {
    if (this.state !== "pending") return;
    this.result = value;
    this.isReady();
  }

  /** Its thread goes on with that error, when its turn comes. */
  fail(error: unknown): void {
    if (this.state !== "pending") return;
    this.failed = true;
    this.result = error;
    this.giveUp();
    this.isReady();
  }

  /** Its time has come, and no step waits: its thread goes on at once, as a step of its own. */
  succeedNow(value: T): void {
    // The timer has run: nothing is left to cancel.
    this.timer = noTimer;
    if (this.state !== "pending") return;
    const { process } = this.thread;
    if (process.machine.isPaused) return this.succeed(value);
    this.state = "ready";
    this.result = value;
    process.core.stepper.take(this as Wait);
  }

  /** Its process has ended: its promise never settles. */
  drop(): void {
    if (this.timer !== noTimer) this.thread.core.driver.cancel(this.timer);
    if (this.state === "pending") this.giveUp();
    this.state = "settled";
  }

  /** Its promise settles, and its thread goes on up to where it awaits next. */
  go(): void {
    this.state = "settled";
    const { thread, previous, next } = this;
    const { process, core } = thread;
    process.pending--;
    if (previous) previous.next = next;
    else process.firstWait = next;
    if (next) next.previous = previous;
    else process.lastWait = previous;
    this.previous = undefined;
    this.next = undefined;
    core.trace.wake(core.now(), thread, this);
    // Nothing but its timer, which has run or is cancelled, ever knew of it.
    if (this.kind === "sleep") thread.spareSleep = this as Wait as Wait<void>;
    const { resolve, result } = this;
    this.resolve = undefined;
    this.result = undefined;
    resolve?.(this.failed ? rejecting(result) : (result as T));
  }

  private isReady(): void {
    this.state = "ready";
    const { core } = this.thread;
    if (this.timer !== noTimer) {
      core.driver.cancel(this.timer);
      this.timer = noTimer;
    }
    core.push(this as Wait);
  }

  private giveUp(): void {
    this.abandoned?.abandon();
    this.abandoned = undefined;
  }
}

/** A promise that follows it is rejected. */
function rejecting(error: unknown): PromiseLike<never> {
  return {
    // biome-ignore lint/suspicious/noThenProperty: that is its purpose
    then: (_, reject) => {
      reject?.(error);
      return undefined as never;
    },
  };
}
