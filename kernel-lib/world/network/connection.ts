import { checkWhole, ParameterError, refuse } from "../../errors.js";
import type { EventId } from "../../simulation/index.js";
import { checkSpanMs, checkTimeout } from "../checks.js";
import type { Core } from "../core/core.js";
import type { Pipe } from "../core/driver.js";
import { because, type Failure } from "../core/failures.js";
import { Fifo } from "../core/fifo.js";
import type { Member } from "../core/linked-set.js";
import type { RunningProcess } from "../core/process.js";
import { ofHost } from "../core/strangers.js";
import type { Thread } from "../core/thread.js";
import { decode, type Encoded, encode, whole } from "../core/values.js";
import { dropSettled, type Wait, type WaitKind, type WaitTarget } from "../core/wait.js";
import { Closed, ConnectionReset, MessageError, TimedOut } from "../errors.js";
import type { Connection, KeepAlive } from "../host.js";
import type { Machine } from "../machine/machine.js";
import { type Frame, type FrameType, headerBytes, type Path } from "./network.js";

/** How much a sender may have unread at the other side before `send` waits. */
export const creditWindowBytes = 64 * 1024;

const nothing = whole(new Uint8Array(0));
const done: Promise<void> = Promise.resolve();

/** A message ready for the wire. */
interface Outgoing {
  readonly type: "data" | "bytes";
  readonly payload: Encoded;
  /** What the trace says of it. */
  readonly note: number;
}

/** One end of a connection. */
export class Endpoint implements Connection, WaitTarget, Member<Endpoint> {
  memberOf: object | undefined = undefined;
  previousMember: Endpoint | undefined = undefined;
  nextMember: Endpoint | undefined = undefined;
  readonly id: string;
  readonly peer: string;
  /** Its number in the trace, 0 for none yet: the recorder gives it. */
  traceNumber = 0;
  other!: Endpoint;
  pipe: Pipe | undefined;
  owner: RunningProcess;
  /** When the last frame it sent has left, and the last one it got has come in: frames never pass each other. */
  outDoneMs = 0;
  inDoneMs = 0;
  /** Frames that have come and wait for their time. */
  framesDue = 0;
  /** Frames that reached a cut, in order; they go on when it heals. */
  readonly stalled: Frame[] = [];
  /** Set when a reset came, keepalive gave up, or the program reset it: every later call fails with it. */
  failure: Error | undefined;
  /** Set when it was reset because its process threw. */
  resetBecause: Failure | undefined = undefined;
  hasEnded = false;
  peerHasEnded = false;
  /** Nobody is behind this end any more: what still comes is answered by a reset. */
  isGone = false;
  readonly #inbox = new Fifo<Frame>();
  readonly #receivers = new Fifo<Wait>();
  readonly #senders = new Fifo<{ wait: Wait; message: Outgoing }>();
  /** Messages whose CPU time is being paid; they go before an end that was called meanwhile. */
  #preparing = 0;
  /** Who waits for an urgent byte; made when somebody does. */
  #urgentReceivers: Fifo<Wait<number | undefined>> | undefined;
  #unreadAtPeer = 0;
  #creditOwed = 0;
  #sent = 0;
  #taken = 0;
  #endIsSent = false;
  #urgentSent = 0;
  #urgentTaken = 0;
  /** Urgent bytes that have come and were not handed over; made when one must wait. */
  #urgentPending: Fifo<number> | undefined;
  #receiveText: string | undefined;
  #sendPlace: string | undefined;
  #onUrgent: { callback: (byte: number) => void; thread: Thread } | undefined;
  #controller: AbortController | undefined;
  #keepAlive: KeepAlive | undefined;
  #keepAliveTimer: EventId | undefined;
  #heardMs = 0;
  #probes = 0;

  constructor(
    readonly core: Core,
    readonly machine: Machine,
    readonly path: Path,
    owner: RunningProcess,
    id: string,
    peer: string,
    /** Whether it is the accepting side: what it sends goes "in", against the direction of the connection. */
    readonly isIn: boolean,
  ) {
    this.owner = owner;
    this.id = id;
    this.peer = peer;
  }

  get [ofHost](): string {
    return "a connection, which belongs to a process";
  }

  waitText(kind: WaitKind): string {
    if (kind === "connect") return `connect ${this.id}`;
    if (kind === "send") return `send on ${this.id} to ${this.peer}`;
    if (kind === "receiveUrgent") return `receiveUrgent on ${this.id} from ${this.peer}`;
    // Two rows of a trace for each message say it: they share one text.
    this.#receiveText ??= `receive on ${this.id} from ${this.peer}`;
    return this.#receiveText;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.failure) this.#controller.abort(this.failure);
    }
    return this.#controller.signal;
  }

  // ---- what programs call

  send(message: unknown): Promise<void> {
    const { core } = this;
    core.checkCaller("send", this.owner);
    let outgoing: Outgoing;
    try {
      outgoing = this.#encode(message);
    } catch (error) {
      return core.refuseAtOnce(this.owner, error);
    }
    const refusal = this.#refusalToSend();
    if (refusal) return core.refuseAtOnce(this.owner, refusal);
    const costMs = this.machine.spec.costs?.messageMs ?? 0;
    if (costMs > 0) return this.#sendAtCost(outgoing, costMs);
    if (this.#unreadAtPeer < creditWindowBytes && this.#senders.size === 0) {
      this.#transmitMessage(outgoing, core.threadOf(this.owner));
      return done;
    }
    return this.#sendWhenCredited(outgoing, core.threadOf(this.owner));
  }

  #encode(message: unknown): Outgoing {
    this.#sendPlace ??= `send on ${this.id}`;
    const payload = encode(message, this.#sendPlace);
    const type = message instanceof Uint8Array ? "bytes" : "data";
    return { type, payload, note: this.core.trace.note(message, payload) };
  }

  async #sendAtCost(outgoing: Outgoing, costMs: number): Promise<void> {
    const { owner } = this;
    const thread = this.core.threadOf(owner);
    let credited: Promise<void> | undefined;
    this.#preparing++;
    try {
      await this.machine.compute(thread, costMs, 0, undefined);
      // An end that was called meanwhile comes behind it.
      const late = this.owner === owner ? this.#refusal("send") : this.#handedOver();
      if (late) throw late;
      if (this.#unreadAtPeer < creditWindowBytes && this.#senders.size === 0) this.#transmitMessage(outgoing, thread);
      else credited = this.#sendWhenCredited(outgoing, thread);
    } finally {
      if (this.owner === owner) {
        this.#preparing--;
        this.#endWhenSent();
      }
    }
    if (credited) await credited;
  }

  #sendWhenCredited(message: Outgoing, thread: Thread): Promise<void> {
    const wait = this.core.wait<void>(thread, "send", this);
    this.#senders.push({ wait: wait as Wait, message });
    return wait.newPromise();
  }

  receive(options?: { readonly timeoutMs?: number }): Promise<unknown> {
    const timeoutMs = checkTimeout("receive", options);
    this.core.checkCaller("receive", this.owner);
    const thread = this.core.threadOf(this.owner);
    const costMs = this.machine.spec.costs?.messageMs ?? 0;
    if (costMs > 0) return this.#receiveAtCost(thread, costMs, timeoutMs);
    return this.#receive(thread, timeoutMs, false);
  }

  async #receiveAtCost(thread: Thread, costMs: number, timeoutMs: number | undefined): Promise<unknown> {
    const message = await this.#receive(thread, timeoutMs, false);
    if (message !== undefined) await this.machine.compute(thread, costMs, 0, undefined);
    return message;
  }

  /** @internal What `next` of an iteration gives: the message, or that there are no more. */
  receiveNext(): Promise<IteratorResult<unknown>> {
    if ((this.machine.spec.costs?.messageMs ?? 0) > 0) return this.receive().then(asResult);
    this.core.checkCaller("receive", this.owner);
    return this.#receive(this.core.threadOf(this.owner), undefined, true) as Promise<IteratorResult<unknown>>;
  }

  /** @param iterates whether the promise gives an iterator's result, so that no second promise is needed to make one. */
  #receive(thread: Thread, timeoutMs: number | undefined, iterates: boolean): Promise<unknown> {
    const { core, owner } = this;
    const refusal = this.#refusal("receive");
    if (refusal) return core.refuseAtOnce(owner, refusal);
    if (this.#inbox.size > 0) {
      const taken = this.#take(thread);
      if (taken instanceof MessageError) return Promise.reject(taken);
      return Promise.resolve(iterates ? asResult(taken) : taken);
    }
    if (this.peerHasEnded) return core.atOnce(owner, iterates ? asResult(undefined) : undefined);
    const wait = core.wait(thread, "receive", this);
    wait.iterates = iterates;
    dropSettled(this.#receivers);
    this.#receivers.push(wait);
    this.#failWhenLate(wait, timeoutMs);
    return wait.newPromise();
  }

  #failWhenLate(wait: Wait, timeoutMs: number | undefined): void {
    if (timeoutMs === undefined) return;
    const { core } = this;
    const late = (): void => {
      const { text, options } = because(core.failures.of(this.other.owner));
      core.fail(wait, new TimedOut(`${wait.kind} on ${this.id}: nothing came in ${timeoutMs} ms${text}`, options));
    };
    wait.timer = core.driver.at(core.now() + timeoutMs, late, undefined);
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return new Messages(this);
  }

  sendUrgent(byte: number): void {
    checkWhole("sendUrgent", "byte", byte, 0, 255);
    this.core.checkCaller("sendUrgent", this.owner);
    const refusal = this.#refusalToSend();
    if (refusal) throw refusal;
    const sequence = ++this.#urgentSent;
    this.core.trace.urgent(this.core.now(), this.core.threadOf(this.owner), this, this.isIn, sequence, byte, true);
    this.#transmit("urgent", nothing, byte, headerBytes + 1);
  }

  onUrgent(callback: (byte: number) => void): void {
    if (typeof callback !== "function") refuse("onUrgent", "callback", "a function", callback);
    this.core.checkCaller("onUrgent", this.owner);
    this.#onUrgent = { callback, thread: this.core.threadOf(this.owner) };
    for (const byte of this.#urgentPending?.drain() ?? []) this.#callUrgent(byte);
  }

  receiveUrgent(options?: { readonly timeoutMs?: number }): Promise<number | undefined> {
    const timeoutMs = checkTimeout("receiveUrgent", options);
    this.core.checkCaller("receiveUrgent", this.owner);
    const thread = this.core.threadOf(this.owner);
    const { core, owner } = this;
    const refusal = this.#refusal("receiveUrgent");
    if (refusal) return core.refuseAtOnce(owner, refusal);
    const byte = this.#urgentPending?.shift();
    if (byte !== undefined) {
      this.#traceUrgentTaken(thread, byte);
      return Promise.resolve(byte);
    }
    if (this.peerHasEnded) return core.atOnce(owner, undefined);
    const wait = core.wait<number | undefined>(thread, "receiveUrgent", this);
    this.#urgentReceivers ??= new Fifo();
    dropSettled(this.#urgentReceivers);
    this.#urgentReceivers.push(wait);
    this.#failWhenLate(wait as Wait, timeoutMs);
    return wait.newPromise();
  }

  end(): void {
    this.core.checkCaller("end", this.owner);
    this.endSending();
  }

  reset(): void {
    this.core.checkCaller("reset", this.owner);
    this.abort();
  }

  // ---- what the core calls

  endSending(): void {
    if (this.hasEnded || this.failure || this.isGone) return;
    this.hasEnded = true;
    this.#endWhenSent();
  }

  abort(): void {
    if (this.failure || this.isGone) return;
    this.resetBecause = this.core.failures.of(this.owner);
    this.#transmit("reset", nothing, 0, 0);
    this.#fail(new ConnectionReset(`${this.id} was reset by this side`));
    this.release();
  }

  /** Both ends know each other: frames may go. */
  opened(pipe: Pipe, keepAlive: KeepAlive | undefined): void {
    this.pipe = pipe;
    if (this.isGone) return;
    this.#heardMs = this.core.now();
    this.#keepAlive = keepAlive;
    if (keepAlive) this.#watchUntil(this.#heardMs + keepAlive.idleMs);
  }

  /** It belongs to that process from now on; nobody of the former one hears of it any more. */
  passTo(process: RunningProcess): void {
    this.owner = process;
    this.#onUrgent = undefined;
    this.#controller = undefined;
    this.#preparing = 0;
    const handedOver = this.#handedOver();
    for (const wait of this.#receivers.drain()) this.core.fail(wait, handedOver);
    for (const wait of this.#urgentReceivers?.drain() ?? []) this.core.fail(wait, handedOver);
    for (const { wait } of this.#senders.drain()) this.core.fail(wait, handedOver);
  }

  #handedOver(): Closed {
    return new Closed(`${this.id} was handed over to ${this.owner.who}`);
  }

  /** Its process has ended: what it sent still goes, but not what waits for room; nothing more is wanted. */
  closeWithProcess(abruptly: boolean): void {
    if (this.isGone) return;
    if (abruptly || this.#inbox.size > 0 || this.#hasUnsent) this.abort();
    else this.endSending();
    this.release();
  }

  /** Forgets everything, and says nothing to the other side: the machine is gone, or the run is over. */
  release(): void {
    this.isGone = true;
    this.owner.connections.delete(this);
    this.#stopWatching();
    this.#inbox.drain();
    this.pipe?.close();
  }

  /** A frame has come in, whole. */
  deliver(frame: Frame): void {
    if (this.machine.isDown) return;
    if (this.isGone) {
      // An end is what the peer of a closed connection says last; after a crash it asks about one that nobody knows.
      const isKnown = frame.type === "end" && (this.hasEnded || this.failure !== undefined);
      if (!isKnown && frame.type !== "reset" && frame.type !== "credit") this.#transmit("reset", nothing, 0, 0);
      return;
    }
    this.#heardMs = this.core.now();
    this.#probes = 0;
    switch (frame.type) {
      case "data":
      case "bytes":
        frame.arrivedMs = this.#heardMs;
        this.#inbox.push(frame);
        this.#serveReceivers();
        return;
      case "credit":
        this.#unreadAtPeer -= frame.value;
        this.#serveSenders();
        return;
      case "urgent":
        this.#handOverUrgent(frame.value);
        return;
      case "end":
        this.peerHasEnded = true;
        this.#serveReceivers();
        for (const wait of this.#urgentReceivers?.drain() ?? []) this.core.ready(wait, undefined);
        if (this.#endIsSent) this.#closePipe();
        // Nobody is left there to be told when this process ends.
        else if (this.other.isGone && this.#inbox.size === 0) this.owner.connections.delete(this);
        return;
      case "reset":
        this.hearReset();
        return;
      case "probe":
        this.#transmit("alive", nothing, 0, 0);
        return;
      case "alive":
        return;
    }
  }

  /** The other side knows this connection no more. */
  hearReset(): void {
    if (this.isGone) return;
    const { text, options } = because(this.other.resetBecause);
    this.#fail(new ConnectionReset(`${this.id} was reset by ${this.peer}${text}`, options));
    this.release();
  }

  // ---- inside

  #refusal(where: string): Error | undefined {
    if (this.failure) return this.failure;
    return this.isGone || this.owner.exit ? new Closed(`${where}: ${this.id} is closed`) : undefined;
  }

  #refusalToSend(): Error | undefined {
    if (this.failure) return this.failure;
    return this.hasEnded || this.isGone || this.owner.exit
      ? new Closed(`send: this side of ${this.id} has ended`)
      : undefined;
  }

  #transmitMessage(message: Outgoing, thread: Thread): void {
    const { type, payload, note } = message;
    const bytes = headerBytes + payload.end - payload.start;
    this.#unreadAtPeer += bytes;
    const sequence = ++this.#sent;
    this.core.trace.send(this.core.now(), thread, this, this.isIn, sequence, bytes, note);
    this.#transmit(type, payload, 0, bytes, note);
  }

  #transmit(type: FrameType, payload: Encoded, value: number, bytes: number, note = 0): void {
    const { path, core } = this;
    if (!this.pipe || this.machine.isDown) return;
    let startMs = core.now();
    if (this.outDoneMs > startMs) startMs = this.outDoneMs;
    let sentMs = startMs;
    if (bytes > 0 && path.outMsPerByte > 0) {
      if (path.from.outFreeMs > startMs) startMs = path.from.outFreeMs;
      sentMs = startMs + bytes * path.outMsPerByte;
      path.from.outFreeMs = sentMs;
    }
    this.outDoneMs = sentMs;
    const firstByteMs = startMs + path.latencyMs;
    const lastByteMs = sentMs + path.latencyMs;
    this.pipe.write({ to: this.other, type, payload, note, value, bytes, firstByteMs, lastByteMs, arrivedMs: 0 });
  }

  #serveReceivers(): void {
    while (this.#inbox.size > 0 || this.peerHasEnded) {
      const wait = this.#receivers.shift();
      if (!wait) return;
      if (wait.state !== "pending" || !wait.thread.isAlive) continue;
      const taken = this.#inbox.size > 0 ? this.#take(wait.thread) : undefined;
      if (taken instanceof MessageError) this.core.fail(wait, taken);
      else this.core.ready(wait, wait.iterates ? asResult(taken) : taken);
    }
  }

  /** The oldest message that is here; a MessageError, which no message can be, if it can't be decoded. */
  #take(thread: Thread): unknown {
    const { core } = this;
    const received = this.#inbox.shift() as Frame;
    const { payload, bytes, note, arrivedMs } = received;
    const sequence = ++this.#taken;
    let message: unknown;
    try {
      message = received.type === "bytes" ? payload.bytes : decode(payload);
    } catch (error) {
      message = error;
    }
    core.trace.receive(core.now(), thread, this, !this.isIn, sequence, bytes, note, arrivedMs);
    this.#creditOwed += bytes;
    // Like TCP's acknowledgements, credit goes back in half windows: a sender can't starve by it, and few frames carry it.
    if (this.#creditOwed >= creditWindowBytes / 2) {
      this.#transmit("credit", nothing, this.#creditOwed, 0);
      this.#creditOwed = 0;
    }
    return message;
  }

  #serveSenders(): void {
    while (this.#unreadAtPeer < creditWindowBytes) {
      const next = this.#senders.shift();
      if (!next) break;
      if (next.wait.state !== "pending" || !next.wait.thread.isAlive) continue;
      this.#transmitMessage(next.message, next.wait.thread);
      this.core.ready(next.wait, undefined);
    }
    this.#endWhenSent();
  }

  /** Messages that are being prepared or wait for credit, and were not given up. */
  get #hasUnsent(): boolean {
    return this.#preparing > 0 || this.#senders.some(({ wait }) => !wait.failed);
  }

  /** The end goes behind the messages that wait for credit. */
  #endWhenSent(): void {
    if (!this.hasEnded || this.#endIsSent || this.#hasUnsent) return;
    this.#endIsSent = true;
    this.#transmit("end", nothing, 0, 0);
    if (this.peerHasEnded) this.#closePipe();
  }

  /** To whoever waits for it; else to the callback; else it stays here. */
  #handOverUrgent(byte: number): void {
    const waiting = this.#urgentReceivers;
    for (let wait = waiting?.shift(); wait; wait = waiting?.shift()) {
      if (wait.state !== "pending" || !wait.thread.isAlive) continue;
      this.#traceUrgentTaken(wait.thread, byte);
      this.core.ready(wait, byte);
      return;
    }
    if (this.#onUrgent) return this.#callUrgent(byte);
    this.#urgentPending ??= new Fifo();
    this.#urgentPending.push(byte);
  }

  #callUrgent(byte: number): void {
    if (!this.#onUrgent) return;
    const { callback, thread } = this.#onUrgent;
    this.#traceUrgentTaken(thread, byte);
    this.core.call(thread, () => callback(byte));
  }

  #traceUrgentTaken(thread: Thread, byte: number): void {
    const { core } = this;
    core.trace.urgent(core.now(), thread, this, !this.isIn, ++this.#urgentTaken, byte, false);
  }

  #fail(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    this.#stopWatching();
    this.#inbox.drain();
    // First, so that who is woken by the failure finds the signal aborted.
    if (this.#controller) this.core.abort(this.core.threadOf(this.owner), this.#controller, error);
    for (const wait of this.#receivers.drain()) this.core.fail(wait, error);
    for (const wait of this.#urgentReceivers?.drain() ?? []) this.core.fail(wait, error);
    for (const { wait } of this.#senders.drain()) this.core.fail(wait, error);
  }

  /** Both directions have ended: nothing is left to tell or to hear, and its process need not keep it. */
  #closePipe(): void {
    this.owner.connections.delete(this);
    this.pipe?.close();
    this.#stopWatching();
  }

  /** By absolute times: a rest of time below the clock's resolution would come round for ever. */
  #watchUntil(timeMs: number): void {
    const check = (self: Endpoint): void => self.machine.whenRunning(() => self.#checkPeer());
    this.#keepAliveTimer = this.core.driver.at(timeMs, check, this as Endpoint);
  }

  #stopWatching(): void {
    if (this.#keepAliveTimer !== undefined) this.core.driver.cancel(this.#keepAliveTimer);
    this.#keepAliveTimer = undefined;
  }

  #checkPeer(): void {
    this.#keepAliveTimer = undefined;
    const { idleMs, intervalMs, probes } = this.#keepAlive as KeepAlive;
    if (this.isGone || this.machine.isDown) return;
    const idleUntilMs = this.#heardMs + idleMs;
    if (this.#probes === 0 && this.core.now() < idleUntilMs) return this.#watchUntil(idleUntilMs);
    if (this.#probes >= probes) {
      const { text, options } = because(this.core.failures.of(this.other.owner));
      this.#fail(new TimedOut(`${this.id}: keepalive got no answer to ${probes} probes${text}`, options));
      return this.release();
    }
    this.#probes++;
    this.#transmit("probe", nothing, 0, 0);
    this.#watchUntil(this.core.now() + intervalMs);
  }
}

/** What iterating over a connection gives. An async generator would take four promises more for each message. */
class Messages implements AsyncIterator<unknown> {
  constructor(private readonly connection: Endpoint) {}

  next(): Promise<IteratorResult<unknown>> {
    return this.connection.receiveNext();
  }
}

function asResult(message: unknown): IteratorResult<unknown> {
  return message === undefined ? { done: true, value: undefined } : { done: false, value: message };
}

/** Keepalive settings from a program. */
export function checkKeepAlive(where: string, keepAlive: KeepAlive | undefined): KeepAlive | undefined {
  if (keepAlive === undefined) return undefined;
  if (typeof keepAlive !== "object" || keepAlive === null) {
    throw new ParameterError(`${where}: keepAlive must be { idleMs, intervalMs, probes }`);
  }
  checkSpanMs(where, "keepAlive.idleMs", keepAlive.idleMs);
  checkSpanMs(where, "keepAlive.intervalMs", keepAlive.intervalMs);
  checkWhole(where, "keepAlive.probes", keepAlive.probes, 1);
  return keepAlive;
}
