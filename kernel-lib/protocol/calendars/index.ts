/**
 * Calendars as they travel: entries in the form of iCalendar, the requests of CalDAV that a device needs to keep a copy of a calendar
 * in step with its server, and the answers about many entries at once (WebDAV's multistatus).
 *
 * Modelled: folding, escaping, parameters, events with their times, and whatever else an event has, which is kept; conditional writes;
 * versions (ETags) and sync tokens. Left out: what repetitions, alarms and time zones mean; tasks; access rights; scheduling (iTIP).
 *
 * Sources: RFC 5545 and RFC 6868 (iCalendar), RFC 4918 (WebDAV), RFC 4791 (CalDAV), RFC 6578 (sync tokens).
 */
export { type CalendarComponent, readCalendar, writeCalendar } from "./calendar.js";
export { type ContentLine, escapedText, plainText } from "./content-line.js";
export { type CalendarEvent, type CalendarTime, calendarTime, readEvent, writeEvent } from "./event.js";
export { type EntryStatus, type Multistatus, readMultistatus, readPreconditions } from "./multistatus.js";
export {
  type CalendarRequest,
  changedEntries,
  deleteEntry,
  entryPath,
  fetchEntries,
  getEntry,
  listEntries,
  makeCalendar,
  type PutCondition,
  putEntry,
} from "./requests.js";
