import fc from "fast-check";
import type { CalendarComponent, ContentLine } from "kernel-lib";

/** Texts with what iCalendar escapes, and with letters of one to four bytes. */
export const texts: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 120 }),
  fc.string({
    unit: fc.constantFrom("a", "é", "€", "😀", ",", ";", "\\", "n", "\n", '"', ":", " ", "^"),
    maxLength: 200,
  }),
);

const name = fc.constantFrom("SUMMARY", "DESCRIPTION", "X-ANYTHING", "ATTENDEE");
// biome-ignore lint/suspicious/noControlCharactersInRegex: a line can't hold these
const withoutControls = (text: string): string => text.replace(/[\0-\x08\x0a-\x1f\x7f]/g, "");
const parameterValue = texts.map((text) => withoutControls(text.replaceAll("\n", "^")));
export const contentLines: fc.Arbitrary<ContentLine> = fc.record(
  {
    name,
    parameters: fc.dictionary(
      fc.constantFrom("LANGUAGE", "CN", "X-A"),
      fc.array(parameterValue, { minLength: 1, maxLength: 3 }),
      {
        maxKeys: 2,
        noNullPrototype: true,
      },
    ),
    value: texts.map(withoutControls),
  },
  { noNullPrototype: true },
);

const component = (kind: string, inside: fc.Arbitrary<CalendarComponent[]>): fc.Arbitrary<CalendarComponent> =>
  fc.record(
    { name: fc.constant(kind), properties: fc.array(contentLines, { maxLength: 6 }), components: inside },
    { noNullPrototype: true },
  );

/** Calendars of events with alarms. */
export const calendars: fc.Arbitrary<CalendarComponent> = component(
  "VCALENDAR",
  fc.array(component("VEVENT", fc.array(component("VALARM", fc.constant([])), { maxLength: 1 })), { maxLength: 2 }),
);
