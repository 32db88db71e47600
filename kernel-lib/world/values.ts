import { addExtension, Packr } from "msgpackr/pack";
import { MessageError } from "./errors.js";

const packr = new Packr({ useRecords: false });
(packr as unknown as { writeFunction: () => never }).writeFunction = () => {
  throw new Error("it holds a function");
};

/** Set while our packer is at work: what follows must not touch msgpackr for anybody else in this process. */
let isPacking = false;

/** What msgpackr would mangle without a word: it takes the first bytes of other typed arrays, and makes arrays of errors. */
const mangled = {
  [Symbol.hasInstance]: (value: unknown): boolean =>
    isPacking &&
    ((ArrayBuffer.isView(value) && !(value instanceof Uint8Array)) ||
      value instanceof Error ||
      value instanceof RegExp),
};
addExtension({
  Class: mangled as unknown as new () => object,
  write: (value: object) => {
    const advice = ArrayBuffer.isView(value) ? "; make it an array or a Uint8Array" : "; send its text";
    throw new Error(
      `it holds ${/^[AEIO]/.test(value.constructor.name) ? "an" : "a"} ${value.constructor.name}${advice}`,
    );
  },
} as never);

/** The largest encoded message. */
export const maxMessageBytes = 16 * 1024 * 1024;

/**
 * A value as bytes: MessagePack, or the bytes themselves for a Uint8Array.
 *
 * @throws {@link MessageError} if it can't be encoded, or is too large.
 */
export function encode(value: unknown, where: string): Uint8Array {
  if (value === undefined) throw new MessageError(`${where}: undefined can't be sent; send null instead`);
  const bytes = value instanceof Uint8Array ? new Uint8Array(value) : packed(value, where);
  if (bytes.length > maxMessageBytes) {
    throw new MessageError(
      `${where}: the message has ${bytes.length} bytes when encoded; ${maxMessageBytes} is the most`,
    );
  }
  return bytes;
}

function packed(value: unknown, where: string): Uint8Array {
  try {
    isPacking = true;
    const bytes = packr.pack(value);
    // A plain view, so that byte arrays inside are decoded as Uint8Array and not as Node's Buffer.
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    throw new MessageError(`${where}: ${brief(value)} can't be encoded: ${reasonOf(error as Error)}`);
  } finally {
    isPacking = false;
  }
}

/** What msgpackr or the engine said, in a program's terms. */
function reasonOf(error: Error): string {
  if (/call stack/i.test(error.message)) return "it refers to itself, or nests too deep";
  if (/bigint/i.test(error.message)) return "it is too large for 64 bits";
  if (/symbol/i.test(error.message)) return "it holds a symbol";
  return error.message;
}

/**
 * The value that {@link encode} packed.
 *
 * @throws {@link MessageError} if it can't be made again: a map whose keys are objects.
 */
export function decode(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes);
  } catch (error) {
    throw new MessageError(`the message can't be decoded: ${(error as Error).message}`);
  }
}

/** A value in short, on one line, for the trace: `"get"`, `{ op: "read", block: 3 }`, `1000 bytes`. */
export function brief(value: unknown, depth = 1): string {
  if (typeof value === "string") return JSON.stringify(value.length > 24 ? `${value.slice(0, 23)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return value.name ? `function ${value.name}` : "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid date" : value.toISOString();
  if (Array.isArray(value)) {
    if (depth === 0 || value.length > 4) return `[${value.length} values]`;
    return `[${value.map((item) => brief(item, depth - 1)).join(", ")}]`;
  }
  const entries = Object.entries(value);
  if (depth === 0 && entries.length > 0) return "{…}";
  const shown = entries.slice(0, 3).map(([key, item]) => `${key}: ${brief(item, depth - 1)}`);
  if (entries.length > 3) shown.push("…");
  return shown.length === 0 ? "{}" : `{ ${shown.join(", ")} }`;
}

/**
 * A copy of a process's arguments, as fork gives: the child shares no object with its parent. What `passes` says (connections)
 * and functions are handed over as they are; instances of classes become plain objects.
 */
export function copied(value: unknown, passes: (value: object) => boolean, seen = new Map<object, unknown>()): unknown {
  if (typeof value !== "object" || value === null || passes(value)) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (ArrayBuffer.isView(value) || value instanceof Date || value instanceof ArrayBuffer) return structuredClone(value);
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    seen.set(value, copy);
    for (const item of value) copy.push(copied(item, passes, seen));
    return copy;
  }
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    seen.set(value, copy);
    for (const [key, item] of value) copy.set(copied(key, passes, seen), copied(item, passes, seen));
    return copy;
  }
  if (value instanceof Set) {
    const copy = new Set<unknown>();
    seen.set(value, copy);
    for (const item of value) copy.add(copied(item, passes, seen));
    return copy;
  }
  const copy: Record<string, unknown> = {};
  seen.set(value, copy);
  for (const [key, item] of Object.entries(value)) copy[key] = copied(item, passes, seen);
  return copy;
}
