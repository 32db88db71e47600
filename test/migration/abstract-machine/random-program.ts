import { randomStream } from "kernel-lib";

/**
 * Random programs in the shape of what people write and compilers emit: counters in global variables, addresses that are sums of a base, a scaled index and a
 * constant, values that are assigned and used again, comparisons that decide, loops that count, calls, also through a table. They always end.
 *
 * A program is a tree. `emittedModule` emits it as a simple compiler would, `programText` writes it in AssemblyScript, whose compiler is a real one.
 */
export interface RandomProgram {
  readonly globals: readonly Type[];
  /** A function calls only those before it. */
  readonly functions: readonly Fn[];
}

export type Type = "i32" | "i64" | "f32" | "f64";
export const types: readonly Type[] = ["i32", "i64", "f32", "f64"];

export interface Fn {
  readonly params: readonly Type[];
  readonly result: Type;
  /** Parameters, then variables. Loops count in the i32s behind them, one for each depth. */
  readonly locals: readonly Type[];
  /** How many bytes of the stack in memory it takes for itself; 0 for none. */
  readonly frameBytes: number;
  readonly body: readonly Statement[];
  readonly returns: Expression;
}

export type Expression =
  | { readonly is: "local"; readonly type: Type; readonly index: number }
  | { readonly is: "global"; readonly type: Type; readonly index: number }
  /** The function's pointer, or the beginning of the area: addresses within the area. */
  | { readonly is: "pointer" | "area"; readonly type: "i32" }
  | { readonly is: "constant"; readonly type: Type; readonly value: number | bigint }
  /** An assignment that is used. */
  | { readonly is: "assigned"; readonly type: Type; readonly index: number; readonly value: Expression }
  /** An instruction by its name, of the values that it takes. */
  | { readonly is: "computed"; readonly type: Type; readonly name: string; readonly of: readonly Expression[] }
  | { readonly is: "loaded"; readonly type: Type; readonly name: string; readonly from: Address }
  | { readonly is: "called"; readonly type: Type; readonly callee: number; readonly args: readonly Expression[] }
  /** One of two functions of the same type, through the table. */
  | {
      readonly is: "called by value";
      readonly type: Type;
      readonly which: Expression;
      readonly callees: readonly [number, number];
      readonly args: readonly Expression[];
    }
  | {
      readonly is: "chosen";
      readonly type: Type;
      readonly by: Expression;
      readonly between: readonly [Expression, Expression];
      /** Whether only the one that is chosen is computed. */
      readonly lazy: boolean;
    }
  /** A number that is not NaN, whose bits no specification tells. */
  | { readonly is: "certain"; readonly type: Type; readonly value: Expression };

export interface Address {
  readonly base: Expression;
  /** If `base` may be any number: so many of its bits are taken that it is within the area. */
  readonly isAny: boolean;
  readonly offset: number;
}

export type Statement =
  | { readonly is: "set"; readonly index: number; readonly value: Expression }
  | { readonly is: "set global"; readonly index: number; readonly value: Expression }
  /** Lets the pointer point elsewhere in the area. */
  | { readonly is: "point"; readonly to: Expression }
  | { readonly is: "store"; readonly name: string; readonly to: Address; readonly value: Expression }
  | {
      readonly is: "if";
      readonly condition: Expression;
      readonly yes: readonly Statement[];
      readonly no: readonly Statement[];
    }
  | { readonly is: "loop"; readonly depth: number; readonly turns: number; readonly body: readonly Statement[] }
  /** Leaves the innermost loop, or begins its next turn. */
  | { readonly is: "leave" | "again"; readonly condition: Expression }
  | { readonly is: "switch"; readonly on: Expression; readonly cases: readonly (readonly Statement[])[] }
  | { readonly is: "return"; readonly condition: Expression; readonly value: Expression };

export const mostDepth = 2;
/** Where programs read and write: above are the frames of functions. */
export const areaBytes = 0x4000;
/** Bits of a number that make an address in the area. */
export const areaMask = areaBytes - 8;
/** What a call may cost, in statements and expressions, roughly. */
const mostCost = 500;

const binary: Readonly<Record<Type, readonly string[]>> = {
  i32: [
    "add",
    "add",
    "add",
    "sub",
    "sub",
    "mul",
    "and",
    "or",
    "xor",
    "shl",
    "shr_s",
    "shr_u",
    "rotl",
    "rotr",
    "div_s",
    "rem_u",
  ],
  i64: ["add", "add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr", "div_u", "rem_s"],
  f32: ["add", "sub", "mul", "div", "min", "max"],
  f64: ["add", "sub", "mul", "div", "min", "max"],
};
const unary: Readonly<Record<Type, readonly (readonly [string, Type])[]>> = {
  i32: [
    ["i32.eqz", "i32"],
    ["i32.eqz", "i32"],
    ["i64.eqz", "i64"],
    ["i32.clz", "i32"],
    ["i32.ctz", "i32"],
    ["i32.popcnt", "i32"],
    ["i32.wrap_i64", "i64"],
    ["i32.wrap_i64", "i64"],
    ["i32.extend8_s", "i32"],
    ["i32.extend16_s", "i32"],
    ["i32.trunc_sat_f64_s", "f64"],
    ["i32.trunc_sat_f32_u", "f32"],
  ],
  i64: [
    ["i64.extend_i32_s", "i32"],
    ["i64.extend_i32_u", "i32"],
    ["i64.extend_i32_u", "i32"],
    ["i64.clz", "i64"],
    ["i64.popcnt", "i64"],
    ["i64.extend32_s", "i64"],
    ["i64.trunc_sat_f64_s", "f64"],
  ],
  f32: [
    ["f32.convert_i32_s", "i32"],
    ["f32.convert_i64_u", "i64"],
    ["f32.demote_f64", "f64"],
    ["f32.neg", "f32"],
    ["f32.abs", "f32"],
    ["f32.sqrt", "f32"],
    ["f32.floor", "f32"],
  ],
  f64: [
    ["f64.convert_i32_s", "i32"],
    ["f64.convert_i32_u", "i32"],
    ["f64.convert_i64_s", "i64"],
    ["f64.promote_f32", "f32"],
    ["f64.neg", "f64"],
    ["f64.sqrt", "f64"],
    ["f64.nearest", "f64"],
  ],
};
const comparisons: Readonly<Record<Type, readonly string[]>> = {
  i32: ["eq", "ne", "lt_s", "lt_s", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_s", "ge_s", "ge_u"],
  i64: ["eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"],
  f32: ["eq", "ne", "lt", "gt", "le", "ge"],
  f64: ["eq", "ne", "lt", "gt", "le", "ge"],
};
const loads: Readonly<Record<Type, readonly string[]>> = {
  i32: ["i32.load", "i32.load", "i32.load", "i32.load8_u", "i32.load8_s", "i32.load16_u", "i32.load16_s"],
  i64: ["i64.load", "i64.load", "i64.load8_u", "i64.load16_s", "i64.load32_s", "i64.load32_u"],
  f32: ["f32.load"],
  f64: ["f64.load"],
};
const stores: Readonly<Record<Type, readonly string[]>> = {
  i32: ["i32.store", "i32.store", "i32.store", "i32.store8", "i32.store16"],
  i64: ["i64.store", "i64.store32", "i64.store8"],
  f32: ["f32.store"],
  f64: ["f64.store"],
};

/** Makes the program of a seed, of so many functions. */
export function randomProgram(seed: number, functions: number): RandomProgram {
  return new Maker(seed).make(functions);
}

class Maker {
  private readonly random: () => number;
  private readonly globals: Type[] = ["i32", "i32", "i32", "i64", "f64", "f32"];
  private readonly functions: Fn[] = [];
  /** What a call of each costs. */
  private readonly costs: number[] = [];

  // Of the function that is being made:
  private locals: Type[] = [];
  private result: Type = "i32";
  private depth = 0;
  private turns = 1;
  private cost = 0;
  private left = 0;
  /** Which local of each type was assigned last: it is often used next. */
  private readonly recent = new Map<Type, number>();

  constructor(seed: number) {
    this.random = randomStream(seed, "programs");
  }

  private below(n: number): number {
    return Math.floor(this.random() * n);
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  private maybe(probability: number): boolean {
    return this.random() < probability;
  }

  /** Mostly i32, as in programs. */
  private type(): Type {
    return this.maybe(0.6) ? "i32" : this.pick(types);
  }

  make(functions: number): RandomProgram {
    for (let i = 0; i < functions; i++) this.functions.push(this.function());
    return { globals: this.globals, functions: this.functions };
  }

  private function(): Fn {
    const params = Array.from({ length: 1 + this.below(3) }, () => this.type());
    this.locals = [...params, "i32", "i32", ...types];
    this.result = this.type();
    this.recent.clear();
    this.turns = 1;
    this.cost = 0;
    this.left = 12 + this.below(30);
    const body = this.statements();
    const returns = this.expression(this.result, 3);
    this.costs.push(this.cost);
    const frameBytes = this.maybe(0.4) ? 16 * (1 + this.below(3)) : 0;
    return { params, result: this.result, locals: this.locals, frameBytes, body, returns };
  }

  private statements(): Statement[] {
    return Array.from({ length: 1 + this.below(4) }, () => this.statement());
  }

  private statement(): Statement {
    this.cost += this.turns;
    const type = this.type();
    const kind = --this.left < 0 ? this.below(11) : this.below(21);
    if (kind < 5) {
      const value = this.expression(type, 3);
      return { is: "set", index: this.assigned(type), value };
    }
    if (kind < 8) {
      const index = this.globalOf(type);
      return { is: "set global", index, value: this.maybe(0.3) ? this.counted(type, index) : this.expression(type, 3) };
    }
    if (kind < 11) {
      const name = this.pick(stores[type]);
      return { is: "store", name, to: this.address(), value: this.certain(this.expression(type, 2)) };
    }
    if (kind < 14) {
      const no = this.maybe(0.5) ? this.statements() : [];
      return { is: "if", condition: this.condition(2), yes: this.statements(), no };
    }
    if (kind < 16 && this.depth < mostDepth) return this.loop();
    if (kind < 17 && this.depth > 0) return { is: this.maybe(0.5) ? "leave" : "again", condition: this.condition(2) };
    if (kind < 18) {
      const cases = Array.from({ length: 2 + this.below(3) }, () => this.statements());
      return { is: "switch", on: this.expression("i32", 2), cases };
    }
    if (kind < 19) return { is: "point", to: this.expression("i32", 2) };
    if (kind < 20) return { is: "return", condition: this.condition(2), value: this.expression(this.result, 2) };
    const value = this.call(type, 3);
    return { is: "set", index: this.assigned(type), value };
  }

  private loop(): Statement {
    const depth = this.depth++;
    const turns = 1 + this.below(4);
    this.turns *= turns;
    const body = this.statements();
    this.turns /= turns;
    this.depth--;
    return { is: "loop", depth, turns, body };
  }

  private assigned(type: Type): number {
    const index = this.localOf(type);
    this.recent.set(type, index);
    return index;
  }

  private localOf(type: Type): number {
    const recent = this.recent.get(type);
    if (recent !== undefined && this.locals[recent] === type && this.maybe(0.4)) return recent;
    return this.pick(this.locals.flatMap((local, i) => (local === type ? [i] : [])));
  }

  private globalOf(type: Type): number {
    return this.pick(this.globals.flatMap((global, i) => (global === type ? [i] : [])));
  }

  // A global variable that changes by a constant.
  private counted(type: Type, index: number): Expression {
    const global: Expression = { is: "global", type, index };
    return {
      is: "computed",
      type,
      name: `${type}.${this.pick(["add", "sub", "mul"])}`,
      of: [global, this.constant(type)],
    };
  }

  private address(): Address {
    const offset = this.maybe(0.6) ? 4 * this.below(20) : 0;
    const isAny = this.maybe(0.2);
    return { base: isAny ? this.expression("i32", 2) : this.place(), isAny, offset };
  }

  // An address in the area, as programs compute it: a base, a scaled index, a constant.
  private place(): Expression {
    const base: Expression = { is: this.maybe(0.7) ? "pointer" : "area", type: "i32" };
    if (this.maybe(0.2)) return base;
    const added = this.maybe(0.5) ? this.small(64 * this.below(4) + this.below(64)) : this.scaled();
    const sum = this.sum(base, added);
    return this.maybe(0.3) ? this.sum(sum, this.small(this.below(200))) : sum;
  }

  private scaled(): Expression {
    const index: Expression = { is: "computed", type: "i32", name: "i32.and", of: [this.leaf("i32"), this.small(63)] };
    return { is: "computed", type: "i32", name: "i32.shl", of: [index, this.small(1 + this.below(4))] };
  }

  private small(value: number): Expression {
    return { is: "constant", type: "i32", value };
  }

  private sum(one: Expression, other: Expression): Expression {
    return { is: "computed", type: "i32", name: "i32.add", of: this.maybe(0.7) ? [one, other] : [other, one] };
  }

  private constant(type: Type): Expression {
    const value = this.maybe(0.7)
      ? this.below(12) - 3
      : this.maybe(0.5)
        ? 2 ** this.below(31)
        : this.below(2 ** 32) - 2 ** 31;
    if (type === "f32" || type === "f64") return { is: "constant", type, value: this.maybe(0.3) ? value / 8 : value };
    if (type === "i32") return { is: "constant", type, value: value | 0 };
    return { is: "constant", type, value: this.maybe(0.2) ? BigInt(value) << 29n : BigInt(value) };
  }

  private leaf(type: Type): Expression {
    const kind = this.below(10);
    if (kind < 5) return { is: "local", type, index: this.localOf(type) };
    if (kind < 7) return { is: "global", type, index: this.globalOf(type) };
    return this.constant(type);
  }

  private expression(type: Type, depth: number): Expression {
    this.cost += this.turns;
    if (depth <= 0) return this.leaf(type);
    const kind = this.below(20);
    if (kind < 5) return this.leaf(type);
    if (kind < 11) return this.operation(type, depth);
    if (kind < 13) {
      const [name, of] = this.pick(unary[type]);
      return { is: "computed", type, name, of: [this.expression(of, depth - 1)] };
    }
    if (kind < 14) return type === "i32" ? this.condition(depth) : this.operation(type, depth);
    if (kind < 16) {
      const name = this.pick(loads[type]);
      return { is: "loaded", type, name, from: this.address() };
    }
    if (kind < 18) {
      const value = this.expression(type, depth - 1);
      return { is: "assigned", type, index: this.assigned(type), value };
    }
    if (kind < 19) {
      const between = [this.expression(type, depth - 1), this.expression(type, depth - 1)] as const;
      return { is: "chosen", type, by: this.condition(depth - 1), between, lazy: this.maybe(0.5) };
    }
    return this.call(type, depth);
  }

  private operation(type: Type, depth: number): Expression {
    const name = `${type}.${this.pick(binary[type])}`;
    const first = this.maybe(0.5) ? this.leaf(type) : this.expression(type, depth - 1);
    const second = this.maybe(0.5) ? this.leaf(type) : this.expression(type, depth - 1);
    const isDivision = /div_|rem_/.test(name) && this.maybe(0.97);
    return { is: "computed", type, name, of: [first, isDivision ? this.divisor(second) : second] };
  }

  // A whole number above 0, so that few programs end by a trap.
  private divisor(value: Expression): Expression {
    const { type } = value;
    const constant = (whole: number): Expression => ({
      is: "constant",
      type,
      value: type === "i64" ? BigInt(whole) : whole,
    });
    const odd: Expression = { is: "computed", type, name: `${type}.or`, of: [value, constant(6)] };
    return { is: "computed", type, name: `${type}.shr_u`, of: [odd, constant(1)] };
  }

  private condition(depth: number): Expression {
    this.cost += this.turns;
    if (this.maybe(0.15)) return this.expression("i32", depth - 1);
    if (this.maybe(0.15))
      return { is: "computed", type: "i32", name: "i32.eqz", of: [this.expression("i32", depth - 1)] };
    const type = this.type();
    const second = this.maybe(0.5) ? this.constant(type) : this.leaf(type);
    const value = this.maybe(0.2) ? this.leaf(type) : this.expression(type, depth - 1);
    const first: Expression = this.maybe(0.2) ? { is: "assigned", type, index: this.assigned(type), value } : value;
    const of = this.maybe(0.8) ? [first, second] : [second, first];
    return { is: "computed", type: "i32", name: `${type}.${this.pick(comparisons[type])}`, of };
  }

  private call(type: Type, depth: number): Expression {
    const fits = (i: number): boolean => this.cost + this.turns * (this.costs[i] as number) < mostCost;
    const known = this.functions.flatMap(({ result }, i) => (result === type && fits(i) ? [i] : []));
    if (known.length === 0) return this.operation(type, depth);
    const callee = this.pick(known);
    const { params } = this.functions[callee] as Fn;
    const same = known.filter((i) => `${this.functions[i]?.params}` === `${params}`);
    const other = this.pick(same);
    this.cost += this.turns * Math.max(this.costs[callee] as number, this.costs[other] as number);
    const args = params.map((param) => this.expression(param, depth - 2));
    if (this.maybe(0.6)) return { is: "called", type, callee, args };
    return { is: "called by value", type, which: this.condition(1), callees: [callee, other], args };
  }

  private certain(value: Expression): Expression {
    return value.type === "f32" || value.type === "f64" ? { is: "certain", type: value.type, value } : value;
  }
}
