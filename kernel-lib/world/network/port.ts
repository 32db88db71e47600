/**
 * An open port and its listener.
 *
 * - What {@link Listener} has: by the program that owns it, in its step.
 * - `isFull`, `reserve`, `arrived`, `arrivalFailed`: by the handshake, in a timer or a callback of the driver.
 * - `giveTo`: by `spawn`. `closeWithProcess`: by the end of its process.
 */
import { checkWhole } from "../../errors.js";
import { checkFields } from "../checks.js";
import { Fifo } from "../core/fifo.js";
import type { OwnedPort, RunningProcess } from "../core/process.js";
import type { Services } from "../core/services.js";
import type { Thread } from "../core/thread.js";
import type { WaitTarget } from "../core/wait.js";
import { WaitLine } from "../core/wait-line.js";
import { AddressInUse, Closed } from "../errors.js";
import type { Connection, KeepAlive, Listener, ListenOptions } from "../host.js";
import { checkPort } from "../scenario.js";
import { ofHost } from "../strangers.js";
import type { Endpoint } from "./connection.js";
import { checkKeepAlive } from "./keep-alive.js";

/** How many connections may wait to be accepted, unless a program says otherwise. */
export const defaultBacklog = 128;

/** A port with a listener behind it. */
export class OpenPort implements Listener, WaitTarget, OwnedPort {
  readonly #acceptors = new WaitLine<Connection>();
  readonly #backlogged = new Fifo<Endpoint>();
  /** Connections that have a place in the backlog but whose handshakes are not yet through. */
  readonly #arriving = new Set<Endpoint>();
  isClosed = false;

  constructor(
    readonly core: Services,
    readonly host: string,
    private readonly ports: Ports,
    public owner: RunningProcess,
    readonly port: number,
    readonly backlog: number,
    readonly keepAlive: KeepAlive | undefined,
  ) {}

  get [ofHost](): string {
    return "a listener, which belongs to a process";
  }

  waitText(): string {
    return `accept on port ${this.port}`;
  }

  get isFull(): boolean {
    return this.#backlogged.size + this.#arriving.size >= this.backlog + this.#waitingAcceptors();
  }

  accept(): Promise<Connection> {
    this.core.checkCaller("accept", this.owner);
    if (this.isClosed) return this.core.refuseAtOnce(this.owner, new Closed(`accept: port ${this.port} is closed`));
    const thread = this.core.threadOf(this.owner);
    const endpoint = this.#nextBacklogged();
    if (endpoint) {
      endpoint.giveTo(thread.process);
      return Promise.resolve(endpoint);
    }
    const wait = this.core.wait<Connection>(thread, "accept", this);
    this.#acceptors.add(wait);
    return wait.newPromise();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Connection> {
    while (!this.isClosed) {
      try {
        yield await this.accept();
      } catch (error) {
        if (error instanceof Closed && this.isClosed) return;
        throw error;
      }
    }
  }

  close(): void {
    this.core.checkCaller("close", this.owner);
    this.shut();
  }

  closeWithProcess(): void {
    this.shut();
  }

  /** Also when its process has ended. */
  shut(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.ports.delete(this.port);
    this.owner.ports?.delete(this);
    this.core.driver.closePort(this.host, this.port);
    for (const endpoint of this.#backlogged.drain()) endpoint.abort();
    this.#acceptors.fail(new Closed(`accept: port ${this.port} was closed`));
  }

  /** The port belongs to that process from now on; nobody of the former one accepts any more. */
  giveTo(process: RunningProcess): void {
    if (this.owner.ports?.delete(this)) process.open(this);
    this.owner = process;
    const backlogged = this.#backlogged.drain();
    for (const endpoint of backlogged) this.#backlogged.push(endpoint);
    for (const endpoint of [...backlogged, ...this.#arriving]) endpoint.giveTo(process);
    this.#acceptors.fail(new Closed(`accept: port ${this.port} was handed over to ${process.who}`));
  }

  /** A place in the backlog is taken until the connection has arrived. */
  reserve(endpoint: Endpoint): void {
    this.#arriving.add(endpoint);
  }

  arrived(endpoint: Endpoint): void {
    this.#arriving.delete(endpoint);
    if (this.isClosed) return endpoint.abort();
    const wait = this.#acceptors.next();
    if (!wait) return this.#backlogged.push(endpoint);
    endpoint.giveTo(wait.thread.process);
    wait.succeed(endpoint);
  }

  arrivalFailed(endpoint: Endpoint): void {
    this.#arriving.delete(endpoint);
  }

  /** Those that wait to accept and have not been promised a connection. */
  #waitingAcceptors(): number {
    return this.#backlogged.size === 0 ? this.#acceptors.waiting : 0;
  }

  /** The oldest connection in the backlog that has not been reset meanwhile. */
  #nextBacklogged(): Endpoint | undefined {
    let endpoint = this.#backlogged.shift();
    while (endpoint?.isGone) endpoint = this.#backlogged.shift();
    return endpoint;
  }
}

/** The first port that 0 gives, as in IANA's dynamic range. */
const firstDynamicPort = 49152;
const lastPort = 65535;

/** The open ports of a machine, by number: those of connections, or those of datagrams. */
export class Ports<P = OpenPort> extends Map<number, P> {
  #nextDynamic = firstDynamicPort;

  /** The next dynamic port in order that is not open, after the last the first again; `undefined` if all are open. */
  takeDynamic(): number | undefined {
    for (let tried = firstDynamicPort; tried <= lastPort; tried++) {
      const port = this.#nextDynamic;
      this.#nextDynamic = port === lastPort ? firstDynamicPort : port + 1;
      if (!this.has(port)) return port;
    }
    return undefined;
  }

  /** Its machine has booted. */
  startAnew(): void {
    this.#nextDynamic = firstDynamicPort;
  }
}

/** Opens a port for a thread's process. */
export function openPort(thread: Thread, ports: Ports, port: number, options: ListenOptions = {}): Promise<Listener> {
  const { machine, core } = thread.process;
  core.checkCaller("listen", thread.process);
  checkPort("listen", port, 0);
  checkFields("listen", options, ["backlog", "keepAlive"]);
  const backlog = options.backlog === undefined ? defaultBacklog : checkWhole("listen", "backlog", options.backlog, 1);
  const keepAlive = checkKeepAlive("listen", options.keepAlive);
  if (ports.has(port)) {
    return core.refuseAtOnce(
      thread.process,
      new AddressInUse(`listen: port ${port} of ${machine.name} is open already`),
    );
  }
  let number = port;
  if (port === 0) {
    const free = ports.takeDynamic();
    if (free === undefined) {
      return core.refuseAtOnce(
        thread.process,
        new AddressInUse(`listen: every dynamic port of ${machine.name} is open`),
      );
    }
    number = free;
  }
  const opened = new OpenPort(core, machine.name, ports, thread.process, number, backlog, keepAlive);
  const wait = core.wait<Listener>(thread, "listen", { waitText: () => `listen on port ${number}` });
  if (wait.state !== "pending") return wait.newPromise();
  ports.set(number, opened);
  core.failures.portOpened(machine.name, number);
  thread.process.open(opened);
  core.driver.openPort(
    machine.name,
    number,
    () => wait.succeed(opened),
    (error) => wait.fail(error),
  );
  return wait.newPromise();
}
