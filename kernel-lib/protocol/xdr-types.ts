/**
 * Types of XDR as values: each says what its values are, writes them and reads them. Composed, they are the text of an interface:
 * `array(struct({ name: string(40), points: int }), 100)`.
 *
 * @see RFC 4506, section 4, for each type's bytes.
 */
import { checkWhole, refuse } from "../errors.js";
import { MalformedMessage, type XdrReader, type XdrWriter } from "./xdr.js";

/** A piece of a composed value: what it is called, its type, and itself. */
export interface XdrPart {
  /** Its name inside of the whole: `.points`, `[3]`, `length`. */
  readonly name: string;
  /** Its type. */
  readonly type: XdrType<unknown>;
  /** Itself. */
  readonly value: unknown;
}

/** How a type is made: it is one of the language's own, or has a bound, or is made of others. */
export type XdrShape =
  | {
      /** One of the language's own, or none of the language. */
      readonly kind: "word";
    }
  | {
      /** A text, or bytes. */
      readonly kind: "string" | "opaque";
      /** How long it may be. */
      readonly maxBytes: number;
    }
  | {
      /** Values of one type, with their number before them. */
      readonly kind: "array";
      /** That type. */
      readonly of: XdrType<unknown>;
      /** How many there may be. */
      readonly maxLength: number;
    }
  | {
      /** Named values. */
      readonly kind: "struct";
      /** Names and types, in order. */
      readonly fields: readonly (readonly [name: string, type: XdrType<unknown>])[];
    }
  | {
      /** A value or none. */
      readonly kind: "optional";
      /** The value's type. */
      readonly of: XdrType<unknown>;
    };

/** A type of XDR. `T` is what its values are in a program. */
export interface XdrType<T> {
  /** As the language of RFC 4506 writes it: `int`, `string<40>`. */
  readonly name: string;
  /** How it is made. */
  readonly shape: XdrShape;
  /**
   * Refuses what is no value of this type.
   *
   * @param where the function that is told, for the message.
   * @param field the value's name there.
   * @throws {@link ParameterError}
   */
  check(where: string, field: string, value: unknown): void;
  /** Writes a value that was checked. */
  write(writer: XdrWriter, value: T): void;
  /** @throws {@link MalformedMessage} if the bytes are none of its values. */
  read(reader: XdrReader): T;
  /** Of a composed type: the pieces of a value, in the order in which they are written. */
  parts?(value: T): readonly XdrPart[];
}

/** What the values of a type are. */
export type ValueOf<X> = X extends XdrType<infer T> ? T : never;

/** Of a type without pieces. */
function simple<T>(
  name: string,
  shape: XdrShape,
  check: (where: string, field: string, value: unknown) => unknown,
  write: (writer: XdrWriter, value: T) => void,
  read: (reader: XdrReader) => T,
): XdrType<T> {
  return { name, shape, check: (...told) => void check(...told), write, read };
}

/** Of a type whose values are written piece by piece. */
function composed<T>(
  name: string,
  shape: XdrShape,
  check: (where: string, field: string, value: unknown) => void,
  parts: (value: T) => readonly XdrPart[],
  read: (reader: XdrReader) => T,
): XdrType<T> {
  const write = (writer: XdrWriter, value: T): void => {
    for (const part of parts(value)) part.type.write(writer, part.value);
  };
  return { name, shape, check, write, read, parts };
}

const word: XdrShape = { kind: "word" };

/** A whole number from −2,147,483,648 to 2,147,483,647, in four bytes. −0 arrives as 0. */
export const int: XdrType<number> = simple(
  "int",
  word,
  (where, field, value) => checkWhole(where, field, value, -0x80000000, 0x7fffffff),
  (writer, value) => writer.int(value),
  (reader) => reader.int(),
);

/** A whole number from 0 to 4,294,967,295, in four bytes. */
export const uint: XdrType<number> = simple(
  "unsigned int",
  word,
  (where, field, value) => checkWhole(where, field, value, 0, 0xffffffff),
  (writer, value) => writer.uint(value),
  (reader) => reader.uint(),
);

/** Any number of JavaScript, in eight bytes: NaN, the infinities and −0 arrive as they are. */
export const double: XdrType<number> = simple(
  "double",
  word,
  (where, field, value) => typeof value === "number" || refuse(where, field, "a number", value),
  (writer, value) => writer.double(value),
  (reader) => reader.double(),
);

/** True or false, in four bytes. */
export const bool: XdrType<boolean> = simple(
  "bool",
  word,
  (where, field, value) => typeof value === "boolean" || refuse(where, field, "true or false", value),
  (writer, value) => writer.bool(value),
  (reader) => reader.bool(),
);

/** Nothing, in no byte. */
export const nothing: XdrType<void> = simple(
  "void",
  word,
  (where, field, value) => value === undefined || refuse(where, field, "undefined", value),
  () => undefined,
  () => undefined,
);

/** A text of at most `maxBytes` bytes in UTF-8; 65,536 unless told. */
export function string(maxBytes = 65_536): XdrType<string> {
  checkWhole("xdr.string", "maxBytes", maxBytes, 0, 0xffffffff);
  return simple(
    `string<${maxBytes}>`,
    { kind: "string", maxBytes },
    (where, field, value) => {
      if (typeof value !== "string") refuse(where, field, "a text", value);
      // No character takes more than three bytes for each unit of its string.
      if (3 * value.length > maxBytes && new TextEncoder().encode(value).length > maxBytes)
        refuse(where, field, `a text of at most ${maxBytes} bytes`, value);
    },
    (writer, value) => writer.string(value),
    (reader) => reader.string(maxBytes),
  );
}

/** At most `maxBytes` bytes; 65,536 unless told. */
export function opaque(maxBytes = 65_536): XdrType<Uint8Array> {
  checkWhole("xdr.opaque", "maxBytes", maxBytes, 0, 0xffffffff);
  return simple(
    `opaque<${maxBytes}>`,
    { kind: "opaque", maxBytes },
    (where, field, value) => {
      if (!(value instanceof Uint8Array) || value.length > maxBytes)
        refuse(where, field, `a Uint8Array of at most ${maxBytes} bytes`, value);
    },
    (writer, value) => writer.opaque(value),
    // Not a view of the message: whoever keeps it would keep all of that.
    (reader) => reader.opaque(maxBytes).slice(),
  );
}

/** At most `maxLength` values of one type, 65,536 unless told, with their number before them. */
export function array<T>(of: XdrType<T>, maxLength = 65_536): XdrType<T[]> {
  checkWhole("xdr.array", "maxLength", maxLength, 0, 0xffffffff);
  return composed<T[]>(
    `${of.name}<${maxLength}>`,
    { kind: "array", of, maxLength },
    (where, field, value) => {
      if (!Array.isArray(value) || value.length > maxLength)
        refuse(where, field, `an array of at most ${maxLength} values`, value);
      // By number, as a hole in an array is undefined and `forEach` does not see it.
      for (let i = 0; i < value.length; i++) of.check(where, `${field}[${i}]`, value[i]);
    },
    (value) => [
      { name: "length", type: uint, value: value.length },
      ...value.map((each, i) => ({ name: `[${i}]`, type: of, value: each })),
    ],
    (reader) => {
      const length = reader.uint();
      if (length > maxLength) throw new MalformedMessage(`${length} values where at most ${maxLength} may stand`);
      const values: T[] = [];
      for (let i = 0; i < length; i++) values.push(of.read(reader));
      return values;
    },
  );
}

/** Named fields, in the order written. */
// biome-ignore lint/suspicious/noExplicitAny: each field keeps its own type
export function struct<const F extends Readonly<Record<string, XdrType<any>>>>(
  fields: F,
): XdrType<{ [K in keyof F]: ValueOf<F[K]> }> {
  const entries = Object.entries(fields);
  return composed<{ [K in keyof F]: ValueOf<F[K]> }>(
    `struct { ${entries.map(([name, type]) => `${type.name} ${name};`).join(" ")} }`,
    { kind: "struct", fields: entries },
    (where, field, value) => {
      const names = entries.map(([name]) => name).join(", ");
      if (typeof value !== "object" || value === null) refuse(where, field, `an object with ${names}`, value);
      for (const [name, type] of entries)
        type.check(where, `${field}.${name}`, (value as Record<string, unknown>)[name]);
      const more = Object.keys(value).find((name) => !Object.hasOwn(fields, name));
      if (more !== undefined)
        refuse(
          where,
          `${field}.${more}`,
          `left out (the fields are ${names})`,
          (value as Record<string, unknown>)[more],
        );
    },
    (value) =>
      entries.map(([name, type]) => ({ name: `.${name}`, type, value: (value as Record<string, unknown>)[name] })),
    (reader) =>
      Object.fromEntries(entries.map(([name, type]) => [name, type.read(reader)])) as {
        [K in keyof F]: ValueOf<F[K]>;
      },
  );
}

/** A value or `undefined`, with a boolean before it that says whether it is there. */
export function optional<T>(of: XdrType<T>): XdrType<T | undefined> {
  return composed<T | undefined>(
    `${of.name} *`,
    { kind: "optional", of },
    (where, field, value) => {
      if (value !== undefined) of.check(where, field, value);
    },
    (value) => [
      { name: " is there", type: bool, value: value !== undefined },
      ...(value === undefined ? [] : [{ name: "", type: of, value }]),
    ],
    (reader) => (reader.bool() ? of.read(reader) : undefined),
  );
}
