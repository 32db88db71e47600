/**
 * One end of a connection, as its program sees it, and as its path and its process do.
 *
 * - What {@link Connection} has: by the program that owns the end, in its step; anybody else is refused.
 * - `deliver`: by the path alone, when a frame has come in, whole.
 * - `opened`, `hearReset`: by the handshake, in a timer or a callback of the driver.
 * - `giveTo`: by `accept` and `spawn`, in the step of who gives or gets it.
 * - `closeWithProcess`, `release`, `abort`: by the end of its process, of its port or of the run.
 */
import { checkWhole, refuse } from "../../errors.js";
import { checkTimeout } from "../checks.js";
import type { Pipe } from "../core/driver.js";
import { because, type Failure } from "../core/failures.js";
import type { OwnedConnection, RunningProcess } from "../core/process.js";
import type { Services } from "../core/services.js";
import type { WaitKind } from "../core/wait.js";
import { Closed, ConnectionReset } from "../errors.js";
import type { Connection, KeepAlive } from "../host.js";
import type { HostMachine } from "../machine/host-machine.js";
import { ofHost } from "../strangers.js";
import type { Encoded } from "../values.js";
import { type End, nothing } from "./end.js";
import type { Frame, FrameType, OrderedReceiver } from "./frame.js";
import { asResult, Inbox } from "./inbox.js";
import { KeepAliveWatch } from "./keep-alive.js";
import { Outbox, type Outgoing } from "./outbox.js";
import type { Path, Sender } from "./path.js";
import { UrgentBytes } from "./urgent.js";

export class Endpoint implements Connection, End, OrderedReceiver, Sender, OwnedConnection {
  memberOf: object | undefined = undefined;
  previousMember: Endpoint | undefined = undefined;
  nextMember: Endpoint | undefined = undefined;
  readonly id: string;
  readonly peer: string;
  traceNumber = 0;
  other!: Endpoint;
  pipe: Pipe | undefined;
  owner: RunningProcess;
  readonly keepsOrder = true;
  // Its path's, see Sender and OrderedReceiver.
  outDoneMs = 0;
  inDoneMs = 0;
  framesDue = 0;
  readonly stalled: Frame[] = [];
  /** Set when a reset came, keepalive gave up, or the program reset it: every later call fails with it. */
  failure: Error | undefined;
  /** Set when it was reset because its process threw. */
  resetBecause: Failure | undefined = undefined;
  peerHasEnded = false;
  /** Nobody is behind this end any more: what still comes is answered by a reset. */
  isGone = false;
  readonly #outbox = new Outbox(this);
  readonly #inbox = new Inbox(this);
  /** Made with the first. */
  #urgent: UrgentBytes | undefined;
  #receiveText: string | undefined;
  #controller: AbortController | undefined;
  #watch: KeepAliveWatch | undefined;

  constructor(
    readonly core: Services,
    readonly machine: HostMachine,
    readonly path: Path,
    owner: RunningProcess,
    id: string,
    peer: string,
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
    if (kind === "peek") return `peek on ${this.id} from ${this.peer}`;
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
    const { core, owner } = this;
    core.checkCaller("send", owner);
    let outgoing: Outgoing;
    try {
      outgoing = this.#outbox.encode(message);
    } catch (error) {
      return core.refuseAtOnce(owner, error);
    }
    const refusal = this.#refusalToSend();
    if (refusal) return core.refuseAtOnce(owner, refusal);
    const thread = core.threadOf(owner);
    const costMs = this.machine.spec.costs?.messageMs ?? 0;
    return costMs > 0 ? this.#outbox.sendAtCost(outgoing, thread, costMs) : this.#outbox.send(outgoing, thread);
  }

  receive(options?: { readonly timeoutMs?: number }): Promise<unknown> {
    const timeoutMs = checkTimeout("receive", options);
    this.core.checkCaller("receive", this.owner);
    const thread = this.core.threadOf(this.owner);
    const costMs = this.machine.spec.costs?.messageMs ?? 0;
    if (costMs > 0) return this.#inbox.receiveAtCost(thread, timeoutMs, costMs);
    return this.#inbox.receive(thread, timeoutMs, false);
  }

  peek(options?: { readonly timeoutMs?: number }): Promise<unknown> {
    const timeoutMs = checkTimeout("peek", options);
    this.core.checkCaller("peek", this.owner);
    return this.#inbox.peek(this.core.threadOf(this.owner), timeoutMs);
  }

  /** @internal What `next` of an iteration gives: the message, or that there are no more. */
  receiveNext(): Promise<IteratorResult<unknown>> {
    if ((this.machine.spec.costs?.messageMs ?? 0) > 0) return this.receive().then(asResult);
    this.core.checkCaller("receive", this.owner);
    const thread = this.core.threadOf(this.owner);
    return this.#inbox.receive(thread, undefined, true) as Promise<IteratorResult<unknown>>;
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return new Messages(this);
  }

  sendUrgent(byte: number): void {
    checkWhole("sendUrgent", "byte", byte, 0, 255);
    this.core.checkCaller("sendUrgent", this.owner);
    const refusal = this.#refusalToSend();
    if (refusal) throw refusal;
    this.#urgentBytes.send(byte);
  }

  onUrgent(callback: (byte: number) => void): void {
    if (typeof callback !== "function") refuse("onUrgent", "callback", "a function", callback);
    this.core.checkCaller("onUrgent", this.owner);
    this.#urgentBytes.onUrgent(callback, this.core.threadOf(this.owner));
  }

  receiveUrgent(options?: { readonly timeoutMs?: number }): Promise<number | undefined> {
    const timeoutMs = checkTimeout("receiveUrgent", options);
    this.core.checkCaller("receiveUrgent", this.owner);
    return this.#urgentBytes.receive(this.core.threadOf(this.owner), timeoutMs);
  }

  end(): void {
    this.core.checkCaller("end", this.owner);
    this.#endSending();
  }

  reset(): void {
    this.core.checkCaller("reset", this.owner);
    this.abort();
  }

  // ---- its beginning, and whom it belongs to

  /** Both ends know each other: frames may go. */
  opened(pipe: Pipe, keepAlive: KeepAlive | undefined): void {
    this.pipe = pipe;
    if (!this.isGone && keepAlive) this.#watch = new KeepAliveWatch(this, keepAlive);
  }

  /** It belongs to that process from now on; nobody of the former one hears of it any more. */
  giveTo(process: RunningProcess): void {
    if (this.owner === process) return;
    if (this.owner.connections.delete(this)) process.connections.add(this);
    this.owner = process;
    this.#controller = undefined;
    const handedOver = this.#handedOver();
    this.#inbox.fail(handedOver);
    this.#urgent?.passOn(handedOver);
    this.#outbox.passOn(handedOver);
  }

  #handedOver(): Closed {
    return new Closed(`${this.id} was handed over to ${this.owner.who}`);
  }

  // ---- its frames

  transmit(type: FrameType, payload: Encoded, value: number, bytes: number, note = 0): void {
    if (!this.pipe || this.machine.isDown) return;
    this.path.leave(this, this.pipe, type, payload, value, bytes, note);
  }

  deliver(frame: Frame): void {
    if (this.machine.isDown) return;
    if (this.isGone) {
      // An end is what the peer of a closed connection says last; after a crash it asks about one that nobody knows.
      const isKnown = frame.type === "end" && (this.#outbox.hasEnded || this.failure !== undefined);
      if (!isKnown && frame.type !== "reset" && frame.type !== "credit") this.transmit("reset", nothing, 0, 0);
      return;
    }
    const nowMs = this.core.now();
    this.#watch?.heard(nowMs);
    switch (frame.type) {
      case "data":
      case "bytes":
        frame.arrivedMs = nowMs;
        return this.#inbox.push(frame);
      case "credit":
        return this.#outbox.credited(frame.value);
      case "urgent":
        return this.#urgentBytes.handOver(frame.value);
      case "end":
        return this.#hearEnd();
      case "reset":
        return this.hearReset();
      case "probe":
        return this.transmit("alive", nothing, 0, 0);
      case "alive":
        return;
    }
  }

  #hearEnd(): void {
    this.peerHasEnded = true;
    this.#inbox.serve();
    this.#urgent?.end();
    if (this.#outbox.endIsSent) this.closePipe();
    // Nobody is left there to be told when this process ends.
    else if (this.other.isGone && this.#inbox.isEmpty) this.owner.connections.delete(this);
  }

  /** The other side knows this connection no more. */
  hearReset(): void {
    if (this.isGone) return;
    const { text, options } = because(this.other.resetBecause);
    this.giveUp(new ConnectionReset(`${this.id} was reset by ${this.peer}${text}`, options));
  }

  get #urgentBytes(): UrgentBytes {
    this.#urgent ??= new UrgentBytes(this);
    return this.#urgent;
  }

  // ---- its end

  /** Its process has ended: what it sent still goes, but not what waits for room; nothing more is wanted. */
  closeWithProcess(abruptly: boolean): void {
    if (this.isGone) return;
    if (abruptly || !this.#inbox.isEmpty || this.#outbox.hasUnsent) this.abort();
    else this.#endSending();
    this.release();
  }

  #endSending(): void {
    if (this.#outbox.hasEnded || this.failure || this.isGone) return;
    this.#outbox.hasEnded = true;
    this.#outbox.endWhenSent();
  }

  /** Resets it. */
  abort(): void {
    if (this.failure || this.isGone) return;
    this.resetBecause = this.core.failures.of(this.owner.exit);
    this.transmit("reset", nothing, 0, 0);
    this.giveUp(new ConnectionReset(`${this.id} was reset by this side`));
  }

  /** It has failed: whoever waits for it hears so, and nothing more comes of it. */
  giveUp(error: Error): void {
    this.#fail(error);
    this.release();
  }

  #fail(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    this.#watch?.stop();
    this.#inbox.clear();
    // First, so that who is woken by the failure finds the signal aborted.
    if (this.#controller) this.core.abort(this.core.threadOf(this.owner), this.#controller, error);
    this.#inbox.fail(error);
    this.#urgent?.fail(error);
    this.#outbox.fail(error);
  }

  /** Forgets everything, and says nothing to the other side: the machine is gone, or the run is over. */
  release(): void {
    this.isGone = true;
    this.owner.connections.delete(this);
    this.#watch?.stop();
    this.#inbox.clear();
    this.pipe?.close();
  }

  /** Both directions have ended: nothing is left to tell or to hear, and its process need not keep it. */
  closePipe(): void {
    this.owner.connections.delete(this);
    this.pipe?.close();
    this.#watch?.stop();
  }

  // ---- what its parts ask

  get peerOwner(): RunningProcess | undefined {
    return this.other.owner;
  }

  refusal(where: string): Error | undefined {
    if (this.failure) return this.failure;
    return this.isGone || this.owner.exit ? new Closed(`${where}: ${this.id} is closed`) : undefined;
  }

  /** Why a message that this process has prepared can't go; an end that was called meanwhile comes behind it. */
  sendRefusal(owner: RunningProcess): Error | undefined {
    return this.owner === owner ? this.refusal("send") : this.#handedOver();
  }

  #refusalToSend(): Error | undefined {
    if (this.failure) return this.failure;
    return this.#outbox.hasEnded || this.isGone || this.owner.exit
      ? new Closed(`send: this side of ${this.id} has ended`)
      : undefined;
  }
}

/** What iterating over a connection gives. An async generator would take four promises more for each message. */
class Messages implements AsyncIterator<unknown> {
  constructor(private readonly connection: Endpoint) {}

  next(): Promise<IteratorResult<unknown>> {
    return this.connection.receiveNext();
  }
}
