import fc from "fast-check";
import { type CalendarEvent, readEvent, writeEvent } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../../scripts/setup/paths.mjs";
import { pythonPackages, runPython } from "../../python-packages.js";
import { texts } from "./random-calendars.js";

const test = suite("iCalendar, beside Python's icalendar and vobject");

/** Without what may not stand in a calendar or where Python breaks lines besides, and with one kind of line break. */
const fit = (text: string): string =>
  text.replace(/\r\n?/g, "\n").replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, (found) => (/[\n\t]/.test(found) ? found : ""));
const summaries = fc.sample(texts, { numRuns: 300, seed: 1 }).map(fit);
const eventOf = (summary: string, parameter?: string): CalendarEvent => {
  const event: CalendarEvent = {
    uid: "handoff-1",
    summary,
    stamp: { time: "20261130T080000Z" },
    start: { time: "20261130T120000Z" },
    end: { time: "20261130T130000Z" },
  };
  if (parameter === undefined) return event;
  const from = readEvent(writeEvent(event)).from as NonNullable<CalendarEvent["from"]>;
  const [vevent, ...others] = from.components;
  if (!vevent) throw new Error("there is one");
  const extra = { name: "X-HANDOFF", parameters: { "X-A": [parameter] }, value: "kept" };
  return {
    ...event,
    from: { ...from, components: [{ ...vevent, properties: [...vevent.properties, extra] }, ...others] },
  };
};
// A backslash in a parameter is a letter like any other (RFC 5545 §3.2), but icalendar takes it for an escape; and it strips spaces.
const parameters = summaries.map((text) => text.replace(/[\t\\]/g, " ").trim());

interface Told {
  readonly icalendar: readonly Record<string, string>[];
  readonly vobject: readonly Record<string, string>[];
  readonly written: readonly (readonly [string, string])[];
}
let told: Told;
test.before(async () => {
  const packages = await pythonPackages("test", "protocol", "calendars", "requirements.txt");
  const asked = {
    texts: summaries.map((summary, i) => writeEvent(eventOf(summary, parameters[i] ?? ""))),
    plain: summaries.map((summary) => writeEvent(eventOf(summary))),
    summaries,
  };
  const script = inRoot("test", "protocol", "calendars", "calendars_peer.py");
  told = JSON.parse(await runPython(packages, script, JSON.stringify(asked))) as Told;
});

test("both read what we write, and icalendar the unknown property too", () => {
  const times = { uid: "handoff-1", start: "20261130T120000Z", end: "20261130T130000Z" };
  for (const [i, summary] of summaries.entries()) {
    assert.equal(told.icalendar[i], { ...times, summary, extra: "kept", parameter: parameters[i] });
    assert.equal(told.vobject[i], { ...times, summary });
  }
});

test("we read what both write", () => {
  for (const [i, summary] of summaries.entries()) {
    const [theirs = "", others = ""] = told.written[i] ?? [];
    const { from: _, ...event } = readEvent(theirs);
    const moment = (hour: string) => ({ time: `20261130T${hour}0000Z` });
    assert.equal(event, { uid: "1", summary, start: moment("12"), end: moment("13"), stamp: moment("08") });
    assert.is(readEvent(others).summary, summary);
    assert.equal(readEvent(others).start, { time: "20261130" });
  }
});

test.run();
