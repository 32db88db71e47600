import { interruptions, onInterrupt } from "../../simulation/interrupt.js";
import { Core } from "../../world/core/core.js";
import { adoptFailures, findSynchronousDrain, macrotask } from "../../world/core/environment.js";
import { setProgramsRun } from "../../world/core/programs-run.js";
import { Interrupted } from "../../world/errors.js";
import type { Programs, Run, Scenario } from "../../world/index.js";
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
  #drain: (() => void) | undefined;
  #resolve: (reachedLimit: boolean) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #giveBack: () => void = () => undefined;
  #isPumping = false;
  #isDraining = false;
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
    this.#core = new Core(scenario as Scenario, this.#driver, options.seed ?? 1, options.trace);
  }

  async run(): Promise<Run<P>> {
    const { signal, onProgress } = this.#options;
    const onAbort = (): void => this.#end(() => this.#reject(signal?.reason));
    const stopListening = onInterrupt(() => {
      setProgramsRun(false);
      this.#giveBack();
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
        this.#driver.onBroken = (error) => this.#end(() => reject(this.#core.bug(error)));
        this.#driver.onFailed = ({ message, cause }) =>
          this.#end(() => reject(new Error(`runLive: ${message}`, { cause })));
        const start = (): void => {
          if (this.#isOver) return;
          this.#drain = findSynchronousDrain();
          if (!this.#drain) this.#giveBack = adoptFailures(this.#adopt);
          this.#driver.startClock();
          this.#core.start();
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
      this.#giveBack();
      stopListening();
      this.#core.finish();
      await this.#driver.close();
    }
  }

  /** An error that nobody caught is the running program's. */
  readonly #adopt = (reason: unknown): void => {
    if (this.#core.current) this.#core.threadThrew(this.#core.current, reason);
  };

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
    const waiting = this.#core.waitReport().slice(0, 5).join("; ") + threw.join("");
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
    if (this.#drain) this.#giveBack = adoptFailures(this.#adopt);
    try {
      setProgramsRun(true);
      const paused = this.#work();
      this.#isPumping = false;
      if (this.#drain) this.#giveBack();
      if (this.#isOver) return;
      if (paused) this.#pumpSoon();
      else this.#sleepUntilNext();
    } catch (error) {
      if (this.#isDraining) {
        this.#isDraining = false;
        this.#recover();
        throw error;
      }
      this.#isPumping = false;
      if (this.#drain) this.#giveBack();
      this.#end(() => this.#reject(error));
    } finally {
      setProgramsRun(false);
    }
  }

  /** A tick or a listener of a program threw: Node hands the error to `adopt` and runs what is left; then we go on. */
  #recover(): void {
    const goOn = (): void => {
      this.#giveBack();
      this.#isPumping = false;
      this.#pump();
    };
    setImmediate(() => setImmediate(goOn));
  }

  /** Takes steps until none is due; says whether it broke off, to let the event loop or the microtasks have their turn. */
  #work(): boolean {
    const core = this.#core;
    const deadline = performance.now() + 5;
    for (;;) {
      if (core.fatal) throw core.fatal;
      // A daemon's listen takes no time in the scenario: the others start, at 0, when it is through.
      if (core.isStarting && this.#driver.isOpeningPort) this.#driver.holdClock();
      else this.#driver.releaseClock();
      if (core.isOver) {
        this.#end(() => this.#resolve(false));
        return false;
      }
      if (this.#driver.now() >= this.#scenario.limitMs) {
        this.#end(() => this.#resolve(true));
        return false;
      }
      core.current = undefined;
      if (core.step()) {
        if (!this.#drain) {
          this.#pumpSoon();
          return false;
        }
        this.#isDraining = true;
        this.#drain();
        this.#isDraining = false;
        core.current = undefined;
      } else if (!this.#runTimer()) return false;
      if (performance.now() > deadline) return true;
    }
  }

  #runTimer(): boolean {
    try {
      return this.#driver.runDueTimer();
    } catch (error) {
      throw this.#core.bug(error);
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
    if (!this.#driver.isQuiet || this.#core.hasSteps || this.#core.someWaitOutside) {
      this.#quietSinceMs = undefined;
      // A frame or an answer of the operating system will call; a foreign wait, when it ends, resumes a program by itself.
      this.#timer = setTimeout(() => this.#pump(), 50);
      return;
    }
    this.#quietSinceMs ??= performance.now();
    if (performance.now() - this.#quietSinceMs > 100) return this.#end(() => this.#reject(this.#core.deadlock()));
    this.#timer = setTimeout(() => this.#pump(), 50);
  }
}
