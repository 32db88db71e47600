/**
 * The way from one machine to another: latency, bandwidth and cuts.
 *
 * A frame occupies the sender's interface, then travels, then occupies the receiver's, which starts with the frame's first byte and
 * ends after its last: alone on its way, n bytes take `latencyMs + n / bytesPerS` of the slower of the two. So a fast server can serve
 * several slow clients at once.
 *
 * - `leave`: by a receiver's peer, in any step or timer;
 * - `cast`: by a datagram port, in a step of its process;
 * - `arrive`: by the driver alone, when the first byte is there;
 * - `cut`, `heal`: by faults alone;
 * - `carry`, `carryBack`: by a handshake, whose segments are no frames yet.
 */
import type { DatagramPipe, Driver, Pipe } from "../core/driver.js";
import type { Encoded } from "../values.js";
import type { DatagramFrame, Frame, FrameType, LooseReceiver, OrderedReceiver } from "./frame.js";

/** A machine's network interface: one way out, one way in, each first in first out. */
export interface NetworkInterface {
  outFreeMs: number;
  inFreeMs: number;
}

/** Who sends frames along a path. */
export interface Sender {
  /** When the last frame it sent has left: frames never pass each other. */
  outDoneMs: number;
  readonly other: OrderedReceiver;
}

/** What a path is like. */
export interface PathShape {
  readonly latencyMs: number;
  /** What a byte takes at the sender's interface, and at the receiver's. */
  readonly outMsPerByte: number;
  readonly inMsPerByte: number;
}

export class Path {
  isCut = false;
  readonly latencyMs: number;
  // Asked for each frame, so kept apart.
  private readonly outMsPerByte: number;
  private readonly inMsPerByte: number;
  /** Receivers that hold frames because of a cut. */
  readonly #stalled = new Set<OrderedReceiver>();
  /** Answers to SYNs that a cut holds. */
  readonly #stalledAnswers: (() => void)[] = [];

  constructor(
    private readonly driver: Driver,
    { latencyMs, outMsPerByte, inMsPerByte }: PathShape,
    private readonly from: NetworkInterface,
    private readonly to: NetworkInterface,
  ) {
    this.latencyMs = latencyMs;
    this.outMsPerByte = outMsPerByte;
    this.inMsPerByte = inMsPerByte;
  }

  /** A frame is sent: it leaves when the interface is free. */
  leave(
    sender: Sender,
    pipe: Pipe,
    type: FrameType,
    payload: Encoded,
    value: number,
    bytes: number,
    note: number,
  ): void {
    let startMs = this.driver.now();
    if (sender.outDoneMs > startMs) startMs = sender.outDoneMs;
    let sentMs = startMs;
    if (bytes > 0 && this.outMsPerByte > 0) {
      if (this.from.outFreeMs > startMs) startMs = this.from.outFreeMs;
      sentMs = startMs + bytes * this.outMsPerByte;
      this.from.outFreeMs = sentMs;
    }
    sender.outDoneMs = sentMs;
    const firstByteMs = startMs + this.latencyMs;
    const lastByteMs = sentMs + this.latencyMs;
    const { other } = sender;
    pipe.write({ to: other, path: this, type, payload, note, value, bytes, firstByteMs, lastByteMs, arrivedMs: 0 });
  }

  /** A datagram is sent, in as many copies as will come through: none, if it is to be lost. Each goes its own way, and may pass others. */
  cast(pipe: DatagramPipe, bytes: number, copies: readonly DatagramFrame[]): void {
    const { from, outMsPerByte } = this;
    const nowMs = this.driver.now();
    const startMs = outMsPerByte > 0 && from.outFreeMs > nowMs ? from.outFreeMs : nowMs;
    const sentMs = startMs + bytes * outMsPerByte;
    if (outMsPerByte > 0) from.outFreeMs = sentMs;
    for (const copy of copies) {
      copy.firstByteMs = startMs + this.latencyMs + copy.delayMs;
      copy.lastByteMs = sentMs + this.latencyMs + copy.delayMs;
      pipe.write(copy);
    }
  }

  /** The first byte of a frame has reached the other machine's interface. */
  arrive(frame: Frame): void {
    const { to } = frame;
    if (!to.keepsOrder) return this.#arriveAlone(frame, to);
    const nowMs = this.driver.now();
    let dueMs = Math.max(frame.lastByteMs, to.inDoneMs);
    if (frame.bytes > 0 && this.inMsPerByte > 0) {
      const startMs = Math.max(frame.firstByteMs, this.to.inFreeMs);
      dueMs = Math.max(dueMs, startMs + frame.bytes * this.inMsPerByte);
      this.to.inFreeMs = dueMs;
    }
    to.inDoneMs = dueMs;
    if (dueMs <= nowMs && to.framesDue === 0) return this.#isDue(frame, to);
    to.framesDue++;
    const due = (late: Frame): void => {
      to.framesDue--;
      this.#isDue(late, to);
    };
    this.driver.at(Math.max(dueMs, nowMs), due, frame);
  }

  #arriveAlone(frame: Frame, to: LooseReceiver): void {
    const nowMs = this.driver.now();
    let dueMs = frame.lastByteMs;
    if (this.inMsPerByte > 0) {
      dueMs = Math.max(dueMs, Math.max(frame.firstByteMs, this.to.inFreeMs) + frame.bytes * this.inMsPerByte);
      this.to.inFreeMs = dueMs;
    }
    const due = (late: Frame): void => {
      if (this.isCut) to.lost(late, "cut");
      else to.deliver(late);
    };
    if (dueMs <= nowMs) due(frame);
    else this.driver.at(dueMs, due, frame);
  }

  #isDue(frame: Frame, to: OrderedReceiver): void {
    if (this.isCut || to.stalled.length > 0) {
      to.stalled.push(frame);
      this.#stalled.add(to);
    } else this.#deliver(to, frame);
  }

  #deliver(to: OrderedReceiver, frame: Frame): void {
    if (to.machine.isPaused) to.machine.whenRunning(() => to.deliver(frame));
    else to.deliver(frame);
  }

  /** From now on it carries nothing: frames stall, SYNs and datagrams are lost. */
  cut(): void {
    this.isCut = true;
  }

  /** What a cut has held goes on, after the latency, in order. */
  heal(): void {
    this.isCut = false;
    const { driver } = this;
    const healedMs = driver.now() + this.latencyMs;
    const answers = this.#stalledAnswers.splice(0);
    const answer = (): void => {
      for (const each of answers) each();
    };
    if (answers.length > 0) driver.at(healedMs, answer, undefined);
    for (const receiver of this.#stalled) driver.at(healedMs, (stalled) => this.#goOn(stalled), receiver);
    this.#stalled.clear();
  }

  #goOn(receiver: OrderedReceiver): void {
    if (this.isCut) {
      this.#stalled.add(receiver);
      return;
    }
    for (const frame of receiver.stalled.splice(0)) this.#deliver(receiver, frame);
  }

  /** Something that the other side hears after the latency; whoever hears it asks whether a cut has swallowed it. */
  carry(heard: () => void): void {
    this.driver.at(this.driver.now() + this.latencyMs, heard, undefined);
  }

  /** An answer that the other side hears at that time, or when a cut heals. */
  carryBack(timeMs: number, heard: () => void): void {
    const arrive = (): void => {
      if (this.isCut) this.#stalledAnswers.push(arrive);
      else heard();
    };
    this.driver.at(timeMs, arrive, undefined);
  }
}
