import { refuse } from "../../errors.js";
import { CompileError } from "./compile-error.js";

interface WasmModule {
  validate(): void;
  toBinary(options: { readonly write_debug_names: boolean }): { readonly buffer: Uint8Array };
  destroy(): void;
}
interface Wabt {
  parseWat(name: string, source: string, features: Readonly<Record<string, boolean>>): WasmModule;
}

/**
 * Turns WebAssembly text (WAT) into a module. The text is taken as it stands: what you write is what runs.
 *
 * @returns the module's bytes.
 * @throws {@link CompileError} with each fault under its line.
 * @see https://webassembly.github.io/spec/core/text/index.html
 * @example
 * await compileWasmText(`(module (func (export "six") (result i32) i32.const 6))`)
 */
export async function compileWasmText(source: string): Promise<Uint8Array> {
  if (typeof source !== "string") refuse("compileWasmText", "source", "a module's text", source);
  const wabt: Wabt = await (await import("wabt")).default();
  let module: WasmModule | undefined;
  try {
    module = wabt.parseWat("module.wat", source, {});
    module.validate();
    return module.toBinary({ write_debug_names: true }).buffer;
  } catch (error) {
    throw new CompileError("compileWasmText", source, diagnosticsOf(String((error as Error).message)));
  } finally {
    module?.destroy();
  }
}

/** wabt says `module.wat:2:43: error: unexpected token`. */
function diagnosticsOf(message: string): { line: number; column: number; message: string }[] {
  const found = [...message.matchAll(/^module\.wat:(\d+):(\d+): error: (.*)$/gm)];
  if (found.length === 0) return [{ line: 1, column: 1, message }];
  return found.map(([, line, column, text = ""]) => ({ line: Number(line), column: Number(column), message: text }));
}
