import { checkNonNegative, ParameterError } from "../../errors.js";
import { type EventId, Scheduler } from "../../simulation/index.js";
import { interruptions, onInterrupt } from "../../simulation/interrupt.js";
import type { Core } from "../core/core.js";
import type { DatagramPipe, Driver, Pipe, Processor, Store } from "../core/driver.js";
import { type DrainKind, findSynchronousDrain, macrotask, makeTurns, realNowMs } from "../core/environment.js";
import { refuseInPrograms, setProgramsRun } from "../core/programs-run.js";
import { bug, deadlock, foreignWait, livelock } from "../core/reports.js";
import { ProgramTurns } from "../core/stepper.js";
import type { Thread } from "../core/thread.js";
import { watchForUnseen } from "../core/unseen.js";
import { Interrupted } from "../errors.js";
import { SharedProcessor } from "../machine/processor.js";
import type { Frame } from "../network/frame.js";
import { checkRun } from "../options.js";
import { World } from "../program/world.js";
import { failuresOf, makeRun, type Run } from "../run.js";
import type { Programs, Scenario } from "../scenario.js";
import type { TraceLevel } from "../trace/trace.js";
import { Guards } from "./guards.js";

/** Options of {@link simulate}. */
export interface SimulateOptions {
  /** A whole number; the same seed gives the same run, row for row. 1 unless told. */
  readonly seed?: number;
  /** Which rows to keep: all unless told. */
  readonly trace?: TraceLevel;
  /** Stops the run: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called some twenty times a second of real time with the scenario's time, for a progress bar. Not an async function: nobody waits for it. */
  readonly onProgress?: (nowMs: number) => void;
}

/**
 * Runs a scenario in virtual time: as fast as the machine can, with exact times, and the same for the same seed.
 *
 * @returns the run; what went wrong inside programs stands in its outcomes.
 * @throws {@link ParameterError} for bad options or if a program of a run calls it, {@link Deadlock} if nothing can happen any more
 *   while programs wait, {@link Livelock} if programs go on for ever at one moment, {@link ForeignWait} if one waits on something
 *   outside its host, {@link Interrupted} after Interrupt.
 */
export async function simulate<P extends Programs>(
  scenario: Scenario<string, P>,
  options: SimulateOptions = {},
): Promise<Run<P>> {
  const simulation = new Simulation(scenario, options);
  await simulation.advance();
  return simulation.run();
}

/** Set while some simulation's stretch runs. */
let stretchInProgress: (() => void) | undefined;

/** Far more than a million programs that start at once need; reached in a few seconds. */
const maxStepsInAnInstant = 5_000_000;

/** A simulation that is taken forward step by step, for whoever wants to look between the steps. */
export class Simulation<P extends Programs> {
  readonly #scenario: Scenario<string, P>;
  readonly #options: SimulateOptions;
  readonly #driver = new VirtualDriver();
  readonly #core: Core;
  readonly #guards: Guards;
  readonly #forced: DrainKind | undefined;
  #started = false;
  #advancing = false;
  #over = false;
  #reachedLimit = false;
  /** How far it was taken, past the last thing that happened. */
  #reachedMs = 0;
  /** Steps since the clock last moved. */
  #stepsNow = 0;

  /** @internal @param drain forces one of the ways to run promises to the last; found by trying unless told. */
  constructor(scenario: Scenario<string, P>, options: SimulateOptions = {}, drain?: DrainKind) {
    checkRun("simulate", scenario, options);
    this.#scenario = scenario;
    this.#options = options;
    this.#core = new World(scenario as Scenario, this.#driver, options.seed ?? 1, options.trace);
    this.#guards = new Guards(this.#core);
    this.#forced = drain;
  }

  /** The scenario's time. */
  get nowMs(): number {
    return this.#reachedLimit ? this.#scenario.limitMs : Math.max(this.#reachedMs, this.#driver.now());
  }

  /** Whether the run has ended. */
  get isOver(): boolean {
    return this.#over;
  }

  /** Takes the run forward up to and including that time, or to its end; the event loop gets its turn before it returns. */
  async advance(untilMs = Infinity): Promise<void> {
    if (untilMs !== Infinity) checkNonNegative("advance", "untilMs", untilMs);
    refuseInPrograms("simulate");
    if (this.#advancing) throw new ParameterError("advance: the simulation is advancing already; await that first");
    this.#advancing = true;
    try {
      while (!this.#over && !(await this.#stretch(untilMs))) this.#options.onProgress?.(this.nowMs);
    } catch (error) {
      this.#over = true;
      this.#core.finish();
      throw error;
    } finally {
      this.#advancing = false;
    }
  }

  /** What has come of it: of a run that is not over, programs that have not ended are `unfinished`. Ends the simulation. */
  run(): Run<P> {
    const run = this.unwatchedRun();
    watchForUnseen("simulate", failuresOf(run));
    return run;
  }

  /** @internal The same, of which nothing is told that nobody looks at. */
  unwatchedRun(): Run<P> {
    const cutShort = !this.#over;
    this.#over = true;
    return makeRun(this.#core, this.#scenario.programs, this.nowMs, this.#reachedLimit || cutShort);
  }

  /** One stretch of simulation, some 50 ms of real time long at most; says whether it came to `untilMs` or the end. */
  #stretch(untilMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#options;
      let programs: ProgramTurns | undefined;
      let hasLeft = false;
      const leave = (): void => {
        hasLeft = true;
        if (stretchInProgress === leave) {
          stretchInProgress = undefined;
          setProgramsRun(false);
        }
        this.#core.close();
        this.#guards.remove();
        programs?.leave();
        stopListening();
      };
      const rejectInterrupted = (): void =>
        reject(new Interrupted(`simulate was interrupted at t=${this.nowMs.toFixed(3)} ms`));
      // After an interrupt in the middle of a program nothing of this function may run any more, `finally` neither: only this does.
      const stopListening = onInterrupt(() => {
        leave();
        rejectInterrupted();
      });
      const interruptionsBefore = interruptions();
      const wasInterrupted = (): boolean => interruptions() !== interruptionsBefore;
      const begin = (): void => {
        if (hasLeft) return; // interrupted while it waited for its turn
        if (signal?.aborted) {
          leave();
          return reject(signal.reason);
        }
        // Guards and the adoption of rejections are the whole process's: one simulation at a time has them.
        if (stretchInProgress) return macrotask(begin);
        stretchInProgress = leave;
        this.#core.open();
        const synchronous = this.#forced === undefined || this.#forced === "tick";
        const turns = new ProgramTurns(this.#core.adopt, synchronous ? findSynchronousDrain() : undefined);
        programs = turns;
        turns.enter();
        const end = (reached: boolean): void => {
          leave();
          // A program that was cut off behind an await looks as if it had nothing to wait for, or had ended.
          if (wasInterrupted()) rejectInterrupted();
          else resolve(reached);
        };
        const fail = (error: unknown): void => {
          leave();
          if (wasInterrupted()) rejectInterrupted();
          else reject(error);
        };
        if (turns.isSynchronous) {
          turns.stretch(() => this.#runSynchronously(untilMs, turns), {
            done: end,
            failed: fail,
            brokeOut: () => (hasLeft ? undefined : end(false)),
          });
        } else this.#runByTurns(untilMs, this.#forced === "channel" ? "channel" : "immediate", end, fail);
      };
      macrotask(begin);
    });
  }

  #runSynchronously(untilMs: number, programs: ProgramTurns): boolean {
    const { stepper } = this.#core;
    const deadlineMs = realNowMs() + 50;
    this.#guards.install();
    try {
      for (let count = 1; ; count++) {
        if (this.#step(untilMs)) return true;
        if (stepper.current) {
          programs.runCode();
          this.#check();
        }
        if ((count & 127) === 0 && realNowMs() > deadlineMs) return false;
      }
    } finally {
      this.#guards.remove();
    }
  }

  #runByTurns(
    untilMs: number,
    kind: Exclude<DrainKind, "tick">,
    end: (reached: boolean) => void,
    fail: (error: unknown) => void,
  ): void {
    const deadlineMs = realNowMs() + 50;
    const turns = makeTurns(kind);
    const turn = (): void => {
      try {
        this.#guards.remove();
        this.#check();
        if (realNowMs() > deadlineMs) {
          turns.close();
          return end(false);
        }
        this.#guards.install();
        if (this.#step(untilMs)) {
          turns.close();
          return end(true);
        }
        turns.next(turn);
      } catch (error) {
        turns.close();
        fail(error);
      }
    };
    turn();
  }

  /** Does the next thing; says whether there was none up to `untilMs`. */
  #step(untilMs: number): boolean {
    const core = this.#core;
    if (core.fatal) throw core.fatal;
    if (++this.#stepsNow > maxStepsInAnInstant) {
      const last = core.stepper.current?.process;
      throw livelock(core.now(), `${maxStepsInAnInstant} steps have taken no time`, last);
    }
    core.stepper.rest();
    if (!this.#started) {
      this.#started = true;
      core.programs.start();
    }
    if (core.isOver) {
      this.#over = true;
      return true;
    }
    if (core.stepper.next()) return false;
    const nextMs = this.#driver.scheduler.nextTimeMs;
    if (nextMs > this.#scenario.limitMs && untilMs >= this.#scenario.limitMs) {
      this.#over = true;
      this.#reachedLimit = true;
      return true;
    }
    if (nextMs === Infinity && this.#scenario.limitMs === Infinity) throw deadlock(core);
    if (nextMs > untilMs) {
      this.#reachedMs = Math.max(this.#reachedMs, untilMs);
      return true;
    }
    if (nextMs > this.#driver.now()) this.#stepsNow = 0;
    try {
      this.#driver.scheduler.step();
    } catch (error) {
      throw bug(core.now(), error);
    }
    return false;
  }

  /** After the code of a step has run: did it leave the simulation? */
  #check(): void {
    const core = this.#core;
    if (core.fatal) throw core.fatal;
    if (core.waitsOutside) throw foreignWait(core.now(), (core.stepper.current as Thread).process, "waits on");
  }
}

function arrive(frame: Frame): void {
  frame.path.arrive(frame);
}

/** Virtual time: a clock that jumps from event to event. */
class VirtualDriver implements Driver {
  readonly world = "virtual";
  readonly scheduler = new Scheduler();
  /** Frames know their way. */
  readonly #pipe: Pipe & DatagramPipe = {
    write: (frame) => void this.scheduler.at(frame.firstByteMs, arrive, frame),
    close: () => undefined,
  };

  now(): number {
    return this.scheduler.nowMs;
  }

  at<T>(timeMs: number, callback: (argument: T) => void, argument: T): EventId {
    return this.scheduler.at(timeMs, callback, argument);
  }

  cancel(id: EventId): void {
    this.scheduler.cancel(id);
  }

  processor(_host: string, cores: number): Processor {
    return new SharedProcessor(this, cores);
  }

  store(): Store {
    const files = new Map<string, Uint8Array>();
    return {
      read: (name, done) => done(files.get(name)),
      write: (name, bytes, done) => {
        if (bytes) files.set(name, bytes);
        else files.delete(name);
        done();
      },
    };
  }

  openPort(_host: string, _port: number, opened: () => void): void {
    opened();
  }

  closePort(): void {}

  openPipe(_host: string, _port: number, opened: (client: Pipe, server: Pipe) => void): void {
    opened(this.#pipe, this.#pipe);
  }

  openDatagrams(_host: string, _port: number, opened: (pipe: DatagramPipe) => void): void {
    opened(this.#pipe);
  }
}
