import { ModelError, ParameterError, shown } from "../../errors.js";
import { Cancelled, Deadlock, ForeignWait, Livelock } from "../errors.js";
import type { Exit, Program } from "../host.js";
import { Machine } from "../machine/machine.js";
import type { Endpoint } from "../network/connection.js";
import { type Frame, Network } from "../network/network.js";
import { type NamedJob, namedJobs, type Scenario } from "../scenario.js";
import { Recorder } from "../trace/recorder.js";
import type { TraceLevel } from "../trace/trace.js";
import { copied } from "./arguments.js";
import type { Driver } from "./driver.js";
import { Failures } from "./failures.js";
import { FaultInjector } from "./faults.js";
import { Fifo } from "./fifo.js";
import { RunningProcess } from "./process.js";
import type { Thread } from "./thread.js";
import { noTimer, type Step, Wait, type WaitKind, type WaitTarget } from "./wait.js";

const sleeping: WaitTarget = { waitText: () => "sleep" };

function wakeSleeper(wait: Wait<void>): void {
  // The timer has run: nothing is left to cancel.
  wait.timer = noTimer;
  wait.thread.process.core.timerDue(wait);
}

/** A daemon that waits like this is still getting ready; by any other wait it has begun to serve, and the next one may start. */
function getsReady(kind: WaitKind): boolean {
  return kind === "compute" || kind === "disk" || kind === "listen" || kind === "connect";
}

/** Operations that wait for nothing, one after the other: a loop of them would hold up the clock for ever. Reached in a second. */
const maxAtOnce = 5_000_000;
/** As many of them take the time of one that is refused, as an error is made for each. */
const refusalWeight = 100;

const never = <T>(): Promise<T> => new Promise(() => undefined);

/** What the core knows of a program of the scenario. */
export interface ProgramState extends NamedJob {
  process: RunningProcess | undefined;
  exit: Exit | undefined;
  /** NaN before the first end: a fraction from the start, as V8 makes an object anew whose whole number becomes one. */
  exitMs: number;
  starts: number;
}

/**
 * The meaning of a run, the same in both worlds: processes and threads, their waits, who owns what, the start and the end.
 * Connections, ports, queues and disks stand in files of their own and come here to make a thread wait and go on.
 *
 * One thing happens at a time: a step resumes one thread, whose code then runs to where it awaits next before another step is
 * taken. So the thread that runs ({@link Core.current}) is always known, and the order of steps is the order in which
 * their causes happened.
 */
export class Core {
  readonly machines = new Map<string, Machine>();
  readonly network: Network;
  readonly trace: Recorder;
  readonly failures = new Failures();
  readonly programs: ProgramState[];
  /** The thread whose code runs, or ran last. */
  current: Thread | undefined;
  /** Stops the run: a foreign wait, or a fault of ours. */
  fatal: Error | undefined;
  /** Told of every new wait, step and end of a process: live, they may come at any time. */
  onActivity: (() => void) | undefined;
  readonly #steps = new Fifo<Step>();
  readonly #startingDaemons: ProgramState[] = [];
  #pids = 0;
  /** Processes that the run waits for: alive or due to start. */
  #awaited = 0;
  #othersStarted = false;
  /** Whether programs may go on. In virtual time not while the event loop has its turn: who wakes then was woken from outside. */
  #isOpen = true;
  /** Operations that waited for nothing, since the last step. */
  #atOnce = 0;

  constructor(
    scenario: Scenario,
    readonly driver: Driver,
    readonly seed: number,
    level: TraceLevel | undefined,
  ) {
    this.trace = new Recorder(level);
    this.network = new Network(scenario);
    for (const [name, spec] of Object.entries(scenario.hosts)) this.machines.set(name, new Machine(this, name, spec));
    this.programs = namedJobs(scenario.programs).map(({ name, job }) => {
      return { name, job, process: undefined, exit: undefined, exitMs: NaN, starts: 0 };
    });
    this.#awaited = this.programs.filter(({ job }) => !job.isDaemon).length;
    new FaultInjector(this).schedule(scenario.faults);
  }

  now(): number {
    return this.driver.now();
  }

  nextPid(): number {
    return ++this.#pids;
  }

  // ---- the run

  /** Starts the daemons, each when the one before first waits; then the others. */
  start(): void {
    this.#startingDaemons.push(...this.programs.filter(({ job }) => job.isDaemon && job.startMs === 0));
    this.#startNextDaemon();
    for (const state of this.programs) {
      if (state.job.startMs > 0) this.driver.at(state.job.startMs, (late) => this.startProgram(late), state);
    }
  }

  #startNextDaemon(): void {
    const next = this.#startingDaemons.shift();
    if (next) return this.startProgram(next, () => this.#startNextDaemon());
    if (this.#othersStarted) return;
    this.#othersStarted = true;
    for (const state of this.programs) {
      if (!state.job.isDaemon && state.job.startMs === 0) this.startProgram(state);
    }
  }

  /** The daemons of a machine that has just booted. */
  startDaemonsOf(machine: Machine): void {
    // One that was due while the machine was down has an exit, and no start yet.
    const daemons = this.programs.filter(
      ({ job, starts, exit }) => job.isDaemon && job.host === machine.name && (starts > 0 || exit),
    );
    const next = (): void => {
      const state = daemons.shift();
      if (state && !machine.isDown) this.startProgram(state, next);
    };
    next();
  }

  startProgram(state: ProgramState, onSettledIn?: () => void): void {
    const { job, name } = state;
    const machine = this.machines.get(job.host) as Machine;
    if (machine.isDown) {
      if (!state.exit && !job.isDaemon) this.#awaited--;
      state.exit = { how: "killed" };
      state.exitMs = this.now();
      onSettledIn?.();
      return;
    }
    const again = state.starts++ === 0 ? "" : ` (start ${state.starts})`;
    const streamName = `${job.host}/${name}${again}`;
    const process = new RunningProcess(this, machine, this.nextPid(), name, 0, job.isDaemon, streamName, state);
    state.process = process;
    state.exit = undefined;
    process.onSettledIn = onSettledIn;
    machine.processes.add(process);
    process.threads.add(process.main);
    // Each run, and each start after a crash, gets a copy of its own, as a child process does.
    let args: unknown[];
    try {
      args = job.args.map((arg) => copied(arg, () => false, "on"));
    } catch (error) {
      // Somebody has changed them since `on` tried.
      return this.threadThrew(process.main, error);
    }
    this.launch(process.main, job.program, args, 0);
  }

  /** Nobody is left that the run waits for. */
  get isOver(): boolean {
    return this.#awaited === 0;
  }

  /** A stretch of the run begins: programs may go on. */
  open(): void {
    this.#isOpen = true;
  }

  /** The event loop gets its turn: no program may go on until the next stretch. */
  close(): void {
    this.#isOpen = false;
    this.current = undefined;
  }

  /** Ends the processes that are left, without a word to anybody. */
  finish(): void {
    this.#isOpen = true;
    for (const machine of this.machines.values()) {
      for (const process of machine.processes.members()) this.endProcess(process, { how: "killed" }, true);
    }
  }

  // ---- waits and steps

  /** A new wait of a thread. Of a dead process it is never settled. */
  wait<T>(thread: Thread, kind: WaitKind, target: WaitTarget): Wait<T> {
    const wait = new Wait<T>(thread, kind, target, this.now());
    this.#register(wait as Wait);
    return wait;
  }

  #register(wait: Wait): void {
    const { thread, kind } = wait;
    const { process } = thread;
    this.checkCaller(kind, process);
    if (process.exit) {
      wait.state = "settled";
      return;
    }
    process.pending++;
    const last = process.lastWait;
    wait.previous = last;
    if (last) last.next = wait;
    else process.firstWait = wait;
    process.lastWait = wait;
    this.trace.wait(wait.sinceMs, thread, wait);
    this.onActivity?.();
    if (process.onSettledIn && !getsReady(kind)) {
      const settledIn = process.onSettledIn;
      process.onSettledIn = undefined;
      settledIn();
    }
  }

  /** What an operation gives that waits for nothing; it never settles in a dead process, nor in a loop that would hold up the clock. */
  atOnce<T>(process: RunningProcess, value: T): Promise<T> {
    return this.#settlesAtOnce(process, 1) ? Promise.resolve(value) : never();
  }

  /** The same for an operation that is refused. */
  refuseAtOnce<T>(process: RunningProcess, error: unknown): Promise<T> {
    return this.#settlesAtOnce(process, refusalWeight) ? Promise.reject(error) : never();
  }

  #settlesAtOnce(process: RunningProcess, weight: number): boolean {
    if (process.exit) return false;
    this.#atOnce += weight;
    if (this.#atOnce <= maxAtOnce) return true;
    this.fatal ??= this.livelock(`${maxAtOnce / weight} operations in a row have waited for nothing`);
    return false;
  }

  sleepUntil(thread: Thread, timeMs: number): Promise<void> {
    let wait = thread.spareSleep;
    if (wait) {
      thread.spareSleep = undefined;
      wait.renew(this.now());
      this.#register(wait as Wait);
    } else wait = this.wait<void>(thread, "sleep", sleeping);
    if (wait.state === "pending") wait.timer = this.driver.at(timeMs, wakeSleeper, wait);
    return wait.newPromise();
  }

  /** A sleep is over. In virtual time a timer runs only when no step waits, so its thread can go on at once. */
  timerDue(wait: Wait<void>): void {
    if (this.driver.world === "live" || wait.state !== "pending" || wait.thread.process.machine.isPaused) {
      return this.ready(wait, undefined);
    }
    wait.setValue(undefined);
    this.current = wait.thread;
    this.#atOnce = 0;
    wait.go();
  }

  /** The wait's thread goes on with that value, when its turn comes. */
  ready<T>(wait: Wait<T>, value: T): void {
    if (wait.state !== "pending") return;
    wait.setValue(value);
    this.#readied(wait as Wait);
  }

  /** The wait's thread goes on with that error, when its turn comes. */
  fail<T>(wait: Wait<T>, error: unknown): void {
    if (wait.state !== "pending") return;
    wait.setError(error);
    wait.abandon?.();
    this.#readied(wait as Wait);
  }

  #readied(wait: Wait): void {
    if (wait.timer !== noTimer) {
      this.driver.cancel(wait.timer);
      wait.timer = noTimer;
    }
    this.#push(wait);
  }

  /** The wait is over: its promise settles now. */
  settled(wait: Wait): void {
    wait.state = "settled";
    const { process } = wait.thread;
    process.pending--;
    if (wait.previous) wait.previous.next = wait.next;
    else process.firstWait = wait.next;
    if (wait.next) wait.next.previous = wait.previous;
    else process.lastWait = wait.previous;
    wait.previous = undefined;
    wait.next = undefined;
    this.trace.wake(this.now(), wait.thread, wait);
    // Nothing but its timer, which has run or is cancelled, ever knew of it.
    if (wait.kind === "sleep") wait.thread.spareSleep = wait as Wait<void>;
  }

  /** Calls a program's callback as a step of that thread. */
  call(thread: Thread, callback: () => unknown): void {
    const go = (): void => {
      try {
        const result = callback();
        if (result instanceof Promise) result.catch((error: unknown) => this.threadThrew(thread, error));
      } catch (error) {
        this.threadThrew(thread, error);
      }
    };
    this.#push({ thread, go });
  }

  #push(step: Step): void {
    const { process } = step.thread;
    const { machine } = process;
    this.#stopIfOutside(process);
    if (machine.isPaused) machine.deferred.push(() => this.#steps.push(step));
    else this.#steps.push(step);
    this.onActivity?.();
  }

  /** Aborts a signal as a step of that thread: whoever listens to it runs as that thread. */
  abort(thread: Thread, controller: AbortController, reason: Error): void {
    if (thread === this.current) controller.abort(reason);
    else this.#push({ thread, go: () => controller.abort(reason) });
  }

  get hasSteps(): boolean {
    return this.#steps.size > 0;
  }

  /** Takes the next step, if there is one that a living thread can take; its code runs when the microtasks do. */
  step(): boolean {
    for (let step = this.#steps.shift(); step; step = this.#steps.shift()) {
      if (!step.thread.isAlive) continue;
      this.current = step.thread;
      this.#atOnce = 0;
      step.go();
      return true;
    }
    return false;
  }

  /**
   * Stops the run if something happens to that process though nothing of the simulation has made it happen. Nothing is thrown, as
   * it could reach whoever did that, and Node: all processes are dead then, to whom nothing happens any more.
   */
  #stopIfOutside(process: RunningProcess): void {
    if (this.#isOpen || process.exit) return;
    this.fatal ??= this.foreignWait(process, "was woken by");
    this.finish();
  }

  /** Refuses an operation on what belongs to a living process, unless it is that process which runs. */
  checkCaller(operation: string, owner: RunningProcess): void {
    const caller = this.current?.process;
    if (caller === owner) return;
    this.#stopIfOutside(owner);
    if (caller === undefined || owner.exit) return;
    throw new ParameterError(
      `${operation}: it was called by ${caller.who} on what belongs to ${owner.who}; a process uses the host that its program ` +
        "got, and the connections and listeners that it opened or was given as arguments of spawn; queues and mutexes are " +
        "memory of one process",
    );
  }

  /** Daemons are being started; nothing else runs yet. */
  get isStarting(): boolean {
    return !this.#othersStarted;
  }

  /** Some process lives, yet waits on nothing of its host. */
  get someWaitOutside(): boolean {
    return [...this.machines.values()].some(({ processes }) =>
      processes.members().some(({ pending }) => pending === 0),
    );
  }

  /** The process that ran last lives, yet waits on nothing of its host: it waits on something foreign. */
  get waitsOutside(): boolean {
    const process = this.current?.process;
    return process !== undefined && process.exit === undefined && process.pending === 0;
  }

  /** The thread that runs, if it is one of that process; else the process's first. */
  threadOf(process: RunningProcess): Thread {
    return this.current?.process === process ? this.current : process.main;
  }

  // ---- processes

  /** Counts a child process among those of its machine. */
  begin(child: RunningProcess): void {
    child.machine.processes.add(child);
    child.threads.add(child.main);
    if (!child.isDaemon) this.#awaited++;
  }

  /** Lets a thread begin: after `costMs` of CPU time, with the program's first line. */
  launch(thread: Thread, program: Program<never[], unknown>, args: readonly unknown[], costMs: number): void {
    if (thread.process.exit) return;
    thread.process.pending++;
    thread.willRun({ program, args, costMs });
    this.#push(thread);
  }

  threadReturned(thread: Thread, value: unknown): void {
    const { process } = thread;
    this.#stopIfOutside(process);
    if (process.exit || thread.exit) return;
    thread.exit = { how: "returned", value };
    process.threads.delete(thread);
    if (thread === process.main) process.value = value;
    else this.#tellEnd(thread);
    if (process.threads.size === 0) this.endProcess(process, { how: "returned", value: process.value }, false);
  }

  /** An error in a thread ends its whole process. */
  threadThrew(thread: Thread, thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(`threw ${shown(thrown)}, which is not an Error`);
    this.endProcess(thread.process, { how: "threw", error }, false);
  }

  #tellEnd(thread: Thread): void {
    this.trace.exit(this.now(), thread, thread.exit as Exit);
    if (thread.doneWaits) for (const wait of thread.doneWaits) this.ready(wait, thread.exit);
  }

  kill(process: RunningProcess): void {
    this.endProcess(process, { how: "killed" }, false);
  }

  /**
   * Ends a process: what it waits for is dropped, never settled; its ports close; its connections end (if it returned) or are
   * reset, or (`silently`, a machine that crashed) say nothing.
   */
  endProcess(process: RunningProcess, exit: Exit, silently: boolean): void {
    this.#stopIfOutside(process);
    if (process.exit) return;
    process.exit = exit;
    process.machine.processes.delete(process);
    const pending = this.#noteEnd(process, exit);
    for (let wait = process.firstWait; wait; wait = wait.next) {
      if (wait.timer !== noTimer) this.driver.cancel(wait.timer);
      if (wait.state === "pending") wait.abandon?.();
      wait.state = "settled";
    }
    process.firstWait = undefined;
    process.lastWait = undefined;
    if (process.ports) for (const port of [...process.ports]) port.shut();
    for (const endpoint of process.connections.members()) {
      if (silently) endpoint.release();
      else endpoint.closeWithProcess(exit.how !== "returned");
    }
    for (const thread of process.threads.members()) {
      process.threads.delete(thread);
      if (thread === process.main) continue;
      thread.exit = exit;
      this.#tellEnd(thread);
    }
    this.trace.exit(this.now(), process.main, exit, pending);
    if (process.doneWaits) {
      for (const wait of process.doneWaits) {
        if (wait.state === "pending") this.failures.saw(exit);
        this.ready(wait, exit);
      }
    }
    if (process.program) {
      process.program.exit = exit;
      process.program.exitMs = this.now();
    }
    if (!process.isDaemon) this.#awaited--;
    const settledIn = process.onSettledIn;
    process.onSettledIn = undefined;
    settledIn?.();
    this.onActivity?.();
  }

  /** Keeps what somebody should hear of: an error, or operations that a process left behind when it returned, in words. */
  #noteEnd(process: RunningProcess, exit: Exit): string | undefined {
    if (exit.how === "threw") {
      const wasCancelled = process.threads.members().some(({ controller }) => controller?.signal.aborted);
      this.failures.add(process, exit, this.now(), wasCancelled);
    }
    if (exit.how !== "returned" || !process.firstWait) return undefined;
    const waits: string[] = [];
    for (let wait: Wait | undefined = process.firstWait; wait; wait = wait.next) {
      if (wait.state === "pending") waits.push(`${wait.text}, since t=${wait.sinceMs.toFixed(3)}`);
    }
    if (waits.length === 0) return undefined;
    const words = waits.length > 3 ? `${waits.slice(0, 3).join("; ")}; and ${waits.length - 3} more` : waits.join("; ");
    this.failures.addLeftover({ who: process.who, name: process.name, atMs: this.now(), waits: words });
    return words;
  }

  /** Asks a process to stop: pending waits reject, signals abort. */
  cancel(process: RunningProcess, reason: Error): void {
    for (const thread of process.threads.members()) this.cancelThread(thread, reason);
  }

  cancelThread(thread: Thread, reason: Error): void {
    if (thread.exit || !thread.isAlive) return;
    thread.controller ??= new AbortController();
    this.abort(thread, thread.controller, reason);
    for (let wait = thread.process.firstWait; wait; wait = wait.next) {
      if (wait.thread === thread) this.fail(wait, reason ?? new Cancelled(`${thread.threadName} was cancelled`));
    }
  }

  /** The connection belongs to that process from now on. */
  adopt(endpoint: Endpoint, process: RunningProcess): void {
    if (endpoint.owner === process) return;
    if (endpoint.owner.connections.delete(endpoint)) process.connections.add(endpoint);
    endpoint.passTo(process);
  }

  // ---- frames

  /** The first byte of a frame has reached the other machine's interface. */
  frameArrived(frame: Frame): void {
    const { to } = frame;
    const { path } = to.other;
    const now = this.now();
    let dueMs = Math.max(frame.lastByteMs, to.inDoneMs);
    if (frame.bytes > 0 && path.inMsPerByte > 0) {
      const startMs = Math.max(frame.firstByteMs, path.to.inFreeMs);
      dueMs = Math.max(dueMs, startMs + frame.bytes * path.inMsPerByte);
      path.to.inFreeMs = dueMs;
    }
    to.inDoneMs = dueMs;
    if (dueMs <= now && to.framesDue === 0) return this.#frameDue(frame);
    to.framesDue++;
    const due = (late: Frame): void => {
      late.to.framesDue--;
      this.#frameDue(late);
    };
    this.driver.at(Math.max(dueMs, now), due, frame);
  }

  #frameDue(frame: Frame): void {
    const { to } = frame;
    const { path } = to.other;
    if (path.isCut || to.stalled.length > 0) {
      to.stalled.push(frame);
      path.stalled.add(to);
    } else if (to.machine.isPaused) to.machine.deferred.push(() => to.deliver(frame));
    else to.deliver(frame);
  }

  /** What a cut has held goes on, in order. */
  unstall(endpoint: Endpoint): void {
    const { path } = endpoint.other;
    if (path.isCut) {
      path.stalled.add(endpoint);
      return;
    }
    for (const frame of endpoint.stalled.splice(0)) endpoint.machine.whenRunning(() => endpoint.deliver(frame));
  }

  // ---- reports

  /** Who waits on what, one line a wait. */
  waitReport(): string[] {
    const lines: string[] = [];
    for (const machine of this.machines.values()) {
      for (const process of machine.processes.members()) {
        const { who } = process;
        if (!process.firstWait) lines.push(`${who}: no host operation is pending`);
        for (let wait = process.firstWait; wait; wait = wait.next) {
          const thread = wait.thread === process.main ? "" : `, thread ${wait.thread.threadName}`;
          lines.push(`${who}${thread}: ${wait.text}, since t=${wait.sinceMs.toFixed(3)}`);
        }
      }
    }
    return lines;
  }

  deadlock(): Deadlock {
    const waiting = this.waitReport();
    const shownLines = waiting.slice(0, 20).map((line) => `\n  ${line}`);
    if (waiting.length > 20) shownLines.push(`\n  and ${waiting.length - 20} more`);
    const threw = this.failures.lines().map((line) => `\n  ${line}`);
    if (threw.length > 0) shownLines.push("\nbefore that,", ...threw);
    return new Deadlock(
      `nothing can happen any more at t=${this.now().toFixed(3)} ms, and these wait:${shownLines.join("")}`,
      this.failures.first && { cause: this.failures.first.error },
    );
  }

  /** Of a program that is, or was, outside the simulation. */
  foreignWait(process: RunningProcess, how: "waits on" | "was woken by"): ForeignWait {
    return new ForeignWait(
      `${process.who} ${how} something outside its host at t=${this.now().toFixed(3)} ms: in virtual time every await must end in an ` +
        "operation of the program's own host (sleep, receive, take, done …), never in a real timer, file or network, nor in what " +
        "belongs to another process: its host, its connections, a promise that it settles",
    );
  }

  livelock(what: string): Livelock {
    const process = this.current?.process;
    const last = process ? `; the last was one of ${process.who}` : "";
    return new Livelock(
      `time stands still at t=${this.now().toFixed(3)} ms: ${what}${last}. Does a loop wait without letting time pass?`,
    );
  }

  /** An error of our own, with what is known. */
  bug(error: unknown): ModelError {
    if (error instanceof ModelError) return error;
    const text = error instanceof Error ? error.message : String(error);
    return new ModelError(`internal error at t=${this.now().toFixed(3)} ms: ${text}`, { cause: error });
  }
}
