import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  CompileError,
  compileAssemblyScript,
  compileWasmText,
  decodeModule,
  freeze,
  instantiate,
  type Machine,
  type MachineValue,
  ParameterError,
  textAt,
  thaw,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../scripts/setup/paths.mjs";
import { inV8, v8 } from "./v8.js";

const toolchain = suite("from a program's text to a module");

const rejection = async (work: Promise<unknown>): Promise<Error> => {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was accepted");
};
/** The exports of a module that needs nothing, as V8 runs them. */
const exportsOf = (module: Uint8Array): Record<string, (...numbers: number[]) => unknown> => inV8(module).exports;

const benchmark = async (name: string, n: number) =>
  exportsOf(await compileAssemblyScript(readFileSync(inRoot("bench", "programs", `${name}.as`), "utf8"))).run?.(n);

toolchain("a program in AssemblyScript becomes a module whose exports are the text's", async () => {
  const module = exportsOf(await compileAssemblyScript("export function twice(n: i32): i32 { return 2 * n; }"));
  assert.is(module.twice?.(21), 42);
});

toolchain("the same text gives the same bytes, also when several are compiled at once", async () => {
  const text = (n: number) => `export function f(): i32 { return ${n}; }`;
  const [a, b, other] = await Promise.all([1, 1, 2].map((n) => compileAssemblyScript(text(n))));
  assert.equal(a, b);
  assert.is(exportsOf(other as Uint8Array).f?.(), 2);
});

toolchain("a module imports what its text declares, and nothing else, whatever the memory manager", async () => {
  const text =
    '@external("printer", "print") declare function print(text: string): void;\n' +
    "export function run(at: i32): void { const words = [`a`, `b`]; print(words[at] + `!`); }";
  for (const runtime of ["incremental", "minimal", "stub"] as const) {
    const module = await compileAssemblyScript(text, { runtime });
    assert.equal(v8.Module.imports(new v8.Module(module)), [{ module: "printer", name: "print", kind: "function" }]);
  }
});

toolchain("faults in AssemblyScript are shown under their lines, with line and column", async () => {
  const text = "export function f(n: i32): i32 {\n  let s: string = 5;\n  return q;\n}";
  const error = (await rejection(compileAssemblyScript(text))) as CompileError;
  assert.instance(error, CompileError);
  assert.equal(
    error.diagnostics.map(({ line, column }) => [line, column]),
    [
      [2, 19],
      [3, 10],
    ],
  );
  assert.match(error.message, "line 3: Cannot find name 'q'.\n    return q;\n           ^");
});

toolchain("a text that is only half there is a fault, and the next compiles", async () => {
  assert.instance(await rejection(compileAssemblyScript("export function f(")), CompileError);
  assert.ok((await compileAssemblyScript("")).length > 8);
});

toolchain("WebAssembly text becomes a module that does what it says", async () => {
  const text = '(module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))';
  assert.is(exportsOf(await compileWasmText(text)).add?.(40, 2), 42);
});

toolchain("faults in WebAssembly text are shown under their lines, those of types too", async () => {
  const unknown = (await rejection(compileWasmText("(module\n  (foo))"))) as CompileError;
  assert.equal([unknown.diagnostics[0]?.line, unknown.diagnostics[0]?.column], [2, 4]);
  const untyped = (await rejection(compileWasmText("(module (func (result i32)))"))) as CompileError;
  assert.match(untyped.message, "line 1: type mismatch");
});

const failing = `
class Box { value: i32 = 1; }
const numbers = new StaticArray<i32>(4);
function box(n: i32): Box | null {
  return n > 0 ? new Box() : null;
}
export function asserts(n: i32): i32 {
  assert(n > 5, "n must be above 5, 😀");
  assert(n > 7);
  return n;
}
export function throws(n: i32): i32 {
  if (n == 3)
    throw new Error("three");
  return n;
}
export function index(n: i32): i32 {
  let sum = 1;
  sum += n;
  return sum + numbers[n];
}
export function first(n: i32): i32 { return numbers[n]; }
export function nothing(n: i32): i32 {
  return box(n)!.value;
}
export function divides(n: i32): i32 {
  return 7 /
    n;
}
export function explicit(n: i32): i32 {
  store<i32>(2000, n);
  unreachable();
  return n;
}
export function deep(n: i32): i32 { return n > 0 ? 1 + deep(n - 1) : asserts(0); }
`;
const lineIn = (text: string, part: string) => text.slice(0, text.indexOf(part)).split("\n").length;

for (const [optimize, runtime] of [
  [true, "stub"],
  [true, "incremental"],
  [false, "minimal"],
] as const)
  toolchain(
    `a trap says what the program's text says, and in which line (${optimize ? "-O3" : "-O0"}, ${runtime})`,
    async () => {
      const code = decodeModule(await compileAssemblyScript(failing, { optimize, runtime }));
      assert.equal(code.imports, []);
      const trapOf = (call: string, n: number): string => {
        const machine = instantiate(code);
        machine.call(call, n);
        // Stopped and moved in the middle, it says the same.
        machine.run({ fuel: 3 });
        const moved = thaw(freeze(machine));
        const stop = machine.run();
        assert.equal(moved.run(), stop);
        return stop.why === "trapped" ? stop.trap.message : stop.why;
      };
      const line = (part: string) => `(line ${lineIn(failing, part)})`;
      assert.is(trapOf("asserts", 1), `n must be above 5, 😀 ${line("assert(n > 5")}`);
      assert.is(trapOf("asserts", 6), `an assertion failed ${line("assert(n > 7)")}`);
      assert.is(trapOf("throws", 3), `three ${line("throw new Error")}`);
      assert.is(trapOf("index", 9), `Index out of range ${line("return sum + numbers")}`);
      assert.is(trapOf("first", 9), `Index out of range ${line("export function first")}`);
      assert.match(trapOf("nothing", 0), line("return box(n)"));
      assert.match(trapOf("nothing", 0), "Unexpected 'null'");
      assert.match(trapOf("divides", 0), /^integer divide by zero \(line 2[78]\)$/);
      assert.is(trapOf("explicit", 1), `unreachable ${line("unreachable();")}`);
      assert.is(trapOf("deep", 4), `n must be above 5, 😀 ${line("assert(n > 5")}`);
      assert.is(trapOf("asserts", 8), "finished");
    },
  );

toolchain("what the language's library asks for is imported under the name that its readers know", async () => {
  const text = `export function f(): f64 { console.log("hé"); console.warn("w"); trace("t", 2, 1, 2.5); return Math.random() + f64(Date.now()); }`;
  const code = decodeModule(await compileAssemblyScript(text, { runtime: "stub" }));
  assert.equal(code.imports.map(({ name }) => name).sort(), [
    "Date.now",
    "Math.random seed",
    "console.log",
    "console.trace",
    "console.warn",
  ]);
  assert.throws(() => instantiate(code), /resources\["(console\.|Date|Math)/);
  const said: unknown[] = [];
  const tells = (name: string) => (args: readonly MachineValue[], machine: Machine) =>
    void said.push([name, textAt(machine, Number(args[0])), ...args.slice(1)]);
  const machine = instantiate(code, {
    resources: {
      "console.log": tells("log"),
      "console.warn": tells("warn"),
      "console.trace": tells("trace"),
      "Date.now": () => 1000,
      "Math.random seed": () => 0.25,
    },
  });
  machine.call("f");
  const stop = machine.run();
  assert.equal(said, [
    ["log", "hé"],
    ["warn", "w"],
    ["trace", "t", 2, 1, 2.5, 0, 0, 0],
  ]);
  const result = stop.why === "finished" ? Number(stop.results[0]) : Number.NaN;
  assert.ok(result > 1000 && result < 1001, String(result));
});

toolchain("a module computes the same in V8, which knows nothing of lines and last words", async () => {
  const { asserts, throws, deep } = exportsOf(await compileAssemblyScript(failing, { runtime: "stub" }));
  assert.is(asserts?.(8), 8);
  assert.is(throws?.(4), 4);
  for (const call of [() => asserts?.(1), () => deep?.(3)]) assert.throws(call, /unreachable/);
});

toolchain("lines are counted in the program's own text, whatever is declared beside it", async () => {
  const declarations = '\n\n@external("a", "b") declare function ask(): i32;';
  const module = await compileAssemblyScript("export function f(): i32 { return ask(); }", { declarations });
  assert.is(decodeModule(module).imports[0]?.name, "a.b");
  for (const [text, line] of [
    ["\nexport function f(): i32 { return ask() + q; }", 2],
    ["export function f(): i32 {\n  return ask();\n", 2],
  ] as const) {
    const error = (await rejection(compileAssemblyScript(text, { declarations }))) as CompileError;
    assert.instance(error, CompileError);
    assert.is(error.diagnostics[0]?.line, line, error.message);
  }
});

toolchain("what is no text is refused, and so is an unknown memory manager", async () => {
  assert.instance(await rejection(compileAssemblyScript(undefined as never)), ParameterError);
  assert.instance(await rejection(compileWasmText(7 as never)), ParameterError);
  const error = await rejection(compileAssemblyScript("", { runtime: "none" as never }));
  assert.match(error.message, 'compileAssemblyScript: runtime must be incremental, minimal or stub, got "none"');
});

toolchain("the benchmark programs compute what is known of them", async () => {
  assert.is(await benchmark("sieve", 1000), 168);
  // The energy that the Computer Language Benchmarks Game publishes for 1,000 steps.
  assert.is(((await benchmark("nbody", 1000)) as number).toFixed(9), "-0.169087605");
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_v, i) => i % 251));
  const digest = createHash("sha256").update(bytes).digest().readInt32BE(0);
  assert.is(await benchmark("sha256", 1000), digest);
  assert.is.not(await benchmark("words", 100), await benchmark("words", 101));
});

toolchain.run();
