import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { CompileError, compileAssemblyScript, compileWasmText, ParameterError } from "kernel-lib";
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
