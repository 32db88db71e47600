import { checkPositive, ParameterError } from "../errors.js";
import { Core } from "../world/core.js";
import { adoptFailures, afterMicrotasks, findSynchronousDrain, macrotask, onInterrupt } from "../world/environment.js";
import { Deadlock, Interrupted } from "../world/errors.js";
import type { Programs, Run, Scenario, TraceLevel } from "../world/index.js";
import { makeRun } from "../world/run.js";
import { checkScenario, checkSeed, Simulation } from "../world/virtual.js";
import { LiveDriver } from "./driver.js";
import { type MachineInfo, measureMachine } from "./machine.js";

/** Options of {@link runLive}. */
export interface RunLiveOptions {
  /** A whole number: programs draw the same random numbers as in `simulate` with that seed. 1 unless told. */
  readonly seed?: number;
  /** Which rows to keep: all unless told. */
  readonly trace?: TraceLevel;
  /**
   * Real milliseconds for one of the scenario. Unless told, as many as make its mean CPU or disk time 20 ms, so that Node's own
   * overhead (about 1 ms a request) does not drown it; never below 1, and no more than fits into half of `maxRealMs`.
   */
  readonly timeScale?: number;
  /** The longest real time that the run may take; 10,000 ms unless told. */
  readonly maxRealMs?: number;
  /** Stops the run: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called some ten times a second with the scenario's time, for a progress bar. */
  readonly onProgress?: (nowMs: number) => void;
}

/** What came of a scenario on this machine. Times are in the scenario's ms: real ms divided by `timeScale`. */
export interface LiveRun<P extends Programs = Programs> extends Run<P> {
  /** Which runtime played the scenario. */
  readonly world: "live";
  /** Real milliseconds for one of the scenario. */
  readonly timeScale: number;
  /** The virtual run of the same draws, to compare with request by request. */
  readonly predicted: Run<P>;
  /** What this machine is, and what it really gives. */
  readonly machine: MachineInfo;
  /** What this run could not hold, most important first: missing cores, a short time scale, and what no live run can hold. */
  readonly limits: readonly string[];
}

/** What no live run can hold. */
const alwaysLost =
  "times and the order of ties are this machine's; latency, bandwidth and faults are put in by the library (within 1 to 2 ms); " +
  "all programs share one Node process, whose own JavaScript stops every host";

/** A mean CPU or disk time below which Node's overhead shows, in real ms. */
const clearWorkMs = 20;

/** How many times as long as it may be a scenario is simulated, to tell how long it is. */
const farTooLong = 100;

/**
 * Runs a scenario on this machine: real sockets on loopback, the real clock, CPU time burned by one thread for each core, files.
 * The network's latency and bandwidth are put in by holding each frame until it is due.
 *
 * Before it, the scenario is simulated with the same seed: that run is in `predicted`, and tells how long this one will take.
 *
 * @throws {@link ParameterError} for bad options, or if it would take longer than `maxRealMs`; {@link Deadlock} if all is quiet
 *   and programs wait; {@link Interrupted} after Interrupt.
 */
export async function runLive<P extends Programs>(
  scenario: Scenario<string, P>,
  options: RunLiveOptions = {},
): Promise<LiveRun<P>> {
  checkScenario("runLive", scenario);
  checkSeed("runLive", options.seed);
  const maxRealMs = options.maxRealMs === undefined ? 10_000 : checkPositive("runLive", "maxRealMs", options.maxRealMs);
  if (options.timeScale !== undefined) checkPositive("runLive", "timeScale", options.timeScale);
  const predicted = await predict(scenario, options, maxRealMs);
  const timeScale = options.timeScale ?? defaultTimeScale(predicted, maxRealMs);
  refuseLongRun(predicted.endMs, timeScale, maxRealMs, options.timeScale !== undefined);
  const machine = await measureMachine();
  const session = new LiveSession(scenario, options, computingHosts(predicted), machine, timeScale, maxRealMs);
  const run = await session.run();
  const limits = limitsOf(scenario, predicted, machine, timeScale);
  return { ...run, world: "live", timeScale, predicted, machine, limits };
}

async function predict<P extends Programs>(
  scenario: Scenario<string, P>,
  options: RunLiveOptions,
  maxRealMs: number,
): Promise<Run<P>> {
  const { seed, signal } = options;
  const simulation = new Simulation(scenario, { ...(seed !== undefined && { seed }), ...(signal && { signal }) });
  try {
    // Far enough to propose a time scale; what is longer by far, or never ends, is refused as it is.
    await simulation.advance((farTooLong * maxRealMs) / Math.min(1, options.timeScale ?? 1));
  } catch (error) {
    // The live run will find it out for itself.
    if (!(error instanceof Deadlock)) throw error;
  }
  if (!simulation.isOver) {
    throw new ParameterError(
      `runLive: the scenario takes more than ${Math.floor(simulation.nowMs)} ms in virtual time, or never ends; give it a limitMs`,
    );
  }
  return simulation.run();
}

function workRows(run: Run): { host: string; workMs: number; kind: string }[] {
  return run.rows.flatMap((row) => (row.kind === "compute" || row.kind === "disk" ? [row] : []));
}

function defaultTimeScale(predicted: Run, maxRealMs: number): number {
  const works = workRows(predicted).filter(({ workMs }) => workMs > 0);
  if (works.length === 0) return 1;
  const meanMs = works.reduce((sum, { workMs }) => sum + workMs, 0) / works.length;
  const fittingScale = maxRealMs / 2 / predicted.endMs;
  return Math.max(1, Math.min(clearWorkMs / meanMs, fittingScale));
}

function refuseLongRun(endMs: number, timeScale: number, maxRealMs: number, isChosen: boolean): void {
  const realMs = endMs * timeScale;
  if (realMs <= maxRealMs) return;
  const smaller = Math.floor((maxRealMs / endMs) * 100) / 100;
  const proposal =
    isChosen && smaller >= 1
      ? `timeScale: ${smaller} would fit`
      : `a scenario of ${Math.round((maxRealMs / realMs) * 100)} % of this length would fit (fewer requests, say)`;
  throw new ParameterError(
    `runLive: the scenario takes ${Math.round(endMs)} ms in virtual time, so ${Math.round(realMs)} ms here at timeScale ` +
      `${timeScale}, and maxRealMs is ${maxRealMs}; ${proposal}, or maxRealMs: ${Math.ceil(realMs / 1000) * 1000}`,
  );
}

function computingHosts(predicted: Run): Set<string> {
  return new Set(workRows(predicted).flatMap(({ host, kind }) => (kind === "compute" ? [host] : [])));
}

function limitsOf(scenario: Scenario, predicted: Run, machine: MachineInfo, timeScale: number): string[] {
  const limits: string[] = [];
  const cores = [...computingHosts(predicted)].reduce((sum, host) => sum + (scenario.hosts[host]?.cores ?? 1), 0);
  if (cores > machine.effectiveCores + 0.25) {
    limits.push(
      `the scenario's programs compute on up to ${cores} cores at once, and worker threads get ${machine.effectiveCores} of this ` +
        "machine's: expect longer times whenever they are all busy",
    );
  }
  const works = workRows(predicted).filter(({ workMs }) => workMs > 0);
  const meanMs = (timeScale * works.reduce((sum, { workMs }) => sum + workMs, 0)) / Math.max(1, works.length);
  if (works.length > 0 && meanMs < clearWorkMs * 0.99) {
    limits.push(
      `a job takes ${meanMs.toPrecision(2)} ms on average here, and Node adds about 1 ms to each request: a larger timeScale ` +
        "would bring the two worlds closer",
    );
  }
  limits.push(alwaysLost);
  return limits;
}

class LiveSession<P extends Programs> {
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

  constructor(
    scenario: Scenario<string, P>,
    options: RunLiveOptions,
    computing: ReadonlySet<string>,
    machine: MachineInfo,
    timeScale: number,
    maxRealMs: number,
  ) {
    this.#scenario = scenario;
    this.#options = options;
    this.#timeScale = timeScale;
    this.#maxRealMs = maxRealMs;
    this.#driver = new LiveDriver(computing, machine, timeScale);
    this.#core = new Core(scenario as Scenario, this.#driver, options.seed ?? 1, options.trace);
  }

  async run(): Promise<Run<P>> {
    const { signal, onProgress } = this.#options;
    const onAbort = (): void => this.#end(() => this.#reject(signal?.reason));
    const stopListening = onInterrupt(() => {
      this.#giveBack();
      this.#end(() =>
        this.#reject(new Interrupted(`runLive was interrupted at t=${this.#driver.now().toFixed(3)} ms`)),
      );
      void this.#driver.close();
    });
    const progress = onProgress && setInterval(() => onProgress(this.#driver.now()), 100);
    const patience = setTimeout(() => this.#tookTooLong(), this.#maxRealMs * 1.5 + 2000);
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
    settle();
  }

  #tookTooLong(): void {
    const waiting = this.#core.waitReport().slice(0, 5).join("; ");
    const error = new Error(
      `runLive: the run took more than ${Math.round(this.#maxRealMs * 1.5)} real ms, far longer than predicted; at ` +
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
      if (core.isStarting && this.#driver.portsOpening > 0) this.#driver.holdClock();
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
          afterMicrotasks("nextTick", () => this.#pump());
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
