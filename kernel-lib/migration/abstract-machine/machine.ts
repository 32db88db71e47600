import { Interrupted, ParameterError, refuse } from "../../errors.js";
import { onInterrupt } from "../../simulation/interrupt.js";
import { type CodeSegment, type DecodedModule, decoded, functionName } from "./code-segment.js";
import { Execution, pageBytes } from "./execution.js";
import { interpret, StopCode } from "./interpreter.js";
import { type AllLimits, allLimits, type MachineLimits } from "./limits.js";
import { type Constant, type Module, type Signature, signatureOf } from "./module.js";
import { Instruction } from "./opcodes.js";
import { Reader } from "./reader.js";
import { type BoundResource, bind, pending, type Resources } from "./resources.js";
import { lastWords, lineEntries, lineOf } from "./source-lines.js";
import { type Position, type Trap, type TrapKind, Trapped, trapKinds } from "./trap.js";
import type { MachineValue } from "./types.js";
import { readValue, readValues, writeValue, writeValues } from "./values.js";

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
  /**
   * How many instructions it has executed in its life, on all computers. `end` and `else` only mark places, and don't count; nor do the last ones before an
   * Interrupt that had to end {@link run} by force.
   */
  readonly instructions: number;
  /** Pages of its memory, 64 KiB each. */
  readonly memoryPages: number;
  /**
   * Prepares a call of an exported function; {@link run} executes it. A module's start function, if it has not run yet, runs before it.
   *
   * @throws {@link ParameterError} unless the machine is idle or about to run its start function, and the arguments fit.
   */
  call(name: string, ...args: MachineValue[]): void;
  /**
   * Executes instructions until there is a reason to stop. It can stop between any two.
   *
   * @throws {@link Interrupted} after Interrupt in a notebook; the machine can go on where it stands. If an Interrupt has to end `run` by force inside a
   *   resource, the machine stands before that call; elsewhere the call under way is lost, as by a trap.
   * @throws whatever a resource throws, but {@link Trapped}; the machine then stands before the call, and may run again or be told to {@link abandon} it.
   */
  run(options?: FuelOptions): Stop;
  /** Gives a waiting machine the results of the function that it called. */
  answer(results?: MachineValue | readonly MachineValue[]): void;
  /**
   * Gives up the call under way, as a trap does: what the machine was doing is lost, its memory and globals stay as they are, and it takes another call.
   * A machine with no call under way stays as it is; so does one that has not begun its start function.
   */
  abandon(): void;
  /** A copy of a stretch of its memory. */
  read(address: number, bytes: number): Uint8Array;
  /** Writes into its memory. */
  write(address: number, bytes: Uint8Array): void;
  /** The value of an exported global. */
  global(name: string): MachineValue;
}

/** The most frames that a trap tells of. */
const mostPositions = 100;

/** The one class of machines. */
export class RunningMachine implements Machine {
  private isRunning = false;
  /** Whether a resource is being asked: the machine then stands before the call. */
  private isAsking = false;
  /** Whether an Interrupt has ended the last call by force. */
  private isLost = false;
  private waitsFor: { index: number; base: number } | undefined;
  private said: string | undefined;

  constructor(
    readonly code: DecodedModule,
    readonly execution: Execution,
    readonly resources: readonly BoundResource[],
    /** Instructions executed so far. */
    public instructions = 0,
    /** Whether the start function is yet to begin. */
    private startIsNext = false,
  ) {
    const functions = resources.filter(({ kind }) => kind === "function");
    execution.callResource = (index, base) => this.callResource(functions[index] as BoundResource, index, base);
  }

  get state(): MachineState {
    if (this.execution.depth < 0) return "idle";
    return this.waitsFor === undefined ? "ready" : "waiting";
  }

  get memoryPages(): number {
    return this.execution.memoryBytes / pageBytes;
  }

  /** Throws a {@link ParameterError} if a resource is being asked now: nothing may change the machine but that resource. */
  checkStopped(where: string): void {
    if (this.isRunning)
      throw new ParameterError(`${where}: the machine is inside run, and only its resource may act now`);
  }

  call(name: string, ...args: MachineValue[]): void {
    this.checkStopped("call");
    const { code, execution } = this;
    if (execution.depth >= 0 && !this.startIsNext)
      throw new ParameterError(
        `call: the machine is in the middle of ${functionName(code.module, execution.frames[0] as number)}; run it to its end first, or abandon it`,
      );
    const row = code.exports.find((one) => one.name === name && one.kind === "function");
    if (row === undefined) {
      const known = code.exports.filter(({ kind }) => kind === "function").map((one) => one.name);
      return refuse("call", "name", `an exported function (${known.join(", ") || "there is none"})`, name);
    }
    if (row.index < execution.imported)
      refuse("call", "name", "a function of the module's own, not one that it imports", name);
    const { params } = signatureOf(code.module, row.index);
    this.isLost = false;
    const start = this.startIsNext ? (execution.frames[0] as number) : undefined;
    const base = 2 * (code.module.bodies[row.index - execution.imported]?.localCount ?? 0);
    const size = code.compiled.frameSize(row.index);
    if (
      !execution.reserve(
        start === undefined ? size : Math.max(size, base + code.compiled.frameSize(start)),
        start === undefined ? 1 : 2,
      )
    )
      throw new ParameterError(`call: the limits leave no room for a call of ${name}`);
    writeValues(execution, 0, params, args, "call", "args");
    execution.ints.fill(0, 2 * params.length, base);
    execution.depth = -1;
    this.pushFrame(row.index, 0);
    if (start === undefined) return;
    // The call waits below the start function, at its own beginning.
    execution.frames[1] = code.compiled.entryOf(row.index);
    this.pushFrame(start, base);
    this.startIsNext = false;
  }

  /** Puts a frame on top, at the function's beginning. Its parameters are in their registers. */
  pushFrame(index: number, base: number): void {
    const { module, compiled } = this.code;
    const { frames } = this.execution;
    const body = module.bodies[index - module.importedFunctions];
    const pc = compiled.pcAt(index, body?.start ?? 0) as number;
    const depth = this.execution.depth + 1;
    frames.set([index, pc, base], 3 * depth);
    const locals = 2 * (body?.localCount ?? 0);
    this.execution.ints.fill(0, base + 2 * signatureOf(module, index).params.length, base + locals);
    this.execution.depth = depth;
  }

  /** Prepares the start function, which the first run begins with. */
  prepareStart(): void {
    const { module, compiled } = this.code;
    const { start } = module;
    if (start === undefined) return;
    if (!this.execution.reserve(compiled.frameSize(start), 1))
      throw new ParameterError("instantiate: the limits leave no room for the start function");
    this.pushFrame(start, 0);
    this.startIsNext = true;
  }

  run({ fuel = Infinity }: FuelOptions = {}): Stop {
    this.checkStopped("run");
    if (!(fuel >= 1) || (fuel !== Infinity && !Number.isSafeInteger(fuel)))
      refuse("run", "fuel", "a whole number of at least 1, or Infinity", fuel);
    if (this.execution.depth < 0)
      throw new ParameterError(
        this.isLost
          ? "run: an Interrupt ended the last call by force, and where it stood is lost; call an exported function anew"
          : "run: there is nothing to run: call an exported function first",
      );
    this.startIsNext = false;
    this.waitsFor = undefined;
    this.said = undefined;
    this.execution.fill(fuel);
    // Called when JavaScript was terminated inside this run: nothing below, no finally either, is executed then.
    const stopListening = onInterrupt(() => this.cut());
    this.isRunning = true;
    try {
      const stop = this.execute();
      if (stop === StopCode.outOfFuel && this.execution.fuelLeft > 0)
        throw new Interrupted("run was interrupted; the machine can go on where it stands");
      return this.stopped(stop);
    } finally {
      this.isRunning = false;
      stopListening();
    }
  }

  private execute(): StopCode {
    const { execution } = this;
    let stop: StopCode = StopCode.none;
    try {
      stop = interpret(execution);
    } finally {
      // A resource's own error leaves the machine before the call, as one that waits.
      if (stop === StopCode.none || stop === StopCode.waiting) this.stepBack();
      else if (stop < StopCode.finished) execution.fuel += this.stopper()?.unused ?? 0;
      this.instructions += execution.fuelGiven - execution.fuel;
    }
    return stop;
  }

  // JavaScript was terminated inside run. What a resource was asked can be asked again; else nobody knows where the loop was.
  private cut(): void {
    this.isRunning = false;
    if (this.isAsking) {
      this.isAsking = false;
      this.stepBack();
      this.instructions += this.execution.fuelGiven - this.execution.fuel;
    } else {
      this.execution.depth = -1;
      this.isLost = true;
    }
  }

  abandon(): void {
    this.checkStopped("abandon");
    if (this.startIsNext) return;
    this.execution.depth = -1;
    this.waitsFor = undefined;
  }

  private stopper() {
    const { frames, depth } = this.execution;
    return this.code.compiled.stopperAt(frames[3 * depth] as number, frames[3 * depth + 1] as number);
  }

  // Puts the innermost frame at the plain code of the instruction that it stopped at.
  private stepBack(): void {
    const { frames, depth } = this.execution;
    const { offset = -1 } = this.stopper() ?? {};
    frames[3 * depth + 1] = this.code.compiled.pcAt(frames[3 * depth] as number, offset) as number;
  }

  private stopped(stop: StopCode): Stop {
    const { execution, code } = this;
    if (stop === StopCode.outOfFuel) return { why: "out of fuel" };
    if (stop === StopCode.finished) {
      const { results } = signatureOf(code.module, execution.frames[0] as number);
      return { why: "finished", results: readValues(execution, 0, results) };
    }
    if (stop === StopCode.waiting) {
      const { index, base } = this.waitsFor as { index: number; base: number };
      const { params } = signatureOf(code.module, index);
      return { why: "waiting", resource: this.importName(index), args: readValues(execution, base, params) };
    }
    const trap = this.trap(stop);
    execution.depth = -1;
    return { why: "trapped", trap };
  }

  private trap(stop: StopCode): Trap {
    const kind = trapKinds[stop] ?? "host";
    const positions = this.positions().reverse().slice(0, mostPositions);
    const [first] = positions;
    const at = this.stopper()?.offset;
    if (first !== undefined && at !== undefined) positions[0] = { ...first, offset: at };
    return { kind, message: this.said ?? this.lastWords(kind, positions), positions };
  }

  // What the program's own text has to say of a trap: the words of an assertion or an error, and the line.
  private lastWords(kind: TrapKind, positions: readonly Position[]): string {
    const { memory8, memoryBytes } = this.execution;
    const { bytes } = this.code;
    const entries = lineEntries(bytes);
    if (entries.length === 0) return kind;
    const at = positions[0]?.offset ?? 0;
    const said = kind === "unreachable" ? lastWords(bytes, at, memory8.subarray(0, memoryBytes)) : undefined;
    const words = said ? said.text || "an assertion failed" : kind;
    const line = said?.line || lineOf(entries, positions);
    return line === undefined ? words : `${words} (line ${line})`;
  }

  /** Where every frame stands, the outermost first: at its next instruction, or at the call that it is in. */
  positions(): Position[] {
    const { frames, depth } = this.execution;
    const { module, compiled } = this.code;
    return Array.from({ length: depth + 1 }, (_, i) => {
      const index = frames[3 * i] as number;
      const place = compiled.safePointAt(index, frames[3 * i + 1] as number);
      const offset = i < depth && (place?.call ?? -1) >= 0 ? place?.call : place?.offset;
      return { function: index, name: functionName(module, index), offset: offset ?? -1 };
    });
  }

  private importName(index: number): string {
    return this.code.imports.filter(({ kind }) => kind === "function")[index]?.name ?? "";
  }

  private callResource({ name, call }: BoundResource, index: number, base: number): StopCode {
    const { execution } = this;
    const { params, results } = signatureOf(this.code.module, index);
    let answer: unknown;
    this.isAsking = true;
    try {
      answer = call?.(readValues(execution, base, params), this);
    } catch (error) {
      if (!(error instanceof Trapped)) throw error;
      this.said = error.message;
      return StopCode.host;
    } finally {
      this.isAsking = false;
    }
    if (answer === pending) {
      this.waitsFor = { index, base };
      return StopCode.waiting;
    }
    writeResults(execution, base, results, answer, name);
    return StopCode.none;
  }

  answer(results?: MachineValue | readonly MachineValue[]): void {
    this.checkStopped("answer");
    if (this.waitsFor === undefined) throw new ParameterError("answer: the machine waits for no answer");
    const { index, base } = this.waitsFor;
    const { execution, code } = this;
    const { frames, depth } = execution;
    writeResults(execution, base, signatureOf(code.module, index).results, results, this.importName(index));
    const inside = frames[3 * depth] as number;
    const { offset = -1 } = code.compiled.safePointAt(inside, frames[3 * depth + 1] as number) ?? {};
    const reader = new Reader(code.bytes, offset);
    new Instruction().read(reader);
    frames[3 * depth + 1] = code.compiled.pcAt(inside, reader.at) as number;
    this.waitsFor = undefined;
    this.instructions++;
  }

  /** What the machine waits for: the index of the imported function, and the register of its first argument. */
  get waiting(): { readonly index: number; readonly base: number } | undefined {
    return this.waitsFor;
  }

  /** Makes the machine wait again, after a move. */
  waitFor(index: number, base: number): void {
    this.waitsFor = { index, base };
  }

  /** The same machine with its resources bound. */
  boundTo(resources: readonly BoundResource[]): RunningMachine {
    const bound = new RunningMachine(this.code, this.execution, resources, this.instructions, this.startIsNext);
    bound.waitsFor = this.waitsFor;
    return bound;
  }

  /** Whether a call may still be put before the start function. */
  get isBeforeStart(): boolean {
    return this.startIsNext;
  }

  read(address: number, bytes: number): Uint8Array {
    return this.stretch("read", address, bytes).slice();
  }

  write(address: number, bytes: Uint8Array): void {
    this.stretch("write", address, bytes.length).set(bytes);
  }

  private stretch(where: string, address: number, bytes: number): Uint8Array {
    const { memory8, memoryBytes } = this.execution;
    if (!Number.isInteger(address) || !(address >= 0) || address > memoryBytes)
      refuse(where, "address", `a place in the memory of ${memoryBytes} bytes`, address);
    if (!Number.isInteger(bytes) || !(bytes >= 0) || address + bytes > memoryBytes)
      refuse(where, "bytes", `at most the ${memoryBytes - address} bytes from address ${address} on`, bytes);
    return memory8.subarray(address, address + bytes);
  }

  global(name: string): MachineValue {
    const row = this.code.exports.find((one) => one.name === name && one.kind === "global");
    if (row === undefined) return refuse("global", "name", "an exported global", name);
    return globalValue(this.execution, row.index);
  }
}

/** The value of a global. */
export function globalValue({ globals, module }: Execution, index: number): MachineValue {
  const ints = globals.slice(2 * index, 2 * index + 2);
  const registers = { ints, doubles: new Float64Array(ints.buffer), floats: new Float32Array(ints.buffer) };
  return readValue(registers, 0, module.globals[index]?.type ?? 0);
}

function writeResults(
  execution: Execution,
  base: number,
  types: Signature["results"],
  answer: unknown,
  name: string,
): void {
  const given = answer === undefined ? [] : Array.isArray(answer) ? answer : [answer];
  writeValues(execution, base, types, given, `resource ${name}`, "results");
}

/**
 * Makes a machine of a module: memory, table and globals as the module says, imports bound to resources. A start function is prepared, and
 * runs at the first {@link Machine.run}.
 *
 * @throws {@link ParameterError} if a resource is missing or unfit, or the module needs more than the limits.
 */
export function instantiate(code: CodeSegment, options: InstantiateOptions = {}): Machine {
  const own = decoded("instantiate", code);
  const { module } = own;
  const bound = bind("instantiate", own, options.resources ?? {}, undefined);
  const execution = makeExecution("instantiate", own, allLimits("instantiate", options.limits));
  execution.growMemory(module.memory?.least ?? 0);
  bound
    .filter(({ kind }) => kind === "global")
    .forEach(({ name, value }, i) => void setImported(execution, i, name, value));
  module.globalValues.forEach((value, i) => void setGlobal(execution, module.importedGlobals + i, value));
  copySegments(module, execution);
  if (module.start !== undefined && module.start < module.importedFunctions)
    throw new ParameterError("instantiate: the start function must be the module's own, not one that it imports");
  const machine = new RunningMachine(own, execution, bound);
  machine.prepareStart();
  return machine;
}

/** An execution segment with an empty memory, if the module's demands are within the limits. */
export function makeExecution(where: string, { module, compiled }: DecodedModule, limits: AllLimits): Execution {
  const pages = module.memory?.least ?? 0;
  const entries = module.table?.least ?? 0;
  if (pages > limits.memoryPages)
    throw new ParameterError(
      `${where}: the module wants ${pages} pages of memory, and limits.memoryPages is ${limits.memoryPages}`,
    );
  if (entries > limits.tableEntries)
    throw new ParameterError(
      `${where}: the module wants a table of ${entries}, and limits.tableEntries is ${limits.tableEntries}`,
    );
  return new Execution(module, compiled, limits);
}

function setImported(execution: Execution, index: number, name: string, value: unknown): void {
  const ints = new Int32Array(2);
  const registers = { ints, doubles: new Float64Array(ints.buffer), floats: new Float32Array(ints.buffer) };
  const type = execution.module.globals[index]?.type ?? 0;
  writeValue(registers, 0, type, value, "instantiate", `resources["${name}"].value`);
  execution.globals.set(ints, 2 * index);
}

function setGlobal({ globals }: Execution, index: number, value: Constant): void {
  if (value.kind === "bits") globals.set([value.low, value.high], 2 * index);
  else if (value.kind === "global") globals.copyWithin(2 * index, 2 * value.index, 2 * value.index + 2);
}

function copySegments(module: Module, execution: Execution): void {
  const place = (to: Constant): number =>
    (to.kind === "bits" ? to.low : (execution.globals[2 * to.index] as number)) >>> 0;
  module.elements.forEach(({ to, declarative, functions }, i) => {
    if (to !== undefined && execution.bulk(0x10c, i, place(to), 0, functions.length) !== StopCode.none)
      throw new ParameterError(
        `instantiate: element segment ${i} does not fit into the table: out of bounds table access`,
      );
    if (to !== undefined || declarative) execution.droppedElements[i] = 1;
  });
  module.data.forEach(({ to, bytes }, i) => {
    if (to === undefined) return;
    if (execution.bulk(0x108, i, place(to), 0, bytes.length) !== StopCode.none)
      throw new ParameterError(
        `instantiate: data segment ${i} does not fit into the memory: out of bounds memory access`,
      );
    execution.droppedData[i] = 1;
  });
}
