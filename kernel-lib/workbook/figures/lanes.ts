import { checkPositive, refuse } from "../../errors.js";
import type { TraceRow, WorkRow } from "../../world/trace/trace.js";
import { drawPlot, fitted, type LegendItem, plot, textWidth } from "./drawing.js";
import { checkText, Figure, type FigureText } from "./figure.js";
import { formatNumber, largest, smallest } from "./numbers.js";
import { palette } from "./palette.js";
import { type RunLike, rowsOf } from "./trace-view.js";

/** A stretch of time in a lane. */
export interface LaneSpan {
  /** The lane's name; lanes stand in the order in which their names first appear. */
  readonly lane: string;
  /** When it begins. */
  readonly startMs: number;
  /** When it ends; not before it begins. */
  readonly endMs: number;
  /** `compute` and `disk` are bars, `wait` is a thin line. Default `compute`. */
  readonly kind?: "compute" | "disk" | "wait";
  /** Stands in the bar if there is room. */
  readonly label?: string;
  /** For `compute`: the share of a core that it had, 1 if it never had to share or queue. Paler if less. */
  readonly share?: number;
}

/** See {@link lanes}. */
export interface LanesOptions extends Partial<FigureText> {
  /** What a lane is when a run is drawn: default `thread`. `cpu` has a lane for each job that a host's CPU worked on at the same time. */
  readonly by?: "thread" | "process" | "cpu";
  /** Only these hosts. */
  readonly hosts?: readonly string[];
  /** Waits as thin lines. Default true. */
  readonly waits?: boolean;
  /** Leaves out what ended earlier. */
  readonly fromMs?: number;
  /** Leaves out what began later. */
  readonly toMs?: number;
  /** How many lanes are drawn at most; the figure says how many are left out. Default 24. */
  readonly limit?: number;
  /** In pixels; by default as many as the lanes need. */
  readonly height?: number;
}

const maxSpans = 1500;

/**
 * Threads, processes or cores over time: a lane each, bars where it computed or used the disk, thin lines where it
 * waited. A bar is paler the less of a core it had.
 *
 * The figure's data are the bars, one row each: `lane`, `kind`, `startMs`, `endMs`, `label`.
 *
 * @param what a run, trace rows, or spans of your own.
 * @throws {@link ParameterError} for a malformed span, an unknown option's value or something that is not a run.
 * @example
 * lanes(run, { title: "A pool of four threads", hosts: ["server"] })
 */
export function lanes(what: RunLike | readonly TraceRow[] | readonly LaneSpan[], options: LanesOptions = {}): Figure {
  const { by = "thread", waits = true, hosts, limit = 24 } = options;
  if (!["thread", "process", "cpu"].includes(by)) refuse("lanes", "by", "thread, process or cpu", by);
  checkPositive("lanes", "limit", limit);
  const isSpans = Array.isArray(what) && what.length > 0 && "lane" in (what[0] as object);
  const { rows, world } = isSpans ? { rows: [], world: "virtual" } : rowsOf("lanes", what as RunLike);
  const spans = isSpans
    ? (what as readonly LaneSpan[])
    : spansOf(hosts ? rows.filter((row) => hosts.includes(row.host)) : rows, by, waits);
  for (const [i, span] of spans.entries()) {
    if (typeof span.lane !== "string") refuse("lanes", `[${i}].lane`, "a name", span.lane);
    if (!(span.startMs <= span.endMs))
      refuse("lanes", `[${i}]`, "startMs and endMs in order", [span.startMs, span.endMs]);
  }
  return draw(spans, world, options, limit);
}

function draw(all: readonly LaneSpan[], world: string, options: LanesOptions, limit: number): Figure {
  const leftOut: string[] = [];
  const names = [...new Set(all.map((span) => span.lane))];
  const shown = names.slice(0, limit);
  if (names.length > limit) leftOut.push(`${names.length - limit} of ${names.length} lanes`);
  const fromMs =
    options.fromMs ??
    smallest(
      all.map((span) => span.startMs),
      0,
    );
  const toMs =
    options.toMs ??
    largest(
      all.map((span) => span.endMs),
      fromMs,
    );
  const inside = all.filter((span) => shown.includes(span.lane) && span.endMs >= fromMs && span.startMs <= toMs);
  if (inside.length > maxSpans) leftOut.push(`${inside.length - maxSpans} of ${inside.length} stretches of time`);
  const spans = inside
    .slice(0, maxSpans)
    .map((span) => ({ ...span, startMs: Math.max(fromMs, span.startMs), endMs: Math.min(toMs, span.endMs) }));
  const accent = world === "live" ? palette.measured : palette.predicted;
  const disk = palette.series[4] as string;
  const of = (kind: string) => spans.filter((span) => (span.kind ?? "compute") === kind);
  const marginLeft = Math.min(240, 20 + Math.max(30, ...shown.map((name) => textWidth(name))));
  const pxPerMs = (720 - marginLeft - 20) / (toMs - fromMs || 1);
  const { barX, ruleY, text } = plot();
  const place = { x1: "startMs", x2: "endMs", y: "lane" };
  const title = (span: LaneSpan) =>
    `${span.lane}: ${span.label ?? span.kind ?? "compute"}\n${formatNumber(span.startMs)} to ${formatNumber(span.endMs)} ms`;
  const isShared = (span: LaneSpan) => (span.share ?? 1) < 0.99;
  const legend: LegendItem[] = [
    ...(of("compute").some((span) => !isShared(span))
      ? [{ label: world === "live" ? "CPU (live)" : "CPU (virtual time)", color: accent, mark: "bar" as const }]
      : []),
    ...(of("compute").some((span) => isShared(span))
      ? [{ label: "CPU shared or queued for", color: accent, mark: "hatched" as const }]
      : []),
    ...(of("disk").length ? [{ label: "disk", color: disk, mark: "hatched" as const }] : []),
    ...(of("wait").length ? [{ label: "waits", color: palette.ink, mark: "thin" as const }] : []),
  ];
  const look = { ...place, title, insetTop: 4, insetBottom: 4, rx: 2 };
  const labelled = spans.filter(
    (span) => span.label && (span.endMs - span.startMs) * pxPerMs > textWidth(span.label, 11) + 4,
  );
  const isSolid = (span: LaneSpan) => (span.kind ?? "compute") === "compute" && !isShared(span);
  // Bars that follow each other stay apart; a short one must not vanish between the gaps.
  const isLong = (span: LaneSpan) => (span.endMs - span.startMs) * pxPerMs > 5;
  const bars = (some: readonly LaneSpan[], options: object) => [
    barX(some.filter(isLong), { ...options, insetLeft: 1, insetRight: 1 } as never),
    barX(
      some.filter((span) => !isLong(span)),
      options as never,
    ),
  ];
  const middle = (span: LaneSpan) => (span.startMs + span.endMs) / 2;
  const label = (some: readonly LaneSpan[], fill: string) =>
    text(some, { x: middle, y: "lane", text: "label", fontSize: 11, fill } as never);
  const drawing = drawPlot(
    {
      height: options.height ?? Math.max(90, 54 + 27 * Math.max(1, shown.length)),
      marginLeft,
      marginTop: 8,
      x: { label: "time (ms)", domain: [fromMs, toMs > fromMs ? toMs : fromMs + 1], grid: true },
      y: { label: null, domain: shown, tickSize: 0 },
      marks: [
        ruleY(of("wait"), { ...place, stroke: palette.ink, strokeOpacity: 0.45, title } as never),
        bars(of("compute").filter(isSolid), { ...look, fill: accent }),
        bars(of("compute").filter(isShared), {
          ...look,
          fill: accent,
          fillOpacity: (span: LaneSpan) => 0.12 + 0.5 * (span.share ?? 1),
          stroke: accent,
          strokeDasharray: "3,2",
        }),
        bars(of("disk"), { ...look, fill: disk, fillOpacity: 0.2, stroke: disk, strokeDasharray: "3,2" }),
        label(labelled.filter(isSolid), palette.paper),
        label(
          labelled.filter((span) => !isSolid(span)),
          palette.ink,
        ),
      ],
    },
    legend,
  );
  const title_ = options.title ?? "Who worked when";
  const alt =
    options.alt ??
    `Lanes of ${shown.map((name) => fitted(name, 200)).join(", ") || "nobody"} from ${formatNumber(fromMs)} to ${formatNumber(toMs)} ms, with ${of("compute").length} stretches of computing.`;
  const caption = [options.caption, leftOut.length ? `Left out: ${leftOut.join("; ")}.` : ""].filter(Boolean).join(" ");
  checkText("lanes", { title: title_, alt, caption });
  const rows = spans.map(({ lane, kind = "compute", startMs, endMs, label }) => ({
    lane,
    kind,
    startMs,
    endMs,
    ...(label === undefined ? {} : { label }),
  }));
  return new Figure({ title: title_, alt, caption, drawing, rows });
}

/** The stretches of time of a trace, in the order of their lanes' first rows. */
function spansOf(rows: readonly TraceRow[], by: "thread" | "process" | "cpu", waits: boolean): LaneSpan[] {
  const endOfAll = largest(
    rows.map((row) => ("endMs" in row ? (row.endMs ?? row.timeMs) : row.timeMs)),
    0,
  );
  const sameName = new Map<string, Set<string>>();
  for (const row of rows) {
    const names = sameName.get(`${row.host}/${row.thread}`) ?? new Set();
    sameName.set(`${row.host}/${row.thread}`, names.add(String(row.pid)));
  }
  const laneOf = (row: TraceRow) => {
    if (by === "process") return `${row.process} (pid ${row.pid}) on ${row.host}`;
    const several = (sameName.get(`${row.host}/${row.thread}`)?.size ?? 0) > 1;
    if (row.thread === row.host && !several) return row.host;
    return `${row.thread}${several ? ` (pid ${row.pid})` : ""} on ${row.host}`;
  };
  const cores = new Map<string, number[]>();
  const coreOf = (row: WorkRow, endMs: number) => {
    const until = cores.get(row.host) ?? [];
    cores.set(row.host, until);
    const free = until.findIndex((time) => time <= row.timeMs + 1e-9);
    const index = free >= 0 ? free : until.length;
    until[index] = endMs;
    return `CPU of ${row.host}, job ${index + 1}`;
  };
  const spans: LaneSpan[] = [];
  const waiting = new Map<string, TraceRow>();
  const working = new Map<string, WorkRow>();
  const threadOf = (row: TraceRow) => `${row.host}/${row.pid}/${row.thread}`;
  for (const row of rows) {
    if (row.kind === "compute" || row.kind === "disk") {
      working.set(threadOf(row), row);
      const endMs = row.endMs ?? endOfAll;
      const share = endMs > row.timeMs ? Math.min(1, row.workMs / (endMs - row.timeMs)) : 1;
      if (by === "cpu" && row.kind === "disk") continue;
      const lane = by === "cpu" ? coreOf(row, endMs) : laneOf(row);
      const label = by === "cpu" ? row.thread : undefined;
      spans.push({ lane, kind: row.kind, startMs: row.timeMs, endMs, share, ...(label ? { label } : {}) });
    } else if (row.kind === "wait" && by !== "cpu" && !/^(compute|disk)/.test(row.on)) waiting.set(threadOf(row), row);
    else if ((row.kind === "wake" || row.kind === "exit") && waits && by !== "cpu") {
      const begun = waiting.get(threadOf(row));
      if (!begun) continue;
      waiting.delete(threadOf(row));
      // A wait for the CPU or the disk is over when the work begins: from then on it has a bar.
      const work = working.get(threadOf(row));
      const endMs = work && work.timeMs >= begun.timeMs ? work.timeMs : row.timeMs;
      if (endMs > begun.timeMs) spans.push({ lane: laneOf(row), kind: "wait", startMs: begun.timeMs, endMs });
    }
  }
  // Lanes of one host stand together, hosts and threads in the order of their first rows.
  const hosts = [...new Set(rows.map((row) => row.host))];
  const lanesInOrder = hosts.flatMap((host) => [
    ...new Set(rows.filter((row) => row.host === host && row.pid > 0).map(laneOf)),
  ]);
  const place = (span: LaneSpan) => (by === "cpu" ? 0 : lanesInOrder.indexOf(span.lane));
  return spans.sort((a, b) => place(a) - place(b) || a.startMs - b.startMs);
}
