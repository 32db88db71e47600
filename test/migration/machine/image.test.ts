import { freeze, instantiate, type Machine, type Stop, thaw } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { programs, type TestProgram } from "./programs.js";
import { imageText, module, runToEnd } from "./support.js";

async function beginner({ text, args }: TestProgram): Promise<() => Machine> {
  const code = await module(text);
  return () => {
    const machine = instantiate(code);
    machine.call("main", ...args);
    return machine;
  };
}

for (const program of programs) {
  test(`${program.name}: frozen and thawed at every instruction, it ends as if never stopped`, async () => {
    const begin = await beginner(program);
    const straight = begin();
    const expected = runToEnd(straight);
    assert.is(expected.why, "finished");
    let machine = begin();
    let stop: Stop = { why: "out of fuel" };
    let steps = 0;
    for (; stop.why === "out of fuel"; steps++) {
      const image = freeze(machine);
      const whole = begin();
      if (steps > 0) assert.is(whole.run({ fuel: steps }).why, "out of fuel");
      assert.is(imageText(whole), imageText(machine), `after ${steps} instructions at once and one by one`);
      machine = thaw(image);
      assert.equal(freeze(machine), image, `thawed after ${steps} instructions`);
      stop = machine.run({ fuel: 1 });
    }
    assert.equal(stop, expected);
    assert.is(machine.instructions, steps);
    assert.is(straight.instructions, steps);
    assert.is(imageText(machine), imageText(straight));
  });
}
test.run();
