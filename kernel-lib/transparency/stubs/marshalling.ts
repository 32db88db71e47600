import { refuse } from "../../errors.js";
import { MalformedMessage, XdrReader, type XdrType, XdrWriter } from "../../protocol/index.js";
import type { RemoteReply } from "./channel.js";
import type { Procedure, RemoteInterface } from "./remote-interface.js";

// biome-ignore lint/suspicious/noExplicitAny: types are checked where a method is called by name
type AnyProcedure = Procedure<any, any>;

/**
 * Arguments in XDR.
 *
 * @param where the function that is told, for messages.
 * @throws {@link ParameterError} if there are too many or too few, or one is none of its type: names it.
 */
export function marshalArgs(where: string, { args: types }: AnyProcedure, args: readonly unknown[]): Uint8Array {
  checkArgs(where, types, args);
  const writer = new XdrWriter();
  types.forEach((type: XdrType<unknown>, i: number) => {
    type.write(writer, args[i]);
  });
  return writer.finish();
}

/** @throws {@link ParameterError} as {@link marshalArgs}. */
export function checkArgs(where: string, types: readonly XdrType<unknown>[], args: readonly unknown[]): void {
  if (args.length !== types.length)
    refuse(where, "its arguments", `${types.length} of them (${types.map(({ name }) => name).join(", ")})`, args);
  types.forEach((type, i) => {
    type.check(where, `argument ${i + 1}`, args[i]);
  });
}

/** @throws {@link MalformedMessage} if the bytes are no such arguments, or more than these. */
export function unmarshalArgs({ args: types }: AnyProcedure, bytes: Uint8Array): unknown[] {
  const reader = new XdrReader(bytes);
  const args = types.map((type: XdrType<unknown>) => type.read(reader));
  checkEnd(reader);
  return args;
}

/** A result in XDR. @throws {@link ParameterError} if it is none of its type. */
export function marshalResult(where: string, { result: type }: AnyProcedure, result: unknown): Uint8Array {
  type.check(where, "its result", result);
  const writer = new XdrWriter();
  type.write(writer, result);
  return writer.finish();
}

/** @throws {@link MalformedMessage} if the bytes are no such result. */
export function unmarshalResult({ result: type }: AnyProcedure, bytes: Uint8Array): unknown {
  const reader = new XdrReader(bytes);
  const result = type.read(reader);
  checkEnd(reader);
  return result;
}

function checkEnd(reader: XdrReader): void {
  const left = reader.rest().length;
  if (left > 0) throw new MalformedMessage(`${left} bytes stand behind the last value`);
}

/** One value on the wire. A type, not an interface, so that it is a row of a table. */
export type MarshalledField = {
  /** Its first byte, from 0. */
  readonly byte: number;
  /** How many bytes it takes. */
  readonly bytes: number;
  /** The bytes, in hexadecimal, in words of four. */
  readonly hex: string;
  /** What it is: `xid`, `argument 2.name`. */
  readonly field: string;
  /** Its type in XDR. */
  readonly type: string;
  /** Its value, as text. */
  readonly value: string;
};

/**
 * What the client's stub sends for a call in ONC RPC, value by value.
 *
 * @param xid the call's number, which the reply repeats; 1 unless told.
 * @throws {@link ParameterError} if there is no such method, or an argument is none of its type.
 */
export function marshalledCall<I extends RemoteInterface>(
  of: I,
  name: string & keyof I["methods"],
  args: readonly unknown[],
  xid = 1,
): MarshalledField[] {
  const method = Object.hasOwn(of?.methods ?? {}, name) ? of.methods[name] : undefined;
  if (!method) return refuse("marshalledCall", "name", `one of ${Object.keys(of?.methods ?? {}).join(", ")}`, name);
  checkArgs(`marshalledCall: ${name}`, method.args, args);
  const rows: MarshalledField[] = [];
  const header: readonly (readonly [field: string, value: number, meaning?: string])[] = [
    ["xid", xid],
    ["message type", 0, "call"],
    ["version of RPC", 2],
    ["program", of.program],
    ["version of the program", of.version],
    ["procedure", method.number, name],
    ["credential: flavor", 0, "nobody"],
    ["credential: length", 0],
    ["verifier: flavor", 0, "none"],
    ["verifier: length", 0],
  ];
  for (const [field, value, meaning] of header)
    note(rows, field, "unsigned int", new XdrWriter().uint(value).finish(), meaning ? `${value} (${meaning})` : value);
  method.args.forEach((type: XdrType<unknown>, i: number) => {
    noteValue(rows, `argument ${i + 1}`, type, args[i]);
  });
  return rows;
}

function noteValue(rows: MarshalledField[], field: string, type: XdrType<unknown>, value: unknown): void {
  const parts = type.parts?.(value);
  if (parts) for (const part of parts) noteValue(rows, joined(field, part.name), part.type, part.value);
  else {
    const writer = new XdrWriter();
    type.write(writer, value);
    note(rows, field, type.name, writer.finish(), value);
  }
}

const joined = (field: string, name: string): string => (/^\w/.test(name) ? `${field}: ${name}` : field + name);

function note(rows: MarshalledField[], field: string, type: string, bytes: Uint8Array, value: unknown): void {
  const last = rows.at(-1);
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const shown = typeof value === "string" && !field.startsWith("argument") ? value : shownValue(value);
  rows.push({
    byte: last ? last.byte + last.bytes : 0,
    bytes: bytes.length,
    hex: digits.replace(/(.{8})(?=.)/g, "$1 "),
    field,
    type,
    value: shown,
  });
}

function shownValue(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Object.is(value, -0)) return "-0";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** What of a thrown value travels. */
export function thrownReply(thrown: unknown): RemoteReply {
  return thrown instanceof Error
    ? { how: "threw", name: thrown.name, message: thrown.message }
    : { how: "threw", name: typeof thrown, message: String(thrown) };
}
