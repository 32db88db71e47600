/** Tables in CSV, as spreadsheets read and write them. */

export type Field = string | number | boolean;

/**
 * A table that Excel opens with its columns and letters as they are: a byte order mark, quotes where they are needed, and no
 * field that it would compute.
 *
 * @param separator `,`, or `;` for systems that write `0,5`: numbers are then written so
 */
export function tableText(rows: readonly (readonly Field[])[], separator: "," | ";" = ","): string {
  const field = (value: Field): string => {
    if (typeof value === "number") return separator === ";" ? String(value).replace(".", ",") : String(value);
    // A text that begins like a formula would be one in a spreadsheet, behind spaces too.
    const text = typeof value === "string" && /^\s*[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : String(value);
    return /["\r\n,;\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `\uFEFF${rows.map((row) => `${row.map(field).join(separator)}\r\n`).join("")}`;
}

/** Reads a table: the separator is the one of comma, semicolon and tab that its first line has most of. */
export function parseTable(text: string): string[][] {
  const rest = text.replace(/^\uFEFF/, "");
  const [heading = ""] = rest.split(/\r?\n/, 1);
  const count = (letter: string) => heading.split(letter).length;
  const [separator = ","] = [",", ";", "\t"].sort((a, b) => count(b) - count(a));
  const rows: string[][] = [];
  let row: string[] = [];
  const pattern = /("(?:[^"]|"")*"|[^"\r\n,;\t]*)([,;\t]|\r?\n|\r|$)/y;
  const fieldOf = (raw: string) => (raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
  let field = "";
  while (pattern.lastIndex < rest.length) {
    const match = pattern.exec(rest);
    if (!match) throw new Error(`line ${rows.length + 1} of the table has a quotation mark that does not end`);
    field += fieldOf(match[1] ?? "");
    const end = match[2] ?? "";
    if (/[,;\t]/.test(end) && end !== separator) {
      field += end;
      continue;
    }
    row.push(field);
    field = "";
    if (end === separator && pattern.lastIndex < rest.length) continue;
    if (row.some((each) => each.trim() !== "")) rows.push(row);
    row = [];
  }
  return rows;
}
