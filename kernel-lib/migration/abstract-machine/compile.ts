import { CodeWriter, type Words } from "./code-writer.js";
import { Op } from "./interpreter.js";
import { type Body, localType, type Module, type Signature, signatureOf } from "./module.js";
import { Instruction, i32, isWide, type TypeCode } from "./opcodes.js";
import { Reader } from "./reader.js";
import { blockSignature } from "./validate.js";

/** A point in internal code where the state of the machine is the source's: no value is anywhere but in its own slot. */
export interface SafePoint {
  /** Where it is in the internal code. */
  readonly pc: number;
  /** Byte offset of the source instruction that comes next. */
  readonly offset: number;
  /** Source instructions from here to the next safe point. */
  readonly cost: number;
  /** Byte offset of the call that it is right behind, else −1. */
  readonly call: number;
}

/** An instruction that may stop the machine. */
export interface Stopper {
  readonly pc: number;
  readonly offset: number;
  /** Source instructions already paid that come after it. */
  readonly unused: number;
}

/** A function in internal code. */
export interface CompiledFunction {
  /** The code behind its header; all positions count from its beginning. */
  readonly code: Int32Array;
  /** Which words of the code are positions in it. */
  readonly pcOperands: readonly number[];
  readonly safePoints: readonly SafePoint[];
  readonly stoppers: readonly Stopper[];
}

/** Header in front of a function's first instruction: registers of its frame, which of them are zero at first (from, to), its cost. */
export const headerLength = 4;

/** Where a value of the stack is: in its own slot, still in a local or global (perhaps with a constant to be added), or nowhere yet, as it is a constant. */
const Where = { slot: 0, local: 1, global: 2, constant: 3 } as const;
type Where = (typeof Where)[keyof typeof Where];

interface Value {
  where: Where;
  type: TypeCode;
  /** Register of the local, place of the global, or low half of the constant. */
  low: number;
  /** High half of the constant, or what is to be added to the local or global. */
  high: number;
}

interface Label {
  pc: number;
  offset: number;
  cost: number;
  call: number;
  /** The same place as another one. */
  alias: Label | undefined;
}

interface Control {
  readonly code: number;
  /** Values below its parameters. */
  readonly height: number;
  readonly signature: Signature;
  /** Where a jump to it goes: for a loop its beginning, else its end. */
  readonly label: Label;
  labelUsed: boolean;
  /** Where `if` goes when its condition is false. */
  otherwise: Label | undefined;
}

// Comparisons of i32, in the order of the opcodes from i32.eq: eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u.
const firstComparison = 0x46;
const lastComparison = 0x4f;
const opposite = [1, 0, 8, 9, 6, 7, 4, 5, 2, 3];
const swapped = [0, 1, 4, 5, 2, 3, 8, 9, 6, 7];
const lessSigned = 2;
const notLessSigned = 8;

/** Comparisons of i64: jumps if true and if false, and whether the latter wants its operands swapped. */
const wideJumps: ReadonlyMap<Op, readonly [Op, Op, boolean]> = new Map([
  [Op.i64Eq, [Op.jumpI64Eq, Op.jumpI64Ne, false]],
  [Op.i64Ne, [Op.jumpI64Ne, Op.jumpI64Eq, false]],
  [Op.i64LtS, [Op.jumpI64LtS, Op.jumpI64LeS, true]],
  [Op.i64LtU, [Op.jumpI64LtU, Op.jumpI64LeU, true]],
  [Op.i64LeS, [Op.jumpI64LeS, Op.jumpI64LtS, true]],
  [Op.i64LeU, [Op.jumpI64LeU, Op.jumpI64LtU, true]],
]);

/** Whether an operation makes a comparison that can be part of a jump. */
const isComparison = (op: Op): boolean =>
  op === Op.i32Eqz || (op >= Op.i32Eq && op <= Op.i32GeUConst) || wideJumps.has(op);

/** i32 arithmetic: opcode to its operation on registers, and on a register and a constant. */
const arithmetic: ReadonlyMap<number, readonly [Op, Op | undefined]> = new Map([
  [0x6a, [Op.i32Add, Op.i32AddConst]],
  [0x6b, [Op.i32Sub, Op.i32SubConst]],
  [0x6c, [Op.i32Mul, Op.i32MulConst]],
  [0x71, [Op.i32And, Op.i32AndConst]],
  [0x72, [Op.i32Or, Op.i32OrConst]],
  [0x73, [Op.i32Xor, Op.i32XorConst]],
  [0x74, [Op.i32Shl, Op.i32ShlConst]],
  [0x75, [Op.i32ShrS, Op.i32ShrSConst]],
  [0x76, [Op.i32ShrU, Op.i32ShrUConst]],
  [0x77, [Op.i32Rotl, Op.i32RotlConst]],
  [0x78, [Op.i32Rotr, undefined]],
]);

const addition = 0x6a;
const subtraction = 0x6b;
const commutative = new Set([0x6a, 0x6c, 0x71, 0x72, 0x73]);

/** Other operations of two registers; `true`: with the operands swapped. */
const binaries: ReadonlyMap<number, readonly [Op, boolean]> = new Map([
  [0x51, [Op.i64Eq, false]],
  [0x52, [Op.i64Ne, false]],
  [0x53, [Op.i64LtS, false]],
  [0x54, [Op.i64LtU, false]],
  [0x55, [Op.i64LtS, true]],
  [0x56, [Op.i64LtU, true]],
  [0x57, [Op.i64LeS, false]],
  [0x58, [Op.i64LeU, false]],
  [0x59, [Op.i64LeS, true]],
  [0x5a, [Op.i64LeU, true]],
  [0x5b, [Op.f32Eq, false]],
  [0x5c, [Op.f32Ne, false]],
  [0x5d, [Op.f32Lt, false]],
  [0x5e, [Op.f32Lt, true]],
  [0x5f, [Op.f32Le, false]],
  [0x60, [Op.f32Le, true]],
  [0x61, [Op.f64Eq, false]],
  [0x62, [Op.f64Ne, false]],
  [0x63, [Op.f64Lt, false]],
  [0x64, [Op.f64Lt, true]],
  [0x65, [Op.f64Le, false]],
  [0x66, [Op.f64Le, true]],
  [0x7c, [Op.i64Add, false]],
  [0x7d, [Op.i64Sub, false]],
  [0x7e, [Op.i64Mul, false]],
  [0x83, [Op.i64And, false]],
  [0x84, [Op.i64Or, false]],
  [0x85, [Op.i64Xor, false]],
  [0x86, [Op.i64Shl, false]],
  [0x87, [Op.i64ShrS, false]],
  [0x88, [Op.i64ShrU, false]],
  [0x92, [Op.f32Add, false]],
  [0x93, [Op.f32Sub, false]],
  [0x94, [Op.f32Mul, false]],
  [0x95, [Op.f32Div, false]],
  [0xa0, [Op.f64Add, false]],
  [0xa1, [Op.f64Sub, false]],
  [0xa2, [Op.f64Mul, false]],
  [0xa3, [Op.f64Div, false]],
]);

/** Other operations of one register. */
const unaries: ReadonlyMap<number, Op> = new Map([
  [0x45, Op.i32Eqz],
  [0x50, Op.i64Eqz],
  [0x9f, Op.f64Sqrt],
  [0xac, Op.i64ExtendS],
  [0xad, Op.i64ExtendU],
  [0xb7, Op.f64ConvertS],
  [0xb8, Op.f64ConvertU],
]);

/** Instructions that change a value's type and none of the bits that it has. */
const reinterpreting = new Set([0xa7, 0xbc, 0xbd, 0xbe, 0xbf]);

const loads: readonly Op[] = [
  Op.load32,
  Op.load64,
  Op.load32,
  Op.load64,
  Op.load8S,
  Op.load8U,
  Op.load16S,
  Op.load16U,
  Op.load8S64,
  Op.load8U64,
  Op.load16S64,
  Op.load16U64,
  Op.load32S64,
  Op.load32U64,
];
const stores: readonly Op[] = [
  Op.store32,
  Op.store64,
  Op.store32,
  Op.store64,
  Op.store8,
  Op.store16,
  Op.store8,
  Op.store16,
  Op.store32,
];

/** Values above the lowest that is not in its slot, at most: what a write to a local has to look through. */
const mostLazy = 64;

/**
 * Translates one valid function into internal code.
 *
 * Fast code works on registers: a `local.get` or a constant becomes an operand of the instruction that uses it, a `local.set` the target of the one
 * before it, a comparison part of its jump. At every safe point, where control may turn, all values are in their slots.
 * Plain code does each source instruction for itself and has a safe point before each; it is what the machine runs when it must stop in the middle of
 * a stretch of fast code, and until it meets the beginning of the next.
 *
 * @param fast for plain code: the safe points of the fast code
 */
export function compile(module: Module, index: number, fast?: ReadonlyMap<number, SafePoint>): CompiledFunction {
  return new Compiler(module, index, fast).compile();
}

class Compiler {
  private readonly signature: Signature;
  private readonly body: Body;
  private readonly reader: Reader;
  private readonly instruction = new Instruction();
  private readonly out = new CodeWriter(headerLength);
  private readonly values: Value[] = [];
  /** All values below it are in their slots. */
  private settled = 0;
  private most = 0;
  private readonly controls: Control[] = [];
  private readonly labels: Label[] = [];
  /** Operands to fill in at the end: a label's pc, or its cost. */
  private readonly pcs: { at: number; label: Label }[] = [];
  private readonly costs: { at: number; label: Label }[] = [];
  private readonly stops: { pc: number; offset: number; label: Label; spent: number }[] = [];
  /** The stretch that is being written; undefined where control never comes. */
  private current: Label | undefined;

  constructor(
    private readonly module: Module,
    index: number,
    private readonly fast: ReadonlyMap<number, SafePoint> | undefined,
  ) {
    this.signature = signatureOf(module, index);
    this.body = module.bodies[index - module.importedFunctions] as Body;
    this.reader = new Reader(module.bytes, this.body.start, this.body.end);
  }

  compile(): CompiledFunction {
    const { reader, instruction, out, body } = this;
    const start = this.newLabel();
    this.place(start, body.start);
    this.open(0, { params: [], results: this.signature.results }, this.newLabel());
    while (this.controls.length > 0) {
      instruction.read(reader);
      const { code } = instruction;
      if (this.current === undefined && code !== 0x0b && code !== 0x05) {
        if (code >= 0x02 && code <= 0x04) this.skip();
        continue;
      }
      this.begin();
      this.translate();
      if (this.fast !== undefined && this.current !== undefined) this.settle();
    }
    out.fill(0, 2 * (body.localCount + this.most + 3));
    out.fill(1, 2 * this.signature.params.length);
    out.fill(2, 2 * body.localCount);
    out.fill(3, start.cost);
    for (const { at, label } of this.pcs) out.fill(at, resolve(label).pc);
    for (const { at, label } of this.costs) out.fill(at, resolve(label).cost);
    return {
      code: out.finish(),
      pcOperands: this.pcs.map(({ at }) => at),
      safePoints: this.labels
        .filter(({ pc }) => pc >= 0)
        .map(({ pc, offset, cost, call }) => ({ pc, offset, cost, call })),
      stoppers: this.stops.map(({ pc, offset, label, spent }) => ({ pc, offset, unused: label.cost - spent })),
    };
  }

  // Before every instruction that is reached: counts it, and in plain code gives it a safe point of its own.
  private begin(): void {
    const { code, offset } = this.instruction;
    const counts = code !== 0x0b && code !== 0x05;
    if (this.fast === undefined) {
      if (counts && this.current) this.current.cost++;
      return;
    }
    if (this.current === undefined) return;
    const label = this.newLabel();
    label.pc = this.out.length;
    label.offset = offset;
    this.current = label;
    if (!counts) return;
    const place = this.fast.get(offset);
    this.out.emit(Op.step, place?.pc ?? 0, place?.cost ?? -1);
  }

  private newLabel(): Label {
    const label: Label = { pc: -1, offset: -1, cost: 0, call: -1, alias: undefined };
    this.labels.push(label);
    return label;
  }

  // Begins a stretch at a label. All values are in their slots.
  private place(label: Label, offset: number): void {
    if (this.current !== undefined) this.emitCost(Op.fuel, label);
    label.pc = this.out.length;
    label.offset = offset;
    this.current = label;
    this.out.seal();
  }

  // Begins a stretch right behind an operation that pays for it with its last operand.
  private placeBehind(offset: number, call = -1): void {
    const label = this.newLabel();
    this.costs.push({ at: this.out.length, label });
    this.out.emit(0);
    label.pc = this.out.length;
    label.offset = offset;
    label.call = call;
    this.current = label;
  }

  private emitCost(op: Op, label: Label): void {
    this.out.emit(op);
    this.costs.push({ at: this.out.length, label });
    this.out.emit(0);
  }

  private emitTarget(label: Label): void {
    this.pcs.push({ at: this.out.length, label });
    this.costs.push({ at: this.out.length + 1, label });
    this.out.emit(0, 0);
  }

  private mayStop(): void {
    const label = this.current as Label;
    this.stops.push({ pc: this.out.length, offset: this.instruction.offset, label, spent: label.cost });
  }

  private slot(height: number): number {
    return 2 * (this.body.localCount + height);
  }

  private push(type: TypeCode): void {
    this.values.push({ where: Where.slot, type, low: 0, high: 0 });
    if (this.values.length > this.most) this.most = this.values.length;
  }

  private pushAll(types: readonly TypeCode[]): void {
    for (const type of types) this.push(type);
  }

  private popped(count = 1): void {
    this.values.length -= count;
    if (this.settled > this.values.length) this.settled = this.values.length;
  }

  private valueAt(height: number): Value {
    return this.values[height] as Value;
  }

  // The register that holds a value; a constant is first written into its slot.
  private register(height: number): number {
    const value = this.valueAt(height);
    if (value.where === Where.local && value.high === 0) return value.low;
    if (value.where !== Where.slot) this.moveTo(this.slot(height), value);
    value.where = Where.slot;
    return this.slot(height);
  }

  // Writes a value that is not in its slot into a register.
  private moveTo(register: number, { where, type, low, high }: Value): void {
    if (where === Where.global) {
      if (isWide(type)) this.out.write(Op.globalGet64, register, low);
      else this.out.write(Op.globalGet32, register, low, high);
    } else if (where === Where.local) {
      if (high !== 0) this.out.write(Op.i32AddConst, register, low, high);
      else if (low !== register) this.move(register, low, type);
    } else if (isWide(type)) this.out.write(Op.const64, register, low, high);
    else this.out.write(Op.const32, register, low);
  }

  private move(to: number, from: number, type: TypeCode): void {
    this.out.write(isWide(type) ? Op.move64 : Op.move32, to, from);
  }

  // Brings every value up to a height into its slot.
  private settle(height = this.values.length): void {
    for (let i = this.settled; i < height; i++) {
      const value = this.valueAt(i);
      if (value.where === Where.slot) continue;
      this.moveTo(this.slot(i), value);
      value.where = Where.slot;
    }
    if (height > this.settled) this.settled = height;
  }

  // An operation that makes a value; its target is its first operand, the slot on top of the stack.
  private produce(op: Op, type: TypeCode, ...operands: number[]): void {
    this.out.write(op, this.slot(this.values.length), ...operands);
    this.push(type);
  }

  // Takes back the instruction that has just written the value on top of the stack into its slot, if it is wanted.
  private takeBack(isWanted: (instruction: Words) => boolean): Words | undefined {
    const height = this.values.length - 1;
    return this.valueAt(height).where === Where.slot ? this.out.takeBack(this.slot(height), isWanted) : undefined;
  }

  private constant(height: number): Value | undefined {
    const value = this.valueAt(height);
    return value.where === Where.constant ? value : undefined;
  }

  private open(code: number, signature: Signature, label: Label, otherwise?: Label): void {
    const height = this.values.length - signature.params.length;
    this.controls.push({ code, height, signature, label, labelUsed: false, otherwise });
  }

  // Passes over a block that is never reached.
  private skip(): void {
    for (let depth = 1; depth > 0; ) {
      this.instruction.read(this.reader);
      const { code } = this.instruction;
      if (code >= 0x02 && code <= 0x04) depth++;
      else if (code === 0x0b) depth--;
    }
  }

  private leave(): void {
    this.current = undefined;
  }

  private translate(): void {
    const { module, instruction, reader, values } = this;
    const { code, opcode, a, b } = instruction;
    switch (code) {
      case 0x00:
        this.mayStop();
        this.out.emit(Op.unreachable);
        return this.leave();
      case 0x01:
        return;
      case 0x02: {
        this.settle();
        return this.open(code, blockSignature(module, a) as Signature, this.newLabel());
      }
      case 0x03: {
        this.settle();
        const label = this.newLabel();
        this.place(label, reader.at);
        return this.open(code, blockSignature(module, a) as Signature, label);
      }
      case 0x04: {
        const otherwise = this.newLabel();
        this.jumpOn(false, otherwise, true);
        return this.open(code, blockSignature(module, a) as Signature, this.newLabel(), otherwise);
      }
      case 0x05:
        return this.translateElse();
      case 0x0b:
        return this.translateEnd();
      case 0x0c:
        this.jump(a);
        return this.leave();
      case 0x0d:
        return this.translateBranch(a);
      case 0x0e:
        return this.translateTable();
      case 0x0f:
        this.emitReturn();
        return this.leave();
      case 0x10:
        return this.translateCall(signatureOf(module, a));
      case 0x11:
        return this.translateCall(module.types[a] as Signature);
      case 0x1a:
        return this.popped();
      case 0x1b:
      case 0x1c:
        return this.translateSelect();
      case 0x20:
        return this.pushLazy(Where.local, localType(this.signature, this.body, a), 2 * a, 0);
      case 0x21:
      case 0x22:
        return this.setLocal(2 * a, code === 0x22);
      case 0x23: {
        const { type = i32 } = module.globals[a] ?? {};
        return this.pushLazy(Where.global, type, 2 * a, 0);
      }
      case 0x24:
        return this.setGlobal(2 * a);
      case 0x3f:
        return this.produce(Op.memorySize, i32);
      case 0x40: {
        const by = this.register(values.length - 1);
        this.popped();
        return this.produce(Op.memoryGrow, i32, by);
      }
      case 0x41:
      case 0x42:
      case 0x43:
      case 0x44: {
        const type = opcode.results[0] as TypeCode;
        return this.pushLazy(Where.constant, type, a, isWide(type) ? b : 0);
      }
      default:
        if (code >= 0x108) return this.translateBulk();
        if (opcode.immediates === "address") return this.translateAccess();
        if (opcode.params.length === 2) return this.translateBinary();
        return this.translateUnary();
    }
  }

  private pushLazy(where: Where, type: TypeCode, low: number, high: number): void {
    this.values.push({ where, type, low, high });
    if (this.values.length > this.most) this.most = this.values.length;
    this.limitLazy();
  }

  private limitLazy(): void {
    if (this.values.length - this.settled > mostLazy) this.settle();
  }

  // Before a local or global is written: the values below a height that are still in it go to their slots.
  private release(where: Where, low: number, height: number): void {
    for (let i = this.settled; i < height; i++) {
      const value = this.valueAt(i);
      if (value.where !== where || value.low !== low) continue;
      this.moveTo(this.slot(i), value);
      value.where = Where.slot;
    }
  }

  private setGlobal(place: number): void {
    const height = this.values.length - 1;
    const value = this.valueAt(height);
    this.release(Where.global, place, height);
    if (value.where === Where.global && value.low === place) {
      if (value.high !== 0) this.out.emit(Op.globalAddConst, place, value.high);
    } else this.out.emit(isWide(value.type) ? Op.globalSet64 : Op.globalSet32, place, this.register(height));
    this.popped();
  }

  private setLocal(register: number, tee: boolean): void {
    const height = this.values.length - 1;
    const value = this.valueAt(height);
    const isSame = value.where === Where.local && value.low === register && value.high === 0;
    if (!isSame) {
      this.release(Where.local, register, height);
      const from = this.slot(height);
      if (value.where !== Where.slot) this.moveTo(register, value);
      else if (!this.out.redirect(from, register)) this.move(register, from, value.type);
    }
    if (!tee) return this.popped();
    if (this.settled > height) this.settled = height;
    value.where = Where.local;
    value.low = register;
    value.high = 0;
    this.limitLazy();
  }

  // A comparison that has just been made is taken back, to become part of a jump.
  private takeComparison(): ((wanted: boolean) => void) | undefined {
    const slot = this.slot(this.values.length - 1);
    const [op, , x = 0, y = 0] = this.takeBack(([op]) => isComparison(op as Op)) ?? [];
    if (op === undefined) return undefined;
    const wide = wideJumps.get(op);
    if (wide !== undefined) {
      const [onTrue, onFalse, isSwapped] = wide;
      return (wanted) =>
        wanted || !isSwapped ? this.out.emit(wanted ? onTrue : onFalse, x, y) : this.out.emit(onFalse, y, x);
    }
    if (op === Op.i32Eqz) return (wanted) => this.out.emit(wanted ? Op.jumpUnless : Op.jumpIf, x);
    const isConst = op >= Op.i32EqConst;
    const comparison = op - (isConst ? Op.i32EqConst : Op.i32Eq);
    // The check of a stack pointer, which compilers put into every function: a global, read for this comparison alone, and a constant.
    const isCheck = isConst && (comparison === lessSigned || comparison === notLessSigned);
    const isRead = ([op, , , plus]: Words) => op === Op.globalGet32 && plus === 0;
    const [, , global] = (isCheck && x === slot ? this.out.takeBack(x, isRead) : undefined) ?? [];
    return (wanted) => {
      const which = wanted ? comparison : (opposite[comparison] as number);
      if (global !== undefined)
        this.out.emit(which === lessSigned ? Op.jumpLtSGlobalConst : Op.jumpGeSGlobalConst, global, y);
      else if (isConst && y === 0 && which <= 1) this.out.emit(which === 0 ? Op.jumpUnless : Op.jumpIf, x);
      else this.out.emit((isConst ? Op.jumpEqConst : Op.jumpEq) + which, x, y);
    };
  }

  // Takes the condition from the stack and jumps to a label if it is, or is not, 0. What follows is a stretch of its own if `isSafePoint`.
  private jumpOn(wanted: boolean, label: Label, isSafePoint: boolean): void {
    const comparison = this.takeComparison();
    const condition = comparison === undefined ? this.register(this.values.length - 1) : 0;
    this.popped();
    this.settle();
    if (comparison === undefined) this.out.emit(wanted ? Op.jumpIf : Op.jumpUnless, condition);
    else comparison(wanted);
    this.emitTarget(label);
    if (isSafePoint) this.placeBehind(this.reader.at);
    else this.out.emit(0);
  }

  // Puts the topmost values where a label wants them.
  private bring(count: number, height: number): void {
    const from = this.values.length - count;
    for (let i = 0; i < count; i++) {
      const value = this.valueAt(from + i);
      const to = this.slot(height + i);
      if (value.where !== Where.slot) this.moveTo(to, value);
      else if (from !== height) this.move(to, this.slot(from + i), value.type);
    }
  }

  private labelArity(control: Control): number {
    return (control.code === 0x03 ? control.signature.params : control.signature.results).length;
  }

  private controlAt(depth: number): Control {
    return this.controls[this.controls.length - 1 - depth] as Control;
  }

  private jump(depth: number): void {
    const control = this.controlAt(depth);
    if (control.code === 0) return this.emitReturn();
    this.bring(this.labelArity(control), control.height);
    control.labelUsed = true;
    this.out.emit(Op.jump);
    this.emitTarget(control.label);
  }

  private translateBranch(depth: number): void {
    const control = this.controlAt(depth);
    const arity = this.labelArity(control);
    const inPlace = arity === 0 || this.values.length - 1 - arity === control.height;
    if (control.code !== 0 && inPlace) {
      control.labelUsed = true;
      return this.jumpOn(true, control.label, true);
    }
    const behind = this.newLabel();
    this.jumpOn(false, behind, false);
    this.jump(depth);
    this.leave();
    this.place(behind, this.reader.at);
  }

  private translateTable(): void {
    const { labels } = this.instruction;
    const index = this.register(this.values.length - 1);
    this.popped();
    this.settle();
    this.out.emit(Op.jumpTable, index, labels.length - 1);
    const detours = new Map<number, number[]>();
    for (const depth of labels) {
      const control = this.controlAt(depth);
      const arity = this.labelArity(control);
      if (control.code !== 0 && (arity === 0 || this.values.length - arity === control.height)) {
        control.labelUsed = true;
        this.emitTarget(control.label);
      } else {
        const operands = detours.get(depth);
        if (operands === undefined) detours.set(depth, [this.out.length]);
        else operands.push(this.out.length);
        this.out.emit(0, 0);
      }
    }
    for (const [depth, operands] of detours) {
      const detour: Label = { pc: this.out.length, offset: -1, cost: 0, call: -1, alias: undefined };
      for (const at of operands) this.pcs.push({ at, label: detour });
      this.jump(depth);
    }
    this.leave();
  }

  private emitReturn(): void {
    const count = this.signature.results.length;
    const height = this.values.length - count;
    if (count === 0) this.out.emit(Op.return0);
    else if (count === 1)
      this.out.emit(isWide(this.signature.results[0] as TypeCode) ? Op.return64 : Op.return32, this.register(height));
    else {
      for (let i = height; i < this.values.length; i++) {
        const value = this.valueAt(i);
        if (value.where !== Where.slot) this.moveTo(this.slot(i), value);
      }
      this.out.emit(Op.returnMany, count, this.slot(height));
    }
  }

  private translateCall({ params, results }: Signature): void {
    const { a, code, offset } = this.instruction;
    const index = code === 0x11 ? this.register(this.values.length - 1) : 0;
    if (code === 0x11) this.popped();
    this.settle();
    const height = this.values.length - params.length;
    this.mayStop();
    if (code === 0x11) this.out.emit(Op.callIndirect, index, this.module.sameType[a] as number, this.slot(height));
    else this.out.emit(Op.call, a, this.slot(height));
    this.popped(params.length);
    this.pushAll(results);
    this.settled = this.values.length;
    this.placeBehind(this.reader.at, offset);
  }

  private translateSelect(): void {
    const height = this.values.length - 3;
    const condition = this.register(height + 2);
    const second = this.register(height + 1);
    const first = this.register(height);
    const { type } = this.valueAt(height);
    this.popped(3);
    this.produce(isWide(type) ? Op.select64 : Op.select32, type, first, second, condition);
  }

  private translateElse(): void {
    const control = this.controls.pop() as Control;
    if (this.current !== undefined) {
      this.settle();
      control.labelUsed = true;
      this.out.emit(Op.jump);
      this.emitTarget(control.label);
    }
    this.restack(control, control.signature.params);
    this.leave();
    this.place(control.otherwise as Label, this.reader.at);
    this.controls.push({ ...control, otherwise: undefined });
  }

  private restack(control: Control, types: readonly TypeCode[]): void {
    this.popped(this.values.length - control.height);
    this.pushAll(types);
    this.settled = this.values.length;
  }

  private translateEnd(): void {
    const control = this.controls.pop() as Control;
    if (control.code === 0) {
      if (this.current !== undefined) this.emitReturn();
      return;
    }
    const isLabel = control.code !== 0x03 && (control.labelUsed || control.otherwise !== undefined);
    if (this.current !== undefined) {
      if (!isLabel) return;
      this.settle();
    } else this.restack(control, control.signature.results);
    const label = control.code === 0x03 ? this.newLabel() : control.label;
    if (control.otherwise !== undefined) control.otherwise.alias = label;
    this.place(label, this.reader.at);
  }

  private translateUnary(): void {
    const { code, opcode } = this.instruction;
    const height = this.values.length - 1;
    const type = opcode.results[0] as TypeCode;
    if (reinterpreting.has(code)) {
      const value = this.valueAt(height);
      if (value.where === Where.slot) {
        value.type = type;
        return;
      }
      if (value.where === Where.constant && !isWide(type)) value.high = 0;
      value.type = type;
      return;
    }
    const from = this.register(height);
    this.popped();
    const op = unaries.get(code);
    if (op !== undefined) return this.produce(op, type, from);
    if (code >= 0xa8 && code <= 0xb1) this.mayStop();
    this.produce(Op.unary, type, from, code);
  }

  private translateBinary(): void {
    const { code, opcode } = this.instruction;
    const type = opcode.results[0] as TypeCode;
    const height = this.values.length - 2;
    const arith = arithmetic.get(code);
    if (arith !== undefined || (code >= firstComparison && code <= lastComparison))
      return this.translateI32(code, arith);
    const [op, isSwapped] = binaries.get(code) ?? [];
    const second = this.register(height + 1);
    const first = this.register(height);
    this.popped(2);
    if (op !== undefined)
      return isSwapped ? this.produce(op, type, second, first) : this.produce(op, type, first, second);
    if (code < 0x96) this.mayStop();
    this.produce(Op.binary, type, first, second, code);
  }

  private translateI32(code: number, arith: readonly [Op, Op | undefined] | undefined): void {
    const height = this.values.length - 2;
    const right = this.constant(height + 1);
    const left = this.constant(height);
    const which = code - firstComparison;
    if (this.addLater(code, height)) return;
    const withConstant = arith === undefined ? Op.i32EqConst + which : arith[1];
    if (right !== undefined && left === undefined) return this.withConstant(withConstant, height, right.low);
    if (left !== undefined && right === undefined && (arith === undefined || commutative.has(code))) {
      const second = this.register(height + 1);
      this.popped(2);
      const op = arith === undefined ? Op.i32EqConst + (swapped[which] as number) : (arith[1] as Op);
      return this.produce(op, i32, second, left.low);
    }
    if (code === addition && this.addShifted(height)) return;
    const second = this.register(height + 1);
    const first = this.register(height);
    this.popped(2);
    this.produce(arith === undefined ? Op.i32Eq + which : arith[0], i32, first, second);
  }

  // An operation of a value and a constant on its right; none stands for a rotation to the right.
  private withConstant(op: Op | undefined, height: number, constant: number): void {
    const first = this.register(height);
    this.popped(2);
    if (op === undefined) this.produce(Op.i32RotlConst, i32, first, -constant & 31);
    else this.produce(op, i32, first, constant);
  }

  // A constant that is added to a local or a global stays with it, until the sum is used: often it is an address.
  private addLater(code: number, height: number): boolean {
    const [x, y] = [this.valueAt(height), this.valueAt(height + 1)];
    const isSum = code === addition && x.where === Where.constant;
    const [value, constant] = isSum ? [y, x] : [x, y];
    if (this.fast !== undefined || constant.where !== Where.constant || (code !== addition && code !== subtraction))
      return false;
    if (value.where !== Where.local && value.where !== Where.global) return false;
    const { where, low, high } = value;
    this.popped(2);
    this.pushLazy(where, i32, low, (high + (code === addition ? constant.low : -constant.low)) | 0);
    return true;
  }

  // An index that was just scaled is added to an address in one step.
  private addShifted(height: number): boolean {
    const [op, , x = 0, by = 0] = this.takeBack(([op]) => op === Op.i32ShlConst) ?? [];
    if (op === undefined) return false;
    const first = this.register(height);
    this.popped(2);
    this.produce(Op.i32AddShl, i32, first, x, by);
    return true;
  }

  private translateAccess(): void {
    const { code, b, opcode } = this.instruction;
    const offset = Math.min(b, 0x7fffffff);
    const [type] = opcode.results;
    if (type !== undefined) {
      const { base, plus, isGlobal } = this.addressAt(this.values.length - 1, code === 0x28);
      this.popped();
      this.mayStop();
      return this.produce(isGlobal ? Op.load32Global : (loads[code - 0x28] as Op), type, base, plus, offset);
    }
    const isWord = code === 0x36 || code === 0x38;
    const constant = isWord ? this.constant(this.values.length - 1) : undefined;
    const value = constant?.low ?? this.register(this.values.length - 1);
    const { base, plus, isGlobal } = this.addressAt(this.values.length - 2, isWord);
    this.popped(2);
    this.mayStop();
    const ofConstant = isGlobal ? Op.store32GlobalConst : Op.store32Const;
    const ofRegister = isGlobal ? Op.store32Global : (stores[code - 0x36] as Op);
    this.out.emit(constant === undefined ? ofRegister : ofConstant, base, value, plus, offset);
  }

  // An address as the sum of a register, or a global, and a constant.
  private addressAt(height: number, mayBeGlobal: boolean): { base: number; plus: number; isGlobal: boolean } {
    const { where, low, high } = this.valueAt(height);
    if (where === Where.local) return { base: low, plus: high, isGlobal: false };
    if (where === Where.global && mayBeGlobal) return { base: low, plus: high, isGlobal: true };
    return { base: this.register(height), plus: 0, isGlobal: false };
  }

  private translateBulk(): void {
    const { code, a, opcode } = this.instruction;
    const count = opcode.params.length;
    this.settle();
    const from = this.slot(this.values.length - count);
    this.popped(count);
    this.mayStop();
    this.out.emit(Op.bulk, code, a, from);
  }
}

function resolve(label: Label): Label {
  let at = label;
  while (at.alias !== undefined) at = at.alias;
  return at;
}
