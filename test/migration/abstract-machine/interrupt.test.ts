import { runInThisContext } from "node:vm";
import {
  freeze,
  Interrupted,
  instantiate,
  type Machine,
  ParameterError,
  pending,
  type Resources,
  thaw,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { imageText, module, runToEnd } from "./support.js";

const test = suite("what is cut short");
const world = globalThis as unknown as Record<symbol | string, unknown>;
const hook = Symbol.for("handoff.jupyter");

/** Stands for the notebook's kernel: interrupts are counted, and whoever listens is told of each. */
const kernel = {
  callbacks: new Set<() => void>(),
  interruptions: () => 0,
  onInterrupt(callback: () => void): () => void {
    kernel.callbacks.add(callback);
    return () => kernel.callbacks.delete(callback);
  },
};
test.before.each(() => {
  kernel.callbacks.clear();
  kernel.interruptions = () => 0;
  world[hook] = kernel;
});
test.after.each(() => {
  delete world[hook];
});

/** Ends JavaScript by force while it runs, as the kernel does, and then tells whoever listens. */
function terminated(work: () => unknown): void {
  world.work = work;
  assert.throws(() => runInThisContext("work()", { timeout: 100 }), /timed out/);
  for (const callback of kernel.callbacks) callback();
}

const code =
  await module(`(module (import "env" "ask" (func $ask (result i32))) (global $turns (export "turns") (mut i32) (i32.const 0))
  (func (export "count") (param $n i32) (result i32)
    (loop $again (global.set $turns (i32.add (global.get $turns) (i32.const 1)))
      (br_if $again (i32.lt_s (global.get $turns) (local.get $n)))) (global.get $turns))
  (func (export "ever") (loop $again (global.set $turns (i32.add (global.get $turns) (i32.const 1))) (br $again)))
  (func (export "ask") (result i32) (i32.add (call $ask) (i32.const 1))))`);
const counting = (resources: Resources = { "env.ask": () => 7 }): Machine => instantiate(code, { resources });

test("an Interrupt ends a run in good order, and the machine goes on where it stands", () => {
  const straight = counting();
  straight.call("count", 3_000_000);
  runToEnd(straight);
  const machine = counting();
  machine.call("count", 3_000_000);
  let looks = 0;
  kernel.interruptions = () => (++looks > 2 ? 1 : 0);
  assert.throws(
    () => machine.run(),
    (error: unknown) => error instanceof Interrupted && /^run was interrupted/.test(error.message),
  );
  assert.is(machine.state, "ready");
  assert.ok(machine.instructions > 0 && machine.instructions < straight.instructions);
  const moved = thaw(freeze(machine), { resources: { "env.ask": () => 7 } });
  assert.equal(moved.run(), { why: "finished", results: [3_000_000] });
  assert.is(imageText(moved), imageText(straight));
  assert.is(kernel.callbacks.size, 0);
});

test("an Interrupt that came before a run does not stop it", () => {
  kernel.interruptions = () => 5;
  const machine = counting();
  machine.call("count", 3_000_000);
  assert.equal(machine.run(), { why: "finished", results: [3_000_000] });
});

test("a run that is ended by force loses its call, says so, and leaves a machine that takes another", () => {
  const machine = counting();
  machine.call("ever");
  terminated(() => machine.run());
  assert.is(machine.state, "idle");
  assert.throws(
    () => machine.run(),
    /run: an Interrupt ended the last call by force, and where it stood is lost; call/,
  );
  const turns = Number(machine.global("turns"));
  assert.ok(turns > 0);
  machine.call("count", turns + 2);
  assert.equal(thaw(freeze(machine), { resources: { "env.ask": () => 7 } }).run(), {
    why: "finished",
    results: [turns + 2],
  });
  assert.equal(machine.run(), { why: "finished", results: [turns + 2] });
  assert.throws(() => machine.run(), /there is nothing to run: call an exported function first/);
});

test("a resource that is ended by force leaves its machine before the call, and so it does with machines inside each other", () => {
  let isStuck = true;
  const inner = counting({
    "env.ask": () => {
      for (; isStuck; );
      return 5;
    },
  });
  const outer = counting({
    "env.ask": () => {
      if (inner.state === "idle") inner.call("ask");
      const stop = inner.run();
      return stop.why === "finished" ? stop.results[0] : undefined;
    },
  });
  outer.call("ask");
  terminated(() => outer.run());
  assert.is(inner.state, "ready");
  assert.is(outer.state, "ready");
  assert.is(outer.instructions, 0);
  isStuck = false;
  assert.equal(outer.run(), { why: "finished", results: [7] });
  assert.is(outer.instructions, 3);
  assert.is(inner.instructions, 3);
});

test("a call can be abandoned: when fuel is out, when it waits, after its resource's own error", () => {
  const answers: (() => unknown)[] = [
    () => pending,
    () => {
      throw new TypeError("broken");
    },
  ];
  const machine = counting({ "env.ask": () => answers.shift()?.() as undefined });
  machine.abandon();
  machine.call("ever");
  machine.run({ fuel: 10_001 });
  machine.abandon();
  assert.is(machine.state, "idle");
  machine.call("ask");
  assert.is(machine.run().why, "waiting");
  machine.abandon();
  assert.throws(() => machine.answer(1), /the machine waits for no answer/);
  machine.call("ask");
  assert.throws(() => machine.run(), /broken/);
  assert.throws(() => machine.call("ask"), /in the middle of ask; run it to its end first, or abandon it/);
  machine.abandon();
  const turns = Number(machine.global("turns"));
  machine.call("count", 1);
  assert.equal(machine.run(), { why: "finished", results: [turns + 1] });
});

test("a resource can't abandon the call that it is asked in; a start function that has not begun is kept", async () => {
  const refused = counting({ "env.ask": (_, machine) => void machine.abandon() });
  refused.call("ask");
  assert.throws(
    () => refused.run(),
    (error: unknown) => error instanceof ParameterError && /abandon: the machine is inside run/.test(error.message),
  );
  const started = instantiate(
    await module(
      `(module (global $g (export "g") (mut i32) (i32.const 1)) (func $s (global.set $g (i32.const 2))) (start $s))`,
    ),
  );
  started.abandon();
  started.run();
  assert.is(started.global("g"), 2);
});

test.run();
