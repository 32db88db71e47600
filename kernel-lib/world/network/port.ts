import { checkWhole, refuse } from "../../errors.js";
import type { EventId } from "../../simulation/index.js";
import { checkFields, checkSpanMs } from "../checks.js";
import type { Core } from "../core/core.js";
import type { Pipe } from "../core/driver.js";
import { because } from "../core/failures.js";
import { Fifo } from "../core/fifo.js";
import type { RunningProcess } from "../core/process.js";
import { ofHost } from "../core/strangers.js";
import type { Thread } from "../core/thread.js";
import { dropSettled, type Wait, type WaitTarget } from "../core/wait.js";
import { AddressInUse, Closed, ConnectionRefused, ConnectionReset, TimedOut } from "../errors.js";
import type { Connection, ConnectOptions, KeepAlive, Listener, ListenOptions } from "../host.js";
import type { Machine } from "../machine/machine.js";
import { checkPort } from "../scenario.js";
import { checkKeepAlive, Endpoint } from "./connection.js";

/** How many connections may wait to be accepted, unless a program says otherwise. */
export const defaultBacklog = 128;

/** How long `connect` tries, unless a program says otherwise: Linux's six repetitions of the SYN take that long. */
export const defaultConnectTimeoutMs = 127_000;

/** The first repetition of a SYN comes after this long; each next one after twice as long (RFC 6298: 1 s, so at 1, 3, 7 s …). */
const firstSynRepeatMs = 1000;

/** A port with a listener behind it. */
export class OpenPort implements Listener, WaitTarget {
  readonly #acceptors = new Fifo<Wait>();
  readonly #backlogged = new Fifo<Endpoint>();
  /** How many of the acceptors wait still: one that was cancelled stays in line until its turn. */
  #accepting = 0;
  /** Connections that have a place in the backlog but whose handshakes are not yet through. */
  readonly #arriving = new Set<Endpoint>();
  isClosed = false;

  constructor(
    readonly core: Core,
    readonly machine: Machine,
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
      this.core.adopt(endpoint, thread.process);
      return Promise.resolve(endpoint);
    }
    const wait = this.core.wait(thread, "accept", this);
    this.#accepting++;
    wait.abandon = () => {
      this.#accepting--;
    };
    dropSettled(this.#acceptors);
    this.#acceptors.push(wait);
    return wait.newPromise() as Promise<Connection>;
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

  /** Also when its process has ended. */
  shut(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.machine.ports.delete(this.port);
    this.owner.ports?.delete(this);
    this.core.driver.closePort(this.machine.name, this.port);
    for (const endpoint of this.#backlogged.drain()) endpoint.abort();
    for (const wait of this.#acceptors.drain()) {
      this.core.fail(wait, new Closed(`accept: port ${this.port} was closed`));
    }
  }

  /** The port belongs to that process from now on; nobody of the former one accepts any more. */
  passTo(process: RunningProcess): void {
    if (this.owner.ports?.delete(this)) process.open(this);
    this.owner = process;
    const backlogged = this.#backlogged.drain();
    for (const endpoint of backlogged) this.#backlogged.push(endpoint);
    for (const endpoint of [...backlogged, ...this.#arriving]) this.core.adopt(endpoint, process);
    const handedOver = new Closed(`accept: port ${this.port} was handed over to ${process.who}`);
    for (const wait of this.#acceptors.drain()) this.core.fail(wait, handedOver);
  }

  /** A place in the backlog is taken until the connection has arrived. */
  reserve(endpoint: Endpoint): void {
    this.#arriving.add(endpoint);
  }

  arrived(endpoint: Endpoint): void {
    this.#arriving.delete(endpoint);
    if (this.isClosed) return endpoint.abort();
    let wait = this.#acceptors.shift();
    while (wait && !(wait.state === "pending" && wait.thread.isAlive)) wait = this.#acceptors.shift();
    if (!wait) return this.#backlogged.push(endpoint);
    this.#accepting--;
    wait.abandon = undefined;
    this.core.adopt(endpoint, wait.thread.process);
    this.core.ready(wait, endpoint);
  }

  arrivalFailed(endpoint: Endpoint): void {
    this.#arriving.delete(endpoint);
  }

  /** Those that wait to accept and have not been promised a connection. */
  #waitingAcceptors(): number {
    return this.#backlogged.size === 0 ? this.#accepting : 0;
  }

  /** The oldest connection in the backlog that has not been reset meanwhile. */
  #nextBacklogged(): Endpoint | undefined {
    let endpoint = this.#backlogged.shift();
    while (endpoint?.isGone) endpoint = this.#backlogged.shift();
    return endpoint;
  }
}

/** Opens a port for a thread's process. */
export function openPort(thread: Thread, port: number, options: ListenOptions = {}): Promise<Listener> {
  const { machine, core } = thread.process;
  core.checkCaller("listen", thread.process);
  checkPort("listen", port, 0);
  checkFields("listen", options, ["backlog", "keepAlive"]);
  const backlog = options.backlog === undefined ? defaultBacklog : checkWhole("listen", "backlog", options.backlog, 1);
  const keepAlive = checkKeepAlive("listen", options.keepAlive);
  if (machine.ports.has(port)) {
    return core.refuseAtOnce(
      thread.process,
      new AddressInUse(`listen: port ${port} of ${machine.name} is open already`),
    );
  }
  let number = port;
  if (port === 0) {
    const free = machine.takeDynamicPort();
    if (free === undefined) {
      return core.refuseAtOnce(
        thread.process,
        new AddressInUse(`listen: every dynamic port of ${machine.name} is open`),
      );
    }
    number = free;
  }
  const opened = new OpenPort(core, machine, thread.process, number, backlog, keepAlive);
  const wait = core.wait<Listener>(thread, "listen", { waitText: () => `listen on port ${number}` });
  if (wait.state !== "pending") return wait.newPromise();
  machine.ports.set(number, opened);
  core.failures.portOpened(machine.name, number);
  thread.process.open(opened);
  core.driver.openPort(
    machine.name,
    number,
    () => core.ready(wait, opened),
    (error) => core.fail(wait, error),
  );
  return wait.newPromise();
}

/** Opens a connection for a thread's process: SYN, repeated while nothing answers; SYN-ACK or refusal. */
export function openConnection(
  thread: Thread,
  host: string,
  port: number,
  options: ConnectOptions = {},
): Promise<Connection> {
  const { machine, core } = thread.process;
  core.checkCaller("connect", thread.process);
  const to = core.machines.get(host);
  if (!to) refuse("connect", "host", `one of the hosts ${[...core.machines.keys()].slice(0, 8).join(", ")}`, host);
  checkPort("connect", port, 1);
  checkFields("connect", options, ["timeoutMs", "keepAlive"]);
  if (thread.process.exit) return new Promise(() => undefined);
  const timeoutMs =
    options.timeoutMs === undefined ? defaultConnectTimeoutMs : checkSpanMs("connect", "timeoutMs", options.timeoutMs);
  const keepAlive = checkKeepAlive("connect", options.keepAlive);
  return new Handshake(thread, machine, to, port, timeoutMs, keepAlive).begin();
}

class Handshake {
  readonly #core: Core;
  readonly #wait: Wait<Connection>;
  readonly #client: Endpoint;
  #repeatTimer: EventId | undefined;
  #repeatMs = firstSynRepeatMs;
  #isAnswered = false;
  readonly thread: Thread;
  readonly from: Machine;
  readonly to: Machine;
  readonly port: number;
  readonly keepAlive: KeepAlive | undefined;

  constructor(
    thread: Thread,
    from: Machine,
    to: Machine,
    port: number,
    timeoutMs: number,
    keepAlive: KeepAlive | undefined,
  ) {
    this.thread = thread;
    this.from = from;
    this.to = to;
    this.port = port;
    this.keepAlive = keepAlive;
    this.#core = thread.process.core;
    const core = this.#core;
    const id = `${from.name}#${++from.connectCount}>${to.name}:${port}`;
    const path = core.network.path(from.name, to.name);
    this.#client = new Endpoint(core, from, path, thread.process, id, to.name, false);
    thread.process.connections.add(this.#client);
    this.#wait = core.wait<Connection>(thread, "connect", this.#client);
    this.#wait.abandon = () => this.#giveUp();
    const late = (): void => core.fail(this.#wait, new TimedOut(`connect ${id}: no answer in ${timeoutMs} ms`));
    this.#wait.timer = core.driver.at(core.now() + timeoutMs, late, undefined);
  }

  begin(): Promise<Connection> {
    if (this.#wait.state === "pending") this.#sendSyn();
    return this.#wait.newPromise();
  }

  get #isOver(): boolean {
    return this.#wait.state !== "pending" || !this.thread.isAlive;
  }

  #sendSyn(): void {
    this.#repeatTimer = undefined;
    if (this.#isOver) return;
    const core = this.#core;
    const { latencyMs } = this.#client.path;
    core.driver.at(core.now() + latencyMs, () => this.to.whenRunning(() => this.#synArrives()), undefined);
    this.#repeatTimer = core.driver.at(
      core.now() + this.#repeatMs,
      () => this.from.whenRunning(() => this.#sendSyn()),
      undefined,
    );
    this.#repeatMs *= 2;
  }

  #synArrives(): void {
    // What a cut swallows, or a machine that is down, nobody answers: the SYN is repeated.
    if (this.#isOver || this.#isAnswered || this.#client.path.isCut || this.to.isDown) return;
    const core = this.#core;
    const port = this.to.ports.get(this.port);
    if (!port) return this.#answer(() => this.#refused());
    if (port.isFull) {
      const fields = { from: this.from.name, port: this.port, connection: this.#client.id };
      core.trace.log(core.now(), port.owner.main, "SYN dropped: the backlog is full", fields);
      return;
    }
    this.#isAnswered = true;
    this.#stopRepeating();
    const server = this.#makeServerEnd(port);
    const ackMs = core.now() + this.#client.path.latencyMs;
    port.reserve(server);
    core.driver.openPipe(
      this.to.name,
      this.port,
      (frame) => core.frameArrived(frame),
      (clientPipe, serverPipe) => this.#established(port, server, clientPipe, serverPipe, ackMs),
      (error) => {
        port.arrivalFailed(server);
        core.fail(this.#wait, port.isClosed ? this.#diedMeanwhile() : error);
      },
    );
  }

  #makeServerEnd(port: OpenPort): Endpoint {
    const core = this.#core;
    const path = core.network.path(this.to.name, this.from.name);
    const server = new Endpoint(core, this.to, path, port.owner, this.#client.id, this.from.name, true);
    port.owner.connections.add(server);
    server.other = this.#client;
    this.#client.other = server;
    return server;
  }

  #established(port: OpenPort, server: Endpoint, clientPipe: Pipe, serverPipe: Pipe, ackMs: number): void {
    const core = this.#core;
    // Live, the listener may have died while the operating system opened the sockets; its reset found no way then.
    const isDead = server.isGone && !this.to.isDown;
    const acknowledged = (): void => {
      this.#client.opened(clientPipe, this.keepAlive);
      if (this.from.isDown) return;
      if (isDead && !this.#isOver) core.fail(this.#wait, this.#diedMeanwhile());
      // The client gave up, or died, while the answer was under way.
      if (this.#isOver) return this.#abort(server);
      this.#wait.abandon = undefined;
      core.ready(this.#wait, this.#client);
    };
    this.#arriveBack(ackMs, acknowledged);
    server.opened(serverPipe, port.keepAlive);
    this.to.whenRunning(() => (server.isGone ? port.arrivalFailed(server) : port.arrived(server)));
  }

  #diedMeanwhile(): Error {
    const { text, options } = because(this.#client.other.resetBecause);
    return new ConnectionReset(`${this.#client.id} was reset by ${this.to.name}${text}`, options);
  }

  #abort(server: Endpoint): void {
    const core = this.#core;
    const resetMs = core.now() + this.#client.path.latencyMs;
    core.driver.at(resetMs, () => server.hearReset(), undefined);
    this.#client.release();
  }

  #answer(atClient: () => void): void {
    this.#isAnswered = true;
    this.#stopRepeating();
    this.#arriveBack(this.#core.now() + this.#client.path.latencyMs, atClient);
  }

  /** What the other machine answers reaches the client at that time, or when the cut between them heals. */
  #arriveBack(timeMs: number, atClient: () => void): void {
    const core = this.#core;
    const back = core.network.path(this.to.name, this.from.name);
    const arrive = (): void => {
      if (back.isCut) back.stalledAnswers.push(arrive);
      else this.from.whenRunning(atClient);
    };
    core.driver.at(timeMs, arrive, undefined);
  }

  #refused(): void {
    if (this.#isOver) return;
    const { text, options } = because(this.#core.failures.noListener(this.to.name, this.port));
    const what = `connect ${this.#client.id}: nobody listens on port ${this.port} of ${this.to.name}`;
    this.#core.fail(this.#wait, new ConnectionRefused(what + text, options));
  }

  #giveUp(): void {
    this.#stopRepeating();
    if (!this.#client.pipe) this.#client.release();
  }

  #stopRepeating(): void {
    if (this.#repeatTimer !== undefined) this.#core.driver.cancel(this.#repeatTimer);
    this.#repeatTimer = undefined;
  }
}
