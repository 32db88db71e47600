import { randomStream } from "kernel-lib";
import { f32, f64, i32, i64, opcodes, type TypeCode } from "kernel-lib/migration/abstract-machine/opcodes";
import { type Bytes, body, constant, functionType, list, moduleOf, op, section, signed, text, u32 } from "./encode.js";

/** A random module whose functions always end: each call and each turn of a loop takes one of the `turns`, and traps when there is none left. */
export interface RandomModule {
  readonly bytes: Uint8Array;
  /** The exported functions to call, with their arguments. */
  readonly calls: readonly { readonly name: string; readonly args: readonly (number | bigint)[] }[];
}

interface Signature {
  readonly params: readonly TypeCode[];
  readonly results: readonly TypeCode[];
}

const types = [i32, i64, f32, f64] as const;
const turns = 400;
const tableSize = 12;

/** Bits that numeric instructions trip over. */
export const edges: Readonly<Record<number, readonly bigint[]>> = {
  [i32]: [0n, 1n, -1n, 2n, 7n, 31n, 32n, 33n, 0x7fffffffn, 0x80000000n, 0x80000001n, 0xffffn, 0x10000n, 0x55555555n],
  [i64]: [
    0n,
    1n,
    -1n,
    31n,
    32n,
    33n,
    63n,
    64n,
    65n,
    0x7fffffffn,
    0x80000000n,
    0xffffffffn,
    0x100000000n,
    -0x100000000n,
    0x1fffffffffffffn,
    0x20000000000001n,
    0x7fffffffffffffffn,
    0x8000000000000000n,
    0x8000000000000001n,
    0x5555555555555555n,
    0x0123456789abcdefn,
  ],
  [f32]: [
    0n,
    0x80000000n,
    1n,
    0x80000001n,
    0x007fffffn,
    0x00800000n,
    0x3f000000n,
    0xbf000000n,
    0x3f7fffffn,
    0x3f800000n,
    0xbf800000n,
    0x40200000n,
    0xc0600000n,
    0x4b000001n,
    0x4effffffn,
    0x4f000000n,
    0xcf000000n,
    0xcf000001n,
    0x4f800000n,
    0x5f000000n,
    0xdf000000n,
    0x5f800000n,
    0x7f7fffffn,
    0x7f800000n,
    0xff800000n,
    0x7fc00000n,
    0xffc00000n,
    0x7fa00001n,
    0xff812345n,
  ],
  [f64]: [
    0n,
    0x8000000000000000n,
    1n,
    0x000fffffffffffffn,
    0x0010000000000000n,
    0x3fe0000000000000n,
    0xbfe0000000000000n,
    0x3ff0000000000000n,
    0xbfefffffffffffffn,
    0x4004000000000000n,
    0xc00c000000000000n,
    0x41dfffffffc00000n,
    0x41e0000000000000n,
    0xc1e0000000000000n,
    0xc1e0000000200000n,
    0x41efffffffe00000n,
    0x41f0000000000000n,
    0x43e0000000000000n,
    0xc3e0000000000000n,
    0xc3e0000000000001n,
    0x43f0000000000000n,
    0x4330000000000001n,
    0x432fffffffffffffn,
    0x36a0000000000000n,
    0x47efffffe0000000n,
    0x47effffff0000000n,
    0x7fefffffffffffffn,
    0x7ff0000000000000n,
    0xfff0000000000000n,
    0x7ff8000000000000n,
    0xfff8000000000000n,
    0x7ff4000000000001n,
    0xfff0000012345678n,
  ],
};

/** Instructions whose NaN the specification leaves open: the machine's is the positive quiet one, V8's the processor's. */
export const hasOpenNan = (name: string): boolean =>
  /^f(32|64)\.(ceil|floor|trunc|nearest|sqrt|add|sub|mul|div|min|max|demote_f64|promote_f32)$/.test(name);

const numeric = [...opcodes]
  .filter(([code, { results }]) => code >= 0x45 && results.length === 1 && code < 0x108)
  .map(([, opcode]) => opcode);
const loads = [...opcodes].filter(([code]) => code >= 0x28 && code <= 0x35).map(([, opcode]) => opcode);
const stores = [...opcodes].filter(([code]) => code >= 0x36 && code <= 0x3e).map(([, opcode]) => opcode);

/** Makes the module of a seed. */
export function randomModule(seed: number): RandomModule {
  return new Maker(seed).make();
}

class Maker {
  private readonly random: () => number;
  private readonly signatures: Signature[] = [];
  /** Type of each function, imports first. */
  private functions: number[] = [];
  private readonly globals: TypeCode[] = [];
  private readonly imported: number;

  // Of the function that is being made:
  private locals: TypeCode[] = [];
  private labels: (readonly TypeCode[])[] = [];
  private results: readonly TypeCode[] = [];
  private budget = 0;

  constructor(seed: number) {
    const stream = randomStream(seed, "modules");
    this.random = () => stream();
    this.imported = this.below(3);
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

  private someTypes(most: number): TypeCode[] {
    return Array.from({ length: this.below(most + 1) }, () => this.pick(types));
  }

  make(): RandomModule {
    for (let i = 0; i < 5; i++)
      this.signatures.push({ params: this.someTypes(4), results: this.someTypes(i < 2 ? 1 : 3) });
    // What resources take and give are whole numbers, since a NaN's bits do not survive JavaScript.
    const ints = () => Array.from({ length: this.below(3) }, () => this.pick([i32, i64]));
    for (let i = 0; i < this.imported; i++) this.signatures.push({ params: ints(), results: ints().slice(0, 1) });
    const own = 2 + this.below(4);
    this.functions = [
      ...Array.from({ length: this.imported }, (_, i) => 5 + i),
      ...Array.from({ length: own }, () => this.below(5)),
    ];
    for (let i = 0; i < 6; i++) this.globals.push(i === 0 ? i32 : (types[i % 4] as TypeCode));
    const bodies = this.functions.slice(this.imported).map((type) => this.makeBody(this.signatures[type] as Signature));
    const dumpType = this.signatures.length;
    const dump = this.functions.length;
    const calls = this.functions.slice(this.imported).map((type, i) => ({
      name: `f${i}`,
      args: (this.signatures[type] as Signature).params.map((param) => this.argument(param)),
    }));
    const bytes = moduleOf(
      section(
        1,
        list([...this.signatures.map(({ params, results }) => functionType(params, results)), functionType([], [])]),
      ),
      section(2, list(Array.from({ length: this.imported }, (_, i) => [text("env"), text(`r${i}`), 0, u32(5 + i)]))),
      section(3, list([...this.functions.slice(this.imported), dumpType].map((type) => u32(type)))),
      section(4, list([[0x70, 1, tableSize, tableSize]])),
      section(5, list([[1, 1, 3]])),
      section(
        6,
        list(this.globals.map((type, i) => [type, 1, constant(type, i === 0 ? BigInt(turns) : this.bits(type)), 0x0b])),
      ),
      section(
        7,
        list([
          [text("memory"), 2, 0],
          ...calls.map(({ name }, i) => [text(name), 0, u32(this.imported + i)]),
          [text("dump"), 0, u32(dump)],
          ...this.globals.map((_, i) => [text(`g${i}`), 3, i]),
        ]),
      ),
      section(
        9,
        list([
          [0, op("i32.const", 1), 0x0b, list(Array.from({ length: 8 }, () => u32(this.below(this.functions.length))))],
          [1, 0, list(Array.from({ length: 4 }, () => u32(this.below(this.functions.length))))],
        ]),
      ),
      section(12, u32(2)),
      section(10, list([...bodies, this.makeDump()])),
      section(
        11,
        list([
          [0, op("i32.const", signed(64n)), 0x0b, list(Array.from({ length: 200 }, () => [this.below(256)]))],
          [1, list(Array.from({ length: 50 }, () => [this.below(256)]))],
        ]),
      ),
    );
    return { bytes, calls };
  }

  private bits(type: TypeCode): bigint {
    if (this.maybe(0.5)) return this.pick(edges[type] as readonly bigint[]);
    if (this.maybe(0.5)) return BigInt(this.below(40));
    return (BigInt(this.below(2 ** 32)) << 32n) | BigInt(this.below(2 ** 32));
  }

  private argument(type: TypeCode): number | bigint {
    const bits = this.bits(type);
    if (type === i32) return Number(BigInt.asIntN(32, bits));
    return type === i64 ? BigInt.asIntN(64, bits) : this.below(2000) / 8 - 100;
  }

  // Stores the bits of all globals at the end of the first page.
  private makeDump(): Bytes {
    return body(
      [],
      this.globals.map((type, i) => {
        const store = { [i32]: "i32.store", [i64]: "i64.store", [f32]: "f32.store", [f64]: "f64.store" }[
          type
        ] as string;
        return [op("i32.const", signed(BigInt(65000 + 8 * i))), op("global.get", u32(i)), op(store, 0, 0)];
      }),
    );
  }

  private makeBody({ params, results }: Signature): Bytes {
    const declared = [i32, i64, f32, f64, f32, f64, ...this.someTypes(4)];
    this.locals = [...params, ...declared];
    this.results = results;
    this.labels = [results];
    this.budget = 60 + this.below(120);
    return body(declared, [this.takeTurn(), this.statements(4), this.values(results, 4)]);
  }

  private takeTurn(): Bytes {
    return [
      op("global.get", 0),
      op("i32.eqz"),
      op("if", 0x40),
      op("unreachable"),
      op("end"),
      op("global.get", 0),
      op("i32.const", 1),
      op("i32.sub"),
      op("global.set", 0),
    ];
  }

  private statements(depth: number): Bytes {
    return Array.from({ length: 1 + this.below(4) }, () => this.statement(depth));
  }

  private values(wanted: readonly TypeCode[], depth: number): Bytes {
    return wanted.map((type) => this.value(type, depth));
  }

  private localOf(type: TypeCode): number {
    return this.pick(this.locals.flatMap((local, i) => (local === type ? [i] : [])));
  }

  private globalOf(type: TypeCode): number {
    return this.pick(this.globals.flatMap((global, i) => (global === type && i > 0 ? [i] : [])));
  }

  private hasGlobal(type: TypeCode): boolean {
    return this.globals.some((global, i) => global === type && i > 0);
  }

  private address(depth: number): Bytes {
    const value = this.value(i32, depth - 1);
    return this.maybe(0.97) ? [value, op("i32.const", signed(0x7fffn)), op("i32.and")] : value;
  }

  private offset(): Bytes {
    return this.maybe(0.03) ? u32(0xfffffff0) : u32(this.below(40));
  }

  private blockType(params: readonly TypeCode[], results: readonly TypeCode[]): Bytes | undefined {
    if (params.length === 0 && results.length === 0) return [0x40];
    if (params.length === 0 && results.length === 1) return [results[0] as number];
    const same = this.signatures.findIndex((one) => `${one.params}:${one.results}` === `${params}:${results}`);
    return same < 0 ? undefined : signed(BigInt(same));
  }

  private inside<T>(label: readonly TypeCode[], make: () => T): T {
    this.labels.push(label);
    const made = make();
    this.labels.pop();
    return made;
  }

  // A label that takes nothing, as a depth; undefined if there is none.
  private emptyLabel(wanted: readonly TypeCode[] = []): number | undefined {
    const found = this.labels.flatMap((label, i) => (`${label}` === `${wanted}` ? [this.labels.length - 1 - i] : []));
    return found.length === 0 ? undefined : this.pick(found);
  }

  private statement(depth: number): Bytes {
    if (depth <= 0 || --this.budget < 0) return op("nop");
    const kind = this.below(24);
    const type = this.pick(types);
    switch (kind) {
      case 0:
      case 1:
      case 2:
      case 3:
        return [this.value(type, depth), op("local.set", u32(this.localOf(type)))];
      case 4:
        return this.hasGlobal(type) ? [this.value(type, depth), op("global.set", this.globalOf(type))] : op("nop");
      case 5:
      case 6: {
        const { name, params, alignment } = this.pick(stores);
        return [
          this.address(depth),
          this.value(params[1] as TypeCode, depth - 1),
          op(name, this.below(alignment + 1), this.offset()),
        ];
      }
      case 7:
        return [this.value(type, depth), op("drop")];
      case 8:
      case 9:
        return [
          this.value(i32, depth - 1),
          op("if", 0x40),
          this.inside([], () => this.statements(depth - 1)),
          this.maybe(0.5) ? [op("else"), this.inside([], () => this.statements(depth - 1))] : [],
          op("end"),
        ];
      case 10:
        return [op("block", 0x40), this.inside([], () => this.statements(depth - 1)), op("end")];
      case 11:
      case 12:
        return [
          op("loop", 0x40),
          this.takeTurn(),
          this.inside([], () => [this.statements(depth - 1), this.value(i32, depth - 1), op("br_if", 0)]),
          op("end"),
        ];
      case 13: {
        const label = this.emptyLabel();
        return label === undefined ? op("nop") : [this.value(i32, depth - 1), op("br_if", u32(label))];
      }
      case 14: {
        const wanted = this.pick(this.labels);
        const targets = Array.from({ length: this.below(4) }, () => this.emptyLabel(wanted) as number);
        const last = this.emptyLabel(wanted) as number;
        return [
          op("block", 0x40),
          this.inside([], () => [
            this.values(wanted, depth - 1),
            this.value(i32, depth - 1),
            op("br_table", list(targets.map((label) => u32(label + 1))), u32(last + 1)),
            this.maybe(0.3) ? this.statement(depth - 1) : [],
          ]),
          op("end"),
        ].slice(0, this.labels.length > 0 ? 3 : 0);
      }
      case 15:
        return [
          this.value(i32, depth - 1),
          op("if", 0x40),
          this.inside([], () => [this.values(this.results, depth - 1), op("return")]),
          op("end"),
        ];
      case 16:
      case 17: {
        const { code, results } = this.call(depth);
        return [code, results.map(() => op("drop"))];
      }
      case 18:
        return [this.address(depth), this.address(depth), this.small(depth), op("memory.copy", 0, 0)];
      case 19:
        return [this.address(depth), this.value(i32, depth - 1), this.small(depth), op("memory.fill", 0)];
      case 20:
        return this.maybe(0.8)
          ? [this.address(depth), this.small(depth), this.small(depth), op("memory.init", 1, 0)]
          : op("data.drop", this.below(2));
      case 21:
        return this.maybe(0.8)
          ? [
              op("i32.const", this.below(9)),
              op("i32.const", this.below(4)),
              op("i32.const", this.below(4)),
              op("table.init", 1, 0),
            ]
          : op("elem.drop", 1);
      case 22:
        return [
          op("i32.const", this.below(12)),
          op("i32.const", this.below(12)),
          op("i32.const", this.below(5)),
          op("table.copy", 0, 0),
        ];
      default:
        return op("nop");
    }
  }

  private small(depth: number): Bytes {
    return [this.value(i32, depth - 1), op("i32.const", signed(31n)), op("i32.and")];
  }

  private call(depth: number): { code: Bytes; results: readonly TypeCode[] } {
    if (this.maybe(0.3)) {
      const type = this.below(this.signatures.length);
      const { params, results } = this.signatures[type] as Signature;
      const index = [
        this.value(i32, depth - 2),
        op("i32.const", signed(BigInt(this.maybe(0.9) ? 15 : -1))),
        op("i32.and"),
      ];
      return { code: [this.values(params, depth - 2), index, op("call_indirect", u32(type), 0)], results };
    }
    const index = this.below(this.functions.length);
    const { params, results } = this.signatures[this.functions[index] as number] as Signature;
    return { code: [this.values(params, depth - 2), op("call", u32(index))], results };
  }

  private value(type: TypeCode, depth: number): Bytes {
    if (depth <= 0 || --this.budget < 0)
      return this.maybe(0.4) ? constant(type, this.bits(type)) : op("local.get", u32(this.localOf(type)));
    switch (this.below(16)) {
      case 0:
        return constant(type, this.bits(type));
      case 1:
        return op("local.get", u32(this.localOf(type)));
      case 2:
        return this.hasGlobal(type) ? op("global.get", this.globalOf(type)) : constant(type, this.bits(type));
      case 3:
        return [this.value(type, depth - 1), op("local.tee", u32(this.localOf(type)))];
      case 4: {
        const { name, alignment } = this.pick(loads.filter(({ results }) => results[0] === type));
        return [this.address(depth), op(name, this.below(alignment + 1), this.offset())];
      }
      case 5:
        return [this.value(type, depth - 1), this.value(type, depth - 1), this.value(i32, depth - 1), op("select")];
      case 6:
        return [
          this.value(i32, depth - 1),
          op("if", type),
          this.inside([type], () => [this.statement(depth - 1), this.value(type, depth - 1)]),
          op("else"),
          this.inside([type], () => this.value(type, depth - 1)),
          op("end"),
        ];
      case 7:
        return [
          op("block", type),
          this.inside([type], () => [
            this.statement(depth - 1),
            this.value(type, depth - 1),
            this.value(i32, depth - 1),
            op("br_if", 0),
            this.statement(depth - 1),
          ]),
          op("end"),
        ];
      case 8: {
        // The rest is never reached.
        const label = this.emptyLabel([type]);
        if (label === undefined) return constant(type, this.bits(type));
        return [
          op("block", type),
          this.inside([type], () => [
            this.value(type, depth - 1),
            this.maybe(0.5) ? op("br", u32(label + 1)) : op("br", 0),
            this.maybe(0.5) ? [op("drop"), this.value(type, 1)] : [],
          ]),
          op("end"),
        ];
      }
      case 9: {
        // A block of several parameters or results, where a type of the module fits.
        const { params, results } = this.pick(this.signatures);
        const block = this.blockType(params, results);
        const at = results.indexOf(type);
        if (block === undefined || at < 0) return constant(type, this.bits(type));
        const isLoop = this.maybe(0.3);
        return [
          this.values(params, depth - 2),
          op(isLoop ? "loop" : "block", block),
          this.inside(isLoop ? params : results, () => [
            params.map(() => op("drop")),
            isLoop ? this.takeTurn() : [],
            this.statement(depth - 2),
            this.values(results, depth - 2),
          ]),
          op("end"),
          results.slice(at + 1).map(() => op("drop")),
          op("local.set", u32(this.localOf(type))),
          results.slice(0, at).map(() => op("drop")),
          op("local.get", u32(this.localOf(type))),
        ];
      }
      case 10: {
        const { code, results } = this.call(depth);
        const at = results.lastIndexOf(type);
        if (at < 0) return constant(type, this.bits(type));
        const local = u32(this.localOf(type));
        return [
          code,
          results.slice(at + 1).map(() => op("drop")),
          op("local.set", local),
          results.slice(0, at).map(() => op("drop")),
          op("local.get", local),
        ];
      }
      case 11:
        if (type === i32)
          return this.maybe(0.7) ? op("memory.size", 0) : [op("i32.const", this.below(2)), op("memory.grow", 0)];
        return this.numeric(type, depth);
      default:
        return this.numeric(type, depth);
    }
  }

  private numeric(type: TypeCode, depth: number): Bytes {
    const { name, params } = this.pick(
      numeric.filter(({ results, name }) => results[0] === type && (this.maybe(0.3) || !/div|rem|trunc_f/.test(name))),
    );
    const made: Bytes = [this.values(params, depth - 1), op(name)];
    if (!hasOpenNan(name)) return made;
    const local = u32(this.localOf(type));
    const quiet = constant(type, type === f32 ? 0x7fc00000n : 0x7ff8000000000000n);
    const equal = op(type === f32 ? "f32.eq" : "f64.eq");
    return [made, op("local.tee", local), quiet, op("local.get", local), op("local.get", local), equal, op("select")];
  }
}
