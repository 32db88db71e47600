/**
 * From a program's text to a WebAssembly module: AssemblyScript by its own compiler, WebAssembly text by wabt. Both are
 * loaded when they are first asked for. Left out: programs of several files.
 */
export { type AssemblyScriptOptions, compileAssemblyScript } from "./assembly-script.js";
export { type CompileDiagnostic, CompileError } from "./compile-error.js";
export { textAt } from "./text-at.js";
export { compileWasmText } from "./wasm-text.js";
