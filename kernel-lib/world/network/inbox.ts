/**
 * What has come to one end of a connection and waits to be read, and who waits for it.
 *
 * `receive`: by the program that owns the end, in its step. The rest: by the end alone.
 */
import { Fifo } from "../core/fifo.js";
import type { Thread } from "../core/thread.js";
import { WaitLine } from "../core/wait-line.js";
import { MessageError } from "../errors.js";
import { compute } from "../machine/compute.js";
import { decode } from "../values.js";
import { type End, nothing } from "./end.js";
import type { Frame } from "./frame.js";
import { failWhenLate } from "./late.js";
import { creditWindowBytes } from "./outbox.js";

export class Inbox {
  readonly #end: End;
  readonly #frames = new Fifo<Frame>();
  /** Those that wait to receive, each with whether its promise gives an iterator's result, and to peek. */
  readonly #receivers = new WaitLine();
  #creditOwed = 0;
  #taken = 0;

  constructor(end: End) {
    this.#end = end;
  }

  get isEmpty(): boolean {
    return this.#frames.size === 0;
  }

  /** @param iterates whether the promise gives an iterator's result, so that no second promise is needed to make one. */
  receive(thread: Thread, timeoutMs: number | undefined, iterates: boolean): Promise<unknown> {
    const { core, owner } = this.#end;
    const refusal = this.#end.refusal("receive");
    if (refusal) return core.refuseAtOnce(owner, refusal);
    if (this.#frames.size > 0) {
      const taken = this.#take(thread);
      if (taken instanceof MessageError) return Promise.reject(taken);
      return Promise.resolve(iterates ? asResult(taken) : taken);
    }
    if (this.#end.peerHasEnded) return core.atOnce(owner, iterates ? asResult(undefined) : undefined);
    const wait = core.wait(thread, "receive", this.#end);
    wait.cargo = iterates;
    this.#receivers.add(wait);
    failWhenLate(this.#end, wait, timeoutMs);
    return wait.newPromise();
  }

  /** The oldest message, which stays where it is. Each call gives a value of its own: what its caller makes of it, no receiver sees. */
  peek(thread: Thread, timeoutMs: number | undefined): Promise<unknown> {
    const { core, owner } = this.#end;
    const refusal = this.#end.refusal("peek");
    if (refusal) return core.refuseAtOnce(owner, refusal);
    const first = this.#frames.first;
    if (first) {
      const message = messageOf(first);
      return message instanceof MessageError ? core.refuseAtOnce(owner, message) : core.atOnce(owner, message);
    }
    if (this.#end.peerHasEnded) return core.atOnce(owner, undefined);
    const wait = core.wait(thread, "peek", this.#end);
    this.#receivers.add(wait);
    failWhenLate(this.#end, wait, timeoutMs);
    return wait.newPromise();
  }

  async receiveAtCost(thread: Thread, timeoutMs: number | undefined, costMs: number): Promise<unknown> {
    const message = await this.receive(thread, timeoutMs, false);
    if (message !== undefined) await compute(thread, costMs, 0, undefined);
    return message;
  }

  /** A message has come in. */
  push(frame: Frame): void {
    this.#frames.push(frame);
    this.serve();
  }

  /** Whoever waits gets what is here or, after the peer's end, that nothing comes any more. */
  serve(): void {
    while (this.#frames.size > 0 || this.#end.peerHasEnded) {
      const wait = this.#receivers.next();
      if (!wait) return;
      const { first } = this.#frames;
      const taken = !first ? undefined : wait.kind === "peek" ? messageOf(first) : this.#take(wait.thread);
      if (taken instanceof MessageError) wait.fail(taken);
      else wait.succeed(wait.cargo === true ? asResult(taken) : taken);
    }
  }

  /** The oldest message that is here; a MessageError, which no message can be, if it can't be decoded. */
  #take(thread: Thread): unknown {
    const end = this.#end;
    const { core } = end;
    const frame = this.#frames.shift() as Frame;
    const { bytes, note, arrivedMs } = frame;
    const message = frame.type === "bytes" ? frame.payload.bytes : messageOf(frame);
    core.trace.receive(core.now(), thread, end, !end.isIn, ++this.#taken, bytes, note, arrivedMs);
    this.#creditOwed += bytes;
    // Like TCP's acknowledgements, credit goes back in half windows: a sender can't starve by it, and few frames carry it.
    if (this.#creditOwed >= creditWindowBytes / 2) {
      end.transmit("credit", nothing, this.#creditOwed, 0);
      this.#creditOwed = 0;
    }
    return message;
  }

  /** Drops what nobody will read. */
  clear(): void {
    this.#frames.drain();
  }

  fail(error: Error): void {
    this.#receivers.fail(error);
  }
}

/** What a frame says; a MessageError, which no message can be, if it can't be decoded. */
function messageOf({ type, payload }: Frame): unknown {
  try {
    return type === "bytes" ? payload.bytes.slice() : decode(payload);
  } catch (error) {
    return error;
  }
}

/** As an iterator gives it. */
export function asResult(message: unknown): IteratorResult<unknown> {
  return message === undefined ? { done: true, value: undefined } : { done: false, value: message };
}
