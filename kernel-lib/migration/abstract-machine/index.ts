/**
 * The abstract machine: a WebAssembly interpreter whose whole state is plain data in the three segments of Fuggetta, Picco
 * and Vigna (1998). *Code* is the module; *execution* is value stack, frames with their position in the code, memory,
 * globals and table; *resources* are the imports. A {@link Machine} stops at any instruction, is frozen into bytes that
 * are the same for the same state, and is thawed elsewhere, with its resources bound anew.
 *
 * Modelled: WebAssembly 1.0 with validation, sign extension, saturating conversion, bulk memory, mutable globals and
 * several results. Where the specification leaves the bits of a NaN open, they are those of the positive quiet NaN, so that
 * a program computes the same everywhere. Left out: memories, tables and globals shared between machines (an imported one
 * belongs to the machine that imports it: shared state could not move), vectors, threads, reference types as values.
 *
 * @module
 */
export { type CodeSegment, decodeModule, type ExportRow, type ExternKind, type ImportRow } from "./code-segment.js";
export { type FreezeOptions, freeze, type ThawOptions, thaw } from "./image.js";
export type { MachineLimits } from "./limits.js";
export {
  type Failed,
  type Finished,
  type FuelOptions,
  type InstantiateOptions,
  instantiate,
  type Machine,
  type MachineState,
  type OutOfFuel,
  type Stop,
  type Waiting,
} from "./machine.js";
export {
  type Attachment,
  type Binding,
  type Pending,
  pending,
  type Resource,
  type ResourceFunction,
  type Resources,
} from "./resources.js";
export {
  type CodeRow,
  type ExecutionRow,
  type FrameRow,
  type GlobalRow,
  type ResourceRow,
  type ResourcesRow,
  type Segments,
  segmentsOf,
  type TypedValue,
} from "./segments.js";
export { type Position, type Trap, type TrapKind, Trapped } from "./trap.js";
export type { FunctionType, MachineValue, ValueType } from "./types.js";
