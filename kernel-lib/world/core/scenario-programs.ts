/**
 * The programs of a scenario: when each starts, and how it came out.
 *
 * - `start`: once, by the loop that plays the run;
 * - `startDaemonsOf`: by a fault, in a timer.
 */

import { copied } from "../arguments.js";
import type { Exit } from "../host.js";
import type { HostMachine } from "../machine/host-machine.js";
import { type NamedJob, namedJobs, type Scenario } from "../scenario.js";
import { RunningProcess, type ThreadMaker } from "./process.js";
import type { Processes } from "./processes.js";
import type { Services } from "./services.js";

/** What is known of a program of the scenario. */
export class ProgramState {
  readonly name: string;
  readonly job: NamedJob["job"];
  process: RunningProcess | undefined = undefined;
  exit: Exit | undefined = undefined;
  /** NaN before the first end: a fraction from the start, as V8 makes an object anew whose whole number becomes one. */
  exitMs = NaN;
  starts = 0;

  constructor(
    { name, job }: NamedJob,
    private readonly core: Services,
  ) {
    this.name = name;
    this.job = job;
  }

  ended(exit: Exit): void {
    this.exit = exit;
    this.exitMs = this.core.now();
  }
}

export class ScenarioPrograms {
  readonly all: readonly ProgramState[];
  readonly #core: Services;
  readonly #processes: Processes;
  readonly #machines: ReadonlyMap<string, HostMachine>;
  readonly #makeThread: ThreadMaker;
  readonly #startingDaemons: ProgramState[] = [];
  #othersStarted = false;

  constructor(
    scenario: Scenario,
    core: Services,
    processes: Processes,
    machines: ReadonlyMap<string, HostMachine>,
    makeThread: ThreadMaker,
  ) {
    this.#core = core;
    this.#processes = processes;
    this.#machines = machines;
    this.#makeThread = makeThread;
    this.all = namedJobs(scenario.programs).map((named) => new ProgramState(named, core));
    processes.awaited = this.all.filter(({ job }) => !job.isDaemon).length;
  }

  /** Daemons are being started; nothing else runs yet. */
  get areStarting(): boolean {
    return !this.#othersStarted;
  }

  /** Starts the daemons, each when the one before first waits; then the others. */
  start(): void {
    this.#startingDaemons.push(...this.all.filter(({ job }) => job.isDaemon && job.startMs === 0));
    this.#startNextDaemon();
    for (const state of this.all) {
      if (state.job.startMs > 0) this.#core.driver.at(state.job.startMs, (late) => this.#start(late), state);
    }
  }

  #startNextDaemon(): void {
    const next = this.#startingDaemons.shift();
    if (next) return this.#start(next, () => this.#startNextDaemon());
    if (this.#othersStarted) return;
    this.#othersStarted = true;
    for (const state of this.all) {
      if (!state.job.isDaemon && state.job.startMs === 0) this.#start(state);
    }
  }

  /** The daemons of a machine that has just booted. */
  startDaemonsOf(machine: HostMachine): void {
    // One that was due while the machine was down has an exit, and no start yet.
    const daemons = this.all.filter(
      ({ job, starts, exit }) => job.isDaemon && job.host === machine.name && (starts > 0 || exit),
    );
    const next = (): void => {
      const state = daemons.shift();
      if (state && !machine.isDown) this.#start(state, next);
    };
    next();
  }

  #start(state: ProgramState, onSettledIn?: () => void): void {
    const { job, name } = state;
    const core = this.#core;
    const machine = this.#machines.get(job.host) as HostMachine;
    if (machine.isDown) {
      if (!state.exit && !job.isDaemon) this.#processes.awaited--;
      state.ended({ how: "killed" });
      onSettledIn?.();
      return;
    }
    const again = state.starts++ === 0 ? "" : ` (start ${state.starts})`;
    const streamName = `${job.host}/${name}${again}`;
    const pid = this.#processes.nextPid();
    const make = this.#makeThread;
    const process = new RunningProcess(core, machine, pid, name, 0, job.isDaemon, streamName, state, make);
    state.process = process;
    state.exit = undefined;
    process.onSettledIn = onSettledIn;
    this.#processes.enter(process);
    // Each run, and each start after a crash, gets a copy of its own, as a child process does.
    let args: unknown[];
    try {
      args = job.args.map((arg) => copied(arg, () => false, "on"));
    } catch (error) {
      // Somebody has changed them since `on` tried.
      return core.threadThrew(process.main, error);
    }
    this.#processes.launch(process.main, job.program, args, 0);
  }
}
