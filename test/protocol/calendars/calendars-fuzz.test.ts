import fc from "fast-check";
import {
  MalformedMessage,
  readCalendar,
  readEvent,
  readMultistatus,
  readPreconditions,
  writeCalendar,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../../soak.js";
import { spoilt } from "../spoilt.js";
import { calendars } from "./random-calendars.js";

const test = suite("calendars-fuzz");

const numRuns = soaked(100_000);
const seed = Number(process.env.SOAK_SEED ?? 1);

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
/** What is right, spoilt; or pieces of what may be right in any order. */
const spoiltOr = (pieces: readonly string[], right: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    { weight: 3, arbitrary: spoilt(right.map(bytesOf)) },
    {
      weight: 1,
      arbitrary: fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((found) => bytesOf(found.join(""))),
    },
  );

/** How many of the inputs could be read. Any error but MalformedMessage fails, and so does slowness. */
function readable(inputs: fc.Arbitrary<Uint8Array>, read: (bytes: Uint8Array) => unknown): number {
  let good = 0;
  let worstMs = 0;
  const found = fc.check(
    fc.property(inputs, (bytes) => {
      const began = performance.now();
      try {
        read(bytes);
        good++;
      } catch (error) {
        if (!(error instanceof MalformedMessage)) throw error;
      }
      worstMs = Math.max(worstMs, performance.now() - began);
    }),
    { numRuns, seed },
  );
  assert.not.ok(found.failed, `SOAK_SEED=${seed}: ${found.errorInstance}\n${fc.stringify(found.counterexample)}`);
  assert.ok(worstMs < 1000, `one took ${worstMs} ms`);
  return good;
}

const calendarPieces = [
  "BEGIN:VCALENDAR\r\n",
  "BEGIN:VEVENT\r\n",
  "END:VEVENT\r\n",
  "END:VCALENDAR\r\n",
  "UID:1\r\n",
  "DTSTART:20261130\r\n",
  "\r\n ",
  "X;A=",
  '"',
  ",",
  ":",
  ";",
  "é",
];

test(`${numRuns} spoilt calendars are read or named malformed; what was read can be written and read again`, () => {
  const good = readable(spoiltOr(calendarPieces, calendars.map(writeCalendar)), (bytes) => {
    const calendar = readCalendar(bytes);
    assert.equal(readCalendar(writeCalendar(calendar)), calendar);
  });
  assert.ok(good > numRuns / 15, `${good} were readable`);
});

test(`${numRuns} spoilt events are read or named malformed`, () => {
  const events = fc
    .tuple(calendars, fc.constantFrom("20261130", "20261130T120000Z", "20261231T235959", "20269999"))
    .map(([calendar, time]) =>
      writeCalendar({
        ...calendar,
        components: [
          {
            name: "VEVENT",
            properties: [
              { name: "UID", parameters: {}, value: "1" },
              { name: "DTSTART", parameters: {}, value: time },
            ],
            components: [],
          },
        ],
      }),
    );
  const good = readable(spoiltOr(calendarPieces, events), readEvent);
  assert.ok(good > numRuns / 15, `${good} were readable`);
});

const responses = fc.array(
  fc.record({ href: fc.webPath(), etag: fc.nat(), status: fc.constantFrom(200, 404, 507), gone: fc.boolean() }),
  { maxLength: 5 },
);
const multistatus = responses.map((all) => {
  const each = all.map(({ href, etag, status, gone }) => {
    const line = `<status>HTTP/1.1 ${status} OK</status>`;
    const found = `<propstat><prop><getetag>"${etag}"</getetag></prop>${line}</propstat>`;
    return `<response><href>${href.replace(/&/g, "&amp;")}</href>${gone ? line : found}</response>`;
  });
  return `<?xml version="1.0"?><multistatus xmlns="DAV:">${each.join("")}<sync-token>t</sync-token></multistatus>`;
});
const xmlPieces = [
  '<multistatus xmlns="DAV:">',
  "</multistatus>",
  "<response>",
  "</response>",
  "<href>",
  "</href>",
  "&amp;",
  "&#0;",
  "&x;",
  "<![CDATA[",
  "]]>",
  "<!--",
  "-->",
  "<!DOCTYPE x [",
  "<!ENTITY a '&a;'>",
  "]>",
  "<?xml ",
  "?>",
  "x",
];

test(`${numRuns} spoilt answers about many entries are read or named malformed`, () => {
  const good = readable(spoiltOr(xmlPieces, multistatus), (bytes) => readMultistatus(new TextDecoder().decode(bytes)));
  assert.ok(good > numRuns / 15, `${good} were readable`);
});

test(`${numRuns} spoilt refusals are read or named malformed`, () => {
  const right = fc
    .constantFrom("valid-sync-token", "a", "no-uid-conflict")
    .map((name) => `<D:error xmlns:D="DAV:"><D:${name}/></D:error>`);
  readable(spoiltOr(xmlPieces, right), (bytes) => readPreconditions(new TextDecoder().decode(bytes)));
});

test("inputs that take long where a reader looks at each place again take no longer than their length", () => {
  const slow: readonly (readonly [string, () => unknown])[] = [
    [
      "a line folded 300,000 times",
      () => readCalendar(`BEGIN:VCALENDAR\r\nX:${"\r\n ".repeat(300_000)}\r\nEND:VCALENDAR`),
    ],
    [
      "200,000 parameters",
      () =>
        readCalendar(
          `BEGIN:VCALENDAR\r\nX${Array.from({ length: 100_000 }, (_, i) => `;A${i}=`).join("")}:\r\nEND:VCALENDAR`,
        ),
    ],
    [
      "a megabyte of quotation marks",
      () => readCalendar(`BEGIN:VCALENDAR\r\nX;A=${'"",'.repeat(340_000)}:\r\nEND:VCALENDAR`),
    ],
    ["two million elements", () => readMultistatus(`<multistatus xmlns="DAV:">${"<a/>".repeat(99_000)}</multistatus>`)],
    [
      "two million references",
      () => readMultistatus(`<multistatus xmlns="DAV:">${"&lt;".repeat(2_000_000)}</multistatus>`),
    ],
  ];
  for (const [what, read] of slow) {
    const began = performance.now();
    read();
    const tookMs = performance.now() - began;
    assert.ok(tookMs < 10_000, `${what}: ${tookMs} ms`);
  }
});

test.run();
