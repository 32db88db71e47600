import { mm1, ParameterError, randomStream, supermarket } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const near = (actual: number, wanted: number, error = 1e-9) =>
  assert.ok(Math.abs(actual - wanted) <= error, `${actual} is not near ${wanted}`);

test("one choice is M/M/1", () => {
  for (const load of [0.1, 0.5, 0.9, 0.999]) {
    const at = { arrivalsPerS: 100 * load, serviceMs: 10 };
    const wanted = mm1(at).responseMs;
    near(supermarket({ ...at, choices: 1 }).responseMs / wanted, 1, 1e-12);
  }
});

test("with d choices the mean is the sum of ρ^((dⁱ − d)/(d − 1)) over i ≥ 1, and ρ^((dⁱ − 1)/(d − 1)) servers have i or more", () => {
  for (const choices of [2, 3, 5])
    for (const load of [0.5, 0.9, 0.99]) {
      const { responseMs, atLeast } = supermarket({ arrivalsPerS: 100 * load, serviceMs: 10, choices });
      let wanted = 0;
      for (let i = 1; i <= 30; i++) wanted += load ** ((choices ** i - choices) / (choices - 1));
      near(responseMs / 10, wanted, 1e-9);
      for (const [i, share] of atLeast.slice(0, 5).entries())
        near(share, load ** ((choices ** i - 1) / (choices - 1)), 1e-12);
    }
});

test("a thousand servers with two choices lie within 1.5 % of the model at load .9", () => {
  const [servers, load] = [1000, 0.9];
  const random = randomStream(1, "supermarket");
  const lines = new Int32Array(servers);
  const any = () => Math.floor(random() * servers);
  const jumps = 3_000_000;
  let [there, sum] = [0, 0];
  for (let jump = 0; jump < jumps; jump++) {
    if (random() * (1 + load) < load) {
      const [a, b] = [any(), any()];
      (lines[(lines[a] as number) <= (lines[b] as number) ? a : b] as number)++;
      there++;
    } else {
      const at = any();
      if ((lines[at] as number) > 0) {
        (lines[at] as number)--;
        there--;
      }
    }
    if (jump >= jumps / 3) sum += there;
  }
  const inSystem = sum / (jumps - jumps / 3) / servers;
  near(inSystem / supermarket({ arrivalsPerS: 90, serviceMs: 10, choices: 2 }).inSystem, 1, 0.015);
});

test("a request that finds every server idle is served at once", () => {
  assert.is(supermarket({ arrivalsPerS: 0, serviceMs: 10, choices: 2 }).responseMs, 10);
});

test("an overloaded supermarket answers never, and what can't be is refused by name", () => {
  assert.is(supermarket({ arrivalsPerS: 100, serviceMs: 10, choices: 2 }).responseMs, Number.POSITIVE_INFINITY);
  for (const wrong of [{ choices: 0 }, { choices: 1.5 }, { serviceMs: Number.NaN }, { arrivalsPerS: -1 }])
    assert.throws(
      () => supermarket({ arrivalsPerS: 50, serviceMs: 10, choices: 2, ...wrong }),
      (error: Error) =>
        error instanceof ParameterError && error.message.startsWith(`supermarket: ${Object.keys(wrong)[0]} `),
    );
});

test.run();
