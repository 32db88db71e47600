import { addExtension, Packr, REUSE_BUFFER_MODE } from "msgpackr/pack";
import { MessageError } from "./errors.js";

/** Taken before a simulation's guards put a proxy in its place, which would be asked for every value. */
const RealDate = Date;

/** A value as bytes: those from `start` to `end`, in memory that others may share. They never change. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

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
export function encode(value: unknown, where: string): Encoded {
  if (value === undefined) throw new MessageError(`${where}: undefined can't be sent; send null instead`);
  const encoded = value instanceof Uint8Array ? whole(new Uint8Array(value)) : packed(value, where);
  const length = encoded.end - encoded.start;
  if (length > maxMessageBytes) {
    throw new MessageError(`${where}: the message has ${length} bytes when encoded; ${maxMessageBytes} is the most`);
  }
  return encoded;
}

/** All of an array. */
export function whole(bytes: Uint8Array): Encoded {
  return { bytes, start: 0, end: bytes.length };
}

/** Just those bytes. */
export function bytesOf({ bytes, start, end }: Encoded): Uint8Array {
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
}

/** What msgpackr writes into, message after message, until it is full; `start` and `end` are those of the last. */
type Target = Uint8Array & { start: number; end: number };
let lastTarget: Target | undefined;
let targetBytes!: Uint8Array;

function packed(value: unknown, where: string): Encoded {
  try {
    isPacking = true;
    const target = packr.pack(value, REUSE_BUFFER_MODE) as unknown as Target;
    if (target !== lastTarget) {
      lastTarget = target;
      // A plain array on the same memory, so that byte arrays inside are decoded as Uint8Array and not as Node's Buffer.
      targetBytes = new Uint8Array(target.buffer, target.byteOffset, target.length);
    }
    return { bytes: targetBytes, start: target.start, end: target.end };
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

const span = { start: 0, end: 0 };

/**
 * The value that {@link encode} packed.
 *
 * @throws {@link MessageError} if it can't be made again: a map whose keys are objects.
 */
export function decode({ bytes, start, end }: Encoded): unknown {
  try {
    span.start = start;
    span.end = end;
    return packr.unpack(bytes, span);
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
  if (value instanceof RealDate) return Number.isNaN(value.getTime()) ? "an invalid date" : value.toISOString();
  // Sets and maps arrive as arrays and plain objects.
  if (value instanceof Set) return brief([...value], depth);
  if (Array.isArray(value)) {
    if (depth === 0 || value.length > 4) return `[${value.length} values]`;
    return `[${value.map((item) => brief(item, depth - 1)).join(", ")}]`;
  }
  const entries = value instanceof Map ? [...value] : Object.entries(value);
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
  if (ArrayBuffer.isView(value) || value instanceof RealDate || value instanceof ArrayBuffer)
    return structuredClone(value);
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
