import { refuse } from "../../errors.js";
import { randomStream } from "../../simulation/index.js";
import { checkFields, checkTimeMs } from "../checks.js";
import type {
  Connection,
  ConnectOptions,
  Disk,
  Exit,
  Host,
  Listener,
  ListenOptions,
  Mutex,
  Process,
  Program,
  Queue,
  SpawnOptions,
} from "../host.js";
import { DiskView } from "../machine/machine.js";
import { ThreadMutex, ThreadQueue } from "../machine/queue.js";
import { openConnection, openPort } from "../network/port.js";
import type { Core } from "./core.js";
import type { Member } from "./linked-set.js";
import type { RunningProcess } from "./process.js";
import { spawn } from "./spawn.js";
import { ofHost } from "./strangers.js";
import type { Step, Wait } from "./wait.js";

/** What a thread does first. */
interface Beginning {
  readonly program: Program<never[], unknown>;
  readonly args: readonly unknown[];
  /** CPU time that its start takes. */
  readonly costMs: number;
}

/**
 * One line of execution of a process, and at the same time the {@link Host} that its program sees: one object, as
 * thousands of them live at once and each of their steps touches it.
 */
export class Thread implements Host, Member<Thread>, Step {
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
  private source: (() => number) | undefined = undefined;
  private diskView: Disk | undefined = undefined;

  /**
   * @param givenName its name, or what it is made from.
   * @param sameName how many threads of the process had that name before: the second `worker` is called `worker 2`.
   * @param number counts the threads that the process spawned; 0 is its first.
   */
  constructor(
    readonly core: Core,
    readonly process: RunningProcess,
    private readonly givenName: string,
    private readonly sameName: number,
    readonly number: number,
  ) {}

  get [ofHost](): string {
    return "a host; each process gets one of its own";
  }

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

  // ---- its beginning

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
      ending = Promise.resolve((program as (...all: unknown[]) => unknown)(this, ...args));
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
      await this.process.machine.compute(this, costMs, 0, undefined);
    } catch (error) {
      if (!this.controller?.signal.aborted) throw error;
    }
  }

  // ---- what its program sees

  get name(): string {
    return this.process.machine.name;
  }

  get pid(): number {
    return this.process.pid;
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    return this.controller.signal;
  }

  get disk(): Disk {
    this.diskView ??= new DiskView(this);
    return this.diskView;
  }

  now(): number {
    return this.core.now();
  }

  sleep(ms: number): Promise<void> {
    // Most often what is left until a time, of which rounding has left less than nothing.
    if (ms < 0)
      refuse("sleep", "ms", "a finite number of at least 0 (sleepUntil also takes a time that has passed)", ms);
    checkTimeMs("sleep", "ms", ms);
    const { core } = this;
    return core.sleepUntil(this, core.now() + ms);
  }

  sleepUntil(timeMs: number): Promise<void> {
    if (typeof timeMs !== "number" || !(Math.abs(timeMs) < Infinity))
      refuse("sleepUntil", "timeMs", "a finite number", timeMs);
    if (timeMs > 0) checkTimeMs("sleepUntil", "timeMs", timeMs);
    const { core } = this;
    return timeMs <= core.now() ? core.atOnce(this.process, undefined) : core.sleepUntil(this, timeMs);
  }

  compute(ms: number, options?: { readonly priority?: number; readonly signal?: AbortSignal }): Promise<void> {
    checkTimeMs("compute", "ms", ms);
    if (options !== undefined) checkFields("compute", options, ["priority", "signal"]);
    const priority = options?.priority ?? 0;
    if (!Number.isFinite(priority)) refuse("compute", "priority", "a finite number", priority);
    if (ms === 0) return this.core.atOnce(this.process, undefined);
    return this.process.machine.compute(this, ms, priority, options?.signal);
  }

  load(): number {
    const { processor, cores } = this.process.machine;
    return processor.runnable / cores;
  }

  random(): number {
    this.core.checkCaller("random", this.process);
    this.source ??= randomStream(this.core.seed, this.streamName);
    return this.source();
  }

  queue<T>(capacity = Infinity): Queue<T> {
    return new ThreadQueue<T>(this.process, capacity);
  }

  mutex(): Mutex {
    return new ThreadMutex(this.process);
  }

  listen(port: number, options?: ListenOptions): Promise<Listener> {
    return openPort(this, port, options);
  }

  connect(host: string, port: number, options?: ConnectOptions): Promise<Connection> {
    return openConnection(this, host, port, options);
  }

  spawn<A extends unknown[], R>(
    program: (host: Host, ...args: A) => Promise<R>,
    options: SpawnOptions,
    ...args: A
  ): Process<R> {
    return spawn(this, program as unknown as Program<never[], R>, options, args);
  }

  log(event: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (typeof event !== "string") refuse("log", "event", "a text", event);
    const { core, process } = this;
    core.checkCaller("log", process);
    // A program that has killed itself runs on to its next await, unheard.
    if (process.exit) return;
    core.trace.log(core.now(), this, event, fields);
  }
}
