/**
 * How processes and their threads begin and end.
 *
 * - `begin`, `launch`: by whoever starts a program, in any step, or a timer;
 * - `threadReturned`, `threadThrew`: by a thread's own code, or by whoever adopts what nobody catches;
 * - `kill`, `cancel`, `cancelThread`: by a program, in its step;
 * - `end`: also by a fault, in a timer, and by the end of the run.
 */
import { shown } from "../../errors.js";
import { Cancelled } from "../errors.js";
import type { Exit, Program } from "../host.js";
import type { RunningProcess } from "./process.js";
import type { Services } from "./services.js";
import type { Thread } from "./thread.js";

export class Processes {
  readonly #core: Services;
  /** Is told before something happens to a process: nothing may, while the event loop has its turn. */
  readonly #stopIfOutside: (process: RunningProcess) => void;
  #pids = 0;
  /** Those that the run waits for: alive or due to start. */
  awaited = 0;

  constructor(core: Services, stopIfOutside: (process: RunningProcess) => void) {
    this.#core = core;
    this.#stopIfOutside = stopIfOutside;
  }

  nextPid(): number {
    return ++this.#pids;
  }

  /** Counts a child process among those of its machine. */
  begin(child: RunningProcess): void {
    this.enter(child);
    if (!child.isDaemon) this.awaited++;
  }

  /** Puts a process among those of its machine. */
  enter(process: RunningProcess): void {
    process.machine.processes.add(process);
    process.threads.add(process.main);
  }

  /** Lets a thread begin: after `costMs` of CPU time, with the program's first line. */
  launch(thread: Thread, program: Program<never[], unknown>, args: readonly unknown[], costMs: number): void {
    if (thread.process.exit) return;
    thread.process.pending++;
    thread.willRun({ program, args, costMs });
    this.#core.push(thread);
  }

  threadReturned(thread: Thread, value: unknown): void {
    const { process } = thread;
    this.#stopIfOutside(process);
    if (process.exit || thread.exit) return;
    thread.exit = { how: "returned", value };
    process.threads.delete(thread);
    if (thread === process.main) process.value = value;
    else this.#tellEnd(thread, thread.exit);
    if (process.threads.size === 0) this.end(process, { how: "returned", value: process.value }, false);
  }

  /** An error in a thread ends its whole process. */
  threadThrew(thread: Thread, thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(`threw ${shown(thrown)}, which is not an Error`);
    this.end(thread.process, { how: "threw", error }, false);
  }

  #tellEnd(thread: Thread, exit: Exit): void {
    this.#core.trace.exit(this.#core.now(), thread, exit);
    if (thread.doneWaits) for (const wait of thread.doneWaits) wait.succeed(exit);
  }

  kill(process: RunningProcess): void {
    this.end(process, { how: "killed" }, false);
  }

  /**
   * Ends a process: what it waits for is dropped, never settled; its ports close; its connections end (if it returned) or are
   * reset, or (`silently`, a machine that crashed) say nothing.
   */
  end(process: RunningProcess, exit: Exit, silently: boolean): void {
    this.#stopIfOutside(process);
    if (process.exit) return;
    const core = this.#core;
    process.exit = exit;
    process.machine.processes.delete(process);
    const pending = this.#noteEnd(process, exit);
    process.dropWaits();
    if (process.ports) for (const port of [...process.ports]) port.closeWithProcess(silently);
    for (const connection of process.connections.members()) {
      if (silently) connection.release();
      else connection.closeWithProcess(exit.how !== "returned");
    }
    for (const thread of process.threads.members()) {
      process.threads.delete(thread);
      if (thread === process.main) continue;
      thread.exit = exit;
      this.#tellEnd(thread, exit);
    }
    core.trace.exit(core.now(), process.main, exit, pending);
    if (process.doneWaits) {
      for (const wait of process.doneWaits) {
        if (wait.state === "pending") core.failures.saw(exit);
        wait.succeed(exit);
      }
    }
    process.program?.ended(exit);
    if (!process.isDaemon) this.awaited--;
    process.settledIn();
    core.onActivity?.();
  }

  /** Keeps what somebody should hear of: an error, or operations that a process left behind when it returned, in words. */
  #noteEnd(process: RunningProcess, exit: Exit): string | undefined {
    const { who, name, machine } = process;
    const { failures } = this.#core;
    const atMs = this.#core.now();
    if (exit.how === "threw") {
      const wasCancelled = process.threads.members().some(({ controller }) => controller?.signal.aborted);
      const ports = process.ports ? [...process.ports].map(({ port }) => port) : [];
      const { error } = exit;
      failures.add(exit, { who, name, program: process.program?.name, atMs, error }, machine.name, ports, wasCancelled);
    }
    if (exit.how !== "returned" || !process.firstWait) return undefined;
    const waits = process.waitTexts();
    if (waits.length === 0) return undefined;
    const words = waits.length > 3 ? `${waits.slice(0, 3).join("; ")}; and ${waits.length - 3} more` : waits.join("; ");
    failures.addLeftover({ who, name, atMs, waits: words });
    return words;
  }

  /** Asks a process to stop: pending waits reject, signals abort. */
  cancel(process: RunningProcess, reason: Error): void {
    for (const thread of process.threads.members()) this.cancelThread(thread, reason);
  }

  cancelThread(thread: Thread, reason: Error): void {
    if (thread.exit || !thread.isAlive) return;
    thread.controller ??= new AbortController();
    this.#core.abort(thread, thread.controller, reason);
    for (let wait = thread.process.firstWait; wait; wait = wait.next) {
      if (wait.thread === thread) wait.fail(reason ?? new Cancelled(`${thread.threadName} was cancelled`));
    }
  }
}
