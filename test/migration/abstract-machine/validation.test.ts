import { compileWasmText, decodeModule, ParameterError } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../../soak.js";
import { v8 } from "../v8.js";
import { type Bytes, body, functionType, list, moduleOf, op, section, text, u32 } from "./encode.js";
import { randomModule } from "./random-module.js";

const i32 = 0x7f;
const [type, func] = [section(1, list([functionType([], [])])), section(3, list([u32(0)]))];
const withBody = (code: Bytes, ...sections: Bytes): Uint8Array =>
  moduleOf(type, func, ...sections, section(10, list([body([], code)])));
const returning = (code: Bytes): Uint8Array =>
  moduleOf(section(1, list([functionType([], [i32])])), func, section(10, list([body([], code)])));
const huge = u32(0xffffffff);

const invalid: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["no bytes at all", new Uint8Array(0), /byte 0: magic header/],
  ["another file", Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 0, 0, 0), /byte 0: magic header/],
  ["another version", Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0), /byte 4: unknown binary version/],
  ["a section longer than the module", moduleOf([1, 100, 0]), /byte 10: length out of bounds: 100 bytes, 1 are left/],
  ["a section with bytes left over", moduleOf([1, 2, 0, 0]), /byte 11: section size mismatch/],
  ["sections out of order", moduleOf(section(3, list([])), type), /unexpected content after last section/],
  ["an unknown section", moduleOf([13, 0]), /byte 8: malformed section id 13/],
  ["a number of six bytes", moduleOf([1, 0x86, 0x80, 0x80, 0x80, 0x80, 0x80, 0]), /integer representation too long/],
  ["a number of 33 bits", moduleOf([1, 0xff, 0xff, 0xff, 0xff, 0x1f]), /integer too large/],
  ["a vector longer than the module", moduleOf(section(1, huge)), /4294967295 types in 0 bytes/],
  [
    "2^32 locals",
    moduleOf(type, func, section(10, list([[u32(8), u32(1), huge, i32, op("end")]]))),
    /too many locals: 4294967295/,
  ],
  [
    "2^31 locals in two runs",
    moduleOf(type, func, section(10, list([[u32(14), u32(2), u32(2 ** 31), i32, u32(2 ** 31), i32, op("end")]]))),
    /too many locals/,
  ],
  ["a memory of 65,537 pages", moduleOf(section(5, list([[0, u32(65537)]]))), /must be at most 65536/],
  ["a maximum below the minimum", moduleOf(section(5, list([[1, 2, 1]]))), /minimum must not be greater than maximum/],
  [
    "two memories",
    moduleOf(
      section(
        5,
        list([
          [0, 1],
          [0, 1],
        ]),
      ),
    ),
    /multiple memories/,
  ],
  ["a function without a body", moduleOf(type, func), /function and code section have inconsistent lengths/],
  ["a body without a function", moduleOf(type, section(10, list([body([], [])]))), /inconsistent lengths/],
  ["a type that is none", moduleOf(section(1, list([[0x60, 1, 0x60, 0]]))), /malformed value type 60/],
  ["a name that is not UTF-8", moduleOf(type, func, section(7, list([[2, 0xc0, 0x80, 0, 0]]))), /malformed UTF-8/],
  [
    "two exports of one name",
    withBody(
      [],
      section(
        7,
        list([
          [text("a"), 0, 0],
          [text("a"), 0, 0],
        ]),
      ),
    ),
    /duplicate export name "a"/,
  ],
  ["an export of nothing", withBody([], section(7, list([[text("a"), 3, 0]]))), /unknown global 0/],
  [
    "a start function with a result",
    moduleOf(
      section(1, list([functionType([], [i32])])),
      func,
      section(8, u32(0)),
      section(10, list([body([], op("i32.const", 1))])),
    ),
    /start function/,
  ],
  ["an unknown instruction", withBody([0xd0]), /illegal opcode d0/],
  ["a value where none is wanted", withBody(op("i32.const", 1)), /end: type mismatch: 1 values too many/],
  ["no value where one is wanted", returning([]), /end: type mismatch: wanted i32, the stack is empty/],
  ["a value of another type", returning(op("i64.const", 1)), /end: type mismatch: wanted i32, got i64/],
  ["a label too deep", withBody(op("br", 1)), /br: unknown label 1/],
  ["else without if", withBody([op("block", 0x40), op("else"), op("end")]), /else: else without if/],
  [
    "an if without else that gives a value",
    returning([op("i32.const", 1), op("if", i32), op("i32.const", 1), op("end")]),
    /if without else/,
  ],
  ["an unknown local", withBody([op("local.get", 0), op("drop")]), /unknown local 0/],
  ["an unknown global", withBody([op("global.get", 0), op("drop")]), /unknown global 0/],
  ["an unknown function", withBody(op("call", 1)), /unknown function 1/],
  [
    "a load without memory",
    withBody([op("i32.const", 0), op("i32.load", 0, 0), op("drop")]),
    /i32.load: unknown memory/,
  ],
  [
    "a load with too great an alignment",
    withBody([op("i32.const", 0), op("i32.load", 3, 0), op("drop")], section(5, list([[0, 1]]))),
    /alignment/,
  ],
  ["an indirect call without a table", withBody([op("i32.const", 0), op("call_indirect", 0, 0)]), /unknown table/],
  [
    "writing to a constant global",
    withBody([op("i32.const", 0), op("global.set", 0)], section(6, list([[i32, 0, op("i32.const", 0), 0x0b]]))),
    /global is immutable/,
  ],
  [
    "memory.init without a count of segments",
    withBody([op("data.drop", 0)], section(5, list([[0, 1]]))),
    /data count section required/,
  ],
  [
    "labels of different arity",
    returning([
      op("block", 0x40),
      op("i32.const", 1),
      op("i32.const", 1),
      op("br_table", list([u32(0)]), u32(1)),
      op("end"),
      op("i32.const", 1),
    ]),
    /arity/,
  ],
  ["code behind the last end", withBody([op("end"), op("nop")]), /after the end/],
  ["a body without end", moduleOf(type, func, section(10, list([[u32(2), u32(0), 1]]))), /unexpected end/],
  [
    "a first value that is computed",
    moduleOf(section(6, list([[i32, 0, op("i32.const", 1), op("i32.const", 1), op("i32.add"), 0x0b]]))),
    /constant expression required/,
  ],
  ["2^32 labels", withBody([op("i32.const", 0), op("br_table", huge)]), /4294967295 labels in/],
];

for (const [what, bytes, message] of invalid)
  test(`${what} is refused, with the byte and the reason, as V8 refuses it`, () => {
    assert.throws(
      () => decodeModule(bytes),
      (error: unknown) =>
        error instanceof ParameterError &&
        /^decodeModule: byte \d+: /.test(error.message) &&
        message.test(error.message),
    );
    assert.not(v8.validate(bytes));
  });

/** A module with what came after version 1.0, of which the machine knows but a part. */
async function modern(text: string): Promise<Uint8Array> {
  const { default: load } = await import("wabt");
  const names = [
    "exceptions",
    "threads",
    "tail_call",
    "multi_memory",
    "memory64",
    "extended_const",
    "simd",
    "relaxed_simd",
  ];
  const features = Object.fromEntries(
    [...names, "reference_types", "function_references", "gc"].map((name) => [name, true]),
  );
  const module = (await load()).parseWat("module.wat", text, features);
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

const left: readonly (readonly [text: string, proposal: RegExp])[] = [
  ["(func (param v128))", /vectors \(SIMD\)/],
  ["(func (local v128))", /vectors \(SIMD\)/],
  ["(func (v128.const i32x4 0 0 0 0) drop)", /vectors \(SIMD\)/],
  ["(func (result i32) (i32x4.extract_lane 0 (v128.const i32x4 1 2 3 4)))", /vectors \(SIMD\)/],
  ["(global v128 (v128.const i32x4 0 0 0 0))", /vectors \(SIMD\)/],
  ["(func block (result v128) unreachable end drop)", /vectors \(SIMD\)/],
  ["(memory 1 2 shared)", /threads \(shared memories and atomic instructions\)/],
  ["(memory 1) (func (result i32) (i32.atomic.load (i32.const 0)))", /threads/],
  ["(memory 1) (func (atomic.fence))", /threads/],
  ["(tag (param i32))", /exception handling/],
  [`(import "a" "b" (tag))`, /exception handling/],
  ["(func (try (do) (catch_all)))", /exception handling/],
  ["(func $f (return_call $f))", /tail calls/],
  ["(type $t (func)) (table 1 funcref) (func (return_call_indirect (type $t) (i32.const 0)))", /tail calls/],
  ["(func (param externref))", /reference types/],
  ["(func (ref.null func) drop)", /reference types/],
  ["(table 1 funcref) (table 1 funcref)", /reference types/],
  ["(table 1 externref)", /reference types/],
  ["(table 1 funcref) (func (result i32) (table.size 0))", /reference types/],
  ["(table 1 funcref) (func (table.get (i32.const 0)) drop)", /reference types/],
  ["(memory 1) (memory 1)", /several memories \(multi-memory\)/],
  ["(memory i64 1)", /64-bit memories \(memory64\)/],
  ["(global i32 (i32.add (i32.const 1) (i32.const 2)))", /extended constant expressions/],
];
for (const [text, proposal] of left)
  test(`${text} is told to be of a part that is left out, by its name`, async () => {
    const bytes = await modern(`(module ${text})`);
    assert.throws(
      () => decodeModule(bytes),
      (error: unknown) =>
        error instanceof ParameterError &&
        /^decodeModule: byte \d+: .*, which the machine leaves out$/.test(error.message) &&
        proposal.test(error.message),
    );
  });

const newer: readonly (readonly [what: string, bytes: Uint8Array, proposal: RegExp])[] = [
  ["a structure", moduleOf(section(1, list([[0x5f, list([])]]))), /garbage collection/],
  ["a list", moduleOf(section(1, list([[0x5e, i32, 0]]))), /garbage collection/],
  ["types in a circle", moduleOf(section(1, list([[0x4e, list([functionType([], [])])]]))), /garbage collection/],
  ["a reference to anything", moduleOf(section(1, list([functionType([0x6e], [])]))), /garbage collection/],
  [
    "a reference to a function's type",
    moduleOf(section(1, list([[0x60, 1, 0x64, 0, 0]]))),
    /typed function references/,
  ],
  ["pages of one byte", moduleOf(section(5, list([[8, 1, 0]]))), /custom page sizes/],
  ["a component", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), /components \(the component model\)/],
];
for (const [what, bytes, proposal] of newer)
  test(`${what} is told to be of a part that is left out, by its name`, () => {
    assert.throws(() => decodeModule(bytes), proposal);
    assert.throws(() => decodeModule(bytes), /^decodeModule: byte \d+: .*, which the machine leaves out$/);
  });

test("a module is a copy of the bytes that it came in, also of a Buffer's", () => {
  const bytes = Buffer.from(returning(op("i32.const", 5)));
  const code = decodeModule(bytes);
  const wanted = Uint8Array.from(bytes);
  bytes.fill(0);
  assert.equal(Uint8Array.from(code.bytes), wanted);
});

test("what is no byte array is refused", () => {
  assert.throws(() => decodeModule("wasm" as never), /decodeModule: bytes must be a Uint8Array, got "wasm"/);
});

test("a hundred thousand blocks inside each other are no burden", () => {
  const deep = 100_000;
  const bytes = withBody([
    Array.from({ length: deep }, () => op("block", 0x40)),
    Array.from({ length: deep }, () => op("end")),
  ]);
  assert.is(decodeModule(bytes).exports.length, 0);
});

test("a jump over labels of different types in code that is never reached is valid, as in V8", () => {
  const bytes = withBody([
    op("block", 0x7d),
    op("block", 0x7c),
    op("unreachable"),
    op("i32.const", 1),
    op("br_table", list([u32(0)]), u32(1)),
    op("end"),
    op("drop"),
    op("f32.const", [0, 0, 0, 0]),
    op("end"),
    op("drop"),
  ]);
  assert.ok(v8.validate(bytes));
  decodeModule(bytes);
});

test("imports and exports are listed with their types", async () => {
  const code = decodeModule(
    await compileWasmText(
      `(module (import "env" "print" (func (param i32 f64))) (import "env" "k" (global i64)) (memory (export "memory") 1) (func (export "f") (result i64) i64.const 1))`,
    ),
  );
  assert.equal(code.imports, [
    { name: "env.print", kind: "function", type: { params: ["i32", "f64"], results: [] } },
    { name: "env.k", kind: "global", valueType: "i64" },
  ]);
  assert.equal(code.exports, [
    { name: "memory", index: 0, kind: "memory" },
    { name: "f", index: 1, kind: "function", type: { params: [], results: ["i64"] } },
  ]);
});

const rounds = soaked(100_000);
test(`${rounds} damaged modules are accepted just where V8 accepts them, and never crash`, () => {
  let accepted = 0;
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  let bytes = randomModule(1).bytes;
  for (let i = 0; i < rounds; i++) {
    if (i % 50 === 0) bytes = randomModule(i + 1).bytes;
    const damaged = bytes.slice(0, random(10) === 0 ? random(bytes.length) : bytes.length);
    for (let k = random(3); k >= 0; k--)
      damaged[random(damaged.length)] = random(3) === 0 ? random(256) : (damaged[random(damaged.length)] as number);
    let ours = true;
    try {
      decodeModule(damaged);
    } catch (error) {
      if (!(error instanceof ParameterError)) throw error;
      ours = false;
      if (v8.validate(damaged)) assert.match(error.message, beyondUs);
    }
    if (ours) assert.ok(v8.validate(damaged), `seed ${i}: accepted here and not by V8`);
    accepted += ours ? 1 : 0;
  }
  assert.ok(accepted > rounds / 50 && accepted < rounds, `${accepted} were accepted`);
});

/** What V8 knows beyond the machine's language: vectors, references, several memories and tables, shared memories, and newer instructions. */
const beyondUs =
  /illegal opcode|malformed value type|malformed reference type|multiple|malformed limits|zero byte expected|malformed block type|malformed elements|constant expression|malformed (section id|import kind|export kind|function type|element kind|mutability)|invalid result arity|unknown (table|memory|type)|UTF-8|size minimum|must be at most/;

test.run();
