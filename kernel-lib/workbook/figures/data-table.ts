import { refuse } from "../../errors.js";
import { jupyterDisplay, type MimeBundle, tableMime } from "../../jupyter.js";
import { type Displayable, escapeMarkup, show } from "./display.js";
import { columnDecimals, formatNumber, largest, powerOfTen, rounded } from "./numbers.js";
import { outputStyle } from "./palette.js";

/** A flat record: one thing that happened or was computed. */
export type Row = Readonly<Record<string, unknown>>;

/** How a column is shown. */
export interface ColumnOptions {
  /** Its heading; by default the field's name in words. */
  readonly label?: string;
  /** Its unit; by default what the field's name says (`latencyMs` → ms). */
  readonly unit?: string;
  /** Significant digits of the column's largest number. Default 4. */
  readonly digits?: number;
}

/** See {@link table}. */
export interface TableOptions {
  /** Stands above the table. */
  readonly title?: string;
  /** Stands below the table. */
  readonly caption?: string;
  /** Which fields are shown, in order, or how each is shown. By default all fields in the order of their first row. */
  readonly columns?: readonly string[] | Readonly<Record<string, ColumnOptions>>;
  /** How many rows are drawn at most; the table says how many are left out. Default 100. */
  readonly limit?: number;
}

/** A table for a notebook, with all its rows as data. */
export class Table implements Displayable {
  /** The rows it was made of, with the columns that are shown. */
  readonly rows: readonly Row[];
  readonly #options: TableOptions;

  /** @internal */
  constructor(rows: readonly Row[], options: TableOptions) {
    this.rows = rows;
    this.#options = options;
  }

  /** Shows the table in the middle of a cell. */
  show(): void {
    show(this);
  }

  [jupyterDisplay](): MimeBundle {
    const { title, caption } = this.#options;
    const text = [title, textTable(this.rows, this.#options), caption].filter(Boolean).join("\n");
    const html =
      `<div class="handoff"><style>${outputStyle}</style>` +
      (title ? `<div class="handoff-title">${escapeMarkup(title)}</div>` : "") +
      htmlTable(this.rows, this.#options) +
      (caption ? `<div class="handoff-caption">${escapeMarkup(caption)}</div>` : "") +
      "</div>";
    return { "text/plain": text, "text/html": html, [tableMime]: comparable(this.rows) };
  }
}

/**
 * A table with units in its headings and numbers rounded alike in each column.
 *
 * @param rows flat records, shown in the order given.
 * @throws {@link ParameterError} if rows is not an array of records.
 * @example
 * table([{ threads: 1, throughputPerS: 25 }, { threads: 2, throughputPerS: 32.65 }], { title: "One disk" })
 */
export function table(rows: readonly object[], options: TableOptions = {}): Table {
  const flat = checkRows("table", "rows", rows);
  const columns = columnsOf(flat, options.columns).map((c) => c.field);
  return new Table(
    flat.map((row) => Object.fromEntries(columns.map((field) => [field, row[field]]))),
    options,
  );
}

/** @internal */
export function checkRows(where: string, field: string, rows: unknown): readonly Row[] {
  if (!Array.isArray(rows)) refuse(where, field, "an array of records", rows);
  rows.forEach((row, i) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) refuse(where, `${field}[${i}]`, "a record", row);
  });
  return rows as Row[];
}

/** Rows as the comparison keeps them: flat, numbers rounded to 12 significant digits, in the order given. */
export function comparable(rows: readonly Row[]): Record<string, string | number | boolean | null>[] {
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row)
        .filter(([, value]) => value !== undefined && typeof value !== "function")
        .map(([field, value]) => [field, flatValue(value)]),
    ),
  );
}

function flatValue(value: unknown): string | number | boolean | null {
  if (typeof value === "number") return rounded(value);
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return (
    JSON.stringify(value, (_key, inner) =>
      typeof inner === "bigint" ? `${inner}n` : typeof inner === "number" ? rounded(inner) : inner,
    ) ?? String(value)
  );
}

interface Column {
  readonly field: string;
  readonly heading: string;
  readonly isNumber: boolean;
  show(value: unknown): string;
}

function columnsOf(rows: readonly Row[], wanted: TableOptions["columns"]): Column[] {
  const options: Readonly<Record<string, ColumnOptions>> = Array.isArray(wanted)
    ? Object.fromEntries((wanted as readonly string[]).map((field) => [field, {}]))
    : ((wanted as Record<string, ColumnOptions> | undefined) ??
      Object.fromEntries(rows.flatMap((row) => Object.keys(row)).map((field) => [field, {}])));
  return Object.entries(options).map(([field, column]) => {
    const numbers = rows.map((row) => row[field]).filter((v): v is number => typeof v === "number");
    const decimals = columnDecimals(numbers, column.digits);
    const named = inWords(field);
    const unit = column.unit ?? named.unit;
    return {
      field,
      heading: (column.label ?? named.words) + (unit ? ` (${unit})` : ""),
      isNumber: numbers.length > 0,
      show: (value) => cell(value, decimals, column.digits),
    };
  });
}

function cell(value: unknown, decimals: number, digits?: number): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") {
    const plain = Number.isFinite(value) && (value === 0 || Math.abs(value) >= 0.5 * powerOfTen(-decimals));
    if (!plain || Math.abs(value) >= 1e9) return formatNumber(value, digits);
    return value.toFixed(decimals).replace("-", "−");
  }
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(flatValue(value));
}

const units: readonly [suffix: RegExp, unit: string][] = [
  [/BytesPerS$/, "B/s"],
  [/PerS$/, "1/s"],
  [/Bytes$/, "bytes"],
  [/Ms$/, "ms"],
  [/S$/, "s"],
  [/Percent$/, "%"],
  [/Pages$/, "pages"],
];

function inWords(field: string): { words: string; unit: string } {
  const found = units.find(([suffix]) => suffix.test(field) && field.replace(suffix, "") !== "");
  const name = found ? field.replace(found[0], "") : field;
  const words = /\s/.test(name)
    ? name
    : name.replace(/([a-z0-9])([A-Z])/g, (_m, a: string, b: string) => `${a} ${b.toLowerCase()}`);
  return { words, unit: found?.[1] ?? "" };
}

/** Rows as an HTML table that says what it leaves out. */
export function htmlTable(rows: readonly Row[], options: Pick<TableOptions, "columns" | "limit"> = {}): string {
  const columns = columnsOf(rows, options.columns);
  const limit = options.limit ?? 100;
  const tag = (name: string, column: Column, text: string) =>
    `<${name}${column.isNumber ? ' class="number" style="text-align:right"' : ""}>${escapeMarkup(text)}</${name}>`;
  const head = columns.map((column) => tag("th", column, column.heading)).join("");
  const body = rows
    .slice(0, limit)
    .map((row) => `<tr>${columns.map((column) => tag("td", column, column.show(row[column.field]))).join("")}</tr>`)
    .join("");
  const rest = rows.length > limit ? `<div>… and ${rows.length - limit} more rows</div>` : "";
  return `<div class="handoff-scroll"><table class="handoff-table"><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>${rest}</div>`;
}

function textTable(rows: readonly Row[], options: TableOptions): string {
  const columns = columnsOf(rows, options.columns);
  const limit = options.limit ?? 100;
  const cells = [
    columns.map((c) => c.heading),
    ...rows.slice(0, limit).map((row) => columns.map((c) => c.show(row[c.field]))),
  ];
  const widths = columns.map((_c, i) => largest(cells.map((line) => line[i]?.length ?? 0)));
  const lines = cells.map((line) =>
    line
      .map((text, i) => (columns[i]?.isNumber ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  if (rows.length > limit) lines.push(`… and ${rows.length - limit} more rows`);
  return lines.join("\n");
}
