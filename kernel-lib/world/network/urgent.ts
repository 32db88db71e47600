/**
 * Urgent bytes of one end of a connection: those that it sends, and those that have come. They pass what the peer has not read.
 *
 * `send`, `receive` and `onUrgent`: by the program that owns the end, in its step. `handOver`, `end`, `fail` and `passOn`: by the end alone.
 */
import { Fifo } from "../core/fifo.js";
import type { Thread } from "../core/thread.js";
import { WaitLine } from "../core/wait-line.js";
import { type End, nothing } from "./end.js";
import { headerBytes } from "./frame.js";
import { failWhenLate } from "./late.js";

export class UrgentBytes {
  readonly #end: End;
  #sent = 0;
  #taken = 0;
  readonly #receivers = new WaitLine<number | undefined>();
  /** Bytes that have come and were not handed over. */
  readonly #pending = new Fifo<number>();
  #listener: { callback: (byte: number) => void; thread: Thread } | undefined;

  constructor(end: End) {
    this.#end = end;
  }

  send(byte: number): void {
    const { core, owner, isIn } = this.#end;
    core.trace.urgent(core.now(), core.threadOf(owner), this.#end, isIn, ++this.#sent, byte, true);
    this.#end.transmit("urgent", nothing, byte, headerBytes + 1);
  }

  onUrgent(callback: (byte: number) => void, thread: Thread): void {
    this.#listener = { callback, thread };
    for (const byte of this.#pending.drain()) this.#call(byte);
  }

  receive(thread: Thread, timeoutMs: number | undefined): Promise<number | undefined> {
    const { core, owner, peerHasEnded } = this.#end;
    const refusal = this.#end.refusal("receiveUrgent");
    if (refusal) return core.refuseAtOnce(owner, refusal);
    const byte = this.#pending.shift();
    if (byte !== undefined) {
      this.#traceTaken(thread, byte);
      return Promise.resolve(byte);
    }
    if (peerHasEnded) return core.atOnce(owner, undefined);
    const wait = core.wait<number | undefined>(thread, "receiveUrgent", this.#end);
    this.#receivers.add(wait);
    failWhenLate(this.#end, wait, timeoutMs);
    return wait.newPromise();
  }

  /** To whoever waits for it; else to the callback; else it stays here. */
  handOver(byte: number): void {
    const wait = this.#receivers.next();
    if (wait) {
      this.#traceTaken(wait.thread, byte);
      wait.succeed(byte);
    } else if (this.#listener) this.#call(byte);
    else this.#pending.push(byte);
  }

  /** The peer has ended: no more can come. */
  end(): void {
    this.#receivers.succeed(undefined);
  }

  fail(error: Error): void {
    this.#receivers.fail(error);
  }

  /** The end belongs to another process now: nobody of the former one hears of it any more. */
  passOn(error: Error): void {
    this.#listener = undefined;
    this.#receivers.fail(error);
  }

  #call(byte: number): void {
    if (!this.#listener) return;
    const { callback, thread } = this.#listener;
    this.#traceTaken(thread, byte);
    this.#end.core.call(thread, () => callback(byte));
  }

  #traceTaken(thread: Thread, byte: number): void {
    const { core, isIn } = this.#end;
    core.trace.urgent(core.now(), thread, this.#end, !isIn, ++this.#taken, byte, false);
  }
}
