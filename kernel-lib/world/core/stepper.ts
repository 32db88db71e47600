/**
 * One thing happens at a time: a step resumes one thread, whose code then runs to where it awaits next before another step is taken.
 * So the thread that runs is always known, and the order of steps is the order in which their causes happened.
 *
 * - `push`: by anybody, at any time;
 * - `next`, `rest`, `take`: by the loop that plays the run, or by a timer that it runs, when no code of a program is on the stack.
 */
import { adoptFailures, macrotask } from "./environment.js";
import { Fifo } from "./fifo.js";
import { setProgramsRun } from "./programs-run.js";

/** Something to do for a thread as soon as the one that runs now has come to a wait. */
export interface Step<T extends Stepping = Stepping> {
  readonly thread: T;
  /** Goes on with the thread's code, up to where it awaits next. */
  go(): void;
}

/** A thread, as far as the stepper cares. */
export interface Stepping {
  readonly isAlive: boolean;
}

/** Which of the steps that are ready is next. */
export interface StepPolicy<S> {
  readonly size: number;
  push(step: S): void;
  /** Takes one out; `undefined` if there is none. */
  shift(): S | undefined;
}

/** The steps of a run. */
export class Stepper<T extends Stepping> {
  /** The thread whose code runs, or ran last. */
  current: T | undefined = undefined;
  /** Operations that waited for nothing, since the last step. */
  atOnce = 0;

  /** @param ready first in, first out unless told: the order in which the causes happened. */
  constructor(private readonly ready: StepPolicy<Step<T>> = new Fifo()) {}

  get hasSteps(): boolean {
    return this.ready.size > 0;
  }

  push(step: Step<T>): void {
    this.ready.push(step);
  }

  /** Takes the next step, if there is one that a living thread can take; its code runs when the microtasks do. */
  next(): boolean {
    for (let step = this.ready.shift(); step; step = this.ready.shift()) {
      if (!step.thread.isAlive) continue;
      this.take(step);
      return true;
    }
    return false;
  }

  take(step: Step<T>): void {
    this.current = step.thread;
    this.atOnce = 0;
    step.go();
  }

  /** No thread runs. */
  rest(): void {
    this.current = undefined;
  }
}

/** What becomes of a stretch of a run. */
interface Ends<R> {
  /** It has done what it should. */
  done(result: R): void;
  /** The run is at fault, or the library. */
  failed(error: unknown): void;
  /** An error of a program came out of its code; who adopts it has heard of it, and the run can go on. */
  brokeOut(): void;
}

/**
 * Runs programs' code between the steps of a run, for a loop that takes many of them in one turn of the event loop, and gives what
 * nobody catches there to whoever adopts it.
 */
export class ProgramTurns {
  readonly #adopt: (reason: unknown) => void;
  readonly #drain: (() => void) | undefined;
  #isDraining = false;
  #giveBack: () => void = () => undefined;

  /** @param drain runs every microtask at once, where that can be done. */
  constructor(adopt: (reason: unknown) => void, drain: (() => void) | undefined) {
    this.#adopt = adopt;
    this.#drain = drain;
  }

  /** Whether microtasks can be run on demand; if not, each step's code runs when the event loop lets it. */
  get isSynchronous(): boolean {
    return this.#drain !== undefined;
  }

  /** From now on errors that nobody catches are the programs'. */
  enter(): void {
    this.#giveBack = adoptFailures(this.#adopt);
  }

  /** They are everybody's again. */
  leave(): void {
    this.#giveBack();
  }

  /** Runs the code that the last step has resumed, up to where it awaits next. */
  runCode(): void {
    this.#isDraining = true;
    this.#drain?.();
    this.#isDraining = false;
  }

  /**
   * Lets `work` take steps, in a turn of the event loop of its own.
   *
   * @throws an error that came out of a program's code, which must reach the event loop: only there does Node tidy up behind it.
   */
  stretch<R>(work: () => R, ends: Ends<R>): void {
    let result: R;
    try {
      setProgramsRun(true);
      result = work();
    } catch (error) {
      setProgramsRun(false);
      if (!this.#isDraining) return ends.failed(error);
      // From a tick or a listener: Node hands it to `adopt`, runs what is left, and then we go on.
      this.#isDraining = false;
      macrotask(() => macrotask(() => ends.brokeOut()));
      throw error;
    }
    setProgramsRun(false);
    ends.done(result);
  }
}
