/**
 * What the core does for whatever a program uses: connections, ports, queues, disks, processors. It is an interface of its own so that they need not
 * know the core, which knows its threads.
 *
 * - In a step of the program that calls (a send, a `put`): everything here.
 * - In a timer or a callback of the driver: all but `wait`, `sleepUntil`, `atOnce` and `refuseAtOnce`, which belong to a thread that runs.
 * - `push` and `call`: never for a thread of another machine than the one on which something happened; a pause holds back those of its own.
 */

import type { Recorder } from "../trace/recorder.js";
import type { Driver } from "./driver.js";
import type { Failures } from "./failures.js";
import type { RunningProcess } from "./process.js";
import type { Step, Stepper } from "./stepper.js";
import type { Thread } from "./thread.js";
import type { Wait, WaitKind, WaitTarget } from "./wait.js";

export interface Services {
  readonly driver: Driver;
  readonly trace: Recorder;
  readonly failures: Failures;
  readonly stepper: Stepper<Thread>;
  readonly seed: number;
  /** Told of every new wait, step and end of a process: live, they may come at any time. */
  onActivity: (() => void) | undefined;
  now(): number;
  /** A new wait of a thread. Of a dead process it is never settled. */
  wait<T>(thread: Thread, kind: WaitKind, target: WaitTarget): Wait<T>;
  sleepUntil(thread: Thread, timeMs: number): Promise<void>;
  /** What an operation gives that waits for nothing; it never settles in a dead process, nor in a loop that would hold up the clock. */
  atOnce<T>(process: RunningProcess, value: T): Promise<T>;
  /** The same for an operation that is refused. */
  refuseAtOnce<T>(process: RunningProcess, error: unknown): Promise<T>;
  /** A step for a thread that waits no more; held back while its machine is paused. */
  push(step: Step<Thread>): void;
  /** Calls a program's callback as a step of that thread. */
  call(thread: Thread, callback: () => unknown): void;
  /** Aborts a signal as a step of that thread: whoever listens to it runs as that thread. */
  abort(thread: Thread, controller: AbortController, reason: Error): void;
  /** Refuses an operation on what belongs to a living process, unless it is that process which runs. */
  checkCaller(operation: string, owner: RunningProcess): void;
  /** The thread that runs, if it is one of that process; else the process's first. */
  threadOf(process: RunningProcess): Thread;
  /** A thread's program came to its end. */
  threadReturned(thread: Thread, value: unknown): void;
  /** An error in a thread ends its whole process. */
  threadThrew(thread: Thread, thrown: unknown): void;
}
