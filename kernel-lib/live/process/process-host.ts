import { createServer, connect as openSocket, type Server, type Socket } from "node:net";
import { NamedError } from "../../errors.js";
import {
  AddressInUse,
  ConnectionRefused,
  type ConnectOptions,
  type Disk,
  type Exit,
  type Host,
  type Listener,
  type LogRow,
  type Process,
  type SpawnOptions,
  TimedOut,
} from "../../world/index.js";
import { LocalQueue, localMutex } from "./local-queue.js";
import { SocketConnection } from "./socket-connection.js";

/** The program asked its host for something that a real process does not have here. */
export class NotInAProcess extends NamedError {}

/** @internal */
export interface ProcessHostOptions {
  /** What it is called; its peers hear it from the scenario, not from the wire. */
  readonly name: string;
  /** Tells it from other hosts of the same name. */
  readonly pid: number;
  /** Where what programs log is kept. */
  readonly rows?: LogRow[];
  /** Its disk, if it has one. */
  readonly disk?: Disk;
  /** The port of the operating system behind a port of the program; 0 to let the system choose. */
  readonly portOf: (port: number) => number;
  /** Told which port the system gave, before `listen` returns. */
  readonly onListen?: (port: number) => void;
}

/**
 * The host of a program in a process of the operating system: sockets, clock and files are real, and so is the end by SIGKILL.
 * It has what file servers and their clients use; CPU time, processes, datagrams and random numbers it has not.
 *
 * @internal
 */
export class ProcessHost implements Host {
  readonly name: string;
  readonly pid: number;
  readonly signal: AbortSignal = new AbortController().signal;
  readonly #options: ProcessHostOptions;
  readonly #sockets = new Set<Socket>();
  readonly #servers = new Set<Server>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #connections = 0;
  #isClosed = false;

  constructor(options: ProcessHostOptions) {
    this.#options = options;
    this.name = options.name;
    this.pid = options.pid;
  }

  now(): number {
    return performance.now();
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#isClosed) this.#after(ms, resolve);
    });
  }

  /** Calls back after that time, unless the host is closed before; returns what takes that back. */
  #after(ms: number, callback: () => void): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, ms);
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
      clearTimeout(timer);
    };
  }

  sleepUntil(timeMs: number): Promise<void> {
    return timeMs <= this.now() ? Promise.resolve() : this.sleep(timeMs - this.now());
  }

  get disk(): Disk {
    return this.#options.disk ?? notHere("disk");
  }

  queue<T>(capacity?: number): LocalQueue<T> {
    return new LocalQueue<T>(capacity);
  }

  mutex() {
    return localMutex();
  }

  async listen(port: number): Promise<Listener> {
    const waiting = new LocalQueue<SocketConnection>();
    const server = createServer((socket) => {
      this.#hold(socket);
      waiting.offer(new SocketConnection(socket, `#${++this.#connections}>${this.name}:${port}`, "client"));
    });
    this.#servers.add(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(new AddressInUse(`listen: ${error.message}`)));
      server.listen(this.#options.portOf(port), "127.0.0.1", resolve);
    });
    this.#options.onListen?.((server.address() as { port: number }).port);
    const accept = () => waiting.take();
    return {
      port,
      accept,
      close: () => void server.close(),
      async *[Symbol.asyncIterator]() {
        for (;;) yield await accept();
      },
    };
  }

  connect(host: string, port: number, { timeoutMs = 127_000 }: ConnectOptions = {}): Promise<SocketConnection> {
    if (this.#isClosed) return new Promise(() => undefined);
    const socket = openSocket({ host: "127.0.0.1", port: this.#options.portOf(port) });
    this.#hold(socket);
    const id = `${this.name}#${++this.#connections}>${host}:${port}`;
    return new Promise((resolve, reject) => {
      const inTime = this.#after(timeoutMs, () => {
        socket.destroy();
        reject(new TimedOut(`connect to ${host}:${port}: no answer within ${timeoutMs} ms`));
      });
      socket.once("connect", () => {
        inTime();
        resolve(new SocketConnection(socket, id, host));
      });
      socket.once("error", (error) => {
        inTime();
        reject(new ConnectionRefused(`connect to ${host}:${port}: ${error.message}`));
      });
    });
  }

  /** Threads only: callbacks of this process. An error that one does not catch ends the process, as it would elsewhere. */
  spawn<A extends unknown[], R>(
    program: (host: Host, ...args: A) => Promise<R>,
    { as, name = program.name }: SpawnOptions,
    ...args: A
  ): Process<R> {
    if (as !== "thread") notHere("spawn of a process");
    const done = program(this, ...args);
    return {
      pid: this.pid,
      name,
      done: async (): Promise<Exit<R>> => ({ how: "returned", value: await done }),
      kill: () => notHere("kill"),
      cancel: () => notHere("cancel"),
    };
  }

  log(event: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const { name, pid } = this;
    this.#options.rows?.push({
      kind: "log",
      timeMs: this.now(),
      host: name,
      process: name,
      pid,
      thread: name,
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

  random(): never {
    return notHere("random");
  }

  /** Gives back sockets, ports and timers. What waits for them waits for ever. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) server.close();
  }

  #hold(socket: Socket): void {
    if (this.#isClosed) socket.destroy();
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }
}

function notHere(what: string): never {
  throw new NotInAProcess(`a program in a real process has no ${what}`);
}
