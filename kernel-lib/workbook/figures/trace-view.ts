import { refuse } from "../../errors.js";
import type { MessageRow, TraceRow } from "../../world/trace/trace.js";
import { decimalExponent, powerOfTen } from "./numbers.js";

/** A run, as far as figures need it: its trace, and whether it was virtual time or live. */
export interface RunLike {
  /** The trace, in time order. */
  readonly rows: readonly TraceRow[];
  /** Which runtime made it; figures colour it accordingly. */
  readonly world?: string;
}

/** A message of a trace: its two rows in one. */
export interface MessageRecord {
  /** When `send` was called. */
  readonly sentMs: number;
  /** When it had come in, whole; undefined if no receive took it. */
  readonly arrivedMs: number | undefined;
  /** When a receive took it: until then it waited. Undefined if none did. */
  readonly receivedMs: number | undefined;
  /** The sending host. */
  readonly from: string;
  /** The receiving host. */
  readonly to: string;
  /** The sending program's name. */
  readonly fromProcess: string;
  /** The receiving program's name; empty if nobody took it. */
  readonly toProcess: string;
  /** The connection's id. */
  readonly connection: string;
  /** `out`: from the side that connected. */
  readonly direction: "out" | "in";
  /** Counts the messages of a connection's direction, from 1. */
  readonly sequence: number;
  /** The frame's size. */
  readonly bytes: number;
  /** The message in short. */
  readonly message: string;
}

/** Both ends of a message, as rows. @internal */
export interface MessagePair {
  readonly send: MessageRow;
  readonly receive: MessageRow | undefined;
}

/** When the message of a `receive` row had come in. @internal */
export function arrivalOf(receive: MessageRow): number {
  return receive.arrivedMs ?? receive.timeMs;
}

/** @internal */
export function rowsOf(
  where: string,
  run: RunLike | readonly TraceRow[],
): { rows: readonly TraceRow[]; world: string } {
  const rows = Array.isArray(run) ? (run as readonly TraceRow[]) : (run as RunLike)?.rows;
  if (!Array.isArray(rows)) refuse(where, "run", "a run or its trace rows", run);
  const world = Array.isArray(run) ? "virtual" : ((run as RunLike).world ?? "virtual");
  return { rows: rows as readonly TraceRow[], world };
}

/** Pairs sends with receives by connection, direction and sequence, in the order of sending. @internal */
export function messagePairs(rows: readonly TraceRow[]): MessagePair[] {
  const key = (row: MessageRow) => `${row.connection}\n${row.direction}\n${row.sequence}`;
  const received = new Map<string, MessageRow>();
  for (const row of rows) if (row.kind === "receive") received.set(key(row), row);
  return rows
    .filter((row): row is MessageRow => row.kind === "send")
    .map((send) => ({ send, receive: received.get(key(send)) }));
}

/**
 * The messages of a run, one record each, in the order of sending.
 *
 * @throws {@link ParameterError} if `run` is neither a run nor an array of trace rows.
 */
export function messages(run: RunLike | readonly TraceRow[]): MessageRecord[] {
  return messagePairs(rowsOf("messages", run).rows).map(({ send, receive }) => ({
    sentMs: send.timeMs,
    arrivedMs: receive && arrivalOf(receive),
    receivedMs: receive?.timeMs,
    from: send.host,
    to: receive?.host ?? send.peer,
    fromProcess: send.process,
    toProcess: receive?.process ?? "",
    connection: send.connection,
    direction: send.direction,
    sequence: send.sequence,
    bytes: send.bytes,
    message: send.message ?? "",
  }));
}

/** Round numbers within a range, about as many as asked for. @internal */
export function niceTicks(from: number, to: number, count: number): number[] {
  const rough = (to - from) / Math.max(1, count);
  if (!(rough > 0)) return [from];
  const power = powerOfTen(decimalExponent(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999) ?? 10 * power;
  const ticks: number[] = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++)
    ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}
