import { NamedError } from "../../errors.js";

/** What a compiler has against a line. */
export interface CompileDiagnostic {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** What is wrong, as the compiler says it. */
  readonly message: string;
}

/** A program's text does not compile: the message shows each fault under its line. */
export class CompileError extends NamedError {
  /** In the order in which the compiler found them; at least one. */
  readonly diagnostics: readonly CompileDiagnostic[];

  /** @internal */
  constructor(where: string, source: string, diagnostics: readonly CompileDiagnostic[]) {
    const lines = source.split("\n");
    const shown = diagnostics.slice(0, 5).map(({ line, column, message }) => {
      const text = lines[line - 1] ?? "";
      return `line ${line}: ${message}\n  ${text}\n  ${" ".repeat(Math.max(0, column - 1))}^`;
    });
    const more = diagnostics.length > 5 ? [`and ${diagnostics.length - 5} more`] : [];
    super(`${where}: the program does not compile\n${[...shown, ...more].join("\n")}`);
    this.diagnostics = diagnostics;
  }
}
