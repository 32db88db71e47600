import { checkWhole } from "../../../errors.js";
import {
  type CalendarComponent,
  type CalendarRequest,
  changedEntries,
  deleteEntry,
  entryPath,
  getEntry,
  listEntries,
  type Multistatus,
  makeCalendar,
  putEntry,
  readEvent,
  readMultistatus,
  readPreconditions,
  writeEvent,
} from "../../../protocol/index.js";
import { askCalendar, type CalendarReply } from "./calendar-http.js";
import { type CalendarServerOptions, startCalendarServer } from "./calendar-server.js";

/** See {@link calendarLab}. */
export interface CalendarLabOptions extends CalendarServerOptions {
  /** How many other entries are in the calendar; 40 unless told. */
  readonly otherEntries?: number;
}

/** One request of {@link calendarLab}, and what came of it. */
export interface CalendarLabRow {
  /** Who asked. */
  readonly device: "phone" | "laptop";
  /** What for, in words. */
  readonly step: string;
  /** HTTP's method. */
  readonly method: string;
  /** The header that says under what condition; empty if there is none. */
  readonly condition: string;
  /** HTTP's status. */
  readonly status: number;
  /** What did not hold, by the server's own name; or how many entries it told of. */
  readonly said: string;
  /** Bytes of the request. */
  readonly sentBytes: number;
  /** Bytes of the answer. */
  readonly receivedBytes: number;
}

/** See {@link calendarLab}. */
export interface CalendarLabResult {
  /** What the server calls itself. */
  readonly server: string;
  /** All requests, in order. */
  readonly rows: readonly CalendarLabRow[];
  /** The title that the entry has in the end of the trial with two devices. */
  readonly lastTitle: string;
  /** Whether a property that the server can't know came back as it was put. */
  readonly keptUnknown: boolean;
}

const event = (title: string) =>
  writeEvent({
    uid: "dentist",
    summary: title,
    stamp: { time: "20261130T080000Z" },
    start: { time: "20261130T090000Z" },
    end: { time: "20261130T100000Z" },
  }).replace("SUMMARY:", "X-HANDOFF;X-A=b:kept\r\nSUMMARY:");

/**
 * Two devices and a real calendar server (Radicale): conditional puts, versions and sync tokens, request by request.
 *
 * @throws {@link ToolMissing} as {@link startCalendarServer}; {@link ParameterError} for bad options.
 */
export async function calendarLab(options: CalendarLabOptions = {}): Promise<CalendarLabResult> {
  const { otherEntries = 40, ...limits } = options;
  checkWhole("calendarLab", "otherEntries", otherEntries, 0, 1000);
  const server = await startCalendarServer(limits);
  try {
    const trial = new Trial(server.port, `${server.home}work/`);
    await trial.conditions();
    const last = await trial.twoDevices();
    await trial.tokens(otherEntries);
    const { summary: lastTitle, from } = readEvent(last);
    return { server: server.version, rows: trial.rows, lastTitle, keptUnknown: hasUnknown(from) };
  } finally {
    await server.close();
  }
}

/** Whether the property that {@link event} puts in is there, with its parameter. */
function hasUnknown(calendar: CalendarComponent | undefined): boolean {
  const properties = (calendar?.components ?? []).flatMap((component) => component.properties);
  const found = properties.find(({ name }) => name === "X-HANDOFF");
  return found?.value === "kept" && found.parameters["X-A"]?.[0] === "b";
}

class Trial {
  readonly rows: CalendarLabRow[] = [];
  readonly #port: number;
  readonly #calendar: string;
  readonly #entry: string;

  constructor(port: number, calendar: string) {
    this.#port = port;
    this.#calendar = calendar;
    this.#entry = entryPath(calendar, "dentist");
  }

  /** What a put is refused for. */
  async conditions(): Promise<void> {
    await this.#ask("phone", "makes a calendar", makeCalendar(this.#calendar));
    await this.#ask("phone", "puts a new entry", putEntry(this.#entry, event("Dentist"), { ifNew: true }));
    await this.#ask(
      "phone",
      "puts it again, since it had no answer",
      putEntry(this.#entry, event("Dentist"), { ifNew: true }),
    );
  }

  /** Both have the entry, and both change it. @returns the entry in the end */
  async twoDevices(): Promise<string> {
    const { etag: ifMatch = "" } = await this.#ask("phone", "reads the entry", getEntry(this.#entry));
    await this.#ask("laptop", "reads the entry", getEntry(this.#entry));
    const byPhone = putEntry(this.#entry, event("Dentist, by phone"), { ifMatch });
    await this.#ask("phone", "puts its change", byPhone);
    const byLaptop = putEntry(this.#entry, event("Dentist, by laptop"), { ifMatch });
    await this.#ask("laptop", "puts its change of the version before", byLaptop);
    const anyway = putEntry(this.#entry, event("Dentist, by laptop"));
    await this.#ask("laptop", "puts it without a condition", anyway);
    return (await this.#ask("phone", "reads it again", getEntry(this.#entry))).body;
  }

  /** What it costs to hear of what has changed. */
  async tokens(otherEntries: number): Promise<void> {
    for (let i = 0; i < otherEntries; i++) {
      const calendar = event(`Meeting ${i}`).replace("UID:dentist", `UID:meeting-${i}`);
      await askCalendar(this.#port, putEntry(entryPath(this.#calendar, `meeting-${i}`), calendar, { ifNew: true }));
    }
    await this.#ask("phone", "lists all versions", listEntries(this.#calendar));
    const first = await this.#changes("asks for what has changed, for the first time");
    const second = await this.#changes("asks again: nothing has", first.syncToken);
    await this.#ask("laptop", "changes an entry", putEntry(this.#entry, event("Dentist, at last")));
    const third = await this.#changes("asks again: one has", second.syncToken);
    await this.#ask("laptop", "deletes an entry", deleteEntry(this.#entry));
    await this.#changes("asks again: one is gone", third.syncToken);
    await this.#ask(
      "phone",
      "names a token that the server does not know",
      changedEntries(this.#calendar, `${first.syncToken}0`),
    );
    await this.#changes("begins anew, without a token");
  }

  async #changes(step: string, token?: string): Promise<Multistatus> {
    const { body } = await this.#ask("phone", step, changedEntries(this.#calendar, token));
    return readMultistatus(body);
  }

  async #ask(device: CalendarLabRow["device"], step: string, request: CalendarRequest): Promise<CalendarReply> {
    const reply = await askCalendar(this.#port, request);
    const { status, sentBytes, receivedBytes } = reply;
    const { "If-Match": ifMatch, "If-None-Match": ifNoneMatch } = request.headers;
    const condition = ifMatch ? "If-Match" : ifNoneMatch ? "If-None-Match: *" : "";
    this.rows.push({
      device,
      step,
      method: request.method,
      condition,
      status,
      said: saidBy(reply),
      sentBytes,
      receivedBytes,
    });
    return reply;
  }
}

function saidBy({ status, body }: CalendarReply): string {
  if (status !== 207) return readPreconditions(body).join(", ");
  const { entries } = readMultistatus(body);
  const told = entries.filter(({ href }) => href.endsWith(".ics"));
  const gone = told.filter((entry) => entry.status === 404).length;
  return [
    `${told.length - gone} ${told.length - gone === 1 ? "entry" : "entries"}`,
    ...(gone > 0 ? [`${gone} gone`] : []),
  ].join(", ");
}
