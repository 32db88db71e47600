import { refuse } from "../../errors.js";
import { lastWordsAddress } from "../abstract-machine/source-lines.js";
import { type CompileDiagnostic, CompileError } from "./compile-error.js";
import { finishModule } from "./module-bytes.js";

/** See {@link compileAssemblyScript}. */
export interface AssemblyScriptOptions {
  /** More text, such as the declarations of imports, that is compiled behind the program's own: lines are counted in the program's own. */
  readonly declarations?: string;
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
      readFile(name: string, folder: string): string | null;
      writeFile(name: string, contents: Uint8Array | string): void;
      listFiles(folder: string): readonly string[];
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
const library = { folder: "handoff", file: "last-words.ts" };

/**
 * What becomes of `abort`, by which assertions, thrown errors, bad indices and null end: one store, of a constant, of where the text stands (1
 * for none) and of the line, if that is the program's own.
 */
const lastWordsText = `
// @ts-ignore: decorator
@global
function leaveLastWords(message: string | null, file: string | null, line: u32, column: u32): void {
  const own: u64 = changetype<usize>(file) == changetype<usize>("${fileName}") ? line : 0;
  store<u64>(${lastWordsAddress}, (u64(changetype<usize>(message)) | u64(message === null)) | (own << 32));
  unreachable();
}`;

/**
 * Compiles a program in AssemblyScript, a language that looks like TypeScript, to a WebAssembly module. The exports of its
 * text are the module's; what it declares with `@external("file", "read")` are its imports. A failed assertion, an error that is thrown, a bad
 * index and a null trap, with their text and their line in the trap's message. The first call loads the compiler, which takes a second or more.
 *
 * What the language's own library asks of its surroundings are imports too, under the names by which one knows it, and only where the program uses it:
 * `console.log` (and its like, and `trace` as `console.trace`) with the address of a text, for {@link textAt}; `Date.now`, the clock of
 * wherever the program is; and `Math.random seed`, which `Math.random` asks once. The state of its generator is part of the program's
 * memory and travels, so the numbers are the same wherever the program stops. A {@link place} offers all three.
 *
 * @returns the module's bytes, the same for the same text and options.
 * @throws {@link CompileError} with each fault under its line.
 * @see https://www.assemblyscript.org/
 * @example
 * await compileAssemblyScript("export function twice(n: i32): i32 { return 2 * n; }")
 */
export async function compileAssemblyScript(source: string, options: AssemblyScriptOptions = {}): Promise<Uint8Array> {
  if (typeof source !== "string") refuse("compileAssemblyScript", "source", "a program's text", source);
  const { optimize = true, runtime = "incremental", declarations = "" } = options;
  if (typeof declarations !== "string")
    refuse("compileAssemblyScript", "declarations", "a program's text", declarations);
  if (!["incremental", "minimal", "stub"].includes(runtime))
    refuse("compileAssemblyScript", "runtime", "incremental, minimal or stub", runtime);
  const name: string = "assemblyscript/asc";
  const compiler = (await import(name)) as Compiler;
  const said = compiler.createMemoryStream();
  const diagnostics: CompileDiagnostic[] = [];
  const written: Record<string, Uint8Array | string> = {};
  const abort = ["--lib", library.folder, "--use", `abort=~lib/${library.file.replace(".ts", "")}/leaveLastWords`];
  const { error } = await compiler.main(
    [
      fileName,
      "--outFile",
      "program.wasm",
      "--sourceMap",
      "--runtime",
      runtime,
      ...abort,
      ...(optimize ? ["-O3"] : []),
    ],
    {
      stdout: said,
      stderr: said,
      readFile: (file, folder) => {
        if (file === library.file && folder === library.folder) return lastWordsText;
        return file === fileName ? `${source}\n${declarations}` : null;
      },
      writeFile: (file, contents) => {
        written[file] = contents;
      },
      listFiles: (folder) => (folder === library.folder ? [library.file] : []),
      reportDiagnostic: (diagnostic) => {
        if (diagnostic.category === 3) diagnostics.push(placed(source, diagnostic));
      },
    },
  );
  const module = written["program.wasm"];
  if (error || !(module instanceof Uint8Array)) {
    const whole = { line: 1, column: 1, message: error?.message || said.toString() };
    throw new CompileError("compileAssemblyScript", source, diagnostics.length > 0 ? diagnostics : [whole]);
  }
  return finishModule(module, written["program.wasm.map"] as string, fileName);
}

/**
 * A fault in the language's own library, at a place that the reader can't see, is put at the first line; one behind the program's own text, as
 * when a bracket is missing, at its last character.
 */
function placed(source: string, { message, range }: Reported): CompileDiagnostic {
  if (range?.source.normalizedPath !== fileName) return { line: 1, column: 1, message };
  const before = source.trimEnd().slice(0, range.start).split("\n");
  return { line: before.length, column: (before.at(-1) as string).length + 1, message };
}
