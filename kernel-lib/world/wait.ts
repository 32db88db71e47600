import type { EventId } from "../simulation/index.js";
import type { Thread } from "./process.js";

/** What a thread waits for. */
export type WaitKind =
  | "sleep"
  | "compute"
  | "disk"
  | "listen"
  | "accept"
  | "connect"
  | "send"
  | "receive"
  | "put"
  | "take"
  | "lock"
  | "done";

/** Something that can say what a thread waits on; asked only when a trace or a report wants it. */
export interface WaitTarget {
  waitText(kind: WaitKind): string;
}

/** Something to do for a thread as soon as the one that runs now has come to a wait. */
export interface Step {
  readonly thread: Thread;
  /** Goes on with the thread's code, up to where it awaits next. */
  go(): void;
}

/** One pending operation of a thread, and the promise that its program awaits. */
export class Wait<T = unknown> implements Step {
  readonly promise: Promise<T>;
  /** `pending`, then `ready` (its outcome is known, its thread not yet resumed), then `settled`. */
  state: "pending" | "ready" | "settled" = "pending";
  /** A timer to cancel when it ends. */
  timer: EventId | undefined;
  /** Undoes what the operation began, when it ends other than by success. */
  abandon: (() => void) | undefined;
  previous: Wait | undefined;
  next: Wait | undefined;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #value: T | undefined;
  #error: unknown;
  #failed = false;

  constructor(
    readonly thread: Thread,
    readonly kind: WaitKind,
    readonly target: WaitTarget,
    readonly sinceMs: number,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get text(): string {
    return this.target.waitText(this.kind);
  }

  setValue(value: T): void {
    this.state = "ready";
    this.#value = value;
  }

  setError(error: unknown): void {
    this.state = "ready";
    this.#failed = true;
    this.#error = error;
  }

  go(): void {
    this.thread.process.core.settled(this as Wait);
    if (this.#failed) this.#reject(this.#error);
    else this.#resolve(this.#value as T);
  }
}
