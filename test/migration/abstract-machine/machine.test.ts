import { decodeModule, instantiate, type MachineValue, ParameterError, pending, type Stop, Trapped } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { module, runToEnd } from "./support.js";

const results = (stop: Stop): readonly MachineValue[] => {
  if (stop.why !== "finished") throw new Error(`stopped: ${JSON.stringify(stop)}`);
  return stop.results;
};

test("a program computes what it says, and counts its instructions", async () => {
  const machine = instantiate(
    await module(`(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))`),
  );
  assert.is(machine.state, "idle");
  machine.call("add", 2, 3);
  assert.is(machine.state, "ready");
  assert.equal(machine.run(), { why: "finished", results: [5] });
  assert.is(machine.instructions, 3);
  assert.is(machine.state, "idle");
});

test("fuel is spent to the last instruction: end and else cost nothing, everything else costs one", async () => {
  const code = await module(`(module (func (export "f") (param i32) (result i32)
    (block (loop (nop) (br_if 1 (i32.eqz (local.get 0))) (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br 0))) (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2)))))`);
  // block, then 3 turns of loop body: nop get eqz br_if get const sub set br; the last turn has 4; then get, if, const.
  const wanted = 1 + 1 + 3 * 9 + 4 + 3;
  for (const fuel of [1, 2, 3, 5, 7, wanted - 1, wanted, 1000]) {
    const machine = instantiate(code);
    machine.call("f", 3);
    let stops = 0;
    let stop = machine.run({ fuel });
    for (; stop.why === "out of fuel"; stop = machine.run({ fuel })) {
      stops++;
      assert.is(machine.instructions, stops * fuel);
    }
    assert.equal(results(stop), [2]);
    assert.is(machine.instructions, wanted, `with fuel ${fuel}`);
    assert.is(stops, Math.ceil(wanted / fuel) - 1);
  }
});

const traps: readonly (readonly [string, string, string])[] = [
  ["unreachable", "unreachable", ""],
  ["integer divide by zero", "(drop (i32.div_u (i32.const 1) (i32.const 0)))", ""],
  ["integer divide by zero", "(drop (i64.rem_s (i64.const 1) (i64.const 0)))", ""],
  ["integer overflow", "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", ""],
  ["integer overflow", "(drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1)))", ""],
  ["integer overflow", "(drop (i32.trunc_f64_s (f64.const 2147483648)))", ""],
  ["integer overflow", "(drop (i64.trunc_f32_u (f32.const -1)))", ""],
  ["invalid conversion to integer", "(drop (i64.trunc_f64_u (f64.const nan)))", ""],
  ["out of bounds memory access", "(drop (i32.load (i32.const 65533)))", "(memory 1)"],
  ["out of bounds memory access", "(i64.store (i32.const -1) (i64.const 0))", "(memory 1)"],
  ["out of bounds memory access", "(i32.store8 offset=4294967295 (i32.const 1) (i32.const 0))", "(memory 1)"],
  ["out of bounds memory access", "(memory.fill (i32.const 65535) (i32.const 0) (i32.const 2))", "(memory 1)"],
  [
    "out of bounds memory access",
    "(memory.init 0 (i32.const 0) (i32.const 1) (i32.const 3))",
    `(memory 1) (data "abc")`,
  ],
  [
    "out of bounds memory access",
    "(data.drop 0) (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1))",
    `(memory 1) (data "abc")`,
  ],
  ["out of bounds table access", "(table.copy (i32.const 1) (i32.const 0) (i32.const 3))", "(table 3 funcref)"],
  ["undefined element", "(call_indirect (i32.const 3))", "(table 3 funcref)"],
  ["uninitialized element", "(call_indirect (i32.const 2))", "(table 3 funcref)"],
  [
    "indirect call type mismatch",
    "(drop (call_indirect (result i32) (i32.const 0)))",
    "(table 3 funcref) (func $g) (elem (i32.const 0) $g)",
  ],
  ["call stack exhausted", "(call $f)", ""],
];
for (const [i, [kind, code, rest]] of traps.entries())
  test(`trap ${i + 1}, ${kind}: says where, whether stopped on the way or not, and leaves a machine that takes another call`, async () => {
    const own = await module(
      `(module ${rest} (func $f (export "f") (nop) ${code}) (func (export "two") (result i32) i32.const 2))`,
    );
    const seen = [1, 2, Number.POSITIVE_INFINITY].map((fuel) => {
      const machine = instantiate(own, { limits: { frames: 50 } });
      machine.call("f");
      const stop = runToEnd(machine, fuel);
      if (stop.why !== "trapped") throw new Error(`stopped: ${JSON.stringify(stop)}`);
      assert.is(stop.trap.kind, kind);
      assert.is(stop.trap.message, kind);
      const [first] = stop.trap.positions;
      assert.is(first?.name, "f");
      assert.is(stop.trap.positions.length, kind === "call stack exhausted" ? 50 : 1);
      assert.is(machine.state, "idle");
      machine.call("two");
      assert.equal(results(machine.run()), [2]);
      return { stop, instructions: machine.instructions };
    });
    assert.equal(seen[0], seen[2]);
    assert.equal(seen[1], seen[2]);
  });

test("a resource that can't answer yet makes the machine wait, and the answer makes it go on", async () => {
  const code =
    await module(`(module (import "mail" "receive" (func $receive (param i32) (result i64))) (func (export "main") (result i64)
    (i64.add (call $receive (i32.const 4)) (call $receive (i32.const 5)))))`);
  const machine = instantiate(code, { resources: { "mail.receive": () => pending } });
  machine.call("main");
  assert.equal(machine.run(), { why: "waiting", resource: "mail.receive", args: [4] });
  assert.is(machine.state, "waiting");
  assert.equal(machine.run(), { why: "waiting", resource: "mail.receive", args: [4] }, "run asks again");
  assert.is(machine.instructions, 1, "the call that waits is not yet executed");
  assert.throws(() => machine.answer(), /resource mail.receive: results must be 1 values/);
  assert.throws(() => machine.answer(7), /results\[0\] must be a bigint of 64 bits \(i64\), got 7/);
  machine.answer(7n);
  assert.is(machine.state, "ready");
  assert.is(machine.instructions, 2);
  assert.throws(() => machine.answer(7n), /waits for no answer/);
  assert.equal(machine.run(), { why: "waiting", resource: "mail.receive", args: [5] });
  machine.answer([8n]);
  assert.equal(machine.run(), { why: "finished", results: [15n] });
  assert.is(machine.instructions, 5);
});

test("a resource reads and writes the memory of the machine that calls it, and nothing else of it", async () => {
  const code =
    await module(`(module (import "env" "upper" (func $upper (param i32 i32))) (memory 1) (data (i32.const 8) "abc") (func (export "main") (result i32)
    (call $upper (i32.const 8) (i32.const 3)) (i32.load8_u (i32.const 10))))`);
  const tried: unknown[] = [];
  const machine = instantiate(code, {
    resources: {
      "env.upper": ([at, length], inside) => {
        const bytes = inside.read(Number(at), Number(length));
        inside.write(
          Number(at),
          bytes.map((byte) => byte - 32),
        );
        for (const act of [() => inside.run(), () => inside.call("main"), () => inside.answer()])
          try {
            act();
          } catch (error) {
            tried.push(error);
          }
      },
    },
  });
  machine.call("main");
  assert.equal(results(machine.run()), ["C".charCodeAt(0)]);
  assert.is(tried.filter((error) => error instanceof ParameterError).length, 3);
  assert.throws(() => machine.read(65_530, 7), /read: bytes must be at most the 6 bytes from address 65530 on, got 7/);
  assert.throws(
    () => machine.write(-1, Uint8Array.of(1)),
    /write: address must be a place in the memory of 65536 bytes, got -1/,
  );
});

test("a resource's Trapped makes the machine trap; any other error leaves it before the call", async () => {
  const code = await module(
    `(module (import "env" "f" (func $f)) (func (export "main") (result i32) (call $f) (i32.const 3)))`,
  );
  const answers: (() => void)[] = [
    () => {
      throw new TypeError("broken");
    },
    () => {},
    () => {
      throw new Trapped("no paper");
    },
  ];
  const machine = instantiate(code, { resources: { "env.f": () => answers.shift()?.() } });
  machine.call("main");
  assert.throws(() => machine.run(), /broken/);
  assert.is(machine.instructions, 0);
  assert.equal(results(machine.run()), [3]);
  assert.is(machine.instructions, 2);
  machine.call("main");
  const stop = machine.run();
  assert.is(stop.why === "trapped" && stop.trap.kind, "host");
  assert.is(stop.why === "trapped" && stop.trap.message, "no paper");
});

test("a resource that runs another machine of the same module leaves its caller as it was", async () => {
  // Many functions are first called inside the peer, and their code moves the code of all. The caller then calls one of them,
  // whose locals lie where others have been.
  const many = Array.from(
    { length: 40 },
    (_, i) =>
      `(func $f${i} (param $n i32) (result i32) (local $x i32) (local.set $x (i32.add (local.get $x) (local.get $n)))
        ${"(local.set $x (i32.rem_u (i32.mul (local.get $x) (i32.const 3)) (i32.const 1009)))".repeat(20)} (local.get $x))`,
  );
  const code = await module(`(module (import "peer" "ask" (func $ask (param i32) (result i32))) ${many.join("\n")}
    (func (export "peer") (param $n i32) (result i32) ${many.map((_, i) => `(local.set $n (call $f${i} (local.get $n)))`).join("\n")} (local.get $n))
    (func $leave (param i32) (result i32) (local i32 i32) (local.set 1 (i32.const 77)) (local.set 2 (i32.const 78)) (local.get 0))
    (func (export "main") (param $n i32) (result i32) (local $i i32)
      (loop $again (local.set $n (call $leave (local.get $n)))
        (local.set $n (call $f39 (call $ask (i32.add (local.get $n) (local.get $i)))))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))
      (local.get $n)))`);
  // What f39 computes, and all of them one after the other.
  const step = (n: number): number => Array.from({ length: 20 }).reduce<number>((x) => (x * 3) % 1009, n);
  const all = (n: number): number => many.reduce(step, n);
  let wanted = 7;
  for (let i = 0; i < 3; i++) wanted = step(all(wanted + i));
  for (const fuel of [Infinity, 1, 5]) {
    const own = decodeModule(code.bytes);
    const machine = instantiate(own, {
      resources: {
        "peer.ask": ([n]) => {
          const other = instantiate(own, { resources: { "peer.ask": ([x]) => x } });
          other.call("peer", n as number);
          return results(runToEnd(other))[0];
        },
      },
    });
    machine.call("main", 7);
    assert.equal(results(runToEnd(machine, fuel)), [wanted], `with fuel ${fuel}`);
  }
});

test("a function that needs more room than there is yet, and is the first to be called, has all of its locals", async () => {
  const locals = 2000;
  const sets = Array.from(
    { length: locals },
    (_, i) => `(local.set ${i + 1} (i32.add (local.get 0) (i32.const ${i})))`,
  );
  const sum = Array.from({ length: locals }, (_, i) => `(local.get ${i + 1}) (i32.add)`);
  const code = await module(
    `(module (func (export "f") (param i32) (result i32) (local ${"i32 ".repeat(locals)}) ${sets.join(" ")} (i32.const 0) ${sum.join(" ")}))`,
  );
  const machine = instantiate(code);
  machine.call("f", 5);
  assert.equal(results(machine.run()), [5 * locals + (locals * (locals - 1)) / 2]);
});

test("a start function runs before the first call, whichever comes first", async () => {
  const code =
    await module(`(module (global $g (export "g") (mut i32) (i32.const 1)) (func $s (global.set $g (i32.const 40))) (start $s)
    (func (export "main") (param i32) (result i32) (local i32) (i32.add (global.get $g) (local.get 0))))`);
  const called = instantiate(code);
  called.call("main", 2);
  assert.equal(results(runToEnd(called, 1)), [42]);
  const started = instantiate(code);
  assert.is(started.global("g"), 1);
  assert.equal(results(started.run()), []);
  assert.is(started.global("g"), 40);
  started.call("main", 3);
  assert.equal(results(started.run()), [43]);
  const amid = instantiate(code);
  amid.run({ fuel: 1 });
  assert.throws(() => amid.call("main", 1), /in the middle of s; run it to its end first/);
});

test("bits of NaNs pass through stores, loads, locals and calls unchanged", async () => {
  const machine = instantiate(
    await module(`(module (memory 1) (global $g (mut f32) (f32.const 0)) (func $same (param f64 f32) (result f32 f64) local.get 1 local.get 0)
    (func (export "f") (param i64 i32) (result i64 i32) (local f64 f32)
      (f64.store (i32.const 1) (f64.reinterpret_i64 (local.get 0))) (f32.store (i32.const 20) (f32.reinterpret_i32 (local.get 1)))
      (call $same (f64.load (i32.const 1)) (select (f32.load (i32.const 20)) (f32.const 0) (i32.const 1)))
      local.set 2 global.set $g
      (i64.reinterpret_f64 (f64.neg (f64.neg (local.get 2)))) (i32.reinterpret_f32 (global.get $g))))`),
  );
  machine.call("f", 0x7ff4000000000001n, 0x7fa00001);
  assert.equal(results(machine.run()), [0x7ff4000000000001n, 0x7fa00001]);
});

test("what a computation with NaNs gives is the positive quiet NaN on every computer", async () => {
  const machine = instantiate(
    await module(`(module (func (export "f") (param f64) (result i64 i32)
    (i64.reinterpret_f64 (f64.sub (local.get 0) (local.get 0))) (i32.reinterpret_f32 (f32.sqrt (f32.const -1)))))`),
  );
  machine.call("f", Number.POSITIVE_INFINITY);
  assert.equal(results(machine.run()), [0x7ff8000000000000n, 0x7fc00000]);
});

test("limits: too much at the start is refused, more later is −1 or a trap", async () => {
  const big = await module("(module (memory 200))");
  assert.throws(
    () => instantiate(big, { limits: { memoryPages: 100 } }),
    /wants 200 pages of memory, and limits.memoryPages is 100/,
  );
  assert.throws(
    () => instantiate(decodeModule(big.bytes), { limits: { memoryPages: -1 } }),
    /limits.memoryPages must be a whole number/,
  );
  const table = await module("(module (table 4000000000 funcref))");
  assert.throws(() => instantiate(table), /wants a table of 4000000000/);
  assert.throws(
    () => instantiate(decodeModule(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 5, 1, 0, 0x80, 0x80, 4))),
    /wants 65536 pages/,
  );
  const grow = instantiate(
    await module(`(module (memory 1 8) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`),
    { limits: { memoryPages: 5 } },
  );
  for (const [by, gives] of [
    [0, 1],
    [2, 1],
    [3, -1],
    [2, 3],
    [1, -1],
    [-1, -1],
    [0, 5],
  ]) {
    grow.call("grow", by as number);
    assert.equal(results(grow.run()), [gives], `memory.grow ${by}`);
  }
  const deep = await module(
    `(module (func $f (export "f") (param i32) (result i32) (local i64 i64 i64) (if (result i32) (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 9)))))`,
  );
  const depth = (frames: number, stackValues: number, levels: number): string => {
    const machine = instantiate(deep, { limits: { frames, stackValues } });
    machine.call("f", levels - 1);
    return machine.run().why;
  };
  assert.is(depth(100, 100_000, 100), "finished");
  assert.is(depth(100, 100_000, 101), "trapped");
  assert.is(depth(3, 100_000, 3), "finished");
  assert.is(depth(3, 100_000, 4), "trapped");
  assert.is(depth(100_000, 4000, 10), "finished");
  assert.is(depth(100_000, 4000, 4000), "trapped");
});

test("a program that never ends uses its fuel and no more", async () => {
  const machine = instantiate(await module(`(module (func (export "f") (loop (br 0))))`));
  machine.call("f");
  assert.equal(machine.run({ fuel: 3_000_000 }), { why: "out of fuel" });
  assert.is(machine.instructions, 3_000_000);
});

test("bad input is refused by name", async () => {
  const code = await module(
    `(module (import "env" "print" (func (param i32))) (import "env" "k" (global i64)) (func (export "f") (param i32 i64 f32)) (export "p" (func 0)))`,
  );
  const resources = { "env.print": () => {}, "env.k": 5n };
  assert.throws(() => instantiate({} as never), /instantiate: code must be what decodeModule returned/);
  assert.throws(
    () => instantiate(code),
    /resources\["env.print"\] must be a resource, a function or a number, got undefined/,
  );
  assert.throws(
    () => instantiate(code, { resources: { ...resources, "env.print": 3 } }),
    /\["env.print"\].call must be a function/,
  );
  assert.throws(
    () => instantiate(code, { resources: { ...resources, "env.k": 3 } }),
    /\["env.k"\].value must be a bigint/,
  );
  assert.throws(
    () => instantiate(code, { resources: { ...resources, "env.print": { call: () => {}, binding: "name" as never } } }),
    /binding must be identifier, value or type, got "name"/,
  );
  const machine = instantiate(code, { resources });
  assert.throws(() => machine.run(), /there is nothing to run/);
  assert.throws(() => machine.call("g"), /call: name must be an exported function \(f, p\), got "g"/);
  assert.throws(() => machine.call("p", 1), /a function of the module's own/);
  assert.throws(() => machine.call("f", 1, 2n), /call: args must be 3 values/);
  assert.throws(() => machine.call("f", 1, 2, 3), /args\[1\] must be a bigint of 64 bits/);
  assert.throws(
    () => machine.call("f", 2 ** 32, 2n, 3),
    /args\[0\] must be a whole number of 32 bits \(i32\), got 4294967296/,
  );
  assert.throws(() => machine.call("f", 1, 2n ** 64n, 3), /args\[1\] must be a bigint of 64 bits/);
  assert.is(machine.state, "idle");
  machine.call("f", 4294967295, -1n, Number.NaN);
  for (const fuel of [0, -1, 1.5, Number.NaN, "3" as never])
    assert.throws(() => machine.run({ fuel }), /run: fuel must be a whole number of at least 1, or Infinity/);
  assert.throws(() => machine.call("f", 1, 2n, 3), /in the middle of f/);
  assert.equal(results(machine.run()), []);
});

test("segments that do not fit at the start are refused", async () => {
  for (const [text, message] of [
    [`(module (memory 1) (data (i32.const 65534) "abc"))`, /data segment 0 does not fit into the memory/],
    ["(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))", /element segment 0 does not fit into the table/],
  ] as const) {
    const code = await module(text);
    assert.throws(() => instantiate(code), message);
  }
});

test.run();
