/**
 * What one end of a connection sends: messages in order, within the credit that the peer gives, then the end.
 *
 * `send` and `sendAtCost`: by the program that owns the end, in its step. The rest: by the end alone.
 */
import type { Thread } from "../core/thread.js";
import { WaitLine } from "../core/wait-line.js";
import { compute } from "../machine/compute.js";
import { type Encoded, encode } from "../values.js";
import { type End, nothing } from "./end.js";
import { headerBytes } from "./frame.js";

/** How much a sender may have unread at the other side before `send` waits. */
export const creditWindowBytes = 64 * 1024;

const done: Promise<void> = Promise.resolve();

/** A message ready for the wire. */
export interface Outgoing {
  readonly type: "data" | "bytes";
  readonly payload: Encoded;
  /** What the trace says of it. */
  readonly note: number;
}

/** What an outbox needs of its end besides. */
interface SendingEnd extends End {
  /** Why it can't send now. */
  sendRefusal(owner: End["owner"]): Error | undefined;
  /** Both directions are over. */
  closePipe(): void;
}

export class Outbox {
  readonly #end: SendingEnd;
  /** Each with its message. */
  readonly #senders = new WaitLine<void>();
  /** Messages whose CPU time is being paid; they go before an end that was called meanwhile. */
  #preparing = 0;
  #unreadAtPeer = 0;
  #sent = 0;
  hasEnded = false;
  endIsSent = false;
  #place: string | undefined;

  constructor(end: SendingEnd) {
    this.#end = end;
  }

  encode(message: unknown): Outgoing {
    this.#place ??= `send on ${this.#end.id}`;
    const payload = encode(message, this.#place);
    const type = message instanceof Uint8Array ? "bytes" : "data";
    return { type, payload, note: this.#end.core.trace.note(message, payload) };
  }

  send(outgoing: Outgoing, thread: Thread): Promise<void> {
    if (!this.#hasCredit) return this.#whenCredited(outgoing, thread);
    this.#transmit(outgoing, thread);
    return done;
  }

  async sendAtCost(outgoing: Outgoing, thread: Thread, costMs: number): Promise<void> {
    const { owner } = this.#end;
    let sent: Promise<void> | undefined;
    this.#preparing++;
    try {
      await compute(thread, costMs, 0, undefined);
      // An end that was called meanwhile comes behind it.
      const late = this.#end.sendRefusal(owner);
      if (late) throw late;
      if (this.#hasCredit) this.#transmit(outgoing, thread);
      else sent = this.#whenCredited(outgoing, thread);
    } finally {
      if (this.#end.owner === owner) {
        this.#preparing--;
        this.endWhenSent();
      }
    }
    if (sent) await sent;
  }

  get #hasCredit(): boolean {
    return this.#unreadAtPeer < creditWindowBytes && this.#senders.isEmpty;
  }

  #whenCredited(message: Outgoing, thread: Thread): Promise<void> {
    const wait = this.#end.core.wait<void>(thread, "send", this.#end);
    wait.cargo = message;
    this.#senders.add(wait);
    return wait.newPromise();
  }

  #transmit(message: Outgoing, thread: Thread): void {
    const { type, payload, note } = message;
    const bytes = headerBytes + payload.end - payload.start;
    this.#unreadAtPeer += bytes;
    const end = this.#end;
    end.core.trace.send(end.core.now(), thread, end, end.isIn, ++this.#sent, bytes, note);
    end.transmit(type, payload, 0, bytes, note);
  }

  /** The peer has read so many bytes. */
  credited(bytes: number): void {
    this.#unreadAtPeer -= bytes;
    while (this.#unreadAtPeer < creditWindowBytes) {
      const wait = this.#senders.next();
      if (!wait) break;
      this.#transmit(wait.cargo as Outgoing, wait.thread);
      wait.succeed();
    }
    this.endWhenSent();
  }

  /** Messages that are being prepared or wait for credit, and were not given up. */
  get hasUnsent(): boolean {
    return this.#preparing > 0 || this.#senders.some(({ failed }) => !failed);
  }

  /** The end goes behind the messages that wait for credit. */
  endWhenSent(): void {
    if (!this.hasEnded || this.endIsSent || this.hasUnsent) return;
    this.endIsSent = true;
    this.#end.transmit("end", nothing, 0, 0);
    if (this.#end.peerHasEnded) this.#end.closePipe();
  }

  fail(error: Error): void {
    this.#senders.fail(error);
  }

  /** The end belongs to another process now. */
  passOn(error: Error): void {
    this.#preparing = 0;
    this.#senders.fail(error);
  }
}
