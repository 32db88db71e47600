import { refuse } from "../../errors.js";
import { MalformedMessage } from "../xdr.js";

/** In which order a client sends and gets the bytes of a number: its set-up's first byte says so. */
export type ByteOrder = "little" | "big";

/** Takes values out of a message, in a client's byte order. What is not there is a {@link MalformedMessage}. @internal */
export class XReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #isLittle: boolean;
  at: number;

  constructor(bytes: Uint8Array, order: ByteOrder, at = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#isLittle = order === "little";
    this.at = at;
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  #next(size: number): number {
    if (size > this.left) throw new MalformedMessage(`a message ends where ${size} more bytes are wanted`);
    const { at } = this;
    this.at += size;
    return at;
  }

  u8 = (): number => this.#view.getUint8(this.#next(1));
  i8 = (): number => this.#view.getInt8(this.#next(1));
  u16 = (): number => this.#view.getUint16(this.#next(2), this.#isLittle);
  i16 = (): number => this.#view.getInt16(this.#next(2), this.#isLittle);
  u32 = (): number => this.#view.getUint32(this.#next(4), this.#isLittle);
  bytes = (size: number): Uint8Array => {
    const at = this.#next(size);
    return this.#bytes.slice(at, at + size);
  };
  /** Steps over bytes that say nothing; at the very end of a message they may be missing. */
  skip = (size: number): void => {
    this.at += Math.min(size, this.left);
  };
}

/** Puts values into a message, in a client's byte order. @internal */
export class XWriter {
  #bytes = new Uint8Array(64);
  #view = new DataView(this.#bytes.buffer);
  readonly #isLittle: boolean;
  at = 0;

  constructor(order: ByteOrder) {
    this.#isLittle = order === "little";
  }

  /** Makes room; the bytes may lie elsewhere afterwards. */
  #next(size: number): number {
    const { at } = this;
    if (at + size > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(at + size, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.at += size;
    return at;
  }

  u8 = (value: number): void => {
    const at = this.#next(1);
    this.#view.setUint8(at, value);
  };
  i8 = (value: number): void => {
    const at = this.#next(1);
    this.#view.setInt8(at, value);
  };
  u16 = (value: number): void => {
    const at = this.#next(2);
    this.#view.setUint16(at, value, this.#isLittle);
  };
  i16 = (value: number): void => {
    const at = this.#next(2);
    this.#view.setInt16(at, value, this.#isLittle);
  };
  u32 = (value: number): void => {
    const at = this.#next(4);
    this.#view.setUint32(at, value, this.#isLittle);
  };
  bytes = (value: Uint8Array): void => {
    const at = this.#next(value.length);
    this.#bytes.set(value, at);
  };
  skip = (size: number): void => {
    this.#next(size);
  };
  /** Zeros up to a multiple of four bytes. */
  pad = (): void => this.skip(padding(this.at));
  /** What was written; the length of a reply or a request is put in afterwards. */
  finish = (): Uint8Array => this.#bytes.slice(0, this.at);
}

/** How many bytes are missing to a multiple of four. @internal */
export const padding = (size: number): number => -size & 3;

/**
 * Bytes, under a name of their own: types that are inferred from codecs are written out with it, and older compilers do not know
 * `Uint8Array` with a parameter, as newer ones write it.
 */
export interface XBytes extends Uint8Array {}

/** How a value of one kind lies in a message. @internal */
export interface Codec<T> {
  read(from: XReader): T;
  write(to: XWriter, value: T): void;
}

// biome-ignore lint/suspicious/noExplicitAny: of a codec of any kind, its kind is inferred where it is used
export type AnyCodec = Codec<any>;

/** The value that a codec is for. @internal */
export type ValueOf<C> = C extends Codec<infer T> ? T : never;

type Numeric = "u8" | "i8" | "u16" | "i16" | "u32";
const least: Record<Numeric, number> = { u8: 0, i8: -128, u16: 0, i16: -0x8000, u32: 0 };
const most: Record<Numeric, number> = { u8: 0xff, i8: 127, u16: 0xffff, i16: 0x7fff, u32: 0xffffffff };

const numeric = (kind: Numeric): Codec<number> => ({
  read: (from) => from[kind](),
  write(to, value) {
    if (!Number.isInteger(value) || value < least[kind] || value > most[kind])
      refuse("X message", "a number in it", `whole, from ${least[kind]} to ${most[kind]}`, value);
    to[kind](value);
  },
});

export const u8 = numeric("u8");
export const i8 = numeric("i8");
export const u16 = numeric("u16");
export const i16 = numeric("i16");
export const u32 = numeric("u32");
export const bool: Codec<boolean> = {
  read: (from) => from.u8() !== 0,
  write: (to, value) => to.u8(value ? 1 : 0),
};

/** Bytes that say nothing. @internal */
export const unused = (size: number): Codec<void> => ({
  read: (from) => from.skip(size),
  write: (to) => to.skip(size),
});

/** Values under their names, one behind the other; what says nothing has no place in the result. @internal */
export type FieldsOf<F> = { -readonly [K in keyof F as F[K] extends Codec<void> ? never : K]: ValueOf<F[K]> };

/** Values under names, one behind the other. @internal */
export function fields<const F extends Record<string, AnyCodec>>(codecs: F): Codec<FieldsOf<F>> {
  const all = Object.entries(codecs) as [string, Codec<unknown>][];
  return {
    read(from) {
      const found: Record<string, unknown> = {};
      for (const [name, codec] of all) {
        const value = codec.read(from);
        if (value !== undefined) found[name] = value;
      }
      return found as FieldsOf<F>;
    },
    write(to, value) {
      for (const [name, codec] of all) codec.write(to, (value as Record<string, unknown>)[name]);
    },
  };
}

/** As many as are left in the message, each of a known size. @internal */
export const rest = <T>(codec: Codec<T>, size: number): Codec<readonly T[]> => ({
  read: (from) => Array.from({ length: Math.floor(from.left / size) }, () => codec.read(from)),
  write: (to, values) => {
    for (const value of values) codec.write(to, value);
  },
});

/** A number of values, and then these. @internal */
export const counted = <T>(
  codec: Codec<T>,
  size: number,
  count: Codec<number> = u16,
  gap = 2,
): Codec<readonly T[]> => ({
  read(from) {
    const length = count.read(from);
    from.skip(gap);
    if (length * size > from.left) throw new MalformedMessage(`a list of ${length} values ends too soon`);
    return Array.from({ length }, () => codec.read(from));
  },
  write(to, values) {
    count.write(to, values.length);
    to.skip(gap);
    for (const value of values) codec.write(to, value);
  },
});

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

/** A text as bytes, one a character. @internal */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    if (code > 255 || character.length > 1) refuse("X message", "a text in it", "of characters of Latin-1", text);
    return code;
  });
}

/** Bytes as text, and zeros behind it up to a multiple of four. @internal */
export const text = (from: XReader, size: number): string => {
  const found = latin1(from.bytes(size));
  from.skip(padding(size));
  return found;
};

/** The length of a text in 16 bits, and the text. @internal */
export const string16 = (gap: number): Codec<string> => ({
  read(from) {
    const size = from.u16();
    from.skip(gap);
    return text(from, size);
  },
  write(to, value) {
    to.u16(value.length);
    to.skip(gap);
    to.bytes(latin1Bytes(value));
    to.pad();
  },
});

/** All bytes that are left. @internal */
export const bytesLeft: Codec<XBytes> = {
  read: (from) => from.bytes(from.left),
  write: (to, value) => to.bytes(value),
};

/** A mask whose bits say which values follow, and these, 32 bits each, in the order of their bits. @internal */
export const valueList = <const N extends string>(
  names: readonly N[],
  mask: Codec<number> = u32,
  gap = 0,
): Codec<{ readonly [K in N]?: number }> => ({
  read(from) {
    const bits = mask.read(from);
    from.skip(gap);
    const found: { [K in N]?: number } = {};
    names.forEach((name, i) => {
      if (bits & (1 << i)) found[name] = from.u32();
    });
    if (bits >= 1 << names.length) throw new MalformedMessage(`a mask of values has the unknown bit in ${bits}`);
    return found;
  },
  write(to, values) {
    let bits = 0;
    names.forEach((name, i) => {
      if (values[name] !== undefined) bits |= 1 << i;
    });
    mask.write(to, bits);
    to.skip(gap);
    for (const name of names) if (values[name] !== undefined) to.u32((values[name] as number) >>> 0);
  },
});
