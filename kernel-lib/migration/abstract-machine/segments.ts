import { type CodeSegment, functionName } from "./code-segment.js";
import { blockBytes, type FrameState, framesOf, memoryRuns } from "./execution-image.js";
import { partsOf, readImage, running } from "./image.js";
import { allLimits } from "./limits.js";
import { globalValue, type Machine, type RunningMachine } from "./machine.js";
import { Instruction, instructionText, type TypeCode, typeName } from "./opcodes.js";
import { Reader } from "./reader.js";
import type { Attachment, Binding } from "./resources.js";
import type { Position } from "./trap.js";
import type { MachineValue, ValueType } from "./types.js";
import { readValue } from "./values.js";

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
  readonly name: string | undefined;
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
  readonly identifier: string | undefined;
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
 * @param code the code, for an image without it
 * @throws {@link ParameterError} if the image is damaged, or the machine is inside {@link Machine.run}.
 */
export function segmentsOf(machine: Machine | Uint8Array, code?: CodeSegment): Segments {
  const isImage = machine instanceof Uint8Array;
  const own = isImage
    ? readImage("segmentsOf", machine, allLimits("segmentsOf", most), code)
    : running("segmentsOf", machine);
  own.checkStopped("segmentsOf");
  const parts = partsOf(own, !isImage || code === undefined);
  return {
    code: { bytes: parts.code.length, functions: own.code.module.bodies.length },
    execution: { bytes: parts.execution.length, ...executionRow(own) },
    resources: { bytes: parts.resources.length, rows: resourceRows(own) },
  };
}

/** What an image is looked at with: what it may use is for the machine that runs it to say. */
const most = { memoryPages: 16_384, tableEntries: 10_000_000, frames: 1_000_000, stackValues: 16_777_216 };

function executionRow(machine: RunningMachine): Omit<ExecutionRow, "bytes"> {
  const { execution, code } = machine;
  const { module } = code;
  return {
    frames: framesOf(machine).map((frame) => frameRow(machine, frame)),
    globals: module.globals.map(({ type, mutable }, index) => ({
      index,
      name: module.exports.find((row) => row.kind === "global" && row.index === index)?.name,
      mutable,
      type: typeName(type) as ValueType,
      value: globalValue(execution, index),
    })),
    memoryPages: machine.memoryPages,
    memoryBytesInUse: memoryRuns(execution).reduce((sum, { first, behind }) => sum + (behind - first) * blockBytes, 0),
    table: Array.from(execution.table, (entry) => (entry < 0 ? undefined : entry)),
  };
}

function frameRow({ code, execution }: RunningMachine, { index, offset, base, locals, stack }: FrameState): FrameRow {
  const instruction = new Instruction();
  instruction.read(new Reader(code.bytes, offset));
  const typed = (types: readonly TypeCode[], from: number): TypedValue[] =>
    types.map((type, i) => ({ type: typeName(type) as ValueType, value: readValue(execution, from + 2 * i, type) }));
  return {
    function: index,
    name: functionName(code.module, index),
    offset,
    instruction: instructionText(instruction),
    locals: typed(locals, base),
    stack: typed(stack, base + 2 * locals.length),
  };
}

const resourceRows = ({ resources }: RunningMachine): ResourceRow[] =>
  resources.map(({ name, kind, binding, attachment, identifier }) => ({ name, kind, binding, attachment, identifier }));
