import { checkPositive, checkWhole, refuse } from "../../errors.js";
import type { TraceRow } from "../../world/trace/trace.js";
import { checkText, Figure, type FigureText } from "../figures/figure.js";
import { messages, type RunLike, rowsOf, type SentOrTaken } from "../figures/trace-view.js";
import { drawSpaceTime } from "./drawing.js";
import { layOut } from "./layout.js";
import { spaceTimeScript, spaceTimeStyle } from "./steps.js";

/** See {@link spaceTime}. */
export interface SpaceTimeOptions extends Partial<FigureText> {
  /** What a lane is. Default: processes, if there are at most 8, else hosts. */
  readonly by?: "host" | "process" | "thread";
  /** Which way time runs. Default `down`. */
  readonly time?: "down" | "right";
  /** `time` is to scale; `order` gives each moment the same room, for runs with long pauses. Default `time`. */
  readonly scale?: "time" | "order";
  /** Only these hosts, in this order. By default all, in the order in which they appear. */
  readonly hosts?: readonly string[];
  /** Leaves out what ended earlier. */
  readonly fromMs?: number;
  /** Leaves out what began later. */
  readonly toMs?: number;
  /** How many messages are drawn at most, the first ones; the figure says how many are left out. Default 40. */
  readonly limit?: number;
  /** Marks of `host.log` in the lanes; `"named"` writes what was logged beside each, where few are. Default true. */
  readonly logs?: boolean | "named";
  /** In pixels; by default as many as the messages need. */
  readonly height?: number;
}

/**
 * A space-time diagram: a lane for each process or host, time downwards, an arrow from each send to its receipt, bars
 * where the CPU or the disk worked. In JupyterLab it steps through the events, jumps between a message's send and its
 * receipt, and hides hosts; elsewhere it is a drawing.
 *
 * The figure's data are the messages drawn, in the order of sending.
 *
 * @param run what `simulate` or `runLive` returned, or trace rows.
 * @throws {@link ParameterError} for an unknown option's value, an unknown host or something that is not a run.
 * @example
 * spaceTime(run, { title: "A reply waits for the CPU", hosts: ["client", "server"] })
 */
export function spaceTime(run: RunLike | readonly TraceRow[], options: SpaceTimeOptions = {}): Figure {
  const { rows, world } = rowsOf("spaceTime", run);
  checkOptions(options, rows);
  const layout = layOut(rows, options);
  const { drawing, steps, hosts } = drawSpaceTime(layout, world);
  const drawn = new Set(layout.messages.map(({ send }) => send));
  const data = messages(rows.filter((row) => !isSent(row) || drawn.has(row)));
  const title = options.title ?? (world === "live" ? "What happened, live" : "What happened, in virtual time");
  const last = data.reduce((latest, m) => Math.max(latest, m.receivedMs ?? m.sentMs), 0);
  const alt =
    options.alt ??
    `Space-time diagram of ${layout.lanes.map((lane) => lane.label).join(", ") || "no process"}: ${data.length} ` +
      `${data.length === 1 ? "message" : "messages"}, the last at ${Number(last.toPrecision(4))} ms.`;
  const caption = [options.caption, layout.leftOut.length ? `Left out: ${layout.leftOut.join("; ")}.` : ""]
    .filter(Boolean)
    .join(" ");
  const texts = { title, alt, caption };
  checkText("spaceTime", texts);
  return new Figure({
    ...texts,
    drawing,
    rows: data.map((message) => ({ ...message })),
    style: spaceTimeStyle,
    script: spaceTimeScript(steps, hosts, options.time ?? "down"),
  });
}

function isSent(row: TraceRow): row is SentOrTaken {
  return row.kind === "send" || (row.kind === "datagram" && row.what === "sent");
}

function checkOptions(options: SpaceTimeOptions, rows: readonly TraceRow[]): void {
  const choice = (field: "by" | "time" | "scale", allowed: readonly string[]) => {
    const value = options[field];
    if (value !== undefined && !allowed.includes(value))
      refuse("spaceTime", field, `one of ${allowed.join(", ")}`, value);
  };
  choice("by", ["host", "process", "thread"]);
  choice("time", ["down", "right"]);
  choice("scale", ["time", "order"]);
  if (![undefined, true, false, "named"].includes(options.logs))
    refuse("spaceTime", "logs", 'true, false or "named"', options.logs);
  if (options.limit !== undefined) checkWhole("spaceTime", "limit", options.limit, 1);
  if (options.height !== undefined) checkPositive("spaceTime", "height", options.height);
  for (const field of ["fromMs", "toMs"] as const) {
    const value = options[field];
    if (value !== undefined && !Number.isFinite(value)) refuse("spaceTime", field, "a finite number", value);
  }
  const known = new Set(rows.map((row) => row.host));
  for (const host of options.hosts ?? []) {
    if (!known.has(host)) refuse("spaceTime", "hosts", `hosts of the run: ${[...known].join(", ")}`, host);
  }
}
