/**
 * Notebooks as files (nbformat 4.5). Written exactly as Jupyter writes them, so that opening and saving one changes
 * nothing that its reader has not changed.
 */
import type { Output } from "../../jupyter/client/client.js";

export type { Output };

/** Values by MIME type, as an output carries them. */
export type Bundle = Readonly<Record<string, unknown>>;

export interface CellMetadata {
  name?: string;
  tags?: string[];
  [field: string]: unknown;
}

export interface MarkdownCell {
  cell_type: "markdown" | "raw";
  id?: string;
  metadata: CellMetadata;
  source: string;
}

export interface CodeCell {
  cell_type: "code";
  id?: string;
  metadata: CellMetadata;
  source: string;
  execution_count: number | null;
  outputs: Output[];
}

export type Cell = MarkdownCell | CodeCell;

/** A notebook with all texts joined to strings. */
export interface Notebook {
  cells: Cell[];
  metadata: Record<string, unknown>;
  nbformat: number;
  nbformat_minor: number;
}

/** How a cell is called in messages: its name, else its place. */
export function cellName(cell: Cell, index: number): string {
  return cell.metadata.name ?? `cell ${index + 1}`;
}

export function hasTag(cell: Cell, tag: string): boolean {
  return Array.isArray(cell.metadata.tags) && cell.metadata.tags.includes(tag);
}

/** @throws SyntaxError if the text is not JSON, TypeError if it is no notebook. */
export function parseNotebook(text: string): Notebook {
  const notebook = JSON.parse(text) as Notebook;
  if (notebook?.nbformat !== 4 || !Array.isArray(notebook.cells)) throw new TypeError("not a notebook of nbformat 4");
  for (const cell of notebook.cells) {
    cell.metadata ??= {};
    cell.source = joined(cell.source) as string;
    if (cell.cell_type !== "code") continue;
    cell.outputs ??= [];
    for (const output of cell.outputs) {
      if (output.output_type === "stream") output.text = joined(output.text) as string;
      if (!isShown(output)) continue;
      for (const [mime, value] of Object.entries(output.data)) if (!isJson(mime)) output.data[mime] = joined(value);
    }
  }
  return notebook;
}

/** The file's text. Equal notebooks give equal bytes. */
export function writeNotebook(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => ({
    ...cell,
    source: lines(cell.source),
    ...(cell.cell_type === "code" ? { outputs: cell.outputs.map(splitOutput) } : {}),
  }));
  return `${json({ ...notebook, cells }, "")}\n`;
}

export function isShown(output: Output): output is Extract<Output, { data: unknown }> {
  return output.output_type === "display_data" || output.output_type === "execute_result";
}

function splitOutput(output: Output): object {
  if (output.output_type === "stream") return { ...output, text: lines(output.text) };
  if (!isShown(output)) return output;
  const data = Object.entries(output.data).map(([mime, value]) => [
    mime,
    typeof value === "string" && isLong(mime) ? lines(value) : value,
  ]);
  return { ...output, data: Object.fromEntries(data) };
}

const isJson = (mime: string) => mime === "application/json" || /^application\/.*\+json$/.test(mime);
const isLong = (mime: string) =>
  mime.startsWith("text/") || mime === "image/svg+xml" || mime === "application/javascript";

function joined(value: unknown): unknown {
  return Array.isArray(value) && value.every((line) => typeof line === "string") ? value.join("") : value;
}

const lineEnd = "\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029";
const line = new RegExp(`[^${lineEnd}]*(?:\\r\\n|[${lineEnd}]|$)`, "g");

/** Python's `splitlines(keepends=True)`. */
function lines(text: string): string[] {
  return text.match(line)?.filter((each) => each !== "") ?? [];
}

/** Python's `json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)`. */
function json(value: unknown, indent: string): string {
  const inner = `${indent} `;
  const list = (open: string, items: string[], close: string) =>
    items.length === 0 ? open + close : `${open}\n${inner}${items.join(`,\n${inner}`)}\n${indent}${close}`;
  if (Array.isArray(value))
    return list(
      "[",
      value.map((item) => json(item, inner)),
      "]",
    );
  if (typeof value === "number") return pythonNumber(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return list(
    "{",
    fields.map(([name, field]) => `${JSON.stringify(name)}: ${json(field, inner)}`),
    "}",
  );
}

function pythonNumber(value: number): string {
  const text = JSON.stringify(value);
  if (value === 0 || Math.abs(value) >= 1e-4) return text;
  return value.toExponential().replace(/e-(\d)$/, "e-0$1");
}
