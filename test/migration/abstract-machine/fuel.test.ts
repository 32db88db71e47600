import { type CodeSegment, compileWasmText, decodeModule, instantiate } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, flat, functionType, list, moduleOf, section, text, u32 } from "./encode.js";

const times = (count: number, bytes: readonly number[]): number[] => Array.from({ length: count }, () => bytes).flat();

/** A module whose functions have these types, all () → () if left out, and these bodies, the locals first. The first is exported as `f`. */
function functions(bodies: readonly (readonly number[])[], type: Bytes = functionType([], [])): Uint8Array {
  const bytes = bodies.map((code) => [u32(code.length + 1), ...code, 0x0b]);
  return moduleOf(
    section(1, list([functionType([], []), type])),
    section(3, list(bodies.map(() => u32(0)))),
    section(7, list([[text("f"), 0, 0]])),
    [10, u32(flat(list(bytes)).length), list(bytes)],
  );
}

/** A module that never ends. */
const endless = async (text: string): Promise<CodeSegment> => decodeModule(await compileWasmText(text));

test("what takes long to translate, or long for one instruction, is refused before it runs", () => {
  const refused = (bytes: Uint8Array, message: RegExp): void => void assert.throws(() => decodeModule(bytes), message);
  refused(functions([[0, ...times(900_000, [1])]]), /a function of 900002 bytes, the most is 327680/);
  refused(functions([[0, 0x41, 0, 0x0e, ...u32(1_000_000), ...times(1_000_001, [0])]]), /bytes, the most is 327680/);
  refused(functions(times(4, [0]).map(() => [0, ...times(300_000, [1])])), /bytes of functions, the most is 1048576/);
  refused(functions([[1, ...u32(4097), 0x7f]]), /too many locals: 4097, the most is 4096/);
  refused(functions([[0]], functionType([], times(257, [0x7f]))), /257 parameters or results, the most is 256/);
  // A block that gives 200 values, and jumps that carry them: each is three bytes, and 200 moves.
  const carrying = [0, 2, 1, ...times(200, [0x41, 0]), ...times(6000, [0x41, 0, 0x0d, 0]), 0x0b, ...times(200, [0x1a])];
  refused(functions([carrying], functionType([], times(200, [0x7f]))), /jumps carry more than 1048576 values/);
  const fine = functions([[1, ...u32(4096), 0x7f, ...times(327_000, [1])]]);
  const machine = instantiate(decodeModule(fine));
  machine.call("f");
  assert.is(machine.run({ fuel: 1000 }).why, "out of fuel");
});

for (const [name, text, more] of [
  ["grows without end", `(loop $again (drop (memory.grow (i32.const 1))) (br $again))`, ""],
  ["asks for 64 MiB at once, again and again", `(loop $again (drop (memory.grow (i32.const 1023))) (br $again))`, ""],
  [
    "calls what has 4,000 locals",
    `(loop $again (call $many) (br $again))`,
    `(func $many (local ${"i64 ".repeat(4000)}))`,
  ],
  ["calls itself without end", `(loop $again (call $deep) (br $again))`, `(func $deep (call $deep))`],
] as const)
  test(`a machine that ${name} is back after as many instructions as it was given, however often`, async () => {
    const code = await endless(`(module (memory 1) (table 60001 funcref) ${more} (func (export "f") ${text}))`);
    const machine = instantiate(code, { limits: { frames: 1_000_000, stackValues: 16_000_000 } });
    machine.call("f");
    for (let i = 1; i <= 3; i++) {
      assert.equal(machine.run({ fuel: 100_000 }), { why: "out of fuel" });
      assert.is(machine.instructions, i * 100_000);
    }
    assert.ok(machine.memoryPages <= 1024);
  });

test("a start function without end is back after as many instructions as it was given", async () => {
  const machine = instantiate(await endless(`(module (func $s (loop (br 0))) (start $s))`));
  assert.equal(machine.run({ fuel: 1_000_000 }), { why: "out of fuel" });
  assert.is(machine.instructions, 1_000_000);
});

test.run();
