import { MalformedMessage } from "../xdr.js";

/**
 * Reads a message that comes in pieces, as the standard describes it: it yields how many bytes it needs next, and gets them. What it
 * is given is to be used before the next yield.
 *
 * @internal
 */
export type Parse<T> = Generator<number, T, Uint8Array>;

/** No part of a message that must lie in memory in one piece is longer; texts and rows are read in parts of at most so many bytes. */
const mostAtOnce = 64 * 1024;

/**
 * Feeds a {@link Parse} from a stream, however that is cut. Holds the bytes of one step, and the piece that came last.
 *
 * @internal
 */
export class ByteStream {
  readonly #parse: Parse<unknown>;
  #bytes = new Uint8Array(1024);
  #from = 0;
  #to = 0;
  #needs: number;
  #problem: Error | undefined;

  constructor(parse: Parse<unknown>) {
    this.#parse = parse;
    this.#needs = this.#step(parse.next());
  }

  /** Takes the next piece. @throws {@link MalformedMessage} if it can't be; then, and for every later piece. */
  push(piece: Uint8Array): void {
    if (this.#problem) throw this.#problem;
    this.#append(piece);
    try {
      while (this.#to - this.#from >= this.#needs) {
        const part = this.#bytes.subarray(this.#from, this.#from + this.#needs);
        this.#from += this.#needs;
        this.#needs = this.#step(this.#parse.next(part));
      }
    } catch (error) {
      this.#problem = error as Error;
      this.#bytes = new Uint8Array(0);
      throw error;
    }
  }

  #step({ done, value }: IteratorResult<number, unknown>): number {
    if (done) throw new MalformedMessage("bytes behind the end of the protocol");
    const needs = value as number;
    if (needs > mostAtOnce)
      throw new MalformedMessage(`a part of ${needs} bytes, where at most ${mostAtOnce} may come`);
    return needs;
  }

  #append(piece: Uint8Array): void {
    const kept = this.#to - this.#from;
    if (this.#to + piece.length > this.#bytes.length) {
      const target = kept + piece.length > this.#bytes.length ? new Uint8Array(2 * (kept + piece.length)) : this.#bytes;
      target.set(this.#bytes.subarray(this.#from, this.#to));
      this.#bytes = target;
      this.#from = 0;
      this.#to = kept;
    }
    this.#bytes.set(piece, this.#to);
    this.#to += piece.length;
  }
}

/** Reads `length` bytes, in parts, into a new array. @internal */
export function* readBytes(length: number): Parse<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += mostAtOnce) bytes.set(yield Math.min(mostAtOnce, length - at), at);
  return bytes;
}

/** Passes `length` bytes over, in parts. @internal */
export function* skipBytes(length: number): Parse<void> {
  for (let left = length; left > 0; left -= mostAtOnce) yield Math.min(mostAtOnce, left);
}

/** Two bytes, the most significant first. @internal */
export const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);

/** Four bytes, the most significant first. @internal */
export const u32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) * 65536 + u16(bytes, at + 2);

/** Texts of the protocol are ISO 8859-1: a byte a character. @internal */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Writes numbers, the most significant byte first, one behind the other. @internal */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(expectedBytes = 64) {
    this.#bytes = new Uint8Array(expectedBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  latin1(text: string): this {
    for (const character of text) {
      const code = character.codePointAt(0) as number;
      this.u8(code < 256 ? code : 63); // a question mark
    }
    return this;
  }

  /** Room for that many bytes, and what writes them: called with the whole array and the place. */
  write(length: number, write: (bytes: Uint8Array, at: number) => void): this {
    const at = this.#room(length);
    write(this.#bytes, at);
    return this;
  }

  /** What has been written since the last call. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #room(length: number): number {
    const at = this.#length;
    if (at + length > this.#bytes.length) {
      const larger = new Uint8Array(2 * (at + length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length += length;
    return at;
  }
}
