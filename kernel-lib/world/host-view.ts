import { checkNonNegative, refuse } from "../errors.js";
import { randomStream } from "../simulation/index.js";
import type {
  Connection,
  ConnectOptions,
  Disk,
  Host,
  Listener,
  ListenOptions,
  Mutex,
  Process,
  Program,
  Queue,
  SpawnOptions,
} from "./host.js";
import { DiskView } from "./machine.js";
import { openConnection, openPort } from "./port.js";
import type { Thread } from "./process.js";
import { ThreadMutex, ThreadQueue } from "./queue.js";
import { spawn } from "./spawn.js";

const done: Promise<void> = Promise.resolve();

/** The host as one thread sees it. */
export class HostView implements Host {
  private source: (() => number) | undefined = undefined;
  private diskView: Disk | undefined = undefined;

  constructor(private readonly thread: Thread) {}

  get name(): string {
    return this.thread.process.machine.name;
  }

  get pid(): number {
    return this.thread.process.pid;
  }

  get signal(): AbortSignal {
    this.thread.controller ??= new AbortController();
    return this.thread.controller.signal;
  }

  get disk(): Disk {
    this.diskView ??= new DiskView(this.thread);
    return this.diskView;
  }

  now(): number {
    return this.thread.process.core.now();
  }

  sleep(ms: number): Promise<void> {
    checkNonNegative("sleep", "ms", ms);
    const { core } = this.thread.process;
    return core.sleepUntil(this.thread, core.now() + ms);
  }

  sleepUntil(timeMs: number): Promise<void> {
    if (typeof timeMs !== "number" || !(Math.abs(timeMs) < Infinity))
      refuse("sleepUntil", "timeMs", "a finite number", timeMs);
    const { core } = this.thread.process;
    return timeMs <= core.now() ? done : core.sleepUntil(this.thread, timeMs);
  }

  compute(ms: number, options?: { readonly priority?: number; readonly signal?: AbortSignal }): Promise<void> {
    checkNonNegative("compute", "ms", ms);
    const priority = options?.priority ?? 0;
    if (!Number.isFinite(priority)) refuse("compute", "priority", "a finite number", priority);
    if (ms === 0) return done;
    return this.thread.process.machine.compute(this.thread, ms, priority, options?.signal);
  }

  load(): number {
    const { processor, cores } = this.thread.process.machine;
    return processor.runnable / cores;
  }

  random(): number {
    this.source ??= randomStream(this.thread.process.core.seed, this.thread.streamName);
    return this.source();
  }

  queue<T>(capacity = Infinity): Queue<T> {
    return new ThreadQueue<T>(this.thread.process, capacity);
  }

  mutex(): Mutex {
    return new ThreadMutex(this.thread.process);
  }

  listen(port: number, options?: ListenOptions): Promise<Listener> {
    return openPort(this.thread, port, options);
  }

  connect(host: string, port: number, options?: ConnectOptions): Promise<Connection> {
    return openConnection(this.thread, host, port, options);
  }

  spawn<A extends unknown[], R>(
    program: (host: Host, ...args: A) => Promise<R>,
    options: SpawnOptions,
    ...args: A
  ): Process<R> {
    return spawn(this.thread, program as unknown as Program<never[], R>, options, args);
  }

  log(event: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (typeof event !== "string") refuse("log", "event", "a text", event);
    const { core, exit } = this.thread.process;
    // A program that has killed itself runs on to its next await, unheard.
    if (exit) return;
    core.trace.log(core.now(), this.thread, event, fields);
  }
}
