import type { Writable } from "zeromq";

/** Sends in order on a socket that takes one message at a time. */
export class Sender {
  readonly #socket: Writable;
  readonly #waiting: Buffer[][] = [];
  #done: Promise<void> = Promise.resolve();
  #sending = false;

  constructor(socket: Writable) {
    this.#socket = socket;
  }

  send(frames: Buffer[]): void {
    this.#waiting.push(frames);
    if (!this.#sending) this.#done = this.#drain();
  }

  /** Resolves when all that was given has been handed to ZeroMQ. */
  done(): Promise<void> {
    return this.#done;
  }

  async #drain(): Promise<void> {
    this.#sending = true;
    // Taken batch by batch: shift() on a long queue is quadratic.
    while (this.#waiting.length > 0) {
      for (const frames of this.#waiting.splice(0)) {
        // A client that has gone away is no reason to stop serving the others.
        await this.#socket.send(frames).catch(() => {});
      }
    }
    this.#sending = false;
  }
}
