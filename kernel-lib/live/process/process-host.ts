import { randomBytes } from "node:crypto";
import { checkWhole, refuse } from "../../errors.js";
import { randomStream } from "../../simulation/index.js";
import { checkFields, checkSpanMs, checkTimeMs } from "../../world/checks.js";
import {
  Cancelled,
  type Connection,
  type ConnectOptions,
  type Datagrams,
  type Disk,
  type Exit,
  type Host,
  type Listener,
  type ListenOptions,
  type LogRow,
  type Mutex,
  type Process,
  type Queue,
  type SpawnOptions,
} from "../../world/index.js";
import { defaultConnectTimeoutMs } from "../../world/network/handshake.js";
import { checkKeepAlive } from "../../world/network/keep-alive.js";
import { defaultBacklog } from "../../world/network/port.js";
import { checkPort } from "../../world/scenario.js";
import { openConnection, ProcessListener } from "./handshake.js";
import { LocalMutex, LocalQueue } from "./local-queue.js";
import { notHere } from "./not-here.js";
import { OwnProcess, type OwnThread, ProcessWait } from "./own-process.js";
import { type DatagramNeighbours, ProcessDatagrams } from "./process-datagrams.js";

/** @internal */
export interface ProcessHostOptions {
  /** The host's name, which its peers hear. */
  readonly name: string;
  /** Tells it from other hosts of the same name. */
  readonly pid: number;
  /** The program's name in what it logs; the host's unless told. */
  readonly program?: string;
  /** The seed of its random numbers; by chance unless told. */
  readonly seed?: number;
  /** The `performance.now` from which its time counts; 0 unless told. */
  readonly originMs?: number;
  /** Where what programs log is kept. */
  readonly rows?: { push(row: LogRow): unknown };
  /** What whoever connects to it must know; its own connections show it. Unless told, strangers are served as peers are. */
  readonly key?: string;
  /** Its disk, if it has one. */
  readonly disk?: Disk;
  /** The port of the operating system behind a port of a host; 0 to let the system choose. */
  readonly portOf: (port: number, host: string) => number;
  /** Told which port the system gave, before `listen` returns. */
  readonly onListen?: (systemPort: number, port: number) => void;
  /** Who it can send datagrams to; without it there are none. */
  readonly neighbours?: DatagramNeighbours;
}

/** What the threads of a process share beside its state. */
interface Shared extends ProcessHostOptions {
  connections: number;
  threads: number;
  readonly names: Map<string, number>;
  /** Nobody else hears of an error that ends it. */
  isRun: boolean;
}

/**
 * The host of a program in a process of the operating system, as one of its threads sees it: sockets, clock and files are real, and so is the end by
 * SIGKILL. It obeys the world's rules, which its tests play in it. It has no virtual cores and so no `compute` and no `load`, no urgent bytes, and does
 * not start processes: {@link startChild} does.
 *
 * @internal
 */
export class ProcessHost implements Host, OwnThread {
  readonly process: OwnProcess;
  exit: Exit | undefined;
  readonly #shared: Shared;
  readonly #threadName: string;
  readonly #number: number;
  #controller: AbortController | undefined;
  #source: (() => number) | undefined;

  constructor(options: ProcessHostOptions);
  constructor(parent: ProcessHost, threadName: string);
  constructor(given: ProcessHostOptions | ProcessHost, threadName?: string) {
    if (given instanceof ProcessHost) {
      this.process = given.process;
      this.#shared = given.#shared;
      this.#number = ++this.#shared.threads;
      this.#threadName = threadName ?? "";
    } else {
      this.process = new OwnProcess();
      this.#shared = { ...given, connections: 0, threads: 0, names: new Map(), isRun: false };
      this.#number = 0;
      this.#threadName = given.program ?? given.name;
    }
    this.process.threads.add(this);
  }

  get name(): string {
    return this.#shared.name;
  }

  get pid(): number {
    return this.#shared.pid;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /** Runs a program as the first thread. @returns how the process ended, once all its threads have. */
  run<A extends unknown[], R>(program: (host: Host, ...args: A) => Promise<R>, ...args: A): Promise<Exit<R>> {
    this.#shared.isRun = true;
    this.#begin(program as never, args);
    return new Promise((resolve) => this.process.whenEnded((exit) => resolve(exit as Exit<R>)));
  }

  now(): number {
    return performance.now() - (this.#shared.originMs ?? 0);
  }

  sleep(ms: number): Promise<void> {
    checkTimeMs("sleep", "ms", ms);
    return this.#sleepUntil(performance.now() + ms);
  }

  sleepUntil(timeMs: number): Promise<void> {
    if (typeof timeMs !== "number" || !(Math.abs(timeMs) < Infinity))
      refuse("sleepUntil", "timeMs", "a finite number", timeMs);
    if (timeMs > 0) checkTimeMs("sleepUntil", "timeMs", timeMs);
    if (timeMs <= this.now()) return Promise.resolve();
    return this.#sleepUntil(timeMs + (this.#shared.originMs ?? 0));
  }

  #sleepUntil(realMs: number): Promise<void> {
    const wait = new ProcessWait<void>(this);
    if (wait.isPending) wait.at(realMs, () => wait.succeed());
    return wait.promise;
  }

  get disk(): Disk {
    return this.#shared.disk ?? notHere("disk");
  }

  queue<T>(capacity?: number): Queue<T> {
    return new LocalQueue<T>(this.process, capacity);
  }

  mutex(): Mutex {
    return new LocalMutex(this.process);
  }

  async listen(port: number, options: ListenOptions = {}): Promise<Listener> {
    checkPort("listen", port, 0);
    checkFields("listen", options, ["backlog", "keepAlive"]);
    const backlog =
      options.backlog === undefined ? defaultBacklog : checkWhole("listen", "backlog", options.backlog, 1);
    const keepAlive = checkKeepAlive("listen", options.keepAlive);
    const listener = new ProcessListener(this.process, port, { backlog, keepAlive, key: this.#shared.key });
    const systemPort = await listener.open(this.#shared.portOf(port, this.name), this.name);
    if (this.process.exit) return new Promise(() => undefined);
    this.#shared.onListen?.(systemPort, listener.port);
    return listener;
  }

  connect(host: string, port: number, options: ConnectOptions = {}): Promise<Connection> {
    checkPort("connect", port, 1);
    checkFields("connect", options, ["timeoutMs", "keepAlive"]);
    const { timeoutMs = defaultConnectTimeoutMs } = options;
    checkSpanMs("connect", "timeoutMs", timeoutMs);
    const keepAlive = checkKeepAlive("connect", options.keepAlive);
    const id = `${this.name}#${++this.#shared.connections}>${host}:${port}`;
    const { key } = this.#shared;
    const hello = { id, from: this.name, ...(key !== undefined && { key }) };
    const systemPort = this.#shared.portOf(port, host);
    return openConnection(this.process, systemPort, hello, { host, port }, { timeoutMs, keepAlive });
  }

  async datagrams(port = 0): Promise<Datagrams> {
    checkPort("datagrams", port, 0);
    const { neighbours } = this.#shared;
    if (!neighbours) return notHere("datagrams");
    const opened = new ProcessDatagrams(this.process, this.name, port, neighbours);
    await opened.open();
    return this.process.exit ? new Promise(() => undefined) : opened;
  }

  /** Threads only: callbacks of this process. An error that one does not catch ends the process, as it would elsewhere. */
  spawn<A extends unknown[], R>(
    program: (host: Host, ...args: A) => Promise<R>,
    options: SpawnOptions,
    ...args: A
  ): Process<R> {
    if (typeof program !== "function") refuse("spawn", "program", "an async function of a host", program);
    if (options !== undefined) checkFields("spawn", options, ["as", "name"]);
    const as = options?.as;
    if (as !== "thread" && as !== "process") refuse("spawn", "as", '"thread" or "process"', as);
    if (options.name !== undefined && (typeof options.name !== "string" || options.name === ""))
      refuse("spawn", "name", "a text that is not empty", options.name);
    if (as !== "thread") notHere("spawn of a process");
    const base = options.name ?? (program.name || "program");
    const { names } = this.#shared;
    const sameName = names.get(base) ?? (base === (this.#shared.program ?? this.name) ? 1 : 0);
    names.set(base, sameName + 1);
    const thread = new ProcessHost(this, sameName === 0 ? base : `${base} ${sameName + 1}`);
    thread.#begin(program as never, args);
    return thread.#handle<R>();
  }

  #begin(program: (host: Host, ...args: unknown[]) => Promise<unknown>, args: readonly unknown[]): void {
    const { process } = this;
    if (process.exit) return;
    const work = async () => {
      await undefined; // it begins when whoever started it has come to a wait
      return process.exit ? new Promise(() => undefined) : program(this, ...args);
    };
    process.as(this, work).then(
      (value) => this.#returned(value),
      (error: unknown) => this.#threw(error),
    );
  }

  #returned(value: unknown): void {
    const { process } = this;
    if (process.exit || this.exit) return;
    this.exit = { how: "returned", value };
    process.threads.delete(this);
    if (this.#number === 0) process.value = value;
    for (const wait of this.#doneWaits) wait.succeed(this.exit);
    if (process.threads.size === 0) process.end({ how: "returned", value: process.value });
  }

  #threw(error: unknown): void {
    if (this.process.exit) return;
    this.process.threw(error);
    // Nobody waits for the end of a host that runs no program: the error is nobody's, as of any callback.
    if (!this.#shared.isRun) void Promise.reject(error);
  }

  readonly #doneWaits: ProcessWait<Exit>[] = [];

  #handle<R>(): Process<R> {
    const { process } = this;
    return {
      pid: this.pid,
      name: this.#threadName,
      done: () => {
        if (this.exit) return Promise.resolve(this.exit as Exit<R>);
        const wait = new ProcessWait<Exit>(process.thread);
        this.#doneWaits.push(wait);
        return wait.promise as Promise<Exit<R>>;
      },
      kill: () => process.end({ how: "killed" }),
      cancel: (reason: Error = new Cancelled(`${this.#threadName} was cancelled`)) => this.cancel(reason),
    };
  }

  /** Asks this thread to stop: its pending waits reject. */
  cancel(reason: Error): void {
    if (this.exit || this.process.exit) return;
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
    for (const wait of this.process.waits) if (wait.thread === this) wait.fail(reason);
  }

  log(event: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (typeof event !== "string") refuse("log", "event", "a text", event);
    if (this.process.exit) return;
    const { rows, program, name, pid } = this.#shared;
    rows?.push({
      kind: "log",
      timeMs: this.now(),
      host: name,
      process: program ?? name,
      pid,
      thread: this.#threadName,
      event,
      fields,
    });
  }

  compute(): never {
    return notHere("compute");
  }

  load(): never {
    return notHere("load");
  }

  random(): number {
    const { program, name } = this.#shared;
    const seed = this.#shared.seed ?? randomBytes(4).readUInt32LE();
    const first = program ?? name;
    this.#source ??= randomStream(seed, this.#number === 0 ? first : `${first}/thread ${this.#number}`);
    return this.#source();
  }

  /** Gives back sockets, ports and timers. What waits for them waits for ever. */
  close(): void {
    this.process.end({ how: "killed" });
  }
}
