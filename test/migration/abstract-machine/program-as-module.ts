import { f32, f64, i32, i64, type TypeCode } from "kernel-lib/migration/abstract-machine/opcodes";
import { type Bytes, body, constant, functionType, list, moduleOf, op, section, signed, text, u32 } from "./encode.js";
import {
  type Address,
  areaBytes,
  areaMask,
  type Expression,
  type Fn,
  mostDepth,
  type RandomProgram,
  type Statement,
  type Type,
} from "./random-program.js";

const codes: Readonly<Record<Type, TypeCode>> = { i32, i64, f32, f64 };

/** First values of the global variables, by their types. */
const beginning: Readonly<Record<Type, number | bigint>> = { i32: 11, i64: -3n, f32: 1.5, f64: -0.25 };

const areaStart = 1024;
const frameEnd = 0x8000;

/** The module that a simple compiler makes of a program: its functions are exported as `f0` and so on, and `dump` stores all global variables. */
export function emittedModule({ globals, functions }: RandomProgram): Uint8Array {
  const stack = globals.length;
  const certain: readonly Type[] = ["f32", "f64"];
  const cleaning = certain.map((type) => body([], cleaned(type)));
  return moduleOf(
    section(
      1,
      list([
        ...functions.map(({ params, result }) =>
          functionType(
            params.map((type) => codes[type]),
            [codes[result]],
          ),
        ),
        ...certain.map((type) => functionType([codes[type]], [codes[type]])),
        functionType([], []),
      ]),
    ),
    section(3, list(Array.from({ length: functions.length + 3 }, (_, i) => u32(i)))),
    section(4, list([[0x70, 0, u32(functions.length)]])),
    section(5, list([[0, 1]])),
    section(
      6,
      list([
        ...globals.map((type) => [codes[type], 1, number(type, beginning[type]), 0x0b]),
        [i32, 1, number("i32", frameEnd), 0x0b],
        [i32, 1, number("i32", areaStart), 0x0b],
      ]),
    ),
    section(
      7,
      list([
        [text("memory"), 2, 0],
        ...functions.map((_, i) => [text(`f${i}`), 0, u32(i)]),
        [text("dump"), 0, u32(functions.length + 2)],
      ]),
    ),
    section(9, list([[0, number("i32", 0), 0x0b, list(functions.map((_, i) => u32(i)))]])),
    section(
      10,
      list([
        ...functions.map((fn) => new Emitter(fn, functions.length, stack).emit()),
        ...cleaning,
        body(
          [],
          globals.map((type, i) => dumped(type, i, functions.length)),
        ),
      ]),
    ),
    section(11, list([[0, number("i32", 0), 0x0b, list(Array.from({ length: 512 }, (_, i) => [(i * 77) & 255]))]])),
  );
}

function number(type: Type, value: number | bigint): Bytes {
  if (type === "i32") return op("i32.const", signed(BigInt(value)));
  if (type === "i64") return op("i64.const", signed(BigInt(value)));
  const bits = new DataView(new ArrayBuffer(8));
  if (type === "f32") bits.setFloat32(0, Number(value), true);
  else bits.setFloat64(0, Number(value), true);
  return constant(codes[type], bits.getBigUint64(0, true));
}

function cleaned(type: Type): Bytes {
  return [
    op("local.get", 0),
    number(type, Number.NaN),
    op("local.get", 0),
    op("local.get", 0),
    op(`${type}.eq`),
    op("select"),
  ];
}

const dumped = (type: Type, index: number, functions: number): Bytes => [
  number("i32", 65_000 + 8 * index),
  op("global.get", index),
  type === "f32" ? op("call", u32(functions)) : type === "f64" ? op("call", u32(functions + 1)) : [],
  op(`${type}.store`, 0, 0),
];

class Emitter {
  private readonly code: Bytes[] = [];
  /** Blocks around the instruction that comes. */
  private depth = 0;
  private readonly loops: { exit: number; next: number }[] = [];
  private readonly locals: readonly TypeCode[];
  private readonly counter: number;
  private readonly frame: number;
  private readonly pointer: number;

  constructor(
    private readonly fn: Fn,
    private readonly functions: number,
    /** The global that points at the innermost frame; the area's beginning is behind it. */
    private readonly stack: number,
  ) {
    this.counter = fn.locals.length;
    this.frame = this.counter + mostDepth;
    this.pointer = this.frame + 1;
    this.locals = [
      ...fn.locals.slice(fn.params.length).map((type) => codes[type]),
      ...Array.from({ length: mostDepth + 2 }, () => i32),
    ];
  }

  emit(): Bytes {
    const { fn } = this;
    if (fn.frameBytes > 0) this.enter();
    this.statements(fn.body);
    this.expression(fn.returns);
    this.exit();
    return body(this.locals, this.code);
  }

  private put(instruction: Bytes): void {
    const last = this.code.at(-1);
    // What was just assigned is kept on the stack if it comes next.
    if (
      last !== undefined &&
      last[0] === 0x21 &&
      instruction[0] === 0x20 &&
      `${last.slice(1)}` === `${instruction.slice(1)}`
    )
      this.code[this.code.length - 1] = [0x22, ...last.slice(1)];
    else this.code.push(instruction);
  }

  private putAll(...instructions: readonly Bytes[]): void {
    for (const instruction of instructions) this.put(instruction);
  }

  // The frame in memory: the global goes down, is checked, and is kept in a local.
  private enter(): void {
    const { frame, stack, fn } = this;
    this.putAll(op("global.get", stack), number("i32", fn.frameBytes), op("i32.sub"), op("global.set", stack));
    this.putAll(op("global.get", stack), number("i32", areaStart + areaBytes), op("i32.lt_s"));
    this.putAll(op("if", 0x40), op("unreachable"), op("end"));
    const [type = "i32"] = fn.params;
    this.putAll(op("global.get", stack), op("local.tee", frame));
    // The bits of a computed NaN are left open, and memory is compared.
    const first: Expression = { is: "local", type, index: 0 };
    this.expression(type === "f32" || type === "f64" ? { is: "certain", type, value: first } : first);
    this.put(op(`${type}.store`, 0, 8));
  }

  private exit(): void {
    if (this.fn.frameBytes === 0) return;
    this.putAll(
      op("local.get", this.frame),
      number("i32", this.fn.frameBytes),
      op("i32.add"),
      op("global.set", this.stack),
    );
  }

  private open(name: "block" | "loop" | "if", type = 0x40): number {
    this.put(op(name, type));
    return ++this.depth;
  }

  private close(): void {
    this.put(op("end"));
    this.depth--;
  }

  private statements(all: readonly Statement[]): void {
    for (const statement of all) this.statement(statement);
  }

  private statement(statement: Statement): void {
    switch (statement.is) {
      case "set":
        this.expression(statement.value);
        return this.put(op("local.set", u32(statement.index)));
      case "set global":
        this.expression(statement.value);
        return this.put(op("global.set", u32(statement.index)));
      case "point":
        this.expression(statement.to);
        return this.putAll(number("i32", areaMask), op("i32.and"), op("local.set", this.pointer));
      case "store": {
        const offset = this.address(statement.to);
        this.expression(statement.value);
        return this.put(op(statement.name, 0, u32(offset)));
      }
      case "if":
        this.expression(statement.condition);
        this.open("if");
        this.statements(statement.yes);
        if (statement.no.length > 0) {
          this.put(op("else"));
          this.statements(statement.no);
        }
        return this.close();
      case "loop":
        return this.loop(statement.depth, statement.turns, statement.body);
      case "leave":
      case "again": {
        this.expression(statement.condition);
        const { exit, next } = this.loops.at(-1) as { exit: number; next: number };
        return this.put(op("br_if", u32(this.depth - (statement.is === "leave" ? exit : next))));
      }
      case "switch":
        return this.switch(statement.on, statement.cases);
      case "return":
        this.expression(statement.condition);
        this.open("if");
        this.expression(statement.value);
        this.exit();
        this.put(op("return"));
        return this.close();
    }
  }

  private loop(depth: number, turns: number, all: readonly Statement[]): void {
    const counter = this.counter + depth;
    this.putAll(number("i32", 0), op("local.set", counter));
    const exit = this.open("block");
    const again = this.open("loop");
    const next = this.open("block");
    this.loops.push({ exit, next });
    this.statements(all);
    this.loops.pop();
    this.close();
    this.putAll(op("local.get", counter), number("i32", 1), op("i32.add"), op("local.tee", counter));
    this.putAll(number("i32", turns), op("i32.lt_s"));
    this.put(op("br_if", u32(this.depth - again)));
    this.close();
    this.close();
  }

  private switch(on: Expression, cases: readonly (readonly Statement[])[]): void {
    const end = this.open("block");
    for (const _ of cases) this.open("block");
    this.expression(on);
    this.put(op("br_table", list(cases.map((_, i) => u32(i))), u32(cases.length)));
    for (const one of cases) {
      this.close();
      this.statements(one);
      this.put(op("br", u32(this.depth - end)));
    }
    this.close();
  }

  // Leaves the address on the stack; what is added to it by the instruction.
  // Leaves the address on the stack; what the instruction adds to it.
  private address({ base, isAny, offset }: Address): number {
    this.expression(base);
    if (isAny) this.putAll(number("i32", areaMask), op("i32.and"));
    return offset;
  }

  private expression(expression: Expression): void {
    const { type } = expression;
    switch (expression.is) {
      case "local":
        return this.put(op("local.get", u32(expression.index)));
      case "global":
        return this.put(op("global.get", u32(expression.index)));
      case "pointer":
        return this.put(op("local.get", this.pointer));
      case "area":
        return this.put(op("global.get", this.stack + 1));
      case "constant":
        return this.put(number(type, expression.value));
      case "assigned":
        this.expression(expression.value);
        return this.put(op("local.tee", u32(expression.index)));
      case "computed":
        for (const part of expression.of) this.expression(part);
        return this.put(op(expression.name));
      case "loaded":
        return this.put(op(expression.name, 0, u32(this.address(expression.from))));
      case "called":
        for (const arg of expression.args) this.expression(arg);
        return this.put(op("call", u32(expression.callee)));
      case "called by value": {
        const [one, other] = expression.callees;
        for (const arg of expression.args) this.expression(arg);
        this.putAll(number("i32", one), number("i32", other));
        this.expression(expression.which);
        this.put(op("select"));
        return this.put(op("call_indirect", u32(one), 0));
      }
      case "chosen":
        return this.chosen(expression.by, expression.between, type, expression.lazy);
      case "certain":
        this.expression(expression.value);
        return this.put(op("call", u32(this.functions + (type === "f32" ? 0 : 1))));
    }
  }

  private chosen(by: Expression, [one, other]: readonly [Expression, Expression], type: Type, lazy: boolean): void {
    if (!lazy) {
      this.expression(one);
      this.expression(other);
      this.expression(by);
      return this.put(op("select"));
    }
    this.expression(by);
    this.open("if", codes[type]);
    this.expression(one);
    this.put(op("else"));
    this.expression(other);
    this.close();
  }
}
