import { decodeModule, instantiate, type MachineValue, type TrapKind } from "kernel-lib";
import { f32, f64, i32, i64, opcodes, type TypeCode } from "kernel-lib/migration/abstract-machine/opcodes";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { inV8, trapsOf, type V8Function } from "../v8.js";
import { type Bytes, body, functionType, list, moduleOf, op, section, signed, text, u32 } from "./encode.js";
import { edges, hasOpenNan } from "./random-module.js";

const numeric = [...opcodes].filter(([code, { results }]) => code >= 0x45 && code < 0x108 && results.length === 1);

const asInt = (type: TypeCode): TypeCode => (type === f32 ? i32 : type === f64 ? i64 : type);
const fromInt: Readonly<Record<number, Bytes>> = { [f32]: op("f32.reinterpret_i32"), [f64]: op("f64.reinterpret_i64") };
const toInt: Readonly<Record<number, Bytes>> = { [f32]: op("i32.reinterpret_f32"), [f64]: op("i64.reinterpret_f64") };

/** A function for each instruction that takes and gives bits as integers, in a form of operands of its own: locals, or constants. */
function moduleFor(name: string, params: readonly TypeCode[], result: TypeCode): Uint8Array {
  const code = [params.map((type, i) => [op("local.get", u32(i)), fromInt[type] ?? []]), op(name), toInt[result] ?? []];
  return moduleOf(
    section(1, list([functionType(params.map(asInt), [asInt(result)])])),
    section(3, list([u32(0)])),
    section(7, list([[text("f"), 0, 0]])),
    section(10, list([body([], code)])),
  );
}

const isNan = (type: TypeCode, bits: bigint): boolean =>
  type === f32
    ? (bits & 0x7fffffffn) > 0x7f800000n
    : type === f64 && (bits & 0x7fffffffffffffffn) > 0x7ff0000000000000n;

const canonical = (type: TypeCode): bigint => (type === f32 ? 0x7fc00000n : 0x7ff8000000000000n);

const asArgument = (type: TypeCode, bits: bigint): MachineValue =>
  asInt(type) === i32 ? Number(BigInt.asIntN(32, bits)) : BigInt.asIntN(64, bits);

const asBits = (type: TypeCode, value: unknown): bigint =>
  BigInt.asUintN(asInt(type) === i32 ? 32 : 64, BigInt(value as number));

const extra = (type: TypeCode, count: number): bigint[] =>
  Array.from(
    { length: count },
    (_, i) => BigInt.asUintN(64, BigInt(i + 1) * 0x9e3779b97f4a7c15n) >> (asInt(type) === i32 ? 32n : 0n),
  );

for (const [, { name, params, results }] of numeric) {
  test(`${name} gives the bits, or the trap, of V8 on every pair of edge values`, () => {
    const result = results[0] as TypeCode;
    const bytes = moduleFor(name, params, result);
    const theirs = (inV8(bytes).exports as { f: V8Function }).f;
    const machine = instantiate(decodeModule(bytes));
    const values = params.map((type) => [...(edges[type] ?? []), ...extra(type, 12)]);
    const [first = [], second = [0n]] = values;
    for (const x of first)
      for (const y of second) {
        const bits = params.length === 1 ? [x] : [x, y];
        const args = bits.map((value, i) => asArgument(params[i] as TypeCode, value));
        let wanted: bigint | readonly TrapKind[];
        try {
          wanted = asBits(result, theirs(...args));
        } catch (error) {
          wanted = trapsOf(error);
        }
        machine.call("f", ...args);
        const stop = machine.run();
        const what = `${name}(${bits.map((value) => `0x${value.toString(16)}`).join(", ")})`;
        if (stop.why === "trapped") {
          assert.ok(
            typeof wanted !== "bigint" && wanted.includes(stop.trap.kind),
            `${what} traps: ${stop.trap.kind}, V8: ${wanted}`,
          );
          continue;
        }
        assert.is(stop.why, "finished");
        const got = asBits(result, stop.why === "finished" ? stop.results[0] : 0);
        if (typeof wanted === "bigint" && hasOpenNan(name) && isNan(result, wanted)) wanted = canonical(result);
        assert.is(
          got,
          wanted,
          `${what} is 0x${got.toString(16)}, V8: ${typeof wanted === "bigint" ? `0x${wanted.toString(16)}` : wanted}`,
        );
      }
  });
}

// The same instructions with a constant on the right, on the left, and with a jump behind it, which have internal code of their own.
const integers = numeric.filter(([, { params }]) => params.length === 2 && (params[0] === i32 || params[0] === i64));
const constantOf = (type: TypeCode, bits: bigint): Bytes =>
  type === i32 ? op("i32.const", signed(BigInt.asIntN(32, bits))) : op("i64.const", signed(BigInt.asIntN(64, bits)));

for (const [, { name, params, results }] of integers) {
  test(`${name} with constants and before jumps gives what V8 gives`, () => {
    const type = params[0] as TypeCode;
    const result = results[0] as TypeCode;
    const isTest = result === i32;
    const jump = [op("if", 0x7f), op("i32.const", 3), op("else"), op("i32.const", 5), op("end")];
    const loop = [op("i32.eqz"), op("br_if", 0), op("i32.const", 7), op("return"), op("end"), op("i32.const", 9)];
    const bodies = (edges[type] ?? []).flatMap((bits) => {
      const right = [op("local.get", 0), constantOf(type, bits), op(name)];
      const left = [constantOf(type, bits), op("local.get", 0), op(name)];
      const jumps = isTest
        ? [
            [right, jump],
            [left, jump],
            [op("block", 0x40), right, loop],
            [op("block", 0x40), left, loop],
          ]
        : [];
      return [right, left, ...jumps].map((code) => body([], code));
    });
    const bytes = moduleOf(
      section(1, list([functionType([type], [result])])),
      section(3, list(bodies.map(() => u32(0)))),
      section(7, list(bodies.map((_, i) => [text(`f${i}`), 0, u32(i)]))),
      section(10, list(bodies)),
    );
    const theirs = inV8(bytes).exports as Record<string, V8Function>;
    const machine = instantiate(decodeModule(bytes));
    for (let i = 0; i < bodies.length; i++)
      for (const bits of edges[type] ?? []) {
        const arg = asArgument(type, bits);
        let wanted: unknown;
        try {
          wanted = theirs[`f${i}`]?.(arg);
        } catch (error) {
          wanted = trapsOf(error)[0];
        }
        machine.call(`f${i}`, arg);
        const stop = machine.run();
        assert.is(
          stop.why === "finished" ? stop.results[0] : stop.why === "trapped" ? stop.trap.kind : stop.why,
          wanted,
          `${name}, form ${i}, of ${arg}`,
        );
      }
  });
}

test.run();
