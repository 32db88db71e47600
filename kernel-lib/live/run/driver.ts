import { connect, createServer, type Server, type Socket } from "node:net";
import { type EventId, Scheduler } from "../../simulation/index.js";
import type { DatagramPipe, Driver, Pipe, Processor, Store } from "../../world/core/driver.js";
import type { Frame } from "../../world/network/frame.js";
import { Burner, timeBurn } from "./burner.js";
import type { MachineInfo } from "./machine.js";
import { SocketPipe } from "./pipe.js";
import { BurningProcessor } from "./processor.js";
import { FileStore } from "./store.js";
import { type UdpClock, UdpPort } from "./udp-port.js";

const loopback = "127.0.0.1";

/**
 * The world outside: the real clock, real sockets on loopback, worker threads that burn CPU time, real files. Ports have
 * their scenario's numbers for programs and free ones of this machine underneath.
 */
export class LiveDriver implements Driver {
  readonly world = "live";
  /** Called when something happened that the core should look at. */
  onEvent: () => void = () => undefined;
  /** Called for an error of our own. */
  onBroken: (error: Error) => void = () => undefined;
  /** Called when this machine can't give what it must: a thread died, a port can take no more. */
  onFailed: (error: Error) => void = () => undefined;
  readonly #timers = new Scheduler();
  readonly #servers = new Map<string, Server>();
  readonly #pipes = new Set<SocketPipe>();
  readonly #stores: FileStore[] = [];
  /** The two ends of a connection that is being opened, whichever comes first, by both ports. */
  readonly #clients = new Map<string, (server: Socket) => void>();
  readonly #accepted = new Map<string, Accepted>();
  readonly #sockets = new Set<Socket>();
  readonly #burners: Burner[] = [];
  readonly #processors = new Map<string, BurningProcessor>();
  readonly #jobsAtOnce: ReadonlyMap<string, number>;
  readonly #machine: MachineInfo;
  readonly #timeScale: number;
  #originMs = performance.now();
  #heldSinceMs: number | undefined;
  /** Ports that the operating system is opening. */
  readonly #opening = new Set<Server>();
  readonly #openingUdp = new Set<UdpPort>();
  readonly #udpPorts = new Map<string, UdpPort>();
  /** Those that the system has not taken back. */
  readonly #everyUdp = new Set<UdpPort>();
  /** Operations of the operating system that will call back. */
  #pending = 0;
  #closing: Promise<void> | undefined;

  /** @param jobsAtOnce on how many cores the programs of each machine will compute at once. */
  constructor(jobsAtOnce: ReadonlyMap<string, number>, machine: MachineInfo, timeScale: number) {
    this.#jobsAtOnce = jobsAtOnce;
    this.#machine = machine;
    this.#timeScale = timeScale;
  }

  /** Starts a thread for each core that is needed, and lets it burn for the first time: the first request is slow. */
  async warmUp(): Promise<void> {
    for (const [host, jobs] of this.#jobsAtOnce) this.#processors.get(host)?.prepare(jobs);
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

  get isOpeningPort(): boolean {
    return this.#opening.size + this.#openingUdp.size > 0;
  }

  /** No timer is set, no frame under way, no answer of the operating system awaited. */
  get isQuiet(): boolean {
    if (this.#pending > 0 || this.isOpeningPort || this.#timers.size > 0) return false;
    if (this.#burners.some((burner) => burner.isBusy)) return false;
    return [...this.#pipes, ...this.#everyUdp].every(({ framesUnderWay }) => framesUnderWay === 0);
  }

  processor(host: string, cores: number): Processor {
    const makeBurner = (): Burner => {
      const burner = new Burner((error) => this.onFailed(error));
      this.#burners.push(burner);
      return burner;
    };
    const clock = {
      iterationsPerMs: () => this.#machine.iterationsPerMs * this.#timeScale,
      pump: () => this.onEvent(),
    };
    const processor = new BurningProcessor(makeBurner, cores, clock, this.#timeScale);
    this.#processors.set(host, processor);
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
    this.#opening.add(server);
    const settle = (callback: () => void): void => {
      this.#opening.delete(server);
      // Closed before the operating system had opened it: Node forgets that close.
      if (this.#closing || this.#servers.get(key) !== server) server.close();
      callback();
      this.onEvent();
    };
    const refused = (error: Error): void => settle(() => failed(error));
    server.once("error", refused);
    server.listen(0, loopback, () => {
      server.off("error", refused);
      server.on("error", (error) => this.onFailed(error));
      settle(opened);
    });
  }

  closePort(host: string, port: number): void {
    const key = `${host}:${port}`;
    this.#servers.get(key)?.close();
    this.#servers.delete(key);
  }

  openPipe(
    host: string,
    port: number,
    opened: (client: Pipe, server: Pipe) => void,
    failed: (error: Error) => void,
  ): void {
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
    const refused = (error: Error): void => settle(() => failed(error));
    client.once("error", refused);
    client.once("connect", () => {
      const ports = `${client.localPort}:${address.port}`;
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
      const accepted = this.#accepted.get(ports);
      if (accepted) join(accepted.claim());
      else {
        this.#clients.set(ports, join);
        client.once("close", () => {
          if (this.#clients.get(ports) === join) this.#clients.delete(ports);
        });
      }
    });
  }

  openDatagrams(
    host: string,
    port: number,
    opened: (pipe: DatagramPipe) => void,
    failed: (error: Error) => void,
  ): void {
    const key = `${host}:${port}`;
    const udp = new UdpPort(this.#udpClock);
    this.#openingUdp.add(udp);
    this.#everyUdp.add(udp);
    const settle = (callback: () => void): void => {
      this.#openingUdp.delete(udp);
      if (this.#closing) udp.close();
      callback();
      this.onEvent();
    };
    const opening = (): void => {
      this.#udpPorts.set(key, udp);
      settle(() => opened(udp));
    };
    udp.open(
      opening,
      (error) => settle(() => failed(error)),
      (error) => this.onFailed(error),
    );
    void udp.closed.then(() => {
      this.#everyUdp.delete(udp);
      if (this.#udpPorts.get(key) === udp) this.#udpPorts.delete(key);
    });
  }

  /** The two ends of a connection find each other by their ports, whichever event comes first. */
  #accept(socket: Socket): void {
    if (this.#closing) return void socket.destroy();
    this.#track(socket);
    const ports = `${socket.remotePort}:${socket.localPort}`;
    const join = this.#clients.get(ports);
    this.#clients.delete(ports);
    if (join) return join(socket);
    const accepted = new Accepted(socket, () => {
      if (this.#accepted.get(ports) === accepted) this.#accepted.delete(ports);
    });
    this.#accepted.set(ports, accepted);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  readonly #pipeClock = {
    frameArrived: (frame: Frame) => void this.at(frame.firstByteMs, arrive, frame),
    broken: (error: Error) => this.onBroken(error),
    pump: () => this.onEvent(),
  };

  readonly #udpClock: UdpClock = {
    frameArrived: (frame) => void this.at(frame.firstByteMs, arrive, frame),
    pump: () => this.onEvent(),
    portOf: (host, port) => this.#udpPorts.get(`${host}:${port}`),
  };

  /** Gives everything back, sockets, ports, files, threads, and waits until it is gone. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.onEvent = () => undefined;
    const ended = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    for (const socket of this.#sockets) socket.destroy();
    const closed = [...new Set([...this.#servers.values(), ...this.#opening])].map((server) => {
      return new Promise((resolve) => {
        server.once("close", resolve);
        if (!this.#opening.has(server)) server.close();
      });
    });
    const silenced = [...this.#everyUdp].map((udp) => {
      if (!this.#openingUdp.has(udp)) udp.close();
      return udp.closed;
    });
    const stored = this.#stores.map((store) => store.close());
    const stopped = this.#burners.map((burner) => burner.close());
    await Promise.all([...ended, ...closed, ...silenced, ...stored, ...stopped]);
  }
}

/**
 * The server's end of a connection whose client's end has not been heard of yet. Our own clients say nothing before that: who
 * does, or goes, is a stranger who found the port, and is shown out.
 */
class Accepted {
  readonly #socket: Socket;
  readonly #gone: () => void;
  readonly #showOut = (): void => {
    this.claim().destroy();
  };

  constructor(socket: Socket, gone: () => void) {
    this.#socket = socket;
    this.#gone = gone;
    for (const event of strangersSigns) socket.once(event, this.#showOut);
  }

  claim(): Socket {
    for (const event of strangersSigns) this.#socket.off(event, this.#showOut);
    this.#gone();
    return this.#socket;
  }
}

const strangersSigns = ["data", "end", "error"] as const;

/** Frames know their way. */
function arrive(frame: Frame): void {
  frame.path.arrive(frame);
}
