import { SourceMap } from "node:module";
import { inspect, types } from "node:util";
import type { CellError } from "../messages.js";
import type { Diagnostic, StageMaps } from "./typescript.js";

export const interrupted: CellError = {
  ename: "Interrupted",
  evalue: "the cell was stopped",
  traceback: ["Interrupted: the cell was stopped"],
};

/** What must be known of a compiled cell to name a position in it as its reader sees it. */
export interface CellMap {
  readonly label: string;
  readonly source: string;
  /** Characters that stand before the output, respectively before the source, on their first line. */
  readonly outputShift: number;
  readonly sourceShift: number;
  /** Lines of the output; what stands behind them is tslab's. */
  readonly outputLines: number;
  readonly maps: StageMaps | undefined;
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** Finds the reader's own lines in stack traces and words errors for them. */
export class Traces {
  readonly #cells = new Map<string, CellMap & { stages?: readonly SourceMap[] }>();
  readonly #idsByLabel = new Map<string, string>();
  readonly #folders: readonly string[];

  /** @param folders whose absolute paths are left out of messages */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /** From now on every error's `stack`, also one that the reader prints, holds the reader's own lines only. */
  install(): void {
    Error.stackTraceLimit = 50;
    Error.prepareStackTrace = (error, sites) => {
      const frames = sites.map((site) => this.#frame(`    at ${site}`)).filter((frame) => frame !== undefined);
      return [Error.prototype.toString.call(error), ...frames].join("\n");
    };
  }

  /** The script name under which a cell is compiled. */
  add(id: string, map: CellMap): string {
    this.#cells.set(id, map);
    this.#idsByLabel.set(map.label, id);
    return `cell:${id}`;
  }

  /** The id of the cell on whose line the error arose, if its trace says so. */
  cellOf(error: unknown): string | undefined {
    const stack = types.isNativeError(error) ? String(error.stack) : "";
    return this.#idsByLabel.get(/\b(cell \[\d+\]), line \d+, column \d+\)?$/m.exec(stack)?.[1] ?? "");
  }

  describe(thrown: unknown): CellError {
    if (!isError(thrown)) {
      const kind = thrown === null ? "null" : Array.isArray(thrown) ? "array" : typeof thrown;
      const evalue = this.#relative(inspect(thrown));
      const ename = `Thrown ${kind}`;
      return { ename, evalue, traceback: [`${ename}: ${evalue}`] };
    }
    const ename = String(thrown.name || "Error");
    const evalue = this.#message(thrown);
    return { ename, evalue, traceback: this.#lines(thrown, new Set()) };
  }

  /** The errors of a cell that does not compile. */
  diagnosed(diagnostics: readonly Diagnostic[], source: string): CellError {
    const lines = source.split("\n");
    const traceback: string[] = [];
    let last = "";
    for (const { start, messageText, code, fileName } of diagnostics) {
      const where = `${fileName ? `${fileName} ` : ""}line ${start.line + 1}, column ${start.character + 1}`;
      if (where === last) {
        // tslab hands a message's details over as further messages for the same place.
        traceback.push(`    ${messageText}`);
        continue;
      }
      last = where;
      traceback.push(`${where}: ${messageText}${code ? ` (TS${code})` : ""}`);
      const text = fileName ? undefined : lines[start.line];
      if (text?.trim()) traceback.push(`  ${text}`, `  ${" ".repeat(start.character)}^`);
    }
    const [first] = diagnostics;
    const evalue = first ? `${first.start.line + 1}:${first.start.character + 1} - ${first.messageText}` : "";
    return { ename: "TypeScriptError", evalue, traceback: [`TypeScriptError: ${evalue}`, ...traceback] };
  }

  #lines(error: Error, seen: Set<unknown>): string[] {
    seen.add(error);
    const lines = [`${String(error.name || "Error")}: ${this.#message(error)}`, ...this.#frames(error)];
    const nested = types.isNativeError(error) && "errors" in error && Array.isArray(error.errors) ? error.errors : [];
    for (const [label, inner] of [["Caused by: ", error.cause], ...nested.map((each) => ["One of them: ", each])]) {
      if (inner === undefined || seen.has(inner)) continue;
      const [head = "", ...rest] = isError(inner) ? this.#lines(inner, seen) : [this.#relative(inspect(inner))];
      lines.push(label + head, ...rest);
    }
    return lines;
  }

  #message(error: Error): string {
    // Node lists the files that required a missing module, all of them the kernel's.
    return this.#relative(String(error.message)).replace(/\nRequire stack:\n(- .*\n?)*/, "");
  }

  /** The frames of an error, with the text of the line on which it arose. */
  #frames(error: Error): string[] {
    const frames = String(error.stack ?? "")
      .split("\n")
      .filter((line) => /^ {4}at .*\bcell \[\d+\], line \d+, column \d+\)?$/.test(line));
    const [, label = "", line] = /(cell \[\d+\]), line (\d+)/.exec(frames[0] ?? "") ?? [];
    const source = this.#cells.get(this.#idsByLabel.get(label) ?? "")?.source;
    const text = source?.split("\n")[Number(line) - 1]?.trim();
    if (text) frames.splice(1, 0, `        ${text}`);
    return frames;
  }

  /** One line of a trace as the reader sees it; nothing if it is not the reader's. */
  #frame(line: string): string | undefined {
    const match = /^\s+at (?:(.*?) \()?(?:.*, )?cell:([\w-]+):(\d+):(\d+)\)?$/.exec(line);
    const cell = this.#cells.get(match?.[2] ?? "");
    const place = match && cell && this.#original(cell, { line: Number(match[3]) - 1, column: Number(match[4]) - 1 });
    if (!place) return undefined;
    const name = match[1]?.replace(/^eval /, "").replace(/^Object\./, "");
    const where = `${cell.label}, line ${place.line + 1}, column ${place.column + 1}`;
    return name && name !== "async" ? `    at ${name} (${where})` : `    at ${where}`;
  }

  #original(cell: CellMap & { stages?: readonly SourceMap[] }, { line, column }: Place): Place | undefined {
    if (!cell.maps || line >= cell.outputLines) return undefined;
    cell.stages ??= [new SourceMap(cell.maps.toCommonJs), new SourceMap(cell.maps.toModule)];
    let place: Place = { line, column: line === 0 ? column - cell.outputShift : column };
    for (const stage of cell.stages) {
      const entry = stage.findEntry(place.line, place.column);
      if (!("originalLine" in entry) || entry.originalLine === undefined) return undefined;
      place = { line: entry.originalLine, column: entry.originalColumn };
    }
    // tslab puts a line of its own before the cell.
    place = { line: place.line - 1, column: place.column };
    if (place.line < 0) return undefined;
    return place.line === 0 ? { line: 0, column: Math.max(0, place.column - cell.sourceShift) } : place;
  }

  #relative(text: string): string {
    let out = text;
    for (const folder of this.#folders) out = out.replaceAll(`file://${folder}/`, "").replaceAll(`${folder}/`, "");
    return out;
  }
}

function isError(value: unknown): value is Error {
  if (types.isNativeError(value) || value instanceof Error) return true;
  const like = value as { name?: unknown; message?: unknown; stack?: unknown } | null;
  return typeof like === "object" && typeof like?.message === "string" && typeof like?.stack === "string";
}
