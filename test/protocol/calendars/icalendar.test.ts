import fc from "fast-check";
import {
  type CalendarComponent,
  calendarTime,
  escapedText,
  plainText,
  readCalendar,
  readEvent,
  writeCalendar,
  writeEvent,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../../soak.js";
import { failureOf } from "../../world/both-worlds.js";
import { calendars, texts } from "./random-calendars.js";

const test = suite("iCalendar");
const numRuns = soaked(20_000);

const lines = (...each: string[]): string => each.map((line) => `${line}\r\n`).join("");
const entry = (...properties: string[]): string =>
  lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", ...properties, "END:VEVENT", "END:VCALENDAR");
const meeting = ["UID:1", "DTSTAMP:20261130T080000Z", "DTSTART:20261130T120000Z", "DTEND:20261130T130000Z"];

test("the folded description of RFC 5545, §3.1, is one line again", () => {
  const folded = "DESCRIPTION:This is a lo\r\n ng description\r\n  that exists on a long line.";
  const calendar = readCalendar(`BEGIN:VCALENDAR\r\n${folded}\r\nEND:VCALENDAR\r\n`);
  assert.is(calendar.properties[0]?.value, "This is a long description that exists on a long line.");
});

test("a line is folded before a tab as before a space, and after CR LF as after LF alone", () => {
  const calendar = readCalendar("BEGIN:VCALENDAR\nX:a\r\n\tb\n c\n\td\nEND:VCALENDAR\n");
  assert.is(calendar.properties[0]?.value, "abcd");
  const bytes = new TextEncoder().encode("BEGIN:VCALENDAR\nX:a\r\n\tb\n c\n\td\nEND:VCALENDAR\n");
  assert.equal(readCalendar(bytes), calendar);
});

test("a line of 75 bytes is not folded, one of 76 is, and never inside a character", () => {
  const written = (summary: string) =>
    writeCalendar({ name: "VCALENDAR", properties: [{ name: "X", parameters: {}, value: summary }], components: [] })
      .split("\r\n")
      .slice(1, -2);
  assert.equal(written("a".repeat(73)), [`X:${"a".repeat(73)}`]);
  assert.equal(written("a".repeat(74)), [`X:${"a".repeat(73)}`, " a"]);
  assert.equal(written(`${"a".repeat(70)}😀b`), [`X:${"a".repeat(70)}`, " 😀b"]);
});

test("a line that was folded inside a character is read from its bytes", () => {
  const [before, after] = [
    new TextEncoder().encode("BEGIN:VCALENDAR\r\nX:"),
    new TextEncoder().encode("\r\nEND:VCALENDAR\r\n"),
  ];
  const bytes = [...before, 0xc3, 0x0d, 0x0a, 0x20, 0xa9, ...after];
  assert.is(readCalendar(Uint8Array.from(bytes)).properties[0]?.value, "é");
});

test("text is escaped as §3.3.11 shows, and read with either letter for a line break", () => {
  assert.is(
    escapedText("Project XYZ Final Review\nConference Room - 3B\nCome; or, not \\"),
    "Project XYZ Final Review\\nConference Room - 3B\\nCome\\; or\\, not \\\\",
  );
  assert.is(plainText("a\\Nb\\nc\\\\n\\;\\,\\x"), "a\nb\nc\\n;,\\x");
});

test("parameters: several values, values in quotation marks, and RFC 6868's carets", () => {
  const line = `ATTENDEE;ROLE=CHAIR;MEMBER="mailto:a@x.org","mailto:b@x.org";CN=George Herman ^'Babe^' Ruth^n^^:mailto:babe@x.org`;
  const [attendee] = readCalendar(lines("BEGIN:VCALENDAR", line, "END:VCALENDAR")).properties;
  assert.equal(attendee, {
    name: "ATTENDEE",
    parameters: { ROLE: ["CHAIR"], MEMBER: ["mailto:a@x.org", "mailto:b@x.org"], CN: ['George Herman "Babe" Ruth\n^'] },
    value: "mailto:babe@x.org",
  });
});

test("what is written is read as the same calendar", () => {
  fc.assert(
    fc.property(calendars, (calendar) => {
      assert.equal(readCalendar(writeCalendar(calendar)), calendar);
      assert.equal(readCalendar(new TextEncoder().encode(writeCalendar(calendar))), calendar);
      assert.is(
        writeCalendar(calendar)
          .split("\r\n")
          .some((line) => new TextEncoder().encode(line).length > 75),
        false,
      );
    }),
    { numRuns, seed: 1 },
  );
});

test("any text comes back from its escaped form, its line breaks as \\n", () => {
  fc.assert(
    fc.property(texts, (text) => {
      assert.is(plainText(escapedText(text)), text.replace(/\r\n?/g, "\n"));
      assert.not.match(escapedText(text), /[\r\n]/);
    }),
    { numRuns, seed: 1 },
  );
});

test("an event has its times, its title, and keeps what it had when it is written again", () => {
  const alarm = ["BEGIN:VALARM", "ACTION:AUDIO", "TRIGGER:-PT15M", "END:VALARM"];
  const text = entry(...meeting, "SUMMARY;LANGUAGE=en:Dentist\\, again", "X-COLOUR;X-A=b:blue", "SEQUENCE:2", ...alarm);
  const event = readEvent(text);
  assert.is(event.summary, "Dentist, again");
  assert.equal(event.start, { time: "20261130T120000Z" });
  assert.is(writeEvent(event), text, "nothing was changed, so nothing may change");
  const moved = writeEvent({
    ...event,
    start: { time: "20261201T090000", zone: "America/Sao_Paulo" },
    end: { time: "20261201T100000", zone: "America/Sao_Paulo" },
  });
  assert.is(
    moved,
    text
      .replace("DTSTART:20261130T120000Z", "DTSTART;TZID=America/Sao_Paulo:20261201T090000")
      .replace("DTEND:20261130T130000Z", "DTEND;TZID=America/Sao_Paulo:20261201T100000"),
  );
});

test("a new event has what RFC 5545 asks of one, and reads back", () => {
  const start = calendarTime(new Date(Date.UTC(2026, 10, 30, 12)));
  const written = writeEvent({ uid: "a;b", summary: "Whole day", start: { time: "20261130" }, stamp: start });
  assert.is(
    written,
    lines(
      "BEGIN:VCALENDAR",
      "VERSION:2.0",
      "PRODID:-//Handoff//Calendars//EN",
      "BEGIN:VEVENT",
      "UID:a\\;b",
      "DTSTAMP:20261130T120000Z",
      "DTSTART;VALUE=DATE:20261130",
      "SUMMARY:Whole day",
      "END:VEVENT",
      "END:VCALENDAR",
    ),
  );
  const { from: _, ...event } = readEvent(written);
  assert.equal(event, { uid: "a;b", summary: "Whole day", start: { time: "20261130" }, stamp: start });
});

test("an end that is taken away is gone, and one that is new is there", () => {
  const { end: _, ...open } = readEvent(entry(...meeting));
  assert.not.match(writeEvent(open), /DTEND/);
  assert.match(
    writeEvent({ ...readEvent(writeEvent(open)), end: { time: "20261130T140000Z" } }),
    /\r\nDTEND:20261130T140000Z\r\n/,
  );
});

const malformed: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ["nothing", "", /begins with no BEGIN:VCALENDAR/],
  ["a card", lines("BEGIN:VCARD", "END:VCARD"), /begins with no BEGIN:VCALENDAR/],
  ["a calendar without an end", lines("BEGIN:VCALENDAR"), /VCALENDAR never ends/],
  [
    "parts that cross",
    lines("BEGIN:VCALENDAR", "BEGIN:VEVENT", "END:VCALENDAR"),
    /VEVENT is open, and "VCALENDAR" ends/,
  ],
  ["an end without a beginning", lines("END:VCALENDAR"), /END stands outside/],
  [
    "a second calendar",
    lines("BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VCALENDAR", "END:VCALENDAR"),
    /second calendar/,
  ],
  ["a line without a colon", lines("BEGIN:VCALENDAR", "SUMMARY"), /no colon/],
  ["a line without a name", lines("BEGIN:VCALENDAR", ":x"), /no name/],
  ["a parameter without a name", lines("BEGIN:VCALENDAR", "X;=1:x"), /parameter has no name/],
  ["a parameter twice", lines("BEGIN:VCALENDAR", "X;A=1;a=2:x"), /parameter A twice/],
  ["a quotation mark that stays open", lines("BEGIN:VCALENDAR", 'X;A="1:x'), /no colon/],
  ["a NUL", lines("BEGIN:VCALENDAR", "X:\0"), /control character/],
  ["bytes that are no UTF-8", Uint8Array.from([0x42, 0xff]), /UTF-8/],
  ["nine parts, one in the other", "BEGIN:VCALENDAR\r\n".repeat(9), /more than 8 parts/],
  ["a megabyte and a byte", "x".repeat(1_048_577), /at most 1048576 bytes/],
];
for (const [what, text, reason] of malformed)
  test(`${what} is malformed`, async () => {
    const said = await failureOf(() => readCalendar(text));
    assert.match(said, /^MalformedMessage: /);
    assert.match(said, reason);
  });

const noEvents: readonly (readonly [string, string, RegExp])[] = [
  ["a calendar of tasks", lines("BEGIN:VCALENDAR", "BEGIN:VTODO", "END:VTODO", "END:VCALENDAR"), /has no event/],
  ["an event without a uid", entry(...meeting.slice(1)), /no UID/],
  ["an event without a beginning", entry("UID:1"), /no DTSTART/],
  ["an event with two beginnings", entry(...meeting, "DTSTART:20261130"), /DTSTART 2 times/],
  ["the 31st of November", entry("UID:1", "DTSTART:20261131"), /DTSTART is no time: "20261131"/],
  ["25 o'clock", entry("UID:1", "DTSTART:20261130T250000Z"), /no time/],
];
for (const [what, text, reason] of noEvents)
  test(`${what} is malformed`, async () => {
    const said = await failureOf(() => readEvent(text));
    assert.match(said, /^MalformedMessage: /);
    assert.match(said, reason);
  });

test("what can't be written is refused by its name", async () => {
  const event = readEvent(entry(...meeting));
  const component: CalendarComponent = { name: "VCALENDAR", properties: [], components: [] };
  const line = (name: string, value: string, parameters = {}) => ({
    ...component,
    properties: [{ name, parameters, value }],
  });
  const refused: readonly (readonly [() => unknown, RegExp])[] = [
    [() => writeEvent({ ...event, uid: "" }), /writeEvent: uid must be a text that is not empty/],
    [() => writeEvent({ ...event, start: { time: "tomorrow" } }), /writeEvent: start must be a time such as/],
    [() => writeEvent({ uid: "1", summary: "", start: event.start }), /writeEvent: stamp must be a time/],
    [() => calendarTime(new Date(Number.NaN)), /calendarTime: moment must be a Date/],
    [() => writeCalendar(line("A B", "")), /writeCalendar: name must be letters, digits and hyphens, got "A B"/],
    [() => writeCalendar(line("A", "two\nlines")), /writeCalendar: A must be a text without control characters/],
    [() => writeCalendar(line("A", "", { "B=": ["c"] })), /writeCalendar: A's parameter must be letters/],
  ];
  for (const [work, message] of refused) {
    const said = await failureOf(work);
    assert.match(said, /^ParameterError: /);
    assert.match(said, message);
  }
});

test.run();
