import { refuse } from "../../errors.js";
import type { DatagramRow, LossReason, MessageRow, TraceRow } from "../../world/trace/trace.js";
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
  /** The connection's id; of a datagram whence it comes and whither it goes: `client:49152>server:7`. */
  readonly connection: string;
  /** `out`: from the side that connected, as is every datagram. */
  readonly direction: "out" | "in";
  /** Counts the messages of a connection's direction, or the datagrams from the one host to the other, from 1. */
  readonly sequence: number;
  /** The frame's size. */
  readonly bytes: number;
  /** The message in short. */
  readonly message: string;
  /** Of a datagram: 2 if it is the duplicate that the network made. */
  readonly copy?: 2;
  /** Of a datagram that was lost: why. */
  readonly lost?: LossReason;
}

/** A message's row, however it travels. @internal */
export type SentOrTaken = MessageRow | DatagramRow;

/** Both ends of a message, as rows; of a datagram that was doubled there are two. @internal */
export interface MessagePair {
  readonly send: SentOrTaken;
  readonly receive: SentOrTaken | undefined;
  readonly lost?: DatagramRow;
}

/** When the message of a `receive` row had come in. @internal */
export function arrivalOf(receive: SentOrTaken): number {
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

/** Pairs sends with receives and losses, in the order of sending. @internal */
export function messagePairs(rows: readonly TraceRow[]): MessagePair[] {
  const ends = new Map<string, SentOrTaken[]>();
  for (const row of rows) {
    if (!(row.kind === "receive" || (row.kind === "datagram" && row.what !== "sent"))) continue;
    const found = ends.get(keyOf(row));
    if (found) found.push(row);
    else ends.set(keyOf(row), [row]);
  }
  return rows
    .filter((row): row is SentOrTaken => row.kind === "send" || (row.kind === "datagram" && row.what === "sent"))
    .flatMap((send) => (ends.get(keyOf(send)) ?? [undefined]).map((end) => pairOf(send, end)));
}

/** What the rows of a message have in common. */
function keyOf(row: SentOrTaken): string {
  return row.kind === "datagram"
    ? `datagram\n${row.from}\n${row.to}\n${row.sequence}`
    : `${row.connection}\n${row.direction}\n${row.sequence}`;
}

function pairOf(send: SentOrTaken, end: SentOrTaken | undefined): MessagePair {
  return end?.kind === "datagram" && end.what === "lost"
    ? { send, receive: undefined, lost: end }
    : { send, receive: end };
}

/**
 * The messages of a run, one record each, in the order of sending.
 *
 * @throws {@link ParameterError} if `run` is neither a run nor an array of trace rows.
 */
export function messages(run: RunLike | readonly TraceRow[]): MessageRecord[] {
  return messagePairs(rowsOf("messages", run).rows).map(({ send, receive, lost }) => ({
    sentMs: send.timeMs,
    arrivedMs: receive && arrivalOf(receive),
    receivedMs: receive?.timeMs,
    from: send.host,
    to: receive?.host ?? send.peer,
    fromProcess: send.process,
    toProcess: receive?.process ?? "",
    connection: send.kind === "datagram" ? `${send.from}>${send.to}` : send.connection,
    direction: send.kind === "datagram" ? "out" : send.direction,
    sequence: send.sequence,
    bytes: send.bytes,
    message: send.message ?? "",
    ...(isSecond(receive ?? lost) && { copy: 2 }),
    ...(lost?.reason && { lost: lost.reason }),
  }));
}

/** Whether a row is that of a duplicate. @internal */
export function isSecond(row: SentOrTaken | undefined): boolean {
  return row?.kind === "datagram" && row.copy === 2;
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
