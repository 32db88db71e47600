import { AsyncLocalStorage } from "node:async_hooks";
import type { Server } from "node:net";
import { shown } from "../../errors.js";
import type { Exit } from "../../world/index.js";

/** What can be given back when its process ends. @internal */
export interface Owned {
  /** @param abruptly the process did not come to its end by itself. */
  closeWithProcess(abruptly: boolean): void;
}

/** A thread of a process, as its waits see it. @internal */
export interface OwnThread {
  readonly process: OwnProcess;
  exit: Exit | undefined;
}

const current = new AsyncLocalStorage<OwnThread>();

/** Node's timers take no longer wait, and call back at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * The state of a process of the operating system that programs run in: its threads, what they wait for, and what it must give back. Every wait of
 * a thread is a {@link ProcessWait}; when the process has ended none is settled any more, as with SIGKILL.
 *
 * @internal
 */
export class OwnProcess {
  exit: Exit | undefined;
  readonly owned = new Set<Owned>();
  readonly threads = new Set<OwnThread>();
  readonly waits = new Set<ProcessWait<unknown>>();
  readonly #servers = new Set<Server>();
  readonly #whenEnded: ((exit: Exit) => void)[] = [];
  /** Called once, when a thread first waits, or the process ends. */
  onSettledIn: (() => void) | undefined;
  value: unknown;

  /** The thread whose code runs now; the first one where none is known. */
  get thread(): OwnThread {
    const thread = current.getStore();
    if (thread?.process === this) return thread;
    return [...this.threads][0] as OwnThread;
  }

  /** Runs code as that thread. */
  as<T>(thread: OwnThread, work: () => T): T {
    return current.run(thread, work);
  }

  /** Calls back when the process has ended; at once if it has. */
  whenEnded(callback: (exit: Exit) => void): void {
    if (this.exit) callback(this.exit);
    else this.#whenEnded.push(callback);
  }

  /** Its waits are dropped, its ports close, its connections end or are reset. */
  end(exit: Exit): void {
    if (this.exit) return;
    this.exit = exit;
    for (const wait of this.waits) wait.drop();
    this.waits.clear();
    for (const owned of [...this.owned]) owned.closeWithProcess(exit.how !== "returned");
    for (const server of this.#servers) server.close();
    for (const thread of this.threads) thread.exit ??= exit;
    this.settledIn();
    for (const callback of this.#whenEnded) callback(exit);
  }

  /** An error that a thread does not catch ends its whole process. */
  threw(thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(`threw ${shown(thrown)}, which is not an Error`);
    this.end({ how: "threw", error });
  }

  settledIn(): void {
    const callback = this.onSettledIn;
    this.onSettledIn = undefined;
    callback?.();
  }

  own(server: Server): void {
    this.#servers.add(server);
  }
}

/**
 * One pending operation of a thread, and the promise that its program awaits. It is settled once: by {@link succeed}, by {@link fail} (also when its time
 * is up, or its thread is cancelled), or never, if its process ends first.
 *
 * @internal
 */
export class ProcessWait<T> {
  readonly promise: Promise<T>;
  isPending = true;
  /** It was cancelled, or its time was up. */
  isGivenUp = false;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #takeBack: (() => void) | undefined;

  constructor(
    readonly thread: OwnThread,
    timeoutMs?: number,
    late?: () => Error,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { process } = thread;
    if (process.exit) {
      this.isPending = false;
      return;
    }
    process.waits.add(this as ProcessWait<unknown>);
    if (timeoutMs !== undefined && late) this.at(performance.now() + timeoutMs, () => this.fail(late()));
    process.settledIn();
  }

  /** Calls back at that time of `performance.now`, never before, if it is still pending then. */
  at(timeMs: number, callback: () => void): void {
    this.#takeBack?.();
    const arm = (): void => {
      const leftMs = timeMs - performance.now();
      if (leftMs <= 0) return callback();
      const timer = setTimeout(arm, Math.min(Math.ceil(leftMs), longestTimerMs));
      this.#takeBack = () => clearTimeout(timer);
    };
    const first = timeMs - performance.now();
    const timer = setTimeout(arm, Math.min(Math.max(0, Math.ceil(first)), longestTimerMs));
    this.#takeBack = () => clearTimeout(timer);
  }

  /** False if it was settled before, or its process has ended. */
  succeed(value: T): boolean {
    if (!this.#leave()) return false;
    this.#resolve(value);
    return true;
  }

  fail(error: unknown): boolean {
    if (!this.#leave()) return false;
    this.isGivenUp = true;
    this.#reject(error);
    return true;
  }

  drop(): void {
    this.isPending = false;
    this.#takeBack?.();
  }

  #leave(): boolean {
    if (!this.isPending) return false;
    this.drop();
    this.thread.process.waits.delete(this as ProcessWait<unknown>);
    return true;
  }
}

/** The oldest of a line that still waits, taken off it with all that don't. @internal */
export function nextPending<W extends { readonly isPending: boolean }>(line: {
  shift(): W | undefined;
}): W | undefined {
  let wait = line.shift();
  while (wait && !wait.isPending) wait = line.shift();
  return wait;
}
