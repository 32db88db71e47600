import { f32, i32, type TypeCode } from "kernel-lib/migration/abstract-machine/opcodes";
import { assertAgreement, type Machines } from "./agreement.js";
import { type Bytes, body, constant, functionType, list, moduleOf, op, section, signed, text, u32 } from "./encode.js";

/**
 * Short functions, one for each way to make two operands, each operation on them, and each use of what it gives: all that a peephole of the fast
 * code can see at once. Each function takes two numbers and gives what it computed, its locals and both globals.
 */
interface Pattern {
  readonly name: string;
  readonly code: Bytes;
}

type Part = readonly [name: string, code: Bytes];

const get = (local: number): Bytes => op("local.get", local);
const set = (local: number): Bytes => op("local.set", local);
const tee = (local: number): Bytes => op("local.tee", local);
const globalGet = (global: number): Bytes => op("global.get", global);
const globalSet = (global: number): Bytes => op("global.set", global);
const number = (value: number): Bytes => op("i32.const", signed(BigInt(value)));
/** A jump on the value on top, from inside a block that began before its operands, over what follows. */
const block = op("block", 0x40);
const jump = [op("br_if", 0), number(9), set(2), op("end")];
const load = op("i32.load", 2, u32(0));

const operands: readonly Part[] = [
  ["local", get(0)],
  ["other local", get(1)],
  ["global", globalGet(0)],
  ["other global", globalGet(1)],
  ["constant", number(5)],
  ["0", number(0)],
  ["local + constant", [get(0), number(-7), op("i32.add")]],
  ["global − constant", [globalGet(0), number(3), op("i32.sub")]],
  ["loaded", [get(1), number(60), op("i32.and"), load]],
  ["tee", [get(0), get(1), op("i32.xor"), tee(2)]],
  ["tee of a global", [globalGet(0), tee(2)]],
  ["local << constant", [get(0), number(2), op("i32.shl")]],
  ["global << constant", [globalGet(0), number(3), op("i32.shl")]],
  ["eqz", [get(0), op("i32.eqz")]],
  ["called", [get(0), op("call", 0)]],
];

const operations: readonly Part[] = [
  ...["add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr"],
  ...["eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"],
].map((name) => [name, op(`i32.${name}`)]);

/** What becomes of a value. Each leaves one number. `before` comes in front of the operands. */
const uses: readonly { readonly name: string; readonly before?: Bytes; readonly code: Bytes }[] = [
  { name: "as it is", code: [] },
  { name: "set", code: [set(2), get(2)] },
  { name: "set to an operand", code: [set(0), get(1)] },
  { name: "tee", code: tee(2) },
  { name: "tee to an operand, which waits below", before: get(0), code: [tee(0), op("i32.sub")] },
  { name: "tee, then used twice", code: [tee(2), get(2), op("i32.mul")] },
  { name: "set a global", code: [globalSet(0), get(0)] },
  { name: "set a global that waits below", before: globalGet(0), code: [globalSet(0), get(0), op("i32.sub")] },
  { name: "if", code: [op("if", i32), number(7), op("else"), get(1), op("end")] },
  { name: "br_if", before: block, code: [jump, get(2)] },
  { name: "eqz, br_if", before: block, code: [op("i32.eqz"), jump, get(2)] },
  { name: "tee, br_if", before: block, code: [tee(3), jump, get(3)] },
  { name: "set, get, br_if", before: block, code: [set(3), get(3), jump, get(2)] },
  { name: "compared, br_if", before: block, code: [number(5), op("i32.lt_s"), jump, get(2)] },
  { name: "dropped, br_if", before: block, code: [op("drop"), get(0), jump, get(2)] },
  {
    name: "tee, compared, if",
    code: [tee(2), number(6), op("i32.ge_s"), op("if", i32), number(7), op("else"), get(2), op("end")],
  },
  { name: "drop, if", code: [op("drop"), get(0), op("if", i32), number(7), op("else"), get(1), op("end")] },
  { name: "select by it", before: [get(0), globalGet(1)], code: op("select") },
  { name: "select it", code: [globalGet(0), get(1), op("select")] },
  { name: "loaded from", code: [number(252), op("i32.and"), load] },
  { name: "stored", before: number(64), code: [op("i32.store", 2, u32(0)), number(64), load] },
  {
    name: "stored to",
    code: [number(252), op("i32.and"), tee(2), globalGet(0), op("i32.store", 2, u32(0)), get(2), load],
  },
  { name: "scaled and added to a local", before: get(0), code: [number(2), op("i32.shl"), op("i32.add")] },
  { name: "scaled and added to a global", before: globalGet(0), code: [number(3), op("i32.shl"), op("i32.add")] },
  { name: "added to a sum", before: [get(0), number(4), op("i32.add")], code: op("i32.add") },
  {
    name: "made wide",
    code: [op("i64.extend_i32_u"), op("i64.const", signed(-3n)), op("i64.mul"), op("i32.wrap_i64")],
  },
  { name: "read as f32", code: [op("f32.reinterpret_i32"), set(4), get(4), op("i32.reinterpret_f32")] },
  { name: "passed", code: op("call", 0) },
];

/** How many patterns there are. */
export const patternCount = operands.length ** 2 * operations.length * uses.length;

/** The pattern of a number. */
function patternAt(number: number): Pattern {
  let left = number;
  const pick = <T>(from: readonly T[]): T => {
    const at = left % from.length;
    left = (left - at) / from.length;
    return from[at] as T;
  };
  const [first, x] = pick(operands);
  const [second, y] = pick(operands);
  const [operation, code] = pick(operations);
  const use = pick(uses);
  return { name: `${first}, ${second}, ${operation}, ${use.name}`, code: [use.before ?? [], x, y, code, use.code] };
}

/** A module of some patterns, exported by their place in the list. */
function moduleOfPatterns(patterns: readonly Pattern[]): Uint8Array {
  const locals: readonly TypeCode[] = [i32, i32, f32];
  const shown = [0, 1, 2].map(get).concat([0, 1].map(globalGet));
  return moduleOf(
    section(1, list([functionType([i32], [i32]), functionType([i32, i32], [i32, i32, i32, i32, i32, i32])])),
    section(3, list([u32(0), ...patterns.map(() => u32(1))])),
    section(5, list([[0, 1]])),
    section(6, list([11n, -2n].map((value) => [i32, 1, constant(i32, value), 0x0b]))),
    section(7, list([[text("memory"), 2, 0], ...patterns.map((_, i) => [text(`f${i}`), 0, u32(i + 1)])])),
    section(
      10,
      list([
        body([], [get(0), number(3), op("i32.mul"), globalGet(1), op("i32.add")]),
        ...patterns.map(({ code }) => body(locals, [code, shown])),
      ]),
    ),
    section(11, list([[0, number(0), 0x0b, list(Array.from({ length: 256 }, (_, i) => [(i * 77) & 255]))]])),
  );
}

const calledWith = [
  [6, 3],
  [-1, 40],
] as const;

/** Fails unless fast code, plain code and V8 do the same for so many of the patterns. */
export function assertPatternsAgree(count: number, machines?: Machines): void {
  for (let from = 0; from < count; from += perModule) {
    const patterns = Array.from({ length: Math.min(perModule, count - from) }, (_, i) =>
      patternAt(((from + i) * step) % patternCount),
    );
    const calls = patterns.flatMap((_, i) => calledWith.map((args) => ({ name: `f${i}`, args })));
    const where = (call: number): string =>
      `${patterns[Math.floor(call / calledWith.length)]?.name} of ${calls[call]?.args}`;
    assertAgreement(moduleOfPatterns(patterns), calls, where, machines);
  }
}

const perModule = 200;
/** Shares no factor with their number, so that it leads through all of them, and soon through each kind of part. */
const step = 7919;
