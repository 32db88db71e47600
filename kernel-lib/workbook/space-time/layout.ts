import type { ExitRow, FaultRow, LogRow, StartRow, TraceRow, UrgentRow, WorkRow } from "../../world/trace/trace.js";
import { formatNumber, largest, smallest } from "../figures/numbers.js";
import { type MessagePair, messagePairs } from "../figures/trace-view.js";
import type { SpaceTimeOptions } from "./space-time.js";

/** A lane of the diagram. */
export interface Lane {
  readonly key: string;
  readonly host: string;
  /** In large letters: the host. */
  readonly name: string;
  /** Below it, smaller: the process or thread, unless its name is the host's; empty when lanes are hosts. */
  readonly detail: string;
  /** Both: `echo on server`. */
  readonly label: string;
}

/** What is to be drawn, before any pixel. */
export interface SpaceTimeLayout {
  readonly options: SpaceTimeOptions;
  /** The whole trace. */
  readonly rows: readonly TraceRow[];
  readonly lanes: readonly Lane[];
  readonly messages: readonly MessagePair[];
  readonly work: readonly WorkRow[];
  readonly marks: readonly (StartRow | ExitRow | FaultRow | LogRow | UrgentRow)[];
  readonly fromMs: number;
  readonly toMs: number;
  /** When the run ended: the time of its last row. */
  readonly endMs: number;
  /** What the diagram does not show, in words. */
  readonly leftOut: readonly string[];
  laneOf(row: { host: string; pid: number; process: string; thread?: string }): number;
}

const maxLanes = 16;
const maxBars = 400;
const maxMarks = 200;

/** Daemons, and what is unfinished, are killed when the run ends: that is no fault. @internal */
export function endsWithRun(row: TraceRow, endMs: number): boolean {
  return row.kind === "exit" && row.how === "killed" && row.timeMs >= endMs;
}

/** Chooses lanes, messages and the span of time; says what is left out. */
export function layOut(all: readonly TraceRow[], options: SpaceTimeOptions): SpaceTimeLayout {
  const leftOut: string[] = [];
  const chosen = options.hosts ? new Set(options.hosts) : undefined;
  const rows = chosen ? all.filter((row) => chosen.has(row.host)) : all;
  const by = options.by ?? (new Set(processRows(rows).map((row) => row.pid)).size <= 8 ? "process" : "host");
  const keyOf = (row: { host: string; pid: number; thread?: string }) =>
    by === "host"
      ? row.host
      : by === "process"
        ? `${row.host}\n${row.pid}`
        : `${row.host}\n${row.pid}\n${row.thread ?? ""}`;
  let lanes = lanesOf(rows, by, keyOf, options.hosts);
  if (lanes.length > maxLanes) {
    leftOut.push(
      `${lanes.length - maxLanes} of ${lanes.length} lanes (${list(lanes.slice(maxLanes).map((l) => l.label))})`,
    );
    lanes = lanes.slice(0, maxLanes);
  }
  const indexes = new Map(lanes.map((lane, i) => [lane.key, i]));
  const laneOf = (row: { host: string; pid: number; thread?: string }) => indexes.get(keyOf(row)) ?? -1;

  const begin = options.fromMs ?? -Infinity;
  const end = options.toMs ?? Infinity;
  const everything = messagePairs(all);
  const pairs = everything.filter(
    ({ send, receive, lost }) =>
      laneOf(send) >= 0 &&
      (!receive || laneOf(receive) >= 0) &&
      (receive ?? lost ?? send).timeMs >= begin &&
      send.timeMs <= end,
  );
  const outside = everything.length - pairs.length;
  if (outside > 0) leftOut.push(`${count(outside, "message")} of other hosts, lanes or times`);
  const limit = options.limit ?? 40;
  const messages = pairs.slice(0, limit);
  let toMs = Math.min(
    end,
    largest(
      rows.map((row) => ("endMs" in row ? (row.endMs ?? row.timeMs) : row.timeMs)),
      0,
    ),
  );
  if (pairs.length > limit) {
    const lastMs = (pairs[limit] as MessagePair).send.timeMs;
    leftOut.push(
      `${count(pairs.length - limit, "message")} of ${pairs.length}, and all after ${formatNumber(lastMs)} ms`,
    );
    toMs = Math.min(toMs, lastMs);
  }
  const firstMs = smallest(
    rows.map((row) => row.timeMs),
    toMs,
  );
  // A run begins at 0, also live, where its first row comes a little later.
  const fromMs = Math.min(toMs, Math.max(begin, firstMs > 0 && firstMs < 0.1 * toMs ? 0 : firstMs));
  const within = <R extends TraceRow>(row: R) =>
    (row.kind === "fault" && row.process === "" ? true : laneOf(row) >= 0) &&
    row.timeMs <= toMs &&
    ("endMs" in row ? (row.endMs ?? toMs) : row.timeMs) >= fromMs;
  const work = rows.filter((row): row is WorkRow => (row.kind === "compute" || row.kind === "disk") && within(row));
  if (work.length > maxBars) leftOut.push(`${work.length - maxBars} of ${work.length} bars of work`);
  const marks = rows.filter(
    (row): row is SpaceTimeLayout["marks"][number] =>
      (row.kind === "start" ||
        row.kind === "exit" ||
        row.kind === "fault" ||
        (row.kind === "log" && options.logs !== false) ||
        (row.kind === "urgent" && row.sent)) &&
      within(row),
  );
  if (marks.length > maxMarks) leftOut.push(`${marks.length - maxMarks} of ${marks.length} marks`);
  return {
    options,
    rows: all,
    lanes,
    messages,
    work: work.slice(0, maxBars),
    marks: marks.slice(0, maxMarks),
    fromMs,
    toMs,
    endMs: largest(
      all.map((row) => row.timeMs),
      0,
    ),
    leftOut,
    laneOf,
  };
}

function processRows(rows: readonly TraceRow[]): TraceRow[] {
  return rows.filter((row) => row.pid > 0);
}

function lanesOf(
  rows: readonly TraceRow[],
  by: "host" | "process" | "thread",
  keyOf: (row: TraceRow) => string,
  order: readonly string[] | undefined,
): Lane[] {
  const found = new Map<string, Lane & { pid: number }>();
  for (const row of processRows(rows)) {
    const key = keyOf(row);
    if (found.has(key)) continue;
    const process = by === "thread" ? row.thread : row.process;
    const detail = by === "host" || process === row.host ? "" : process;
    found.set(key, { key, host: row.host, name: row.host, detail, label: "", pid: row.pid });
  }
  const lanes = [...found.values()];
  const labelled = lanes.map(({ pid, ...lane }) => {
    const several =
      by !== "host" && lanes.some((o) => o.key !== lane.key && o.host === lane.host && o.detail === lane.detail);
    const detail = several ? `${lane.detail} (pid ${pid})`.trim() : lane.detail;
    return { ...lane, detail, label: detail ? `${detail} on ${lane.host}` : lane.host };
  });
  const hosts = order ?? [...new Set(labelled.map((lane) => lane.host))];
  return labelled.sort((a, b) => hosts.indexOf(a.host) - hosts.indexOf(b.host));
}

function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? "" : "s"}`;
}

function list(names: readonly string[]): string {
  return names.length > 4 ? `${names.slice(0, 4).join(", ")}, …` : names.join(", ");
}
