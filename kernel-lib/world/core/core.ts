/**
 * The meaning of a run, the same in both worlds, as whoever plays it sees it: it makes a core, lets it `start`, then takes steps
 * (`stepper.next`) and runs the driver's timers until `isOver`, and `finish`es it. `open` and `close` stand around every stretch in which programs may
 * go on. The core itself holds waits, steps and who may call what; processes, programs and reports stand in files of their own.
 */
import { ParameterError } from "../../errors.js";
import type { HostMachine } from "../machine/host-machine.js";
import type { Scenario } from "../scenario.js";
import { Recorder } from "../trace/recorder.js";
import type { TraceLevel } from "../trace/trace.js";
import type { Driver } from "./driver.js";
import { Failures } from "./failures.js";
import type { RunningProcess, ThreadMaker } from "./process.js";
import { Processes } from "./processes.js";
import { foreignWait, livelock } from "./reports.js";
import { ScenarioPrograms } from "./scenario-programs.js";
import type { Services } from "./services.js";
import { type Step, Stepper } from "./stepper.js";
import type { Thread } from "./thread.js";
import { Wait, type WaitKind, type WaitTarget } from "./wait.js";

const sleeping: WaitTarget = { waitText: () => "sleep" };

function wakeSleeper(wait: Wait<void>): void {
  wait.succeedNow(undefined);
}

/** Operations that wait for nothing, one after the other: a loop of them would hold up the clock for ever. Reached in a second. */
const maxAtOnce = 5_000_000;
/** A refusal costs about 100 times as much: it makes an Error. */
const refusalWeight = 100;

const never = <T>(): Promise<T> => new Promise(() => undefined);

export class Core implements Services {
  readonly trace: Recorder;
  readonly failures = new Failures();
  readonly stepper = new Stepper<Thread>();
  readonly processes: Processes;
  readonly programs: ScenarioPrograms;
  /** Stops the run: a foreign wait, or a fault of ours. */
  fatal: Error | undefined;
  onActivity: (() => void) | undefined;
  /** Whether programs may go on. In virtual time not while the event loop has its turn: who wakes then was woken from outside. */
  #isOpen = true;

  constructor(
    scenario: Scenario,
    readonly driver: Driver,
    readonly seed: number,
    level: TraceLevel | undefined,
    readonly machines: ReadonlyMap<string, HostMachine>,
    makeThread: ThreadMaker,
  ) {
    this.trace = new Recorder(level);
    this.processes = new Processes(this, (process) => this.#stopIfOutside(process));
    this.programs = new ScenarioPrograms(scenario, this, this.processes, this.machines, makeThread);
  }

  now(): number {
    return this.driver.now();
  }

  // ---- the run

  /** Nobody is left that the run waits for. */
  get isOver(): boolean {
    return this.processes.awaited === 0;
  }

  /** A stretch of the run begins: programs may go on. */
  open(): void {
    this.#isOpen = true;
  }

  /** The event loop gets its turn: no program may go on until the next stretch. */
  close(): void {
    this.#isOpen = false;
    this.stepper.rest();
  }

  /** Ends the processes that are left, without a word to anybody. */
  finish(): void {
    this.#isOpen = true;
    for (const machine of this.machines.values()) {
      for (const process of machine.processes.members()) this.processes.end(process, { how: "killed" }, true);
    }
  }

  /** An error that nobody caught is the running program's. */
  readonly adopt = (reason: unknown): void => {
    if (this.stepper.current) this.threadThrew(this.stepper.current, reason);
  };

  // ---- waits and steps

  wait<T>(thread: Thread, kind: WaitKind, target: WaitTarget): Wait<T> {
    const wait = new Wait<T>(thread, kind, target, this.now());
    wait.begin();
    return wait;
  }

  sleepUntil(thread: Thread, timeMs: number): Promise<void> {
    let wait = thread.spareSleep;
    if (wait) {
      thread.spareSleep = undefined;
      wait.renew(this.now());
    } else wait = this.wait<void>(thread, "sleep", sleeping);
    if (wait.state === "pending") wait.timer = this.driver.at(timeMs, wakeSleeper, wait);
    return wait.newPromise();
  }

  atOnce<T>(process: RunningProcess, value: T): Promise<T> {
    return this.#settlesAtOnce(process, 1) ? Promise.resolve(value) : never();
  }

  refuseAtOnce<T>(process: RunningProcess, error: unknown): Promise<T> {
    return this.#settlesAtOnce(process, refusalWeight) ? Promise.reject(error) : never();
  }

  #settlesAtOnce(process: RunningProcess, weight: number): boolean {
    if (process.exit) return false;
    const { stepper } = this;
    stepper.atOnce += weight;
    if (stepper.atOnce <= maxAtOnce) return true;
    const what = `${maxAtOnce / weight} operations in a row have waited for nothing`;
    this.fatal ??= livelock(this.now(), what, stepper.current?.process);
    return false;
  }

  push(step: Step<Thread>): void {
    const { process } = step.thread;
    const { machine } = process;
    this.#stopIfOutside(process);
    if (machine.isPaused) machine.deferred.push(() => this.stepper.push(step));
    else this.stepper.push(step);
    this.onActivity?.();
  }

  call(thread: Thread, callback: () => unknown): void {
    const go = (): void => {
      try {
        const result = callback();
        if (result instanceof Promise) result.catch((error: unknown) => this.threadThrew(thread, error));
      } catch (error) {
        this.threadThrew(thread, error);
      }
    };
    this.push({ thread, go });
  }

  abort(thread: Thread, controller: AbortController, reason: Error): void {
    if (thread === this.stepper.current) controller.abort(reason);
    else this.push({ thread, go: () => controller.abort(reason) });
  }

  // ---- who runs, and who may call

  /**
   * Stops the run if something happens to that process though nothing of the simulation has made it happen. Nothing is thrown, as
   * it could reach whoever did that, and Node: all processes are dead then, to whom nothing happens any more.
   */
  #stopIfOutside(process: RunningProcess): void {
    if (this.#isOpen || process.exit) return;
    this.fatal ??= foreignWait(this.now(), process, "was woken by");
    this.finish();
  }

  checkCaller(operation: string, owner: RunningProcess): void {
    const caller = this.stepper.current?.process;
    if (caller === owner) return;
    this.#stopIfOutside(owner);
    if (caller === undefined || owner.exit) return;
    throw new ParameterError(
      `${operation}: it was called by ${caller.who} on what belongs to ${owner.who}; a process uses the host that its program ` +
        "got, and the connections and listeners that it opened or was given as arguments of spawn; queues and mutexes are " +
        "memory of one process",
    );
  }

  threadOf(process: RunningProcess): Thread {
    const { current } = this.stepper;
    return current?.process === process ? current : process.main;
  }

  /** Some process lives, yet waits on nothing of its host. */
  get someWaitOutside(): boolean {
    return [...this.machines.values()].some(({ processes }) =>
      processes.members().some(({ pending }) => pending === 0),
    );
  }

  /** The process that ran last lives, yet waits on nothing of its host: it waits on something foreign. */
  get waitsOutside(): boolean {
    const process = this.stepper.current?.process;
    return process !== undefined && process.exit === undefined && process.pending === 0;
  }

  threadReturned(thread: Thread, value: unknown): void {
    this.processes.threadReturned(thread, value);
  }

  threadThrew(thread: Thread, thrown: unknown): void {
    this.processes.threadThrew(thread, thrown);
  }
}
