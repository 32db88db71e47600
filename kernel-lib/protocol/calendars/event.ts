import { checkText, refuse } from "../../errors.js";
import { MalformedMessage } from "../xdr.js";
import { type CalendarComponent, readCalendar, writeCalendar } from "./calendar.js";
import { type ContentLine, escapedText, plainText } from "./content-line.js";

/** A moment or a day in a calendar. */
export interface CalendarTime {
  /** `20261130T120000Z` in UTC, `20261130T090000` by the clock of a place, `20261130` for a whole day. */
  readonly time: string;
  /** Whose clock, where it is one: `America/Sao_Paulo`. Unless told, that of wherever one is. */
  readonly zone?: string;
}

/** One event: what an entry of a calendar holds. */
export interface CalendarEvent {
  /** The same for ever and on every device. */
  readonly uid: string;
  /** Its title. */
  readonly summary: string;
  /** When it begins. */
  readonly start: CalendarTime;
  /** When it ends, that moment or day not included; left out where the event has a duration or only a beginning. */
  readonly end?: CalendarTime;
  /** When this text of it was written: only needed in an event that was not read. */
  readonly stamp?: CalendarTime;
  /** What it was read from; what is known here of none of its properties is kept when it is written. */
  readonly from?: CalendarComponent;
}

/** A moment in UTC, to the second, as calendars write it. */
export function calendarTime(moment: Date): CalendarTime {
  if (!(moment instanceof Date) || !(Math.abs(moment.getTime() - 2.5e14) < 2.5e14))
    refuse("calendarTime", "moment", "a Date with four digits of the year", moment);
  return { time: `${moment.toISOString().slice(0, 19).replace(/[-:]/g, "")}Z` };
}

/**
 * Reads an entry of a calendar: one event, perhaps with exceptions to its repetition, of which the first counts, and time zones.
 *
 * @throws {@link MalformedMessage} if it is no calendar, has no event, or the event lacks what each must have.
 * @see RFC 5545 §3.6.1.
 */
export function readEvent(input: string | Uint8Array): CalendarEvent {
  const from = readCalendar(input);
  const event = from.components.find(({ name }) => name === "VEVENT");
  if (event === undefined) throw new MalformedMessage("the calendar has no event");
  const one = (name: string): ContentLine | undefined => {
    const found = event.properties.filter((property) => property.name === name);
    if (found.length > 1) throw new MalformedMessage(`the event has ${name} ${found.length} times`);
    return found[0];
  };
  const [uid, start, end, stamp] = [one("UID"), one("DTSTART"), one("DTEND"), one("DTSTAMP")];
  if (uid === undefined || uid.value === "") throw new MalformedMessage("the event has no UID");
  if (start === undefined) throw new MalformedMessage("the event has no DTSTART");
  return {
    uid: plainText(uid.value),
    summary: plainText(one("SUMMARY")?.value ?? ""),
    start: timeOf(start),
    ...(end && { end: timeOf(end) }),
    ...(stamp && { stamp: timeOf(stamp) }),
    from,
  };
}

const form = /^(\d{4})(\d{2})(\d{2})(T(\d{2})(\d{2})(\d{2})(Z?))?$/;

function isTime(time: unknown): boolean {
  const [, year, month, day, , hour = "0", minute = "0", second = "0"] =
    (typeof time === "string" && form.exec(time)) || [];
  if (year === undefined) return false;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  date.setUTCFullYear(Number(year));
  const isDay = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return isDay && Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60;
}

function timeOf({ name, parameters, value }: ContentLine): CalendarTime {
  if (!isTime(value)) throw new MalformedMessage(`${name} is no time: ${JSON.stringify(value.slice(0, 40))}`);
  const zone = parameters.TZID?.[0];
  return zone === undefined ? { time: value } : { time: value, zone };
}

/**
 * Writes an event as an entry of a calendar. One that was read keeps all that it had, and in their old places, but what was changed.
 *
 * @throws {@link ParameterError} if a field is none, or a new event has no `stamp`.
 */
export function writeEvent(event: CalendarEvent): string {
  const { uid, summary, start, end, stamp, from } = event;
  checkText("writeEvent", "uid", uid);
  if (typeof summary !== "string") refuse("writeEvent", "summary", "a text", summary);
  if (from === undefined && stamp === undefined)
    refuse("writeEvent", "stamp", "a time, in an event that was not read", stamp);
  const own = [
    { name: "UID", parameters: {}, value: escapedText(uid) },
    timeLine("DTSTAMP", "stamp", stamp),
    timeLine("DTSTART", "start", start),
    timeLine("DTEND", "end", end),
    { name: "SUMMARY", parameters: {}, value: escapedText(summary) },
  ].filter((line) => line !== undefined);
  if (from === undefined) {
    const head = (name: string, value: string): ContentLine => ({ name, parameters: {}, value });
    const properties = [head("VERSION", "2.0"), head("PRODID", "-//Handoff//Calendars//EN")];
    return writeCalendar({
      name: "VCALENDAR",
      properties,
      components: [{ name: "VEVENT", properties: own, components: [] }],
    });
  }
  const at = from.components.findIndex(({ name }) => name === "VEVENT");
  const components = from.components.map((each, i) => (i === at ? changed(each, own, end) : each));
  return writeCalendar({ ...from, components });
}

function changed(
  event: CalendarComponent,
  own: readonly ContentLine[],
  end: CalendarTime | undefined,
): CalendarComponent {
  const had = new Set(event.properties.map(({ name }) => name));
  const properties = event.properties
    .filter(({ name }) => name !== "DTEND" || end !== undefined)
    .map((line) => {
      const next = own.find(({ name }) => name === line.name);
      // Where nothing changed the line stays as it was, with parameters such as LANGUAGE.
      return next === undefined || isSame(next, line) ? line : next;
    });
  return { ...event, properties: [...properties, ...own.filter(({ name }) => !had.has(name))] };
}

const isSame = (next: ContentLine, before: ContentLine): boolean =>
  next.name === "UID" || next.name === "SUMMARY"
    ? plainText(next.value) === plainText(before.value)
    : next.value === before.value && next.parameters.TZID?.[0] === before.parameters.TZID?.[0];

function timeLine(name: string, field: string, at: CalendarTime | undefined): ContentLine | undefined {
  if (at === undefined) return undefined;
  if (!isTime(at?.time)) refuse("writeEvent", field, 'a time such as { time: "20261130T120000Z" }', at?.time ?? at);
  const parameters: Record<string, string[]> = at.zone === undefined ? {} : { TZID: [at.zone] };
  if (!at.time.includes("T")) parameters.VALUE = ["DATE"];
  return { name, parameters, value: at.time };
}
