import { addExtension, Packr, REUSE_BUFFER_MODE } from "msgpackr/pack";
import { MessageError } from "./errors.js";
import { named, strangerIn, tagOf } from "./strangers.js";

/** Taken before a simulation's guards put a proxy in its place, which would be asked for every value. */
const RealDate = Date;

/** A value as bytes: those from `start` to `end`, in memory that others may share. They never change. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Asked for each object that msgpackr takes for a plain one (its option for the form in which to write it, of which we use one). */
function checkPlain(value: object): false {
  // Iterators, Math and the like come here: to msgpackr they are plain, as their constructor is Object.
  if ((value as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag] !== undefined) refuseStranger(value);
  return false;
}
const packr = new Packr({ useRecords: checkPlain as unknown as boolean, mapsAsObjects: true });
// As the option `useRecords: false` leaves them.
Object.assign(packr, { useRecords: false, structures: undefined });
(packr as unknown as { writeFunction: () => never }).writeFunction = () => {
  throw new Error("it holds a function");
};

/** Set while our packer is at work: what follows must not touch msgpackr for anybody else in this process. */
let isPacking = false;

/** What can't be sent, and what to do instead. msgpackr would make arrays of errors, and empty objects of most others. */
function refusalOf(value: object, tag: string): string | undefined {
  if (ArrayBuffer.isView(value)) return named(tag, "make it an array or a Uint8Array");
  if (tag === "Error") return named(value.constructor.name, "send its text");
  if (tag === "RegExp") return named(tag, "send its text");
  if (value instanceof Set || value instanceof ArrayBuffer) return undefined;
  return typeof (value as { toJSON?: unknown }).toJSON === "function" ? undefined : strangerIn(value, tag);
}

function refuseStranger(value: object): void {
  const refusal = refusalOf(value, tagOf(value));
  if (refusal !== undefined) throw new Error(`it holds ${refusal}`);
}

/** Values that msgpackr must not see: what is refused, and maps, also of other classes than Map. */
const special = {
  [Symbol.hasInstance]: (value: object): boolean => {
    if (!isPacking || typeof value !== "object" || value instanceof Uint8Array || value instanceof RealDate)
      return false;
    const tag = tagOf(value);
    return tag === "Map" || refusalOf(value, tag) !== undefined;
  },
};
addExtension({
  Class: special as unknown as new () => object,
  write: (value: object) => {
    if (tagOf(value) !== "Map") refuseStranger(value);
    return new Map(value as Map<unknown, unknown>);
  },
} as never);

/** Set when a map was packed: msgpackr asks for this option then, and never else. */
let hasMap = false;
Object.defineProperty(packr, "mapAsEmptyObject", {
  get: () => {
    hasMap = true;
    return false;
  },
});

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
    hasMap = false;
    const target = packr.pack(value, REUSE_BUFFER_MODE) as unknown as Target;
    if (target !== lastTarget) {
      lastTarget = target;
      // A plain array on the same memory, so that byte arrays inside are decoded as Uint8Array and not as Node's Buffer.
      targetBytes = new Uint8Array(target.buffer, target.byteOffset, target.length);
    }
    const encoded = { bytes: targetBytes, start: target.start, end: target.end };
    // Not every key of a map can be made again: better that its sender knows.
    if (hasMap) unpacked(encoded);
    return encoded;
  } catch (error) {
    throw new MessageError(`${where}: ${brief(value)} can't be encoded: ${reasonOf(error as Error)}`);
  } finally {
    isPacking = false;
  }
}

/** What msgpackr or the engine said, in a program's terms. */
function reasonOf(error: Error): string {
  if (error.message.startsWith("it holds ")) return error.message; // our own words
  if (/call stack/i.test(error.message)) return "it refers to itself, or nests too deep";
  if (/bigint/i.test(error.message)) return "it is too large for 64 bits";
  if (/symbol/i.test(error.message)) return "it holds a symbol";
  if (/property type/.test(error.message)) return "it holds a Map whose keys are objects; make them texts";
  if (/16-bit/.test(error.message)) return "it holds an object of more than 65,535 fields; make it a Map or an array";
  return error.message;
}

const span = { start: 0, end: 0 };

/**
 * The value that {@link encode} packed.
 *
 * @throws {@link MessageError} if it nests too deep for what is left of the stack.
 */
export function decode(encoded: Encoded): unknown {
  try {
    return unpacked(encoded);
  } catch (error) {
    throw new MessageError(`the message can't be decoded: ${reasonOf(error as Error)}`);
  }
}

function unpacked({ bytes, start, end }: Encoded): unknown {
  span.start = start;
  span.end = end;
  return packr.unpack(bytes, span);
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
  const shown = entries.slice(0, 3).map(([key, item]) => `${String(key)}: ${brief(item, depth - 1)}`);
  if (entries.length > 3) shown.push("…");
  return shown.length === 0 ? "{}" : `{ ${shown.join(", ")} }`;
}
