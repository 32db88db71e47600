import { NamedError } from "../../errors.js";

/** The kinds of traps, by their {@link StopCode}; the words are those of the specification's tests. */
export const trapKinds: readonly (TrapKind | undefined)[] = [
  undefined,
  "unreachable",
  "integer divide by zero",
  "integer overflow",
  "invalid conversion to integer",
  "out of bounds memory access",
  "out of bounds table access",
  "undefined element",
  "uninitialized element",
  "indirect call type mismatch",
  "call stack exhausted",
  "host",
];

/** Why a machine trapped, in the words of the specification's tests; `host` is a trap that a resource asked for. */
export type TrapKind =
  | "unreachable"
  | "integer divide by zero"
  | "integer overflow"
  | "invalid conversion to integer"
  | "out of bounds memory access"
  | "out of bounds table access"
  | "undefined element"
  | "uninitialized element"
  | "indirect call type mismatch"
  | "call stack exhausted"
  | "host";

/** A place in the code. */
export interface Position {
  /** Index of the function, imports counted first. */
  readonly function: number;
  /** Its name: from the name section, else its export, else `function 7`. */
  readonly name: string;
  /** Byte offset of the instruction in the module. */
  readonly offset: number;
}

/** How a machine trapped. */
export interface Trap {
  /** Why. */
  readonly kind: TrapKind;
  /** The kind, or what the resource said, or the program's assertion or error; with the line of its text, if its compiler left that. */
  readonly message: string;
  /** Where it was, innermost call first; at most 100. */
  readonly positions: readonly Position[];
}

/** Thrown by a resource: makes the machine that called it trap. */
export class Trapped extends NamedError {}
