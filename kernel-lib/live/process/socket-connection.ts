import type { Socket } from "node:net";
import { Closed, type Connection, ConnectionReset, TimedOut } from "../../world/index.js";
import { bytesOf, decode, encode, maxMessageBytes, whole } from "../../world/values.js";
import { LocalQueue } from "./local-queue.js";

const ended = Symbol("ended");

/**
 * A connection of a real process: messages over a socket of the operating system, each its length (4 bytes) and its value in
 * MessagePack. Without urgent bytes and credit. That the other process was killed shows as its end, or as a reset.
 */
export class SocketConnection implements Connection {
  readonly id: string;
  readonly peer: string;
  readonly #socket: Socket;
  readonly #received = new LocalQueue<{ readonly message: unknown } | typeof ended | ConnectionReset>();
  readonly #gone = new AbortController();
  #unread = Buffer.alloc(0);

  constructor(socket: Socket, id: string, peer: string) {
    this.id = id;
    this.peer = peer;
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("end", () => void this.#received.offer(ended));
    socket.on("error", () => undefined); // what it means is said when it closes
    socket.on("close", () => this.#break());
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  async send(message: unknown): Promise<void> {
    if (this.#gone.signal.aborted) throw this.#gone.signal.reason;
    if (this.#socket.writableEnded) throw new Closed(`send: this side of ${this.id} has ended`);
    const payload = bytesOf(encode([message], "send"));
    const header = Buffer.alloc(4);
    header.writeUInt32BE(payload.length, 0);
    this.#socket.write(Buffer.concat([header, payload]));
  }

  async receive(options: { readonly timeoutMs?: number } = {}): Promise<unknown> {
    const next = await this.#received.take(options).catch((error) => {
      throw error instanceof TimedOut ? new TimedOut(`receive on ${this.id}: ${error.message}`) : error;
    });
    if (typeof next === "object" && "message" in next && !(next instanceof ConnectionReset)) return next.message;
    this.#received.offer(next); // it stays so
    if (next === ended) return undefined;
    throw next;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<unknown> {
    for (let message = await this.receive(); message !== undefined; message = await this.receive()) yield message;
  }

  sendUrgent(): never {
    throw new Closed(`${this.id}: connections of real processes have no urgent bytes`);
  }

  receiveUrgent(): never {
    throw new Closed(`${this.id}: connections of real processes have no urgent bytes`);
  }

  onUrgent(): never {
    throw new Closed(`${this.id}: connections of real processes have no urgent bytes`);
  }

  end(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
    this.#break();
  }

  #take(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    while (this.#unread.length >= 4) {
      const length = this.#unread.readUInt32BE(0);
      if (length > maxMessageBytes) return this.reset();
      if (this.#unread.length < 4 + length) return;
      const payload = new Uint8Array(this.#unread.subarray(4, 4 + length));
      this.#unread = this.#unread.subarray(4 + length);
      try {
        const [message] = decode(whole(payload)) as [unknown];
        this.#received.offer({ message });
      } catch {
        return this.reset(); // whoever sends that does not speak our language
      }
    }
  }

  #break(): void {
    if (this.#gone.signal.aborted) return;
    const error = new ConnectionReset(`${this.id} was reset`);
    this.#gone.abort(error);
    this.#received.offer(error);
  }
}
