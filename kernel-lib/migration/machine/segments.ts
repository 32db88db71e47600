import { ModelError } from "../../errors.js";
import type { Machine } from "./machine.js";
import type { Attachment, Binding } from "./resources.js";
import type { Position } from "./trap.js";
import type { MachineValue, ValueType } from "./types.js";

/** A value with its type. */
export interface TypedValue {
  /** Its type. */
  readonly type: ValueType;
  /** `i64` as bigint. */
  readonly value: MachineValue;
}

/** The code segment. */
export interface CodeRow {
  /** What it takes in an image. */
  readonly bytes: number;
  /** Functions defined in it. */
  readonly functions: number;
}

/** One call that is under way. */
export interface FrameRow extends Position {
  /** The next instruction, in the words of the text format, such as `i32.add`. */
  readonly instruction: string;
  /** Parameters, then the other locals. */
  readonly locals: readonly TypedValue[];
  /** Its values on the stack, the deepest first. */
  readonly stack: readonly TypedValue[];
}

/** A global variable. */
export interface GlobalRow extends TypedValue {
  /** Imported globals are counted first. */
  readonly index: number;
  /** Under which name it is exported, if it is. */
  readonly name?: string;
  /** Whether it can change. */
  readonly mutable: boolean;
}

/** The execution segment. */
export interface ExecutionRow {
  /** What it takes in an image: pages of zeros take nothing. */
  readonly bytes: number;
  /** Calls under way, the outermost first. */
  readonly frames: readonly FrameRow[];
  /** All globals, imported ones first. */
  readonly globals: readonly GlobalRow[];
  /** Pages of 64 KiB. */
  readonly memoryPages: number;
  /** Bytes of memory in blocks of 4 KiB that are not all zeros. */
  readonly memoryBytesInUse: number;
  /** The table: indices of functions, undefined where it is empty. */
  readonly table: readonly (number | undefined)[];
}

/** One resource. */
export interface ResourceRow {
  /** `module.name` of its import. */
  readonly name: string;
  /** What is imported. */
  readonly kind: "function" | "global";
  /** What the program needs of it. */
  readonly binding: Binding;
  /** How it is tied to its computer. */
  readonly attachment: Attachment;
  /** Which one it is. */
  readonly identifier?: string;
}

/** The resource segment. */
export interface ResourcesRow {
  /** What it takes in an image. */
  readonly bytes: number;
  /** Its resources, in the order of the imports. */
  readonly rows: readonly ResourceRow[];
}

/** The three segments of a machine as plain data. */
export interface Segments {
  /** The module. */
  readonly code: CodeRow;
  /** Where the program stands, and what it holds. */
  readonly execution: ExecutionRow;
  /** What it needs of its surroundings. */
  readonly resources: ResourcesRow;
}

/**
 * The three segments of a machine, or of its image, as plain data, with their sizes in bytes. Nothing is bound: a receiver can look at what an image
 * needs before it thaws it.
 *
 * @throws {@link ParameterError} if the image is damaged.
 */
export function segmentsOf(machine: Machine | Uint8Array): Segments {
  throw new ModelError(`segmentsOf: ${machine}: not built yet`);
}
