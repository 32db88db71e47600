/**
 * A port that is open for datagrams: messages that go alone, to a port of a machine, where nobody need be.
 *
 * - What {@link Datagrams} has: by the program that owns the port, in its step; anybody else is refused.
 * - `opened`: by the driver. `push`: by the ports of its machine.
 * - `giveTo`: by `spawn`. `closeWithProcess`: by the end of its process.
 */

import { checkTimeout } from "../checks.js";
import type { DatagramPipe } from "../core/driver.js";
import { Fifo } from "../core/fifo.js";
import type { OwnedPort, RunningProcess } from "../core/process.js";
import type { Services } from "../core/services.js";
import type { Thread } from "../core/thread.js";
import type { WaitKind, WaitTarget } from "../core/wait.js";
import { WaitLine } from "../core/wait-line.js";
import { AddressInUse, Closed, MessageError, TimedOut } from "../errors.js";
import type { Datagram, DatagramAddress, Datagrams } from "../host.js";
import { compute } from "../machine/compute.js";
import type { HostMachine } from "../machine/host-machine.js";
import { checkPort } from "../scenario.js";
import { ofHost } from "../strangers.js";
import type { LossReason } from "../trace/trace.js";
import type { Encoded } from "../values.js";
import { datagramHeaderBytes, decodeDatagram, encodeDatagram, inboxBytes, receiversOf } from "./datagram.js";
import type { Fates } from "./fates.js";
import type { DatagramFrame } from "./frame.js";
import type { MachinePorts } from "./machine-ports.js";
import type { Path } from "./path.js";

/** The way of datagrams from one machine to another. */
export interface DatagramWay {
  readonly path: Path;
  readonly fates: Fates;
  readonly to: MachinePorts;
  /** How many were sent. */
  sent: number;
}

/** What a port needs of the network. */
interface Ways {
  way(from: string, to: string): DatagramWay;
  readonly hosts: readonly string[];
}

/** A port that is open for datagrams. */
export class DatagramPort implements Datagrams, WaitTarget, OwnedPort {
  /** What is sent from here comes from. */
  readonly address: DatagramAddress;
  readonly #core: Services;
  readonly #machine: HostMachine;
  readonly #ways: Ways;
  readonly #ports: MachinePorts;
  readonly #inbox = new Fifo<DatagramFrame>();
  #unreadBytes = 0;
  /** Each with whether its promise gives an iterator's result. */
  readonly #receivers = new WaitLine<unknown>();
  #pipe: DatagramPipe | undefined;
  #isClosed = false;
  owner: RunningProcess;

  constructor(core: Services, owner: RunningProcess, ways: Ways, ports: MachinePorts, port: number) {
    this.#core = core;
    this.#machine = owner.machine;
    this.owner = owner;
    this.#ways = ways;
    this.#ports = ports;
    this.address = { host: owner.machine.name, port };
  }

  get [ofHost](): string {
    return "a datagram port, which belongs to a process";
  }

  get port(): number {
    return this.address.port;
  }

  get #name(): string {
    return `${this.address.host}:${this.address.port}`;
  }

  waitText(kind: WaitKind): string {
    return kind === "datagrams" ? `datagrams on port ${this.port}` : `receive on datagram port ${this.port}`;
  }

  /** By the driver: what is sent goes there. */
  opened(pipe: DatagramPipe): void {
    if (this.#isClosed) return pipe.close();
    this.#pipe = pipe;
  }

  // ---- sending

  send(to: DatagramAddress, message: unknown): Promise<void> {
    const core = this.#core;
    core.checkCaller("send", this.owner);
    const hosts = receiversOf(to, this.address.host, this.#ways.hosts);
    let payload: Encoded;
    try {
      payload = encodeDatagram(message, `send on ${this.#name}`);
    } catch (error) {
      return core.refuseAtOnce(this.owner, error);
    }
    const late = this.#refusal("send");
    if (late) return core.refuseAtOnce(this.owner, late);
    const note = core.trace.note(message, payload);
    const type = message instanceof Uint8Array ? "bytes" : "data";
    const thread = core.threadOf(this.owner);
    const cast = (): void => {
      for (const host of hosts) this.#cast(thread, host, to.port, type, payload, note);
    };
    const costMs = this.#machine.spec.costs?.messageMs ?? 0;
    if (costMs > 0) return this.#castAtCost(thread, costMs, cast);
    cast();
    return core.atOnce(this.owner, undefined);
  }

  async #castAtCost(thread: Thread, costMs: number, cast: () => void): Promise<void> {
    const { owner } = this;
    await compute(thread, costMs, 0, undefined);
    const late = this.owner === owner ? this.#refusal("send") : this.#handedOver();
    if (late) throw late;
    cast();
  }

  #cast(thread: Thread, toHost: string, toPort: number, type: "data" | "bytes", payload: Encoded, note: number): void {
    const core = this.#core;
    const way = this.#ways.way(this.address.host, toHost);
    const bytes = datagramHeaderBytes + payload.end - payload.start;
    const delays = way.fates.next();
    way.sent++;
    const copyOf = (delayMs: number, i: number): DatagramFrame => ({
      to: way.to,
      path: way.path,
      type,
      payload,
      note,
      value: 0,
      bytes,
      firstByteMs: 0,
      lastByteMs: 0,
      arrivedMs: 0,
      from: this.address,
      toHost,
      toPort,
      sequence: way.sent,
      copy: i === 0 ? 1 : 2,
      delayMs,
      thread,
    });
    const copies = delays.map(copyOf);
    const [sent = copyOf(0, 0)] = copies;
    core.trace.datagram(core.now(), thread, "sent", sent);
    if (copies.length === 0) way.to.lost(sent, "loss");
    if (this.#pipe) way.path.cast(this.#pipe, bytes, copies);
  }

  // ---- receiving

  receive(options?: { readonly timeoutMs?: number }): Promise<Datagram> {
    const timeoutMs = checkTimeout("receive", options);
    this.#core.checkCaller("receive", this.owner);
    return this.#receive(timeoutMs, false) as Promise<Datagram>;
  }

  [Symbol.asyncIterator](): AsyncIterator<Datagram> {
    return {
      next: () => {
        this.#core.checkCaller("receive", this.owner);
        return this.#receive(undefined, true) as Promise<IteratorResult<Datagram>>;
      },
    };
  }

  /** @param iterates whether the promise gives an iterator's result. */
  #receive(timeoutMs: number | undefined, iterates: boolean): Promise<unknown> {
    const thread = this.#core.threadOf(this.owner);
    const costMs = this.#machine.spec.costs?.messageMs ?? 0;
    return costMs > 0
      ? this.#receiveAtCost(thread, timeoutMs, iterates, costMs)
      : this.#next(thread, timeoutMs, iterates);
  }

  async #receiveAtCost(
    thread: Thread,
    timeoutMs: number | undefined,
    iterates: boolean,
    costMs: number,
  ): Promise<unknown> {
    const taken = await this.#next(thread, timeoutMs, iterates);
    if (taken !== noMore) await compute(thread, costMs, 0, undefined);
    return taken;
  }

  #next(thread: Thread, timeoutMs: number | undefined, iterates: boolean): Promise<unknown> {
    const core = this.#core;
    if (this.#isClosed && iterates) return core.atOnce(this.owner, noMore);
    const late = this.#refusal("receive");
    if (late) return core.refuseAtOnce(this.owner, late);
    const frame = this.#inbox.shift();
    if (frame) {
      this.#unreadBytes -= frame.bytes;
      const taken = this.#take(thread, frame);
      if (taken instanceof MessageError) return Promise.reject(taken);
      return Promise.resolve(iterates ? { done: false, value: taken } : taken);
    }
    const wait = core.wait(thread, "receive", this);
    wait.cargo = iterates;
    this.#receivers.add(wait);
    if (timeoutMs !== undefined) {
      const tooLate = (): void => wait.fail(new TimedOut(`receive on ${this.#name}: nothing came in ${timeoutMs} ms`));
      wait.timer = core.driver.at(core.now() + timeoutMs, tooLate, undefined);
    }
    return wait.newPromise();
  }

  /** A datagram has come: for who waits, or to wait where there is room. */
  push(frame: DatagramFrame): void {
    const wait = this.#inbox.size === 0 ? this.#receivers.next() : undefined;
    if (wait) {
      const taken = this.#take(wait.thread, frame);
      if (taken instanceof MessageError) wait.fail(taken);
      else wait.succeed(wait.cargo === true ? { done: false, value: taken } : taken);
    } else if (this.#unreadBytes + frame.bytes > inboxBytes) {
      this.#ports.lost(frame, "inbox");
    } else {
      this.#unreadBytes += frame.bytes;
      this.#inbox.push(frame);
    }
  }

  /** What the program gets; a MessageError, which no message can be, if it can't be decoded. */
  #take(thread: Thread, frame: DatagramFrame): Datagram | MessageError {
    const core = this.#core;
    core.trace.datagram(core.now(), thread, "received", frame);
    const { type, payload, from } = frame;
    try {
      return { from: { host: from.host, port: from.port }, message: decodeDatagram(type, payload) };
    } catch (error) {
      return error as MessageError;
    }
  }

  // ---- its end, and whom it belongs to

  close(): void {
    this.#core.checkCaller("close", this.owner);
    this.#shut("closed port");
  }

  closeWithProcess(silently: boolean): void {
    // What is unread when the run ends is not lost: nobody was given the time to take it.
    this.#shut(this.#machine.isDown ? "down" : silently ? undefined : "closed port");
  }

  /** @param reason why what is unread is lost. */
  #shut(reason: LossReason | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ports.open.delete(this.port);
    this.owner.ports?.delete(this);
    this.#pipe?.close();
    for (const frame of this.#inbox.drain()) if (reason) this.#ports.lost(frame, reason);
    for (let wait = this.#receivers.next(); wait; wait = this.#receivers.next()) {
      if (wait.cargo === true) wait.succeed(noMore);
      else wait.fail(new Closed(`receive: datagram port ${this.port} was closed`));
    }
  }

  /** The port belongs to that process from now on, with what is unread; nobody of the former one receives any more. */
  giveTo(process: RunningProcess): void {
    if (this.owner.ports?.delete(this)) process.open(this);
    this.owner = process;
    this.#receivers.fail(this.#handedOver());
  }

  #handedOver(): Closed {
    return new Closed(`datagram port ${this.port} was handed over to ${this.owner.who}`);
  }

  #refusal(where: string): Closed | undefined {
    return this.#isClosed ? new Closed(`${where}: datagram port ${this.port} is closed`) : undefined;
  }
}

/** What an iteration gives when the port is closed. */
const noMore: IteratorResult<Datagram> = { done: true, value: undefined };

/** Opens a port for a thread's process. */
export function openDatagrams(thread: Thread, ways: Ways, ports: MachinePorts, port = 0): Promise<Datagrams> {
  const { process } = thread;
  const { machine, core } = process;
  core.checkCaller("datagrams", process);
  checkPort("datagrams", port, 0);
  const inUse = (what: string): Promise<never> =>
    core.refuseAtOnce(process, new AddressInUse(`datagrams: ${what} of ${machine.name} is open`));
  if (ports.open.has(port)) return inUse(`port ${port}`);
  const number = port === 0 ? ports.open.takeDynamic() : port;
  if (number === undefined) return inUse("every dynamic port");
  const opened = new DatagramPort(core, process, ways, ports, number);
  const wait = core.wait<Datagrams>(thread, "datagrams", opened);
  if (wait.state !== "pending") return wait.newPromise();
  ports.open.set(number, opened);
  process.open(opened);
  core.driver.openDatagrams(
    machine.name,
    number,
    (pipe) => {
      opened.opened(pipe);
      wait.succeed(opened);
    },
    (error) => wait.fail(error),
  );
  return wait.newPromise();
}
