import { ModelError } from "../../errors.js";
import type { FunctionType, ValueType } from "./types.js";

/** One import of a module. */
export interface ImportRow {
  /** `module.name`, the key of its resource. */
  readonly name: string;
  /** What is named. */
  readonly kind: "function" | "global" | "memory" | "table";
  /** The type of a function. */
  readonly type?: FunctionType;
  /** The type of a global. */
  readonly valueType?: ValueType;
}

/** One export of a module. */
export interface ExportRow {
  /** Its name, unique among the exports. */
  readonly name: string;
  /** What is named. */
  readonly kind: "function" | "global" | "memory" | "table";
  /** Index among the functions, globals, memories or tables, imports counted first. */
  readonly index: number;
  /** The type of a function. */
  readonly type?: FunctionType;
}

/** A module, decoded and validated: the code segment. It never changes, and any number of machines may run it. */
export interface CodeSegment {
  /** The module as it came. */
  readonly bytes: Uint8Array;
  /** Its imports, in the order of the module. */
  readonly imports: readonly ImportRow[];
  /** Its exports, in the order of the module. */
  readonly exports: readonly ExportRow[];
}

/**
 * Decodes and validates a WebAssembly module.
 *
 * @throws {@link ParameterError} if it is malformed or invalid, with the byte offset and the reason.
 */
export function decodeModule(bytes: Uint8Array): CodeSegment {
  throw new ModelError(`decodeModule: ${bytes.length} bytes: not built yet`);
}
