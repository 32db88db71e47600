import { type Body, localType, type Module, type Signature, signatureOf } from "./module.js";
import { Instruction, i32, type TypeCode, typeName } from "./opcodes.js";
import { type Proposal, proposals } from "./proposals.js";
import { Reader } from "./reader.js";

/** How many values all jumps of a module may carry along: each is an instruction of its own in internal code. */
const mostCarried = 1_048_576;

/** The type of a value in code that is never reached: fits everything. */
const unknown: TypeCode = 0;

const show = (code: TypeCode): string => typeName(code) ?? "any";

interface Control {
  /** Opcode that opened it; 0 for the body itself. */
  readonly code: number;
  readonly params: readonly TypeCode[];
  readonly results: readonly TypeCode[];
  readonly height: number;
  unreachable: boolean;
}

/** What the type check knows before an instruction. */
export interface StackTypes {
  /** Types of the values on the stack, the deepest first. */
  readonly types: readonly TypeCode[];
  /** Type that the call before it has, if it is right behind one. */
  readonly called: Signature | undefined;
}

/** A stack of types: places that have the lower part of it in common share it. */
interface Cell {
  readonly type: TypeCode;
  readonly below: Cell | undefined;
}

class TypesBehindCall implements StackTypes {
  constructor(
    private readonly top: Cell | undefined,
    readonly called: Signature,
  ) {}

  get types(): readonly TypeCode[] {
    const types: TypeCode[] = [];
    for (let cell = this.top; cell !== undefined; cell = cell.below) types.push(cell.type);
    return types.reverse();
  }
}

/** The type that a block's first immediate names. */
export function blockSignature(module: Module, a: number): Signature | undefined {
  if (a >= 0) return module.types[a];
  return { params: [], results: a === -1 ? [] : [a + 0x81] };
}

/** Checks the types of one function's body, by the algorithm in the specification's appendix. */
class BodyCheck {
  private readonly reader: Reader;
  private readonly instruction = new Instruction();
  private readonly values: TypeCode[] = [];
  private readonly controls: Control[] = [];
  /** How many of the controls are in code that is never reached. */
  private unreached = 0;
  /** The lower part of the values as cells, as far as it has been needed. */
  private readonly cells: Cell[] = [];
  private readonly signature: Signature;
  private called: Signature | undefined;

  constructor(
    private readonly module: Module,
    index: number,
    private readonly body: Body,
  ) {
    this.reader = new Reader(module.bytes, body.start, body.end);
    this.signature = signatureOf(module, index);
    this.controls.push({ code: 0, params: [], results: this.signature.results, height: 0, unreachable: false });
  }

  /** Values that its jumps carry along. */
  carried = 0;

  /** Checks all instructions. */
  run(): void {
    while (this.controls.length > 0) this.step();
    if (this.reader.at !== this.reader.end) this.fail("operators after the end of the function", this.reader.at);
  }

  /** What is known at an offset, if it can be reached. */
  at(offset: number): StackTypes | undefined {
    while (this.controls.length > 0 && this.reader.at < offset) this.step();
    if (this.controls.length === 0 || this.reader.at !== offset || this.unreached > 0) return undefined;
    return { types: [...this.values], called: this.called };
  }

  /** What is known behind every call that can be reached, by offset. */
  behindCalls(): Map<number, StackTypes> {
    const places = new Map<number, StackTypes>();
    while (this.controls.length > 0) {
      this.step();
      if (this.called === undefined || this.unreached > 0) continue;
      for (let i = this.cells.length; i < this.values.length; i++)
        this.cells.push({ type: this.values[i] as TypeCode, below: this.cells[i - 1] });
      places.set(this.reader.at, new TypesBehindCall(this.cells.at(-1), this.called));
    }
    return places;
  }

  private step(): void {
    this.instruction.read(this.reader);
    this.called = undefined;
    this.check();
  }

  private fail(reason: string, offset = this.instruction.offset, proposal?: Proposal): never {
    return this.reader.fail(`${this.instruction.opcode.name}: ${reason}`, offset, proposal);
  }

  private top(): Control {
    return this.controls[this.controls.length - 1] as Control;
  }

  private pop(wanted: TypeCode): TypeCode {
    const top = this.top();
    if (this.values.length === top.height) {
      if (!top.unreachable) this.fail(`type mismatch: wanted ${show(wanted)}, the stack is empty`);
      return unknown;
    }
    const got = this.values.pop() as TypeCode;
    this.forgetCells();
    if (got !== wanted && got !== unknown && wanted !== unknown)
      this.fail(`type mismatch: wanted ${show(wanted)}, got ${show(got)}`);
    return got;
  }

  private forgetCells(): void {
    if (this.cells.length > this.values.length) this.cells.length = this.values.length;
  }

  private popAll(types: readonly TypeCode[]): void {
    for (let i = types.length - 1; i >= 0; i--) this.pop(types[i] as TypeCode);
  }

  private pushAll(types: readonly TypeCode[]): void {
    for (const type of types) this.values.push(type);
  }

  private open(code: number, { params, results }: Signature): void {
    this.popAll(params);
    this.controls.push({ code, params, results, height: this.values.length, unreachable: false });
    this.pushAll(params);
  }

  private close(): Control {
    const control = this.top();
    this.popAll(control.results);
    if (this.values.length !== control.height)
      this.fail(`type mismatch: ${this.values.length - control.height} values too many at the end of a block`);
    this.controls.pop();
    if (control.unreachable) this.unreached--;
    return control;
  }

  private jumpedAway(): void {
    const top = this.top();
    this.values.length = top.height;
    this.forgetCells();
    if (!top.unreachable) this.unreached++;
    top.unreachable = true;
  }

  private labelTypes(depth: number): readonly TypeCode[] {
    const control = this.controls[this.controls.length - 1 - depth];
    if (control === undefined) return this.fail(`unknown label ${depth}`);
    const types = control.code === 0x03 ? control.params : control.results;
    this.carried += types.length;
    if (this.carried > mostCarried) this.fail(`jumps carry more than ${mostCarried} values`);
    return types;
  }

  private local(index: number): TypeCode {
    if (index >= this.body.localCount) this.fail(`unknown local ${index}`);
    return localType(this.signature, this.body, index);
  }

  private check(): void {
    const { module, instruction } = this;
    const { code, opcode, a } = instruction;
    if (opcode.immediates === "address" || (code >= 0x3f && code <= 0x40)) this.checkMemory();
    if (code >= 0x108) this.checkBulk();
    switch (code) {
      case 0x00:
        return this.jumpedAway();
      case 0x02:
      case 0x03:
      case 0x04: {
        this.popAll(opcode.params);
        const signature = blockSignature(module, a);
        if (signature === undefined) return this.fail(`unknown type ${a}`);
        return this.open(code, signature);
      }
      case 0x05: {
        const control = this.close();
        if (control.code !== 0x04) this.fail("else without if");
        this.controls.push({ ...control, code: 0x05, unreachable: false });
        return this.pushAll(control.params);
      }
      case 0x0b: {
        const control = this.close();
        const { params, results } = control;
        if (
          control.code === 0x04 &&
          (params.length !== results.length || params.some((type, i) => type !== results[i]))
        )
          this.fail("type mismatch: an if without else gives what it takes");
        return this.pushAll(results);
      }
      case 0x0c:
        this.popAll(this.labelTypes(a));
        return this.jumpedAway();
      case 0x0d: {
        this.pop(i32);
        const types = this.labelTypes(a);
        this.popAll(types);
        return this.pushAll(types);
      }
      case 0x0e:
        return this.checkTable();
      case 0x0f:
        this.popAll(this.signature.results);
        return this.jumpedAway();
      case 0x10: {
        if (a >= module.functionTypes.length) this.fail(`unknown function ${a}`);
        return this.checkCall(signatureOf(module, a));
      }
      case 0x11: {
        if (module.table === undefined) this.fail("unknown table 0");
        const signature = module.types[a];
        if (signature === undefined) return this.fail(`unknown type ${a}`);
        this.pop(i32);
        return this.checkCall(signature);
      }
      case 0x1a:
        this.pop(unknown);
        return;
      case 0x1b: {
        this.pop(i32);
        const second = this.pop(unknown);
        const first = this.pop(second);
        this.values.push(first === unknown ? second : first);
        return;
      }
      case 0x1c:
        this.popAll([a, a, i32]);
        return this.pushAll([a]);
      case 0x20:
        return this.pushAll([this.local(a)]);
      case 0x21:
        this.pop(this.local(a));
        return;
      case 0x22: {
        const type = this.local(a);
        this.pop(type);
        return this.pushAll([type]);
      }
      case 0x23:
      case 0x24: {
        const global = module.globals[a];
        if (global === undefined) return this.fail(`unknown global ${a}`);
        if (code === 0x23) return this.pushAll([global.type]);
        if (!global.mutable) this.fail("global is immutable");
        this.pop(global.type);
        return;
      }
      default:
        this.popAll(opcode.params);
        this.pushAll(opcode.results);
    }
  }

  private checkCall(signature: Signature): void {
    this.popAll(signature.params);
    this.pushAll(signature.results);
    this.called = signature;
  }

  private checkMemory(): void {
    const { a, opcode } = this.instruction;
    if (this.module.memory === undefined) this.fail("unknown memory 0");
    if (opcode.immediates !== "address" || a <= opcode.alignment) return;
    this.fail("alignment must not be larger than natural", undefined, a & 0x40 ? proposals.memories : undefined);
  }

  private checkBulk(): void {
    const { module } = this;
    const { code, a } = this.instruction;
    if (code <= 0x10b && code !== 0x109 && module.memory === undefined) this.fail("unknown memory 0");
    if ((code === 0x10c || code === 0x10e) && module.table === undefined) this.fail("unknown table 0");
    if (code === 0x108 || code === 0x109) {
      if (module.dataCount === undefined) this.fail("data count section required");
      if (a >= (module.dataCount ?? 0)) this.fail(`unknown data segment ${a}`);
    }
    if ((code === 0x10c || code === 0x10d) && a >= module.elements.length) this.fail(`unknown elem segment ${a}`);
  }

  private checkTable(): void {
    this.pop(i32);
    const { labels } = this.instruction;
    const fallback = this.labelTypes(labels[labels.length - 1] as number);
    for (const label of new Set(labels)) {
      const types = this.labelTypes(label);
      if (types.length !== fallback.length) this.fail("type mismatch: labels of different arity");
      const popped = types.map((_, i) => this.pop(types[types.length - 1 - i] as TypeCode));
      this.pushAll(popped.reverse());
    }
    this.popAll(fallback);
    this.jumpedAway();
  }
}

/** Checks every body of a module. */
export function validate(module: Module): void {
  let carried = 0;
  module.bodies.forEach((body, i) => {
    const check = new BodyCheck(module, module.importedFunctions + i, body);
    check.carried = carried;
    check.run();
    carried = check.carried;
  });
}

/**
 * What the type check knows at the places of a valid module where a machine can stand. All places behind calls of a function are found in one go, however many
 * frames stand in it.
 */
export class KnownTypes {
  private readonly places = new Map<number, Map<number, StackTypes>>();

  constructor(private readonly module: Module) {}

  /** What is known before the instruction at an offset; undefined if there is none, or it is never reached. */
  at(index: number, offset: number): StackTypes | undefined {
    return this.behindCalls(index).get(offset) ?? this.check(index).at(offset);
  }

  private behindCalls(index: number): Map<number, StackTypes> {
    const known = this.places.get(index) ?? this.check(index).behindCalls();
    this.places.set(index, known);
    return known;
  }

  private check(index: number): BodyCheck {
    return new BodyCheck(this.module, index, this.module.bodies[index - this.module.importedFunctions] as Body);
  }
}
