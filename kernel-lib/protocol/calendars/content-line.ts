import { refuse } from "../../errors.js";
import { MalformedMessage } from "../xdr.js";

/** One property of a calendar as it is written: `DTSTART;TZID=America/Sao_Paulo:20261130T090000`. */
export interface ContentLine {
  /** Of letters, digits and hyphens; in capitals when it was read, as case means nothing here. */
  readonly name: string;
  /** By their names, the values of each. */
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  /** As it stands in the file. What it means depends on the property; a text's commas and line breaks are escaped: {@link plainText}. */
  readonly value: string;
}

const wrap = 75;
const token = /^[A-Za-z0-9-]+$/;
// Of the control characters, only the tab may stand in a line.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in it
const controls = /[\0-\x08\x0a-\x1f\x7f]/;

/** Joins the lines that were folded and gives them without their ends; empty ones are left out. */
export function unfold(text: string): string[] {
  return text
    .replace(/\r?\n[ \t]/g, "")
    .split(/\r?\n/)
    .filter((line) => line !== "");
}

/** Breaks a line that has more than 75 bytes in UTF-8, never inside a character, and ends it. */
export function fold(line: string): string {
  let folded = "";
  let bytes = 0;
  for (const character of line) {
    const size = utf8Bytes(character);
    if (bytes + size > wrap) {
      folded += "\r\n ";
      bytes = 1;
    }
    folded += character;
    bytes += size;
  }
  return `${folded}\r\n`;
}

function utf8Bytes(character: string): number {
  const code = character.codePointAt(0) as number;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/** Reads a line that is not folded. @throws MalformedMessage if it is none */
export function readContentLine(line: string): ContentLine {
  if (controls.test(line)) throw malformed(line, "it holds a control character");
  const name = /^[A-Za-z0-9-]+/.exec(line)?.[0];
  if (name === undefined) throw malformed(line, "it begins with no name");
  // Without a prototype, so that a parameter may be called like anything.
  const parameters: Record<string, string[]> = Object.create(null);
  let at = name.length;
  while (line[at] === ";") {
    // One pattern from the place reached so far: each character is looked at once.
    const parameter = /([A-Za-z0-9-]+)=/y;
    parameter.lastIndex = at + 1;
    const key = parameter.exec(line)?.[1]?.toUpperCase();
    if (key === undefined) throw malformed(line, "a parameter has no name");
    if (key in parameters) throw malformed(line, `it has the parameter ${key} twice`);
    const values: string[] = [];
    at = parameter.lastIndex - 1;
    do {
      const value = /"([^"]*)"|([^",;:]*)/y;
      value.lastIndex = at + 1;
      const found = value.exec(line) as RegExpExecArray;
      values.push(withoutCarets(found[1] ?? found[2] ?? ""));
      at = value.lastIndex;
    } while (line[at] === ",");
    parameters[key] = values;
  }
  if (line[at] !== ":") throw malformed(line, "it has no colon where its value should begin");
  return { name: name.toUpperCase(), parameters: { ...parameters }, value: line.slice(at + 1) };
}

const malformed = (line: string, why: string): MalformedMessage =>
  new MalformedMessage(
    `${JSON.stringify(line.length > 60 ? `${line.slice(0, 57)}…` : line)} is no line of a calendar: ${why}`,
  );

/** Writes a line, folded. @throws ParameterError for what can't stand in one */
export function writeContentLine({ name, parameters, value }: ContentLine): string {
  if (typeof name !== "string" || !token.test(name))
    refuse("writeCalendar", "name", "letters, digits and hyphens", name);
  let line = name;
  for (const [key, values] of Object.entries(parameters)) {
    if (!token.test(key)) refuse("writeCalendar", `${name}'s parameter`, "letters, digits and hyphens", key);
    line += `;${key}=${values.map(parameterText).join(",")}`;
  }
  line += `:${value}`;
  if (controls.test(line)) refuse("writeCalendar", name, "a text without control characters", value);
  return fold(line);
}

function parameterText(value: string): string {
  const escaped = value.replace(/[\^\n"]/g, (character) =>
    character === "\n" ? "^n" : character === '"' ? "^'" : "^^",
  );
  return /[,;:]/.test(escaped) ? `"${escaped}"` : escaped;
}

/** Quotation marks and line breaks in parameters, as RFC 6868 writes them. */
function withoutCarets(value: string): string {
  return value.replace(/\^[n'^]/g, (pair) => (pair === "^n" ? "\n" : pair === "^'" ? '"' : "^"));
}

/** A text as the value of a property: backslashes, semicolons, commas and line breaks are escaped. */
export function escapedText(text: string): string {
  return text.replace(/\r\n|[\\;,\n\r]/g, (found) => (found[0] === "\n" || found[0] === "\r" ? "\\n" : `\\${found}`));
}

/** The text that a property's value stands for. A backslash before anything else is left as it is. */
export function plainText(value: string): string {
  return value.replace(/\\([\\;,nN])/g, (_, found: string) => (found === "n" || found === "N" ? "\n" : found));
}
