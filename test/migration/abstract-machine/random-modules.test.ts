import {
  type CodeSegment,
  decodeModule,
  freeze,
  type ImportRow,
  instantiate,
  type MachineValue,
  randomStream,
  type Stop,
  thaw,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../../soak.js";
import { inV8, trapsOf, type V8Function } from "../v8.js";
import { type RandomModule, randomModule } from "./random-module.js";

/** A resource of both worlds: a number from what it is given. */
const answerTo = (args: readonly MachineValue[]): bigint => {
  let sum = 0x9e3779b97f4a7c15n;
  for (const value of args) sum = BigInt.asIntN(64, (sum ^ BigInt(value)) * 0x100000001b3n);
  return sum;
};

type Ended = { readonly results: readonly MachineValue[] } | { readonly traps: readonly string[] };

/** What an import of that type answers, in V8 and in ours. */
function answerAs(type: ImportRow["type"], args: readonly MachineValue[]): MachineValue | undefined {
  const [result] = type?.results ?? [];
  if (result === "i32") return Number(BigInt.asIntN(32, answerTo(args)));
  return result === "i64" ? answerTo(args) : undefined;
}

interface Both {
  call(name: string, args: readonly MachineValue[]): Ended;
  memory(): Uint8Array;
}

function theirs({ bytes }: RandomModule, code: CodeSegment): Both {
  const env = Object.fromEntries(
    code.imports.map(({ name, type }) => [name.slice(4), (...args: MachineValue[]) => answerAs(type, args)]),
  );
  const exports = inV8(bytes, { env }).exports as Record<string, V8Function> & { memory: { buffer: ArrayBuffer } };
  return {
    memory: () => new Uint8Array(exports.memory.buffer.slice(0)),
    call: (name, args) => {
      try {
        const result = (exports[name] as V8Function)(...args);
        return { results: (result === undefined ? [] : Array.isArray(result) ? result : [result]) as MachineValue[] };
      } catch (error) {
        return { traps: trapsOf(error) };
      }
    },
  };
}

function ours(seed: number, code: CodeSegment): Both {
  const random = randomStream(seed, "stops");
  const resources = Object.fromEntries(
    code.imports.map(({ name, type }) => [name, (args: readonly MachineValue[]) => answerAs(type, args)]),
  );
  let machine = instantiate(code, { resources });
  return {
    memory: () => machine.read(0, machine.memoryPages * 65_536),
    call: (name, args) => {
      machine.call(name, ...args);
      let stop: Stop = { why: "out of fuel" };
      for (let stops = 0; stop.why === "out of fuel"; stops++) {
        stop = machine.run(stops < 12 ? { fuel: 1 + Math.floor(random() ** 3 * 300) } : {});
        if (stops < 12 && random() < 0.3) machine = thaw(freeze(machine), { resources, code });
      }
      if (stop.why === "finished") return { results: stop.results };
      if (stop.why === "trapped") return { traps: [stop.trap.kind] };
      throw new Error(`stopped as ${stop.why}`);
    },
  };
}

const same = (a: Ended, b: Ended): boolean => {
  if ("traps" in a) return "traps" in b && b.traps.some((kind) => a.traps.includes(kind));
  return (
    "results" in b &&
    a.results.length === b.results.length &&
    a.results.every((value, i) => Object.is(value, b.results[i]) || value === b.results[i])
  );
};

const seeds = soaked(5000);
test(`${seeds} random modules end as in V8: results, traps, memory and globals, stopped and moved on the way`, () => {
  const outcomes = { finished: 0, trapped: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const made = randomModule(seed);
    const code = decodeModule(made.bytes);
    const [a, b] = [theirs(made, code), ours(seed, code)];
    for (const { name, args } of [...made.calls, { name: "dump", args: [] }]) {
      const [x, y] = [a.call(name, args), b.call(name, args)];
      assert.ok(
        same(x, y),
        `seed ${seed}, ${name}(${args}): V8 ${JSON.stringify(x, show)}, ours ${JSON.stringify(y, show)}`,
      );
      outcomes["traps" in y ? "trapped" : "finished"]++;
      const [p, q] = [a.memory(), b.memory()];
      assert.is(p.length, q.length, `seed ${seed}, after ${name}: pages`);
      const at = p.findIndex((byte, i) => byte !== q[i]);
      assert.is(at, -1, `seed ${seed}, after ${name}: byte ${at} is ${p[at]} in V8, ours ${q[at]}`);
    }
  }
  assert.ok(outcomes.finished > seeds && outcomes.trapped > seeds / 10, `both happen: ${JSON.stringify(outcomes)}`);
});

const show = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? `${value}n` : Object.is(value, -0) ? "-0" : value;

test("the same seed makes the same module", () => {
  assert.equal(randomModule(7).bytes, randomModule(7).bytes);
});

test.run();
