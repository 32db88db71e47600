import { checkWhole, NamedError } from "../errors.js";

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }) };

/** Bytes are not what the protocol says: too short, too long, or a value that is none. */
export class MalformedMessage extends NamedError {}

/**
 * Reads values in XDR (External Data Representation): each takes a multiple of four bytes, the most significant first.
 *
 * @see RFC 4506, for the encoding.
 */
export class XdrReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  /** Begins with the first byte of `bytes`, which are not copied. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A whole number from 0 to 4,294,967,295. @throws {@link MalformedMessage} if fewer than four bytes are left. */
  uint(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** A whole number from −2,147,483,648 to 2,147,483,647. @throws {@link MalformedMessage} if fewer than four bytes are left. */
  int(): number {
    return this.#view.getInt32(this.#take(4));
  }

  /** A number of double precision (IEEE 754), in eight bytes. @throws {@link MalformedMessage} if fewer are left. */
  double(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /**
   * A text, which takes at most `maxBytes` in UTF-8.
   *
   * @throws {@link MalformedMessage} if there are more bytes, or they are no UTF-8.
   */
  string(maxBytes: number): string {
    const bytes = this.opaque(maxBytes);
    try {
      return utf8.decoder.decode(bytes);
    } catch {
      throw new MalformedMessage("the bytes of a text are no UTF-8");
    }
  }

  /** @throws {@link MalformedMessage} if the number is neither 0 nor 1. */
  bool(): boolean {
    const value = this.uint();
    if (value > 1) throw new MalformedMessage(`a boolean is 0 or 1, not ${value}`);
    return value === 1;
  }

  /**
   * Bytes with their length before them and padding behind them.
   *
   * @throws {@link MalformedMessage} if there are more than `maxBytes`, or more than are left.
   */
  opaque(maxBytes: number): Uint8Array {
    const length = this.uint();
    if (length > maxBytes) throw new MalformedMessage(`${length} bytes where at most ${maxBytes} may stand`);
    const start = this.#take(Math.ceil(length / 4) * 4);
    return this.#bytes.subarray(start, start + length);
  }

  /** All that has not been read. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#take(this.#bytes.length - this.#at));
  }

  #take(count: number): number {
    const start = this.#at;
    if (start + count > this.#bytes.length) {
      throw new MalformedMessage(`${count} bytes are wanted at byte ${start} of ${this.#bytes.length}`);
    }
    this.#at += count;
    return start;
  }
}

/** Writes values in XDR, one behind the other. */
export class XdrWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  /** @throws {@link ParameterError} if the value is not whole, below 0 or above 4,294,967,295. */
  uint(value: number): this {
    checkWhole("XdrWriter.uint", "value", value, 0, 0xffffffff);
    const start = this.#room(4);
    new DataView(this.#bytes.buffer).setUint32(start, value);
    return this;
  }

  /** @throws {@link ParameterError} if the value is not whole, below −2,147,483,648 or above 2,147,483,647. */
  int(value: number): this {
    checkWhole("XdrWriter.int", "value", value, -0x80000000, 0x7fffffff);
    const start = this.#room(4);
    new DataView(this.#bytes.buffer).setInt32(start, value);
    return this;
  }

  /** A number of double precision (IEEE 754), in eight bytes. */
  double(value: number): this {
    const start = this.#room(8);
    new DataView(this.#bytes.buffer).setFloat64(start, value);
    return this;
  }

  /** A text, in UTF-8. A half of a surrogate pair becomes U+FFFD. */
  string(value: string): this {
    return this.opaque(utf8.encoder.encode(value));
  }

  /** A boolean, as 1 or 0. */
  bool(value: boolean): this {
    return this.uint(value ? 1 : 0);
  }

  /** Bytes, with their length before them and zeros behind them up to a multiple of four. */
  opaque(bytes: Uint8Array): this {
    this.uint(bytes.length);
    return this.#put(bytes, Math.ceil(bytes.length / 4) * 4);
  }

  /** Bytes that are XDR already. */
  encoded(bytes: Uint8Array): this {
    return this.#put(bytes, bytes.length);
  }

  /** What was written, in bytes of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #put(bytes: Uint8Array, count: number): this {
    const start = this.#room(count);
    this.#bytes.set(bytes, start);
    return this;
  }

  #room(count: number): number {
    const start = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return start;
  }
}
