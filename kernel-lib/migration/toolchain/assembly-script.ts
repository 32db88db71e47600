import { refuse } from "../../errors.js";
import { type CompileDiagnostic, CompileError } from "./compile-error.js";

/** See {@link compileAssemblyScript}. */
export interface AssemblyScriptOptions {
  /** Smaller and faster code, in which little is left of the source's shape. Default true. */
  readonly optimize?: boolean;
  /**
   * What manages memory: `incremental` frees what is no longer used while the program runs, `minimal` only when the program calls
   * `__collect`, `stub` never, for the smallest code. Default `incremental`, the language's own.
   */
  readonly runtime?: "incremental" | "minimal" | "stub";
}

/** The part of the compiler's interface that is used here; its own types belong to no module that TypeScript 5.0 finds. */
interface Compiler {
  main(
    arguments_: readonly string[],
    api: {
      readonly stdout: object;
      readonly stderr: object;
      readFile(name: string): string | null;
      writeFile(name: string, contents: Uint8Array): void;
      listFiles(): readonly string[];
      reportDiagnostic(diagnostic: Reported): void;
    },
  ): Promise<{ readonly error: Error | null }>;
  createMemoryStream(): { toString(): string };
}

interface Reported {
  readonly message: string;
  /** 3 is an error. */
  readonly category: number;
  readonly range: { readonly start: number; readonly source: { readonly normalizedPath: string } } | null;
}

const fileName = "program.ts";

/**
 * Compiles a program in AssemblyScript, a language that looks like TypeScript, to a WebAssembly module. The exports of its
 * text are the module's; what it declares with `@external("file", "read")` are its imports, and there are no others: a failed
 * assertion or an index out of bounds traps. The first call loads the compiler, which takes a second or more.
 *
 * @returns the module's bytes, the same for the same text and options.
 * @throws {@link CompileError} with each fault under its line.
 * @see https://www.assemblyscript.org/
 * @example
 * await compileAssemblyScript("export function twice(n: i32): i32 { return 2 * n; }")
 */
export async function compileAssemblyScript(source: string, options: AssemblyScriptOptions = {}): Promise<Uint8Array> {
  if (typeof source !== "string") refuse("compileAssemblyScript", "source", "a program's text", source);
  const { optimize = true, runtime = "incremental" } = options;
  if (!["incremental", "minimal", "stub"].includes(runtime))
    refuse("compileAssemblyScript", "runtime", "incremental, minimal or stub", runtime);
  const name: string = "assemblyscript/asc";
  const compiler = (await import(name)) as Compiler;
  const said = compiler.createMemoryStream();
  const diagnostics: CompileDiagnostic[] = [];
  let module: Uint8Array | undefined;
  const { error } = await compiler.main(
    [fileName, "--outFile", "program.wasm", "--runtime", runtime, "--use", "abort=", ...(optimize ? ["-O3"] : [])],
    {
      stdout: said,
      stderr: said,
      readFile: (file) => (file === fileName ? source : null),
      writeFile: (_file, contents) => {
        module = contents;
      },
      listFiles: () => [],
      reportDiagnostic: (diagnostic) => {
        if (diagnostic.category === 3) diagnostics.push(placed(source, diagnostic));
      },
    },
  );
  if (error || !module) {
    const whole = { line: 1, column: 1, message: error?.message || said.toString() };
    throw new CompileError("compileAssemblyScript", source, diagnostics.length > 0 ? diagnostics : [whole]);
  }
  return module;
}

/** A fault in the language's own library, at a place that the reader can't see, is put at the first line. */
function placed(source: string, { message, range }: Reported): CompileDiagnostic {
  if (range?.source.normalizedPath !== fileName) return { line: 1, column: 1, message };
  const before = source.slice(0, range.start).split("\n");
  return { line: before.length, column: (before.at(-1) as string).length + 1, message };
}
