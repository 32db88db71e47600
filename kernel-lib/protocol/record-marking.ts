import { checkWhole } from "../errors.js";
import { MalformedMessage } from "./xdr.js";

const lastFragment = 0x80000000;

/**
 * Puts a message into a byte stream: four bytes of length before each fragment, whose highest bit marks the last one.
 *
 * @param fragmentBytes how long a fragment may be; the whole message is one unless told.
 * @throws {@link ParameterError} if fragmentBytes is not whole and at least 1.
 * @see RFC 5531, section 11.
 */
export function encodeRecord(message: Uint8Array, fragmentBytes: number = Math.max(1, message.length)): Uint8Array {
  checkWhole("encodeRecord", "fragmentBytes", fragmentBytes, 1, lastFragment - 1);
  const count = Math.max(1, Math.ceil(message.length / fragmentBytes));
  const record = new Uint8Array(message.length + 4 * count);
  const view = new DataView(record.buffer);
  for (let i = 0, at = 0; i < count; i++) {
    const fragment = message.subarray(i * fragmentBytes, (i + 1) * fragmentBytes);
    view.setUint32(at, fragment.length + (i === count - 1 ? lastFragment : 0));
    record.set(fragment, at + 4);
    at += 4 + fragment.length;
  }
  return record;
}

/**
 * Takes messages out of a byte stream, however the stream is cut into pieces. Holds no more than one message of the largest
 * size allowed.
 */
export class RecordReader {
  readonly #maxBytes: number;
  readonly #header = new Uint8Array(4);
  #headerLength = 0;
  #fragmentLeft = 0;
  #isLast = false;
  #isInside = false;
  #message = new Uint8Array(0);
  #length = 0;

  /** @throws {@link ParameterError} if maxBytes, the largest size of a message, is not whole and at least 1. */
  constructor(maxBytes: number) {
    this.#maxBytes = checkWhole("RecordReader", "maxBytes", maxBytes, 1, lastFragment - 1);
  }

  /** Whether a message has begun and not ended. */
  get isInside(): boolean {
    return this.#isInside;
  }

  /**
   * Takes the next piece of the stream.
   *
   * @returns the messages that it completes, in order.
   * @throws {@link MalformedMessage} as soon as a fragment says that its message will be longer than allowed: the stream is of no
   *   use any more.
   */
  push(piece: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = [];
    for (let at = 0; at < piece.length; ) {
      this.#isInside = true;
      if (this.#fragmentLeft === 0) {
        this.#header[this.#headerLength++] = piece[at++] as number;
        if (this.#headerLength === 4) this.#beginFragment();
      } else {
        const part = piece.subarray(at, at + this.#fragmentLeft);
        this.#message.set(part, this.#length);
        this.#length += part.length;
        this.#fragmentLeft -= part.length;
        at += part.length;
      }
      if (this.#isLast && this.#fragmentLeft === 0) messages.push(this.#take());
    }
    return messages;
  }

  #beginFragment(): void {
    const mark = new DataView(this.#header.buffer).getUint32(0);
    this.#headerLength = 0;
    this.#isLast = mark >= lastFragment;
    this.#fragmentLeft = mark % lastFragment;
    const total = this.#length + this.#fragmentLeft;
    if (total > this.#maxBytes) {
      throw new MalformedMessage(`a message of ${total} bytes or more, where at most ${this.#maxBytes} may come`);
    }
    if (total > this.#message.length) {
      const larger = new Uint8Array(this.#isLast ? total : Math.min(this.#maxBytes, 2 * total));
      larger.set(this.#message.subarray(0, this.#length));
      this.#message = larger;
    }
  }

  #take(): Uint8Array {
    const message = this.#message.subarray(0, this.#length);
    this.#message = new Uint8Array(0);
    this.#length = 0;
    this.#isLast = false;
    this.#isInside = false;
    return message;
  }
}
