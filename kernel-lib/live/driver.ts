import { connect, createServer, type Server, type Socket } from "node:net";
import { type EventId, Scheduler } from "../simulation/index.js";
import type { Driver, Pipe, Processor, Store } from "../world/driver.js";
import type { Frame } from "../world/network.js";
import { Burner, timeBurn } from "./burner.js";
import type { MachineInfo } from "./machine.js";
import { SocketPipe } from "./pipe.js";
import { BurningProcessor } from "./processor.js";
import { FileStore } from "./store.js";

const loopback = "127.0.0.1";

/**
 * The world outside: the real clock, real sockets on loopback, worker threads that burn CPU time, real files. Ports have
 * their scenario's numbers for programs and free ones of this machine underneath.
 */
export class LiveDriver implements Driver {
  readonly world = "live";
  /** Called when something happened that the core should look at. */
  onEvent: () => void = () => undefined;
  /** Called for an error of our own or of the operating system that no program caused. */
  onBroken: (error: Error) => void = () => undefined;
  readonly #timers = new Scheduler();
  readonly #servers = new Map<string, Server>();
  readonly #pipes = new Set<SocketPipe>();
  readonly #stores: FileStore[] = [];
  readonly #clients = new Map<number, (server: Socket) => void>();
  readonly #accepted = new Map<number, Socket>();
  readonly #sockets = new Set<Socket>();
  readonly #burners: Burner[] = [];
  readonly #computingHosts: ReadonlySet<string>;
  readonly #machine: MachineInfo;
  readonly #timeScale: number;
  #arrived: (frame: Frame) => void = () => undefined;
  #originMs = performance.now();
  #heldSinceMs: number | undefined;
  /** Ports that the operating system is opening. */
  portsOpening = 0;
  /** Operations of the operating system that will call back. */
  #pending = 0;
  #isClosed = false;

  /** @param computingHosts the machines whose programs ask for CPU time: their threads are started now. */
  constructor(computingHosts: ReadonlySet<string>, machine: MachineInfo, timeScale: number) {
    this.#computingHosts = computingHosts;
    this.#machine = machine;
    this.#timeScale = timeScale;
  }

  /** Waits until every core's thread has burned for the first time: the first request of a thread is slow. */
  async warmUp(): Promise<void> {
    const iterations = Math.round(this.#machine.iterationsPerMs);
    await Promise.all(this.#burners.map((burner) => timeBurn(burner, iterations)));
  }

  /** Sets the clock to 0. */
  startClock(): void {
    this.#originMs = performance.now();
  }

  /** Stops the clock while the operating system does what costs nothing in the scenario. */
  holdClock(): void {
    this.#heldSinceMs ??= performance.now();
  }

  releaseClock(): void {
    if (this.#heldSinceMs === undefined) return;
    this.#originMs += performance.now() - this.#heldSinceMs;
    this.#heldSinceMs = undefined;
  }

  now(): number {
    return Math.max(0, ((this.#heldSinceMs ?? performance.now()) - this.#originMs) / this.#timeScale);
  }

  at<T>(timeMs: number, callback: (argument: T) => void, argument: T): EventId {
    return this.#timers.at(Math.max(timeMs, this.#timers.nowMs), callback, argument);
  }

  cancel(id: EventId): void {
    this.#timers.cancel(id);
  }

  /** Runs the next timer that is due; says whether there was one. */
  runDueTimer(): boolean {
    return this.#timers.nextTimeMs <= this.now() && this.#timers.step();
  }

  /** Real ms until the next timer; `Infinity` if there is none. */
  get nextTimerMs(): number {
    return (this.#timers.nextTimeMs - this.now()) * this.#timeScale;
  }

  /** No timer is set, no frame under way, no answer of the operating system awaited. */
  get isQuiet(): boolean {
    if (this.#pending > 0 || this.#timers.size > 0) return false;
    if (this.#burners.some((burner) => burner.isBusy)) return false;
    return [...this.#pipes].every((pipe) => pipe.framesUnderWay === 0);
  }

  processor(host: string, cores: number): Processor {
    const makeCores = (): Burner[] => {
      const burners = Array.from({ length: cores }, () => new Burner());
      this.#burners.push(...burners);
      return burners;
    };
    const clock = {
      iterationsPerMs: () => this.#machine.iterationsPerMs * this.#timeScale,
      pump: () => this.onEvent(),
    };
    const processor = new BurningProcessor(makeCores, clock, this.#timeScale);
    if (this.#computingHosts.has(host)) processor.prepare();
    return processor;
  }

  store(): Store {
    const began = (): void => {
      this.#pending++;
    };
    const store = new FileStore(began, () => {
      this.#pending--;
      this.onEvent();
    });
    this.#stores.push(store);
    return store;
  }

  openPort(host: string, port: number, opened: () => void, failed: (error: Error) => void): void {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    const key = `${host}:${port}`;
    this.#servers.set(key, server);
    this.#pending++;
    this.portsOpening++;
    const settle = (callback: () => void): void => {
      this.#pending--;
      this.portsOpening--;
      // Closed before the operating system had opened it: Node forgets that close.
      if (this.#isClosed || this.#servers.get(key) !== server) server.close();
      callback();
      this.onEvent();
    };
    server.once("error", (error) => settle(() => failed(error)));
    server.listen(0, loopback, () => settle(opened));
  }

  closePort(host: string, port: number): void {
    const key = `${host}:${port}`;
    this.#servers.get(key)?.close();
    this.#servers.delete(key);
  }

  openPipe(
    host: string,
    port: number,
    arrived: (frame: Frame) => void,
    opened: (client: Pipe, server: Pipe) => void,
    failed: (error: Error) => void,
  ): void {
    this.#arrived = arrived;
    const address = this.#servers.get(`${host}:${port}`)?.address();
    if (!address || typeof address === "string") return failed(new Error(`port ${port} of ${host} is closing`));
    this.#pending++;
    const client = connect({ host: loopback, port: address.port, allowHalfOpen: true });
    this.#track(client);
    const settle = (callback: () => void): void => {
      this.#pending--;
      callback();
      this.onEvent();
    };
    const refused = (error: Error): void => {
      if (client.localPort !== undefined) this.#clients.delete(client.localPort);
      settle(() => failed(error));
    };
    client.once("error", refused);
    client.once("connect", () => {
      const number = client.localPort as number;
      const join = (server: Socket): void => {
        client.off("error", refused);
        settle(() => {
          const [a, b] = SocketPipe.pair(client, server, this.#pipeClock);
          this.#pipes.add(a);
          this.#pipes.add(b);
          client.once("close", () => this.#pipes.delete(a));
          server.once("close", () => this.#pipes.delete(b));
          opened(a, b);
        });
      };
      const server = this.#accepted.get(number);
      this.#accepted.delete(number);
      if (server) join(server);
      else this.#clients.set(number, join);
    });
  }

  /** The two ends of a connection find each other by the client's port, whichever event comes first. */
  #accept(socket: Socket): void {
    if (this.#isClosed) return void socket.destroy();
    this.#track(socket);
    const number = socket.remotePort as number;
    const join = this.#clients.get(number);
    this.#clients.delete(number);
    if (join) join(socket);
    else {
      // Not one of ours, if nobody claims it.
      socket.on("error", () => socket.destroy());
      this.#accepted.set(number, socket);
    }
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  readonly #pipeClock = {
    frameArrived: (frame: Frame) => void this.at(frame.firstByteMs, this.#arrived, frame),
    broken: (error: Error) => this.onBroken(error),
    pump: () => this.onEvent(),
  };

  /** Gives everything back: sockets, ports, files, threads. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onEvent = () => undefined;
    for (const socket of this.#sockets) socket.destroy();
    for (const store of this.#stores) store.close();
    const closing = [...this.#servers.values()].map((server) => new Promise((resolve) => server.close(resolve)));
    await Promise.all([...closing, ...this.#burners.map((burner) => burner.close())]);
  }
}
