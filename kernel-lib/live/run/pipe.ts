import type { Socket } from "node:net";
import { ModelError } from "../../errors.js";
import type { Pipe } from "../../world/core/driver.js";
import { Fifo } from "../../world/core/fifo.js";
import type { Frame } from "../../world/network/frame.js";
import { FrameReader, frameBytes } from "./frames.js";

/** What a pipe needs of its driver. */
export interface PipeClock {
  /** Hands a frame on when its first byte is due. */
  frameArrived(frame: Frame): void;
  /** An error of ours: stops the run. */
  broken(error: Error): void;
  /** Something came in: the core should go on. */
  pump(): void;
}

/** One end of a connection over a real socket. The bytes travel; when they are due, and what was sent, both ends know. */
export class SocketPipe implements Pipe {
  other!: SocketPipe;
  readonly #socket: Socket;
  readonly #clock: PipeClock;
  readonly #reader = new FrameReader();
  /** Frames written at this end that the other has not read off its socket. */
  readonly #underWay = new Fifo<Frame>();
  #isClosed = false;
  /** The sockets are gone; what is written now (by an end that does not know yet) takes the way through memory. */
  #isGone = false;

  constructor(socket: Socket, clock: PipeClock) {
    this.#socket = socket;
    this.#clock = clock;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", () => this.#lost());
    socket.on("close", () => this.#lost());
  }

  /** Two ends of one connection. */
  static pair(client: Socket, server: Socket, clock: PipeClock): [SocketPipe, SocketPipe] {
    const [a, b] = [new SocketPipe(client, clock), new SocketPipe(server, clock)];
    a.other = b;
    b.other = a;
    return [a, b];
  }

  get framesUnderWay(): number {
    return this.#underWay.size;
  }

  write(frame: Frame): void {
    if (this.#isGone) return this.#clock.frameArrived(frame);
    this.#underWay.push(frame);
    this.#socket.write(frameBytes(frame));
  }

  close(): void {
    this.#isClosed = true;
    this.#destroyWhenIdle();
  }

  /** Ends both sockets now. */
  destroy(): void {
    for (const pipe of [this, this.other]) {
      pipe.#isGone = true;
      pipe.#socket.destroy();
    }
  }

  #read(chunk: Buffer): void {
    try {
      for (const { type, payload, value } of this.#reader.push(chunk)) {
        const frame = this.other.#underWay.shift();
        if (frame?.type !== type) throw new ModelError(`a frame of type ${type} came where ${frame?.type} was sent`);
        this.#clock.frameArrived({ ...frame, payload, value });
      }
    } catch (error) {
      this.#clock.broken(error as Error);
    }
    this.#destroyWhenIdle();
    this.#clock.pump();
  }

  #destroyWhenIdle(): void {
    if (this.#isGone || !(this.#isClosed || this.other.#isClosed)) return;
    if (this.#underWay.size === 0 && this.other.#underWay.size === 0) this.destroy();
  }

  /** The operating system dropped the socket. Nothing may be lost by it: what was under way goes through memory. */
  #lost(): void {
    if (this.#isGone) return;
    this.destroy();
    for (const pipe of [this, this.other]) for (const frame of pipe.#underWay.drain()) this.#clock.frameArrived(frame);
    this.#clock.pump();
  }
}
