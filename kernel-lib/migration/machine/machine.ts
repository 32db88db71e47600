import { ModelError } from "../../errors.js";
import type { CodeSegment } from "./code-segment.js";
import type { MachineLimits } from "./limits.js";
import type { Resources } from "./resources.js";
import type { Trap } from "./trap.js";
import type { MachineValue } from "./types.js";

/** What {@link instantiate} needs beside the code. */
export interface InstantiateOptions {
  /** What the imports are bound to. */
  readonly resources?: Resources;
  /** What the machine may use. */
  readonly limits?: MachineLimits;
}

/** How far {@link Machine.run} may go. */
export interface FuelOptions {
  /** The most instructions to execute, 1 or more; without end if left out. */
  readonly fuel?: number;
}

/** The function that was called has returned. */
export interface Finished {
  /** Tells the kinds of {@link Stop} apart. */
  readonly why: "finished";
  /** What it returned; `i64` as bigint. */
  readonly results: readonly MachineValue[];
}

/** The machine trapped: what it was doing is lost, its memory and globals stay, and it takes another call. */
export interface Failed {
  /** Tells the kinds of {@link Stop} apart. */
  readonly why: "trapped";
  /** What happened, and where. */
  readonly trap: Trap;
}

/** The fuel is used up to the last instruction. */
export interface OutOfFuel {
  /** Tells the kinds of {@link Stop} apart. */
  readonly why: "out of fuel";
}

/** The machine called a resource, which can't answer yet. */
export interface Waiting {
  /** Tells the kinds of {@link Stop} apart. */
  readonly why: "waiting";
  /** `module.name` of the resource. */
  readonly resource: string;
  /** What it was called with; `i64` as bigint. */
  readonly args: readonly MachineValue[];
}

/** Why a machine stopped. */
export type Stop = Finished | Failed | OutOfFuel | Waiting;

/**
 * What a machine can do next: `idle` takes a {@link Machine.call}, `ready` a {@link Machine.run}, and `waiting` a
 * {@link Machine.answer}, or a run, which asks the resource again.
 */
export type MachineState = "idle" | "ready" | "waiting";

/**
 * A running program. A machine is one thread of control: it does nothing but inside {@link Machine.run}.
 */
export interface Machine {
  /** The module it runs. */
  readonly code: CodeSegment;
  /** What it can do next. */
  readonly state: MachineState;
  /** How many instructions it has executed in its life, on all computers. `end` and `else` only mark places, and don't count. */
  readonly instructions: number;
  /** Pages of its memory, 64 KiB each. */
  readonly memoryPages: number;
  /**
   * Prepares a call of an exported function; {@link run} executes it. A module's start function, if it has not run yet, runs before it.
   *
   * @throws {@link ParameterError} unless the machine is idle or about to run its start function, and the arguments fit.
   */
  call(name: string, ...args: MachineValue[]): void;
  /** Executes instructions until there is a reason to stop. It can stop between any two. */
  run(options?: FuelOptions): Stop;
  /** Gives a waiting machine the results of the function that it called. */
  answer(results?: MachineValue | readonly MachineValue[]): void;
  /** A copy of a stretch of its memory. */
  read(address: number, bytes: number): Uint8Array;
  /** Writes into its memory. */
  write(address: number, bytes: Uint8Array): void;
  /** The value of an exported global. */
  global(name: string): MachineValue;
}

/**
 * Makes a machine of a module: memory, table and globals as the module says, imports bound to resources. A start function is prepared, and
 * runs at the first {@link Machine.run}.
 *
 * @throws {@link ParameterError} if a resource is missing or unfit, or the module needs more than the limits.
 */
export function instantiate(code: CodeSegment, options: InstantiateOptions = {}): Machine {
  throw new ModelError(`instantiate: ${code.bytes.length} ${Object.keys(options).length}: not built yet`);
}
