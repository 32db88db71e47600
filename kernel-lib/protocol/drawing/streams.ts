import { checkWhole } from "../../errors.js";
import { MalformedMessage } from "../xdr.js";
import { orderOf } from "./setup.js";
import { type ByteOrder, padding } from "./wire.js";

/** Cuts a stream of bytes into messages. Holds no more than one message of the largest size allowed, and the piece that came. */
abstract class MessageCutter<M> {
  #kept = new Uint8Array(0);
  #length = 0;
  readonly #maxBytes: number;

  constructor(where: string, maxBytes: number) {
    this.#maxBytes = checkWhole(where, "maxBytes", maxBytes, 1024);
  }

  /** Whether a message has begun and not ended. */
  get isInside(): boolean {
    return this.#length > 0;
  }

  /**
   * Takes the next piece of the stream.
   *
   * @returns the messages that it completes, in order.
   * @throws {@link MalformedMessage} if it can't be a stream of X, or a message is longer than allowed: the stream is of no use any more.
   */
  push(piece: Uint8Array): M[] {
    const messages: M[] = [];
    // A Buffer of Node cuts out what it shares with others; messages are to be the reader's own.
    let bytes = new Uint8Array(piece.buffer, piece.byteOffset, piece.length);
    if (this.#length > 0) {
      this.#keep(bytes);
      bytes = this.#kept.subarray(0, this.#length);
    }
    let at = 0;
    for (;;) {
      const size = this.#sizeOf(bytes.subarray(at));
      if (size === undefined || at + size > bytes.length) break;
      messages.push(this.message(bytes.slice(at, at + size)));
      at += size;
    }
    const left = bytes.slice(at);
    if (at > 0 || this.#length === 0) {
      this.#kept = left;
      this.#length = left.length;
    }
    return messages;
  }

  #keep(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#kept.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#kept.length));
      larger.set(this.#kept.subarray(0, this.#length));
      this.#kept = larger;
    }
    this.#kept.set(piece, this.#length);
    this.#length = length;
  }

  #sizeOf(bytes: Uint8Array): number | undefined {
    const size = bytes.length === 0 ? undefined : this.size(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
    if (size !== undefined && size > this.#maxBytes)
      throw new MalformedMessage(`a message of ${size} bytes, where at most ${this.#maxBytes} may come`);
    return size;
  }

  /** The size of the message that begins here, or undefined while that can't be told. */
  protected abstract size(start: DataView): number | undefined;
  /** The next message. */
  protected abstract message(bytes: Uint8Array): M;
}

/** What a client sends: its set-up, and then requests, which count from 1. */
export interface XClientMessage {
  /** Which of the two. */
  readonly kind: "set-up" | "request";
  /** 0 for the set-up. */
  readonly sequence: number;
  /** The order of bytes that the set-up chose. */
  readonly order: ByteOrder;
  /** All its bytes. */
  readonly bytes: Uint8Array;
}

/** Takes the messages of a client out of its stream, however that is cut into pieces. A length of 0 announces one in 32 bits (BIG-REQUESTS). */
export class XClientStream extends MessageCutter<XClientMessage> {
  #order: ByteOrder | undefined;
  #sequence = 0;

  /** @param maxBytes the longest request, 4 MiB unless told. @throws {@link ParameterError} if it is not whole, and at least 1,024. */
  constructor(maxBytes = 4 * 1024 * 1024) {
    super("XClientStream", maxBytes);
  }

  /** The order of bytes that the client chose; undefined before its first byte. */
  get order(): ByteOrder | undefined {
    return this.#order;
  }

  protected size(start: DataView): number | undefined {
    const order = this.#order ?? orderOf(start.getUint8(0));
    const isLittle = order === "little";
    if (this.#order === undefined) {
      if (start.byteLength < 12) return undefined;
      const [name, data] = [start.getUint16(6, isLittle), start.getUint16(8, isLittle)];
      return 12 + name + padding(name) + data + padding(data);
    }
    if (start.byteLength < 4) return undefined;
    const length = start.getUint16(2, isLittle);
    if (length > 0) return 4 * length;
    if (start.byteLength < 8) return undefined;
    const long = start.getUint32(4, isLittle);
    if (long < 2) throw new MalformedMessage(`a request that says it is ${4 * long} bytes long`);
    return 4 * long;
  }

  protected message(bytes: Uint8Array): XClientMessage {
    if (this.#order === undefined) {
      this.#order = orderOf(bytes[0] as number);
      return { kind: "set-up", sequence: 0, order: this.#order, bytes };
    }
    return { kind: "request", sequence: ++this.#sequence, order: this.#order, bytes };
  }
}

/** What a display sends. */
export interface XDisplayMessage {
  /** The answer to the set-up, the answer to a request, the news that one failed, or something that happened. */
  readonly kind: "set-up" | "reply" | "error" | "event";
  /** The last 16 bits of the number of the request that it answers, or after which an event came; 0 for the set-up's answer. */
  readonly sequence: number;
  /** All its bytes. */
  readonly bytes: Uint8Array;
}

const genericEvent = 35;
const keymapNotify = 11;

/** Takes the messages of a display out of its stream, however that is cut into pieces. */
export class XDisplayStream extends MessageCutter<XDisplayMessage> {
  readonly #isLittle: boolean;
  #isSetUp = false;
  #sequence = 0;

  /**
   * @param order what the client chose.
   * @param maxBytes the longest reply, 64 MiB unless told.
   * @throws {@link ParameterError} if maxBytes is not whole, and at least 1,024.
   */
  constructor(order: ByteOrder, maxBytes = 64 * 1024 * 1024) {
    super("XDisplayStream", maxBytes);
    this.#isLittle = order === "little";
  }

  protected size(start: DataView): number | undefined {
    if (start.byteLength < 8) return undefined;
    if (!this.#isSetUp) return 8 + 4 * start.getUint16(6, this.#isLittle);
    const kind = start.getUint8(0);
    const hasLength = kind === 1 || (kind & 0x7f) === genericEvent;
    return 32 + (hasLength ? 4 * start.getUint32(4, this.#isLittle) : 0);
  }

  protected message(bytes: Uint8Array): XDisplayMessage {
    if (!this.#isSetUp) {
      this.#isSetUp = true;
      return { kind: "set-up", sequence: 0, bytes };
    }
    const code = bytes[0] as number;
    // The one event without a number: it belongs to the one before.
    if ((code & 0x7f) !== keymapNotify)
      this.#sequence = new DataView(bytes.buffer, bytes.byteOffset).getUint16(2, this.#isLittle);
    return { kind: code === 0 ? "error" : code === 1 ? "reply" : "event", sequence: this.#sequence, bytes };
  }
}
