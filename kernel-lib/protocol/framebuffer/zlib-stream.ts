import { Deflate, Inflate, Z_SYNC_FLUSH } from "pako";
import { MalformedMessage } from "../xdr.js";

/**
 * The packing end of a zlib stream that lasts as long as its connection: what was sent before makes what comes later short. Each
 * part ends at a whole byte (a *sync flush*), so that the other end can unpack it at once.
 *
 * @see RFC 1950, RFC 1951
 * @internal
 */
export class Deflater {
  readonly #deflate = new Deflate({ level: 6 });
  #parts: Uint8Array[] = [];

  constructor() {
    this.#deflate.onData = (part: string | Uint8Array) => void this.#parts.push(part as Uint8Array);
  }

  push(bytes: Uint8Array): Uint8Array {
    this.#deflate.push(bytes, Z_SYNC_FLUSH);
    const parts = this.#parts;
    this.#parts = [];
    return joined(parts);
  }
}

/** The unpacking end. @internal */
export class Inflater {
  // A window as large as zlib's largest, and no gzip.
  readonly #inflate = new Inflate({ windowBits: 15, chunkSize: 16384 });
  #parts: Uint8Array[] = [];
  #room = 0;

  constructor() {
    this.#inflate.onData = (part: string | Uint8Array) => {
      // A few bytes can stand for a thousand times as many.
      this.#room -= part.length;
      if (this.#room < 0) throw new MalformedMessage("zlib: more comes out of it than the rectangle can need");
      this.#parts.push(part as Uint8Array);
    };
  }

  /** From now on no more may come out. */
  allow(bytes: number): void {
    this.#room = bytes;
  }

  push(bytes: Uint8Array): void {
    this.#inflate.push(bytes, Z_SYNC_FLUSH);
    if (this.#inflate.err) throw new MalformedMessage(`zlib: ${this.#inflate.msg || "damaged"}`);
    if (this.#inflate.ended) throw new MalformedMessage("zlib: the stream ends before its connection");
  }

  /** What has come out. */
  take(): Uint8Array {
    const parts = this.#parts;
    this.#parts = [];
    return joined(parts);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
