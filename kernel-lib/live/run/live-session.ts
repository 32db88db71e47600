import { interruptions, onInterrupt } from "../../simulation/interrupt.js";
import type { Core } from "../../world/core/core.js";
import { findSynchronousDrain, macrotask } from "../../world/core/environment.js";
import { setProgramsRun } from "../../world/core/programs-run.js";
import { bug, deadlock, waitReport } from "../../world/core/reports.js";
import { ProgramTurns } from "../../world/core/stepper.js";
import { Interrupted } from "../../world/errors.js";
import type { Programs, Run, Scenario } from "../../world/index.js";
import { World } from "../../world/program/world.js";
import { makeRun } from "../../world/run.js";
import { LiveDriver } from "./driver.js";
import type { MachineInfo } from "./machine.js";
import type { RunLiveOptions } from "./run-live.js";

/** The longest time that a timer of Node can be set to. */
const longestTimerMs = 2 ** 31 - 1;

/** One run of a scenario: takes the core's steps when they are due, sleeps in between, and gives everything back at the end. */
export class LiveSession<P extends Programs> {
  readonly #scenario: Scenario<string, P>;
  readonly #options: RunLiveOptions;
  readonly #driver: LiveDriver;
  readonly #core: Core;
  readonly #timeScale: number;
  readonly #maxRealMs: number;
  #resolve: (reachedLimit: boolean) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #programs: ProgramTurns;
  #isPumping = false;
  #isOver = false;
  #quietSinceMs: number | undefined;
  readonly #interruptionsBefore = interruptions();

  constructor(
    scenario: Scenario<string, P>,
    options: RunLiveOptions,
    jobsAtOnce: ReadonlyMap<string, number>,
    machine: MachineInfo,
    timeScale: number,
    maxRealMs: number,
  ) {
    this.#scenario = scenario;
    this.#options = options;
    this.#timeScale = timeScale;
    this.#maxRealMs = maxRealMs;
    this.#driver = new LiveDriver(jobsAtOnce, machine, timeScale);
    this.#core = new World(scenario as Scenario, this.#driver, options.seed ?? 1, options.trace);
    this.#programs = new ProgramTurns(this.#core.adopt, undefined);
  }

  async run(): Promise<Run<P>> {
    const { signal, onProgress } = this.#options;
    const onAbort = (): void => this.#end(() => this.#reject(signal?.reason));
    const stopListening = onInterrupt(() => {
      setProgramsRun(false);
      this.#programs.leave();
      this.#end(() => this.#rejectInterrupted());
      void this.#driver.close();
    });
    const progress = onProgress && setInterval(() => this.#tell(onProgress), 100);
    const patienceMs = Math.min(longestTimerMs, this.#maxRealMs * 1.5 + 2000);
    const patience = setTimeout(() => this.#tookTooLong(patienceMs), patienceMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      signal?.throwIfAborted();
      const reachedLimit = await new Promise<boolean>((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
        this.#driver.onEvent = () => this.#pump();
        this.#core.onActivity = () => {
          if (!this.#isPumping) this.#pumpSoon();
        };
        this.#driver.onBroken = (error) => this.#end(() => reject(bug(this.#core.now(), error)));
        this.#driver.onFailed = ({ message, cause }) =>
          this.#end(() => reject(new Error(`runLive: ${message}`, { cause })));
        const start = (): void => {
          if (this.#isOver) return;
          this.#programs = new ProgramTurns(this.#core.adopt, findSynchronousDrain());
          if (!this.#programs.isSynchronous) this.#programs.enter();
          this.#driver.startClock();
          this.#core.programs.start();
          this.#pump();
        };
        this.#driver.warmUp().then(() => macrotask(start), reject);
      });
      const endMs = reachedLimit ? this.#scenario.limitMs : this.#driver.now();
      return makeRun(this.#core, this.#scenario.programs, endMs, reachedLimit);
    } finally {
      this.#isOver = true;
      clearTimeout(this.#timer);
      clearTimeout(patience);
      clearInterval(progress);
      if (this.#immediate) clearImmediate(this.#immediate);
      signal?.removeEventListener("abort", onAbort);
      this.#programs.leave();
      stopListening();
      this.#core.finish();
      await this.#driver.close();
    }
  }

  #end(settle: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // A program that was cut off behind an await looks as if it had nothing to wait for, or had ended.
    if (interruptions() === this.#interruptionsBefore) settle();
    else this.#rejectInterrupted();
  }

  #rejectInterrupted(): void {
    this.#reject(new Interrupted(`runLive was interrupted at t=${this.#driver.now().toFixed(3)} ms`));
  }

  #tell(onProgress: (nowMs: number) => void): void {
    try {
      onProgress(this.#driver.now());
    } catch (error) {
      this.#end(() => this.#reject(error));
    }
  }

  #tookTooLong(patienceMs: number): void {
    const threw = this.#core.failures.lines().map((line) => `; ${line}`);
    const waiting = waitReport(this.#core).slice(0, 5).join("; ") + threw.join("");
    const error = new Error(
      `runLive: the run took more than ${Math.round(patienceMs)} real ms, far longer than predicted; at ` +
        `t=${this.#driver.now().toFixed(3)} these wait: ${waiting}`,
    );
    this.#end(() => this.#reject(error));
  }

  /** Does everything that is due, then sets the alarm for what comes next. */
  #pump(): void {
    if (this.#isPumping || this.#isOver) return;
    this.#isPumping = true;
    const programs = this.#programs;
    if (programs.isSynchronous) programs.enter();
    const rest = (): void => {
      this.#isPumping = false;
      if (programs.isSynchronous) programs.leave();
    };
    programs.stretch(() => this.#work(programs), {
      done: (paused) => {
        rest();
        if (this.#isOver) return;
        if (paused) this.#pumpSoon();
        else this.#sleepUntilNext();
      },
      failed: (error) => {
        rest();
        this.#end(() => this.#reject(error));
      },
      brokeOut: () => {
        rest();
        this.#pump();
      },
    });
  }

  /** Takes steps until none is due; says whether it broke off, to let the event loop have its turn. */
  #work(programs: ProgramTurns): boolean {
    const core = this.#core;
    const { stepper } = core;
    const deadline = performance.now() + 5;
    for (;;) {
      if (core.fatal) throw core.fatal;
      // A daemon's listen takes no time in the scenario: the others start, at 0, when it is through.
      if (core.programs.areStarting && this.#driver.isOpeningPort) this.#driver.holdClock();
      else this.#driver.releaseClock();
      if (core.isOver) {
        this.#end(() => this.#resolve(false));
        return false;
      }
      if (this.#driver.now() >= this.#scenario.limitMs) {
        this.#end(() => this.#resolve(true));
        return false;
      }
      stepper.rest();
      if (!stepper.next() && !this.#runTimer()) return false;
      if (stepper.current) {
        if (!programs.isSynchronous) {
          this.#pumpSoon();
          return false;
        }
        programs.runCode();
        stepper.rest();
      }
      if (performance.now() > deadline) return true;
    }
  }

  #runTimer(): boolean {
    try {
      return this.#driver.runDueTimer();
    } catch (error) {
      throw bug(this.#core.now(), error);
    }
  }

  #pumpSoon(): void {
    if (this.#immediate || this.#isOver) return;
    this.#immediate = setImmediate(() => {
      this.#immediate = undefined;
      this.#pump();
    });
  }

  #sleepUntilNext(): void {
    clearTimeout(this.#timer);
    const nextMs = Math.min(this.#driver.nextTimerMs, (this.#scenario.limitMs - this.#driver.now()) * this.#timeScale);
    if (nextMs === Infinity) return this.#watchQuiet();
    this.#quietSinceMs = undefined;
    if (nextMs < 0.3) this.#pumpSoon();
    else this.#timer = setTimeout(() => this.#pump(), Math.min(nextMs, 2 ** 30));
  }

  /** Nothing is due. If nothing is under way either, and every process waits on its host, nothing will ever happen. */
  #watchQuiet(): void {
    if (!this.#driver.isQuiet || this.#core.stepper.hasSteps || this.#core.someWaitOutside) {
      this.#quietSinceMs = undefined;
      // A frame or an answer of the operating system will call; a foreign wait, when it ends, resumes a program by itself.
      this.#timer = setTimeout(() => this.#pump(), 50);
      return;
    }
    this.#quietSinceMs ??= performance.now();
    if (performance.now() - this.#quietSinceMs > 100) return this.#end(() => this.#reject(deadlock(this.#core)));
    this.#timer = setTimeout(() => this.#pump(), 50);
  }
}
