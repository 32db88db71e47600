import { checkText, refuse } from "../../errors.js";
import { xmlText } from "./xml.js";

/** A request of HTTP as a value: whoever has a socket can send it. */
export interface CalendarRequest {
  /** HTTP's method, or one that WebDAV and CalDAV added. */
  readonly method: "GET" | "PUT" | "DELETE" | "PROPFIND" | "REPORT" | "MKCALENDAR";
  /** The path on the server, percent-encoded. */
  readonly path: string;
  /** Its headers, besides those that HTTP itself needs. */
  readonly headers: Readonly<Record<string, string>>;
  /** Its body; empty if it has none. */
  readonly body: string;
}

/** Under what condition the server may carry a request out; unless told, under none. */
export interface PutCondition {
  /** Only if the entry's version is this one still: an ETag in its quotation marks. */
  readonly ifMatch?: string;
  /** Only if there is no entry at that path. */
  readonly ifNew?: boolean;
}

const xml = { "Content-Type": "application/xml; charset=utf-8" };
const declaration = '<?xml version="1.0" encoding="utf-8"?>\n';
const namespaces = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"';

/** The path of an entry in a collection, from its uid: `/ana/work/dentist%201.ics`. */
export function entryPath(collection: string, uid: string): string {
  checkText("entryPath", "uid", uid);
  return `${checkedPath("entryPath", collection)}${encodeURIComponent(uid)}.ics`;
}

/** Makes a collection of entries. @see RFC 4791 §5.3.1 */
export function makeCalendar(collection: string): CalendarRequest {
  return { method: "MKCALENDAR", path: checkedPath("makeCalendar", collection), headers: {}, body: "" };
}

/**
 * Stores an entry. Without a condition it overwrites whatever is there.
 *
 * @throws {@link ParameterError} if both conditions are given.
 * @see RFC 4791 §5.3.2, RFC 9110 §13.1.
 */
export function putEntry(path: string, calendar: string, condition: PutCondition = {}): CalendarRequest {
  const headers = { "Content-Type": "text/calendar; charset=utf-8", ...conditionHeaders("putEntry", condition) };
  return {
    method: "PUT",
    path: checkedPath("putEntry", path),
    headers,
    body: checkText("putEntry", "calendar", calendar),
  };
}

/** Takes an entry away. @throws {@link ParameterError} as {@link putEntry}. */
export function deleteEntry(path: string, condition: Pick<PutCondition, "ifMatch"> = {}): CalendarRequest {
  const headers = conditionHeaders("deleteEntry", condition);
  return { method: "DELETE", path: checkedPath("deleteEntry", path), headers, body: "" };
}

/** Asks for an entry. */
export function getEntry(path: string): CalendarRequest {
  return { method: "GET", path: checkedPath("getEntry", path), headers: {}, body: "" };
}

/** Asks for the versions of all entries. @see RFC 4918 §9.1 */
export function listEntries(collection: string): CalendarRequest {
  const body = `${declaration}<propfind ${namespaces}><prop><getetag/></prop></propfind>`;
  const path = checkedPath("listEntries", collection);
  return { method: "PROPFIND", path, headers: { ...xml, Depth: "1" }, body };
}

/**
 * Asks which entries have changed since the answer that gave a token; without one, for all.
 *
 * @see RFC 6578 §3.2.
 */
export function changedEntries(collection: string, syncToken = ""): CalendarRequest {
  const token = `<sync-token>${xmlText(syncToken)}</sync-token><sync-level>1</sync-level>`;
  const body = `${declaration}<sync-collection ${namespaces}>${token}<prop><getetag/></prop></sync-collection>`;
  const path = checkedPath("changedEntries", collection);
  return { method: "REPORT", path, headers: { ...xml, Depth: "0" }, body };
}

/** Asks for the texts of several entries at once. @see RFC 4791 §7.9 */
export function fetchEntries(collection: string, hrefs: readonly string[]): CalendarRequest {
  const wanted = hrefs.map((href) => `<href>${xmlText(href)}</href>`).join("");
  const body = `${declaration}<C:calendar-multiget ${namespaces}><prop><getetag/><C:calendar-data/></prop>${wanted}</C:calendar-multiget>`;
  const path = checkedPath("fetchEntries", collection);
  return { method: "REPORT", path, headers: { ...xml, Depth: "1" }, body };
}

function checkedPath(where: string, path: unknown): string {
  if (typeof path !== "string" || !/^\/[\x21-\x7e]*$/.test(path))
    refuse(where, "path", "a path that begins with / and is percent-encoded", path);
  return path;
}

function conditionHeaders(where: string, { ifMatch, ifNew = false }: PutCondition): Record<string, string> {
  if (typeof ifNew !== "boolean") refuse(where, "ifNew", "true or false", ifNew);
  if (ifMatch === undefined) return ifNew ? { "If-None-Match": "*" } : {};
  if (typeof ifMatch !== "string" || !/^(W\/)?"[\x21\x23-\x7e]*"$/.test(ifMatch))
    refuse(where, "ifMatch", "an ETag in its quotation marks", ifMatch);
  if (ifNew) refuse(where, "ifNew", "left out where ifMatch is told", ifNew);
  return { "If-Match": ifMatch };
}
