import type { Socket } from "node:net";
import { checkTimeout } from "../../world/checks.js";
import { Fifo } from "../../world/core/fifo.js";
import { Closed, type Connection, ConnectionReset, type KeepAlive, MessageError, TimedOut } from "../../world/index.js";
import { type FrameType, headerBytes } from "../../world/network/frame.js";
import { creditWindowBytes } from "../../world/network/outbox.js";
import { decode, type Encoded, encode, whole } from "../../world/values.js";
import { FrameReader, frameBytes, type WireFrame } from "../run/frames.js";
import { notHere } from "./not-here.js";
import { nextPending, type Owned, type OwnProcess, ProcessWait } from "./own-process.js";

const nothing = whole(new Uint8Array(0));

interface Outgoing {
  readonly wait: ProcessWait<void>;
  readonly type: "data" | "bytes";
  readonly payload: Encoded;
  readonly isPending: boolean;
}

/** Who waits for a message, to take it or to look at it. */
interface Receiving {
  readonly wait: ProcessWait<unknown>;
  readonly peeks: boolean;
  readonly isPending: boolean;
}

/**
 * A connection of a real process: the world's frames over a socket of the operating system, with credit, keepalive and an end of each direction. A
 * socket that ends without the frame that says so has lost its process, by SIGKILL or otherwise: that is a reset. It has no urgent bytes.
 *
 * @internal
 */
export class SocketConnection implements Connection, Owned {
  readonly id: string;
  readonly peer: string;
  readonly #process: OwnProcess;
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #inbox = new Fifo<WireFrame>();
  readonly #receivers = new Fifo<Receiving>();
  readonly #senders = new Fifo<Outgoing>();
  readonly #gone = new AbortController();
  #failure: Error | undefined;
  #hasEnded = false;
  #endIsSent = false;
  #peerHasEnded = false;
  /** Nobody is behind this end any more. */
  #isGone = false;
  #unreadAtPeer = 0;
  #creditOwed = 0;
  #keepAlive: KeepAlive | undefined;
  #watch: NodeJS.Timeout | undefined;
  #probes = 0;
  #heardMs = performance.now();

  constructor(process: OwnProcess, socket: Socket, id: string, peer: string, keepAlive: KeepAlive | undefined) {
    this.#process = process;
    this.id = id;
    this.peer = peer;
    this.#socket = socket;
    this.#keepAlive = keepAlive;
    process.owned.add(this);
    if (keepAlive) this.#watchFor(keepAlive.idleMs);
    socket.on("error", () => undefined); // what it means is said when it closes
    socket.on("end", () => this.#lost());
    socket.on("close", () => this.#lost());
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  // ---- what programs call

  send(message: unknown): Promise<void> {
    const payload = encode(message, `send on ${this.id}`);
    const type = message instanceof Uint8Array ? "bytes" : "data";
    const refusal = this.#refusalToSend();
    if (refusal) return Promise.reject(refusal);
    if (this.#unreadAtPeer < creditWindowBytes && this.#senders.size === 0) {
      this.#transmit(type, payload);
      return Promise.resolve();
    }
    const wait = new ProcessWait<void>(this.#process.thread);
    const line = {
      wait,
      type,
      payload,
      get isPending() {
        return wait.isPending;
      },
    } as const;
    this.#senders.push(line);
    return wait.promise;
  }

  receive(options?: { readonly timeoutMs?: number }): Promise<unknown> {
    return this.#next("receive", checkTimeout("receive", options));
  }

  peek(options?: { readonly timeoutMs?: number }): Promise<unknown> {
    return this.#next("peek", checkTimeout("peek", options));
  }

  #next(call: "receive" | "peek", timeoutMs: number | undefined): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#isGone) return Promise.reject(new Closed(`${call}: ${this.id} is closed`));
    const peeks = call === "peek";
    if (this.#inbox.size > 0) {
      const message = this.#oldest(peeks);
      return message instanceof MessageError ? Promise.reject(message) : Promise.resolve(message);
    }
    if (this.#peerHasEnded) return Promise.resolve(undefined);
    const late = () => new TimedOut(`${call} on ${this.id}: nothing came in ${timeoutMs} ms`);
    const wait = new ProcessWait<unknown>(this.#process.thread, timeoutMs, late);
    this.#receivers.push({
      wait,
      peeks,
      get isPending() {
        return wait.isPending;
      },
    });
    return wait.promise;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<unknown> {
    for (let message = await this.receive(); message !== undefined; message = await this.receive()) yield message;
  }

  sendUrgent(): never {
    return notHere("urgent bytes");
  }

  receiveUrgent(): never {
    return notHere("urgent bytes");
  }

  onUrgent(): never {
    return notHere("urgent bytes");
  }

  end(): void {
    if (this.#hasEnded || this.#failure || this.#isGone) return;
    this.#hasEnded = true;
    this.#endWhenSent();
  }

  reset(): void {
    if (this.#failure || this.#isGone) return;
    this.#fail(new ConnectionReset(`${this.id} was reset by this side`));
    this.#release();
    if (!this.#socket.destroyed) this.#socket.resetAndDestroy();
  }

  closeWithProcess(abruptly: boolean): void {
    if (this.#isGone) return;
    if (abruptly || this.#inbox.size > 0 || this.#hasUnsent) return this.reset();
    this.end();
    this.#release();
    if (this.#peerHasEnded) this.#socket.end();
  }

  // ---- what the socket brings

  /** @throws {@link MessageError} if it is none of our frames. */
  read(chunk: Buffer): void {
    for (const frame of this.#reader.push(chunk)) this.#deliver(frame);
  }

  #deliver(frame: WireFrame): void {
    if (this.#isGone) {
      // Something for nobody: its sender is told by a reset, as by an operating system.
      if (frame.type === "data" || frame.type === "bytes") this.#socket.resetAndDestroy();
      else if (frame.type === "end") this.#socket.end();
      return;
    }
    this.#heardMs = performance.now();
    this.#probes = 0;
    switch (frame.type) {
      case "data":
      case "bytes":
        this.#inbox.push(frame);
        return this.#serveReceivers();
      case "credit":
        this.#unreadAtPeer -= frame.value;
        return this.#serveSenders();
      case "end":
        this.#peerHasEnded = true;
        this.#serveReceivers();
        return this.#closeWhenBothEnded();
      case "probe":
        return this.#transmit("alive", nothing);
      case "alive":
        return;
      default:
        this.reset(); // no peer of ours sends that
    }
  }

  #lost(): void {
    const isOver = this.#peerHasEnded && this.#endIsSent;
    if (this.#isGone || isOver) return;
    this.#fail(new ConnectionReset(`${this.id} was reset by ${this.peer}`));
    this.#release();
    this.#socket.destroy();
  }

  // ---- inside

  #refusalToSend(): Error | undefined {
    if (this.#failure) return this.#failure;
    return this.#hasEnded || this.#isGone ? new Closed(`send: this side of ${this.id} has ended`) : undefined;
  }

  #transmit(type: FrameType, payload: Encoded, value = 0): void {
    if (type === "data" || type === "bytes") this.#unreadAtPeer += headerBytes + payload.end - payload.start;
    if (this.#socket.writable) this.#socket.write(frameBytes({ type, payload, value }));
  }

  #serveReceivers(): void {
    while (this.#inbox.size > 0 || this.#peerHasEnded) {
      const next = nextPending(this.#receivers);
      if (!next) return;
      const message = this.#inbox.size > 0 ? this.#oldest(next.peeks) : undefined;
      if (message instanceof MessageError) next.wait.fail(message);
      else next.wait.succeed(message);
    }
  }

  /** The oldest message, which is taken unless somebody only looks; a MessageError, which no message can be, if it can't be decoded. */
  #oldest(peeks: boolean): unknown {
    const { type, payload } = this.#inbox.first as WireFrame;
    if (!peeks) this.#take();
    try {
      return type === "bytes" ? payload.bytes.slice(payload.start, payload.end) : decode(payload);
    } catch (error) {
      return error;
    }
  }

  #take(): void {
    const { payload } = this.#inbox.shift() as WireFrame;
    this.#creditOwed += headerBytes + payload.end - payload.start;
    if (this.#creditOwed >= creditWindowBytes / 2) {
      this.#transmit("credit", nothing, this.#creditOwed);
      this.#creditOwed = 0;
    }
  }

  #serveSenders(): void {
    while (this.#unreadAtPeer < creditWindowBytes) {
      const next = nextPending(this.#senders);
      if (!next) break;
      this.#transmit(next.type, next.payload);
      next.wait.succeed();
    }
    this.#endWhenSent();
  }

  /** Messages that wait for credit, and were not given up. */
  get #hasUnsent(): boolean {
    return this.#senders.some(({ wait }) => !wait.isGivenUp);
  }

  /** The end goes behind the messages that wait for credit. */
  #endWhenSent(): void {
    if (!this.#hasEnded || this.#endIsSent || this.#hasUnsent) return;
    this.#endIsSent = true;
    this.#transmit("end", nothing);
    this.#closeWhenBothEnded();
  }

  #closeWhenBothEnded(): void {
    if (!this.#peerHasEnded || !this.#endIsSent) return;
    this.#socket.end();
    clearTimeout(this.#watch);
    if (this.#inbox.size === 0) this.#process.owned.delete(this);
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#inbox.drain();
    // First, so that who is woken by the failure finds the signal aborted.
    this.#gone.abort(error);
    for (const { wait } of this.#receivers.drain()) wait.fail(error);
    for (const { wait } of this.#senders.drain()) wait.fail(error);
  }

  #release(): void {
    this.#isGone = true;
    clearTimeout(this.#watch);
    this.#process.owned.delete(this);
  }

  #watchFor(ms: number): void {
    this.#watch = setTimeout(() => this.#checkPeer(), ms);
  }

  #checkPeer(): void {
    const { idleMs, intervalMs, probes } = this.#keepAlive as KeepAlive;
    if (this.#isGone) return;
    const idleForMs = performance.now() - this.#heardMs;
    if (this.#probes === 0 && idleForMs < idleMs) return this.#watchFor(Math.ceil(idleMs - idleForMs));
    if (this.#probes >= probes) {
      this.#fail(new TimedOut(`${this.id}: keepalive got no answer to ${probes} probes`));
      this.#release();
      return void this.#socket.destroy();
    }
    this.#probes++;
    this.#transmit("probe", nothing);
    this.#watchFor(intervalMs);
  }
}
