import { refuse } from "../../errors.js";
import { sourceOf } from "./self-contained.js";

/** What a child process runs: made by {@link executable}, {@link exportedProgram} or {@link selfContainedProgram}. */
export type ChildProgram = ExecutableProgram | NodeProgram;

/** See {@link executable}. */
export interface ExecutableProgram {
  /** The path of a file, or a name that is looked for in `PATH`. */
  readonly file: string;
  /** Its arguments, without its own name. */
  readonly args: readonly string[];
  /** What it sees as its own name; `file` unless told. */
  readonly argv0?: string;
}

/** See {@link exportedProgram} and {@link selfContainedProgram}. */
export interface NodeProgram {
  /** Where the function is. */
  readonly code: ExportedCode | SourceCode;
  /** What the function is called with. */
  readonly input: unknown;
}

/** A function that a module exports. */
export interface ExportedCode {
  /** The module's address. */
  readonly module: string;
  /** The name of the export. */
  readonly name: string;
}

/** A function as text. */
export interface SourceCode {
  /** The function, written out. */
  readonly source: string;
}

/**
 * A program that is a file of the operating system: `executable("/bin/cat")`, `executable(process.execPath, ["server.js"])`.
 *
 * @param argv0 what it sees as its own name; the file's path unless told.
 */
export function executable(file: string, args: readonly string[] = [], argv0?: string): ExecutableProgram {
  if (typeof file !== "string" || file === "" || file.includes("\0")) refuse("executable", "file", "a path", file);
  const isText = (value: unknown): boolean => typeof value === "string" && !value.includes("\0");
  const wrong = [...args, argv0 ?? ""].find((value) => !isText(value));
  if (wrong !== undefined) refuse("executable", "args", "texts without a NUL", wrong);
  return { file, args, argv0 };
}

/**
 * A program that is a function which a module exports; a Node process of its own imports the module and calls it.
 *
 * @param module where the module is: `new URL("./server.js", import.meta.url)`, or its address as text.
 * @param name the name of the exported function. That the module has none shows in the child's `stderr` and exit code 1.
 * @param input what it is called with: anything that can be cloned.
 */
export function exportedProgram(module: URL | string, name: string, input?: unknown): NodeProgram {
  if (!URL.canParse(String(module))) refuse("exportedProgram", "module", "a URL", module);
  if (typeof name !== "string" || name === "") refuse("exportedProgram", "name", "the name of an export", name);
  return { code: { module: String(module), name }, input };
}

/**
 * A program that is a function in a notebook cell, which no module exports. Its source text is what crosses to a Node process of
 * its own, so it must be self-contained: it sees its parameters and what JavaScript and Node have without an import at the top
 * of a cell.
 *
 * ```ts
 * const echo = selfContainedProgram(async (input: { port: number }) => {
 *   const { createServer } = await import("node:net");
 *   const server = createServer((socket) => socket.pipe(socket));
 *   server.listen(input.port, "127.0.0.1", () => process.send?.("listening"));
 * }, { port: 0 });
 * ```
 *
 * @param program an arrow function or a `function`, sync or async; not a method, nor a bound or built-in function. If it has a
 * second parameter, that is this library (loading it takes the child some 100 ms).
 * @param input what it is called with: anything that can be cloned.
 * @throws {@link ParameterError} if it is no such function. A name from outside that it uses shows in the child's `stderr`.
 */
export function selfContainedProgram<Input = undefined>(
  program: (input: Input, library: typeof import("../../index.js")) => unknown,
  ...[input]: Input extends undefined ? [input?: Input] : [input: Input]
): NodeProgram {
  return { code: { source: sourceOf("selfContainedProgram", "program", program) }, input };
}
