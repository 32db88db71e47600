import { refuse } from "../../errors.js";
import { MalformedMessage } from "../xdr.js";
import { type ContentLine, readContentLine, unfold, writeContentLine } from "./content-line.js";

/** A part of a calendar from its BEGIN to its END: the calendar itself, an event, an alarm, a time zone. */
export interface CalendarComponent {
  /** In capitals: `VCALENDAR`, `VEVENT`. */
  readonly name: string;
  /** In the order of the file; a name may come several times. */
  readonly properties: readonly ContentLine[];
  /** What stands inside it, in the order of the file. */
  readonly components: readonly CalendarComponent[];
}

/** No entry of a calendar is longer. */
export const mostCalendarBytes = 1_048_576;
/** A calendar holds events, these hold alarms; nothing goes deeper. */
const deepest = 8;

interface Growing extends CalendarComponent {
  readonly properties: ContentLine[];
  readonly components: Growing[];
}

/**
 * Reads a calendar in the form of iCalendar. What it does not know it keeps as it is.
 *
 * @param input its text, or its bytes in UTF-8; at most 1 MiB.
 * @throws {@link MalformedMessage} if it is none, or is longer, or nests deeper than eight parts.
 * @see RFC 5545 §3.
 */
export function readCalendar(input: string | Uint8Array): CalendarComponent {
  const text = typeof input === "string" ? input : textOf(input);
  if (text.length > mostCalendarBytes)
    throw new MalformedMessage(`a calendar has at most ${mostCalendarBytes} bytes, and this one has ${text.length}`);
  const outermost: Growing = { name: "", properties: [], components: [] };
  const open: Growing[] = [outermost];
  for (const line of unfold(text)) {
    const read = readContentLine(line);
    const inside = open.at(-1) as Growing;
    if (read.name === "BEGIN") {
      if (open.length > deepest) throw new MalformedMessage(`more than ${deepest} parts of a calendar are open`);
      if (inside === outermost && outermost.components.length > 0)
        throw new MalformedMessage("a second calendar follows the first");
      const begun: Growing = { name: componentName(read), properties: [], components: [] };
      inside.components.push(begun);
      open.push(begun);
    } else if (inside === outermost) throw new MalformedMessage(`${read.name} stands outside of the calendar`);
    else if (read.name === "END") {
      if (componentName(read) !== inside.name)
        throw new MalformedMessage(`${inside.name} is open, and ${JSON.stringify(read.value.slice(0, 40))} ends`);
      open.pop();
    } else inside.properties.push(read);
  }
  const [calendar] = outermost.components;
  if (calendar?.name !== "VCALENDAR") throw new MalformedMessage("it begins with no BEGIN:VCALENDAR");
  if (open.length > 1) throw new MalformedMessage(`${open.at(-1)?.name} never ends`);
  return calendar;
}

function componentName({ value }: ContentLine): string {
  const name = value.trim().toUpperCase();
  if (!/^[A-Z0-9-]+$/.test(name)) throw new MalformedMessage(`${JSON.stringify(value.slice(0, 40))} is no part's name`);
  return name;
}

/** Some programs fold inside a character, so bytes are joined before they are read as text. */
function textOf(bytes: Uint8Array): string {
  if (bytes.length > mostCalendarBytes)
    throw new MalformedMessage(`a calendar has at most ${mostCalendarBytes} bytes, and this one has ${bytes.length}`);
  const joined = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = bytes[at] === 10 ? 1 : bytes[at] === 13 && bytes[at + 1] === 10 ? 2 : 0;
    const next = bytes[at + end];
    if (end > 0 && (next === 32 || next === 9)) at += end + 1;
    else joined[length++] = bytes[at++] as number;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(joined.subarray(0, length));
  } catch {
    throw new MalformedMessage("a calendar is text in UTF-8, and this is none");
  }
}

/**
 * Writes a calendar in the form of iCalendar: lines of at most 75 bytes, each ended by CR LF.
 *
 * @throws {@link ParameterError} for a name or a value that can't stand in a line.
 */
export function writeCalendar({ name, properties, components }: CalendarComponent): string {
  if (typeof name !== "string" || !/^[A-Z0-9-]+$/.test(name))
    refuse("writeCalendar", "name", "capitals, digits and hyphens", name);
  const inside = properties.map(writeContentLine).join("") + components.map(writeCalendar).join("");
  return `BEGIN:${name}\r\n${inside}END:${name}\r\n`;
}
