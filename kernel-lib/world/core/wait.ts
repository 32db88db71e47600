import type { EventId } from "../../simulation/index.js";
import type { Fifo } from "./fifo.js";
import type { Thread } from "./thread.js";

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
  | "receiveUrgent"
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
export class Wait<T = unknown> implements Step {
  /** `pending`, then `ready` (its outcome is known, its thread not yet resumed), then `settled`. */
  state: "pending" | "ready" | "settled" = "pending";
  /** A timer to cancel when it ends. */
  timer: EventId = noTimer;
  private resolve: ((value: T | PromiseLike<T>) => void) | undefined = undefined;
  previous: Wait | undefined = undefined;
  next: Wait | undefined = undefined;
  /** Undoes what the operation began, when it ends other than by success. */
  abandon: (() => void) | undefined = undefined;
  /** Of a `receive`: its promise gives an iterator's result. */
  iterates = false;
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

  /** The promise that it settles, for the program to await: to be called once for each operation. */
  newPromise(): Promise<T> {
    const promise = new Promise<T>(keepResolve as never);
    this.resolve = newResolve as (value: T | PromiseLike<T>) => void;
    return promise;
  }

  /** Makes a settled wait pending again, for the same thread and the same thing. */
  renew(sinceMs: number): void {
    this.state = "pending";
    this.failed = false;
    this.sinceMs = sinceMs;
  }

  get text(): string {
    return this.target.waitText(this.kind);
  }

  setValue(value: T): void {
    this.state = "ready";
    this.result = value;
  }

  setError(error: unknown): void {
    this.state = "ready";
    this.failed = true;
    this.result = error;
  }

  go(): void {
    this.thread.process.core.settled(this as Wait);
    const { resolve, result } = this;
    this.resolve = undefined;
    this.result = undefined;
    resolve?.(this.failed ? rejecting(result) : (result as T));
  }
}

/** Takes waits that are over off the head of a line: those that time out again and again would fill it. */
export function dropSettled<T>(line: Fifo<Wait<T>>): void {
  while (line.first && line.first.state !== "pending") line.shift();
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
