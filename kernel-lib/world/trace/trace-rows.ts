import type { MessageNotes } from "./message-notes.js";
import type { Tape } from "./tape.js";
import type { DatagramRow, LossReason, RowBase, TraceKind, TraceRow } from "./trace.js";

/** Who does something: what every row tells but its time. */
export type Actor = Omit<RowBase, "timeMs">;

/** A connection, as the rows of its messages name it at one of its ends. */
export interface LineName {
  readonly id: string;
  readonly peer: string;
}

/** A trace as it was written; see {@link records}. */
export interface WrittenTrace {
  readonly tape: Tape;
  readonly notes: MessageNotes;
  readonly actors: readonly Actor[];
  readonly lines: readonly LineName[];
  readonly texts: readonly string[];
  readonly fields: readonly Readonly<Record<string, unknown>>[];
}

/**
 * The records of a tape. Each begins with `16 × actor + code` and its time; then come, by kind:
 *
 * | kind | numbers |
 * |---|---|
 * | start | 1 for a thread, parent's pid |
 * | exit | 1 for a thread, how (as in {@link ends}), text of the error or of what was pending, or {@link noText} |
 * | wait, wake, fault | text |
 * | send | line (twice its number, and 1 for `in`), sequence, bytes, note |
 * | receive | the same, when it had arrived |
 * | compute | ms of work, priority, when it ended |
 * | disk | ms of work, text of the access, when it ended |
 * | urgent | line, sequence, 1 if sent, byte |
 * | log | text of the event, number of its fields |
 * | datagram | what (as in {@link datagramMoments}), text of whence, text of whither, sequence, copy, bytes, note, when it had arrived or why it was lost |
 *
 * Actors and lines are counted from 1, texts and fields from 0. A code of 0 would be an empty cell.
 */
export const records = {
  start: { code: 1, length: 4 },
  exit: { code: 2, length: 5 },
  wait: { code: 3, length: 3 },
  wake: { code: 4, length: 3 },
  send: { code: 5, length: 6 },
  receive: { code: 6, length: 7 },
  compute: { code: 7, length: 5 },
  urgent: { code: 8, length: 6 },
  disk: { code: 9, length: 5 },
  fault: { code: 10, length: 3 },
  log: { code: 11, length: 4 },
  datagram: { code: 12, length: 10 },
} as const satisfies Record<TraceKind, { readonly code: number; readonly length: number }>;

const kinds = Object.keys(records) as TraceKind[];

/** Where a record could name a text, and there is none. */
export const noText = -1;

/** How a process can end, by number. */
export const ends = ["returned", "threw", "killed"] as const;

/** What becomes of a datagram, and why one is lost, by number. */
export const datagramMoments = ["sent", "received", "lost"] as const;
export const lossReasons: readonly LossReason[] = ["loss", "inbox", "closed port", "cut", "down", "system"];

/** A written trace as rows, in the order of writing. */
export function rowsOf(written: WrittenTrace): TraceRow[] {
  const rows: TraceRow[] = [];
  for (const cells of written.tape.pages()) {
    for (let at = 0; at < cells.length; ) {
      const kind = kinds[((cells[at] as number) % 16) - 1] as TraceKind;
      rows.push(rowOf(written, kind, cells, at));
      at += records[kind].length;
    }
  }
  return rows;
}

function rowOf(written: WrittenTrace, kind: TraceKind, cells: Float64Array, at: number): TraceRow {
  const cell = (i: number): number => cells[at + i] as number;
  const text = (i: number): string => written.texts[cell(i)] as string;
  const { host, process, pid, thread } = written.actors[Math.floor(cell(0) / 16) - 1] as Actor;
  const timeMs = cell(1);
  const base = { timeMs, host, process, pid, thread };
  switch (kind) {
    case "start":
      return {
        kind,
        timeMs,
        host,
        process,
        pid,
        thread,
        as: roles[cell(2)] as (typeof roles)[number],
        parent: cell(3),
      };
    case "exit": {
      const how = ends[cell(3)] as (typeof ends)[number];
      const said = cell(4) === noText ? {} : how === "threw" ? { error: text(4) } : { pending: text(4) };
      return { kind, ...base, as: roles[cell(2)] as (typeof roles)[number], how, ...said };
    }
    case "wait":
    case "wake":
      return { kind, timeMs, host, process, pid, thread, on: text(2) };
    case "send":
    case "receive": {
      const { connection, direction, peer } = lineOf(written, cell(2));
      const [sequence, bytes, message] = [cell(3), cell(4), written.notes.text(cell(5))];
      const row = { kind, timeMs, host, process, pid, thread, connection, direction, sequence, bytes, peer, message };
      return kind === "send" ? row : Object.assign(row, { arrivedMs: cell(6) });
    }
    case "compute":
      return { ...base, kind, workMs: cell(2), priority: cell(3), endMs: endOf(cell(4)) };
    case "disk":
      return { ...base, kind, workMs: cell(2), access: text(3), endMs: endOf(cell(4)) };
    case "urgent": {
      const { connection, direction, peer } = lineOf(written, cell(2));
      return { kind, ...base, connection, direction, sequence: cell(3), sent: cell(4) === 1, byte: cell(5), peer };
    }
    case "fault":
      return { kind, timeMs, host, process, pid, thread, fault: text(2) };
    case "log":
      return { kind, ...base, event: text(2), fields: written.fields[cell(3)] as Readonly<Record<string, unknown>> };
    case "datagram": {
      const what = datagramMoments[cell(2)] as DatagramRow["what"];
      const [from, to] = [text(3), text(4)];
      const peer = hostOf(what === "received" ? from : to);
      const [sequence, copy, bytes, message] = [cell(5), cell(6) as 1 | 2, cell(7), written.notes.text(cell(8))];
      const row: DatagramRow = { kind, ...base, what, from, to, sequence, copy, bytes, peer, message };
      if (what === "received") return { ...row, arrivedMs: cell(9) };
      return what === "lost" ? { ...row, reason: lossReasons[cell(9)] as LossReason } : row;
    }
  }
}

const roles = ["process", "thread"] as const;

function lineOf(written: WrittenTrace, number: number): { connection: string; direction: "out" | "in"; peer: string } {
  const { id, peer } = written.lines[Math.floor(number / 2) - 1] as LineName;
  return { connection: id, direction: number % 2 ? "in" : "out", peer };
}

/** The host of `client:49152`. */
function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}

/** NaN while it goes on. */
function endOf(timeMs: number): number | undefined {
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
