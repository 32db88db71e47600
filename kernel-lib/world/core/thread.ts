import type { Exit, Host, Program } from "../host.js";
import type { Member } from "./linked-set.js";
import type { RunningProcess } from "./process.js";
import type { Services } from "./services.js";
import type { Step } from "./stepper.js";
import type { Wait } from "./wait.js";

/** What a thread does first. */
export interface Beginning {
  readonly program: Program<never[], unknown>;
  readonly args: readonly unknown[];
  /** CPU time that its start takes. */
  readonly costMs: number;
}

/**
 * One line of execution of a process. What its program sees, its host, is the same object: thousands of them live at once and each of
 * their steps touches it.
 */
export abstract class Thread implements Member<Thread>, Step<Thread> {
  /** The wait of its last sleep, to be used again: programs sleep more than they do anything else. */
  spareSleep: Wait<void> | undefined = undefined;
  /** Its number in the trace, 0 for none yet: the recorder gives it. */
  traceNumber = 0;
  exit: Exit | undefined = undefined;
  memberOf: object | undefined = undefined;
  previousMember: Thread | undefined = undefined;
  nextMember: Thread | undefined = undefined;
  /** Who waits for its end. */
  doneWaits: Wait[] | undefined = undefined;
  controller: AbortController | undefined = undefined;
  private beginning: Beginning | undefined = undefined;

  /**
   * @param givenName its name, or what it is made from.
   * @param sameName how many threads of the process had that name before: the second `worker` is called `worker 2`.
   * @param number counts the threads that the process spawned; 0 is its first.
   */
  constructor(
    readonly core: Services,
    readonly process: RunningProcess,
    private readonly givenName: string,
    private readonly sameName: number,
    readonly number: number,
  ) {}

  /** As traces and reports call it. */
  get threadName(): string {
    return this.sameName === 0 ? this.givenName : `${this.givenName} ${this.sameName + 1}`;
  }

  /** Names its random stream. */
  get streamName(): string {
    const { streamName } = this.process;
    return this.number === 0 ? streamName : `${streamName}/thread ${this.number}`;
  }

  /** Something of this thread can be settled or called: its process lives and is not over. */
  get isAlive(): boolean {
    return this.process.exit === undefined;
  }

  get thread(): Thread {
    return this;
  }

  /** What its program gets. */
  protected abstract get host(): Host;

  /** Takes CPU time. */
  protected abstract pay(costMs: number): Promise<void>;

  willRun(beginning: Beginning): void {
    this.beginning = beginning;
  }

  /** Its first step. */
  go(): void {
    const { program, args, costMs } = this.beginning as Beginning;
    this.beginning = undefined;
    this.process.pending--;
    this.core.trace.start(this.core.now(), this);
    if (costMs === 0) return this.run(program, args);
    void this.payFor(costMs).then(
      () => this.run(program, args),
      (error: unknown) => this.core.threadThrew(this, error),
    );
  }

  private run(program: Program<never[], unknown>, args: readonly unknown[]): void {
    const { core } = this;
    let ending: Promise<unknown>;
    try {
      ending = Promise.resolve((program as (...all: unknown[]) => unknown)(this.host, ...args));
    } catch (error) {
      return core.threadThrew(this, error);
    }
    ending.then(
      (value) => core.threadReturned(this, value),
      (error: unknown) => core.threadThrew(this, error),
    );
  }

  /** Cancelled before its first line, a program begins all the same, and finds its signal aborted. */
  private async payFor(costMs: number): Promise<void> {
    try {
      await this.pay(costMs);
    } catch (error) {
      if (!this.controller?.signal.aborted) throw error;
    }
  }
}
