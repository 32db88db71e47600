import { type CompiledFunction, compile, headerLength, type SafePoint, type Stopper } from "./compile.js";
import type { Module } from "./module.js";

/** A function in internal code, at its position in the module's. */
class Installed {
  readonly byPc = new Map<number, SafePoint>();
  readonly byOffset = new Map<number, SafePoint>();
  readonly stoppers = new Map<number, Stopper>();

  constructor(
    { safePoints, stoppers }: CompiledFunction,
    readonly start: number,
  ) {
    for (const point of safePoints) {
      const moved = { ...point, pc: point.pc + start };
      this.byOffset.set(moved.offset, moved);
      if ((this.byPc.get(moved.pc)?.call ?? -1) < 0) this.byPc.set(moved.pc, moved);
    }
    for (const stopper of stoppers) this.stoppers.set(stopper.pc + start, stopper);
  }
}

/** A module in internal code: each function is compiled when it is first called. Machines of the same module share it. */
export class CompiledModule {
  code = new Int32Array(1024);
  /** Where each function begins; 0 as long as it is not compiled. */
  readonly entries: Int32Array;
  /** The type of each function, as the index of the first that is the same. */
  readonly typeIds: Int32Array;
  private used = 1;
  private readonly fast = new Map<number, Installed>();
  private readonly plain = new Map<number, Installed>();

  constructor(readonly module: Module) {
    this.entries = new Int32Array(module.functionTypes.length);
    this.typeIds = Int32Array.from(module.functionTypes, (type) => module.sameType[type] as number);
  }

  /** Where a function's fast code begins. */
  entryOf(index: number): number {
    this.fastOf(index);
    return this.entries[index] as number;
  }

  /** Where the plain code of a function is for a safe point of its fast code. */
  plainPc(index: number, pc: number): number {
    const { offset = -1 } = this.safePointAt(index, pc) ?? {};
    return this.pcAt(index, offset) as number;
  }

  /** Where the plain code for the instruction at an offset is; undefined if control never comes there. */
  pcAt(index: number, offset: number): number | undefined {
    return this.plainOf(index).byOffset.get(offset)?.pc;
  }

  /** Where the fast code behind a call is, or its beginning; undefined if no safe point in it has that offset. */
  fastPcAt(index: number, offset: number): number | undefined {
    return this.fastOf(index).byOffset.get(offset)?.pc;
  }

  /** What is known of a safe point, in fast or plain code. */
  safePointAt(index: number, pc: number): SafePoint | undefined {
    return this.fastOf(index).byPc.get(pc) ?? this.plainOf(index).byPc.get(pc);
  }

  /** What the stretch from a safe point on costs. */
  costAt(index: number, pc: number): number {
    return this.safePointAt(index, pc)?.cost ?? 0;
  }

  /** What is known of an instruction at which the machine has stopped. */
  stopperAt(index: number, pc: number): Stopper | undefined {
    return this.fastOf(index).stoppers.get(pc) ?? this.plainOf(index).stoppers.get(pc);
  }

  /** The registers that a function's frame takes. */
  frameSize(index: number): number {
    const entry = this.entryOf(index); // First, as it may move the code.
    return this.code[entry - headerLength] as number;
  }

  private fastOf(index: number): Installed {
    const known = this.fast.get(index);
    if (known !== undefined) return known;
    const made = this.install(compile(this.module, index));
    this.entries[index] = made.start + headerLength;
    this.fast.set(index, made);
    return made;
  }

  private plainOf(index: number): Installed {
    const known = this.plain.get(index);
    if (known !== undefined) return known;
    const made = this.install(compile(this.module, index, this.fastOf(index).byOffset));
    this.plain.set(index, made);
    return made;
  }

  private install(compiled: CompiledFunction): Installed {
    const { code, pcOperands } = compiled;
    const start = this.used;
    if (start + code.length > this.code.length) {
      const larger = new Int32Array(Math.max(2 * this.code.length, start + code.length));
      larger.set(this.code);
      this.code = larger;
    }
    for (const at of pcOperands) code[at] = (code[at] as number) + start;
    this.code.set(code, start);
    this.used += code.length;
    return new Installed(compiled, start);
  }
}
