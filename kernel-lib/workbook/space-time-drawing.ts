import { escapeMarkup } from "./display.js";
import { type Drawing, drawLegend, fitted, type LegendItem, textWidth } from "./drawing.js";
import { formatNumber } from "./numbers.js";
import { palette } from "./palette.js";
import { drawAxis, type Frame, frameOf, type Point, px, width } from "./space-time-frame.js";
import { endsWithRun, type SpaceTimeLayout } from "./space-time-layout.js";
import { type Step, stepsOf } from "./space-time-steps.js";
import type { MessagePair } from "./trace-view.js";

/** Draws the layout; steps and hosts are what the controls need. */
export function drawSpaceTime(
  layout: SpaceTimeLayout,
  world: string,
): { drawing: Drawing; steps: readonly Step[]; hosts: readonly string[] } {
  const steps = stepsOf(layout);
  const accent = world === "live" ? palette.measured : palette.predicted;
  const frame = frameOf(layout);
  const { body: labels, omitted } = drawMessages(layout, frame, steps, accent);
  const legend = drawLegend(legendOf(layout, world, accent), width);
  const body =
    `${legend.body}<g transform="translate(0,${legend.height})" text-anchor="middle" font-size="12">` +
    drawAxis(layout, frame) +
    drawWork(layout, frame, steps, accent) +
    labels +
    drawMarks(layout, frame, steps) +
    `<path class="handoff-now" d="" fill="none" stroke="${palette.reader}" stroke-width="1.5"/>` +
    "</g>";
  const notes = [
    ...(omitted > 0
      ? [`${omitted} of ${layout.messages.length} labels don't fit; the data and the steps have them.`]
      : []),
  ];
  const note = notes
    .map(
      (text, i) =>
        `<text y="${legend.height + frame.height + 12 + 16 * i}" font-size="11" fill-opacity="0.75">${text}</text>`,
    )
    .join("");
  const height = legend.height + frame.height + (notes.length ? 16 * notes.length + 4 : 0);
  return { drawing: { width, height, body: body + note }, steps, hosts: [...new Set(layout.lanes.map((l) => l.host))] };
}

function legendOf(layout: SpaceTimeLayout, world: string, accent: string): LegendItem[] {
  const where = world === "live" ? "live" : "virtual time";
  const items: LegendItem[] = [];
  if (layout.messages.length > 0) items.push({ label: `message (${where})`, color: accent, mark: "thin" });
  if (layout.work.some((row) => row.kind === "compute")) items.push({ label: "CPU", color: accent, mark: "bar" });
  if (layout.work.some((row) => row.kind === "disk"))
    items.push({ label: "disk", color: palette.series[4] ?? "", mark: "hatched" });
  if (layout.marks.some((row) => row.kind === "log")) items.push({ label: "log", color: palette.ink, mark: "dot" });
  return items;
}

/** Bars of CPU and disk; those of one lane that overlap in time stand beside each other. */
function drawWork(layout: SpaceTimeLayout, frame: Frame, steps: readonly Step[], accent: string): string {
  const busyUntil: number[][] = layout.lanes.map(() => []);
  let body = "";
  for (const row of layout.work) {
    const lane = layout.laneOf(row);
    const slots = busyUntil[lane] as number[];
    const endMs = row.endMs ?? layout.toMs;
    const free = slots.findIndex((until) => until <= row.timeMs);
    const slot = free >= 0 ? free : slots.length;
    slots[slot] = endMs;
    const shift = (slot % 2 ? 1 : -1) * Math.ceil(slot / 2) * 9 * (slot === 0 ? 0 : 1);
    const [x0, y0] = frame.at(lane, row.timeMs);
    const [x1, y1] = frame.at(lane, endMs);
    const [x, y, w, h] = frame.isDown
      ? [x0 - 4 + shift, y0, 8, Math.max(1.5, y1 - y0)]
      : [x0, y0 - 4 + shift, Math.max(1.5, x1 - x0), 8];
    const isDisk = row.kind === "disk";
    const color = isDisk ? (palette.series[4] as string) : accent;
    const paint = isDisk
      ? `fill="${color}" fill-opacity="0.2" stroke="${color}" stroke-dasharray="3,2"`
      : `fill="${color}" fill-opacity="0.8"`;
    const what = `${row.process}: ${isDisk ? "disk" : "CPU"} ${formatNumber(row.workMs)} ms, ${formatNumber(row.timeMs)} to ${row.endMs === undefined ? "the end" : `${formatNumber(row.endMs)} ms`}`;
    body += `<g ${attributes(steps, row, [row.host])}><title>${escapeMarkup(what)}</title><rect x="${px(x)}" y="${px(y)}" width="${px(w)}" height="${px(h)}" rx="1.5" ${paint}/></g>`;
  }
  return body;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function drawMessages(
  layout: SpaceTimeLayout,
  frame: Frame,
  steps: readonly Step[],
  accent: string,
): { body: string; omitted: number } {
  const placed: Box[] = [];
  let arrows = "";
  let texts = "";
  let omitted = 0;
  for (const { send, receive } of layout.messages) {
    const { from, to, isCut } = ends(layout, frame, send, receive);
    const tags = attributes(steps, send, [send.host, receive?.host ?? send.host], receive);
    const what = `${send.process} → ${receive?.process ?? send.peer}: ${send.message ?? ""} (${send.bytes} bytes), sent ${formatNumber(send.timeMs)} ms, ${receive ? `taken ${formatNumber(receive.timeMs)} ms` : "never taken"}`;
    arrows +=
      `<g class="handoff-message" ${tags}><title>${escapeMarkup(what)}</title>` +
      `<path d="${line(from, to)}" stroke="transparent" stroke-width="10"/>` +
      `<path class="handoff-flight" d="${line(from, to)}" stroke="${accent}" stroke-width="1.6"${receive ? "" : ' stroke-dasharray="4,3"'}/>` +
      (send.timeMs < layout.fromMs
        ? ""
        : `<circle cx="${px(from[0])}" cy="${px(from[1])}" r="2.2" fill="${accent}"/>`) +
      (isCut
        ? "</g>"
        : `<path d="${receive ? head(from, to) : cross(to)}" ${receive ? `fill="${accent}"` : `stroke="${accent}" stroke-width="1.6"`}/></g>`);
    if (!send.message) continue;
    const label = fitted(send.message, Math.max(60, Math.min(170, Math.abs(to[0] - from[0]) * 0.8)), 11);
    const spot = place(label, from, to, placed, frame);
    if (!spot) omitted++;
    else
      texts += `<g ${tags}><text x="${px(spot[0])}" y="${px(spot[1])}" font-size="11" stroke="${palette.paper}" stroke-width="3" stroke-linejoin="round" paint-order="stroke">${escapeMarkup(label)}</text></g>`;
  }
  return { body: `<g fill="none">${arrows}</g><g fill="currentColor">${texts}</g>`, omitted };
}

/** Where an arrow begins and ends; one that reaches beyond the diagram's time is cut there, in its own direction. */
function ends(
  layout: SpaceTimeLayout,
  frame: Frame,
  send: MessagePair["send"],
  receive: MessagePair["receive"],
): { from: Point; to: Point; isCut: boolean } {
  const lane = layout.laneOf(send);
  if (!receive) {
    const from = frame.at(lane, send.timeMs);
    return { from, to: lostEnd(layout, frame, from, send), isCut: false };
  }
  const flightMs = receive.timeMs - send.timeMs;
  const across = (timeMs: number) => {
    const time = Math.min(layout.toMs, Math.max(layout.fromMs, timeMs));
    const share = flightMs > 0 ? (time - send.timeMs) / flightMs : timeMs === send.timeMs ? 0 : 1;
    return frame.at(lane + (layout.laneOf(receive) - lane) * share, time);
  };
  const isCut = receive.timeMs > layout.toMs;
  if (flightMs <= 0)
    return { from: frame.at(lane, send.timeMs), to: frame.at(layout.laneOf(receive), receive.timeMs), isCut };
  return { from: across(send.timeMs), to: across(receive.timeMs), isCut };
}

/** A message that nobody took ends short of the lane it was going to. */
function lostEnd(
  layout: SpaceTimeLayout,
  frame: Frame,
  from: Point,
  send: { host: string; peer: string; timeMs: number },
): Point {
  const other = layout.lanes.findIndex((lane) => lane.host !== send.host && send.peer.startsWith(lane.host));
  const span = Math.min(90, frame.laneStep * 0.55);
  const own = layout.lanes.findIndex((lane) => lane.host === send.host);
  const sign = (other < 0 ? (own === layout.lanes.length - 1 ? -1 : 1) : Math.sign(other - own)) || 1;
  return frame.isDown ? [from[0] + sign * span, from[1] + 8] : [from[0] + 8, from[1] + sign * span * 0.6];
}

/** A place beside the arrow where the label touches no other label. */
function place(label: string, from: Point, to: Point, placed: Box[], frame: Frame): Point | undefined {
  const w = textWidth(label, 11) + 2;
  for (const share of [0.5, 0.38, 0.62, 0.26, 0.74]) {
    for (const dy of [-4, 11]) {
      const x = Math.min(frame.width - w / 2, Math.max(w / 2, from[0] + (to[0] - from[0]) * share));
      const y = from[1] + (to[1] - from[1]) * share + dy;
      const box = { x: x - w / 2, y: y - 10, w, h: 12 };
      if (placed.some((b) => box.x < b.x + b.w && b.x < box.x + box.w && box.y < b.y + b.h && b.y < box.y + box.h))
        continue;
      placed.push(box);
      return [x, y];
    }
  }
  return undefined;
}

function drawMarks(layout: SpaceTimeLayout, frame: Frame, steps: readonly Step[]): string {
  return layout.marks
    .map((row) => {
      const lane = layout.laneOf(row);
      const lanes = lane >= 0 ? [lane] : layout.lanes.flatMap((l, i) => (l.host === row.host ? [i] : []));
      const shapes = lanes.map((i) =>
        markShape(
          row.kind,
          row.kind === "exit" && !endsWithRun(row, layout.endMs) && row.how,
          frame.at(i, row.timeMs),
          frame.isDown,
        ),
      );
      const step = steps.find((s) => s.row === row);
      return `<g ${attributes(steps, row, [row.host])}><title>${escapeMarkup(step ? `${formatNumber(row.timeMs)} ms: ${step.text}` : row.kind)}</title>${shapes.join("")}</g>`;
    })
    .join("");
}

function markShape(kind: string, how: unknown, [x, y]: Point, isDown: boolean): string {
  const bar = isDown ? `M${px(x - 6)},${px(y)}h12` : `M${px(x)},${px(y - 6)}v12`;
  if (kind === "fault" || (kind === "exit" && typeof how === "string" && how !== "returned")) {
    return `<path d="${cross([x, y], 5)}" stroke="${palette.measured}" stroke-width="2.4"/>`;
  }
  if (kind === "start" || kind === "exit") return `<path d="${bar}" stroke="currentColor" stroke-width="1.6"/>`;
  if (kind === "urgent")
    return `<path d="M${px(x + 2)},${px(y - 7)}l-5,8h6l-4,7" stroke="${palette.reader}" stroke-width="1.8" fill="none"/>`;
  return `<circle cx="${px(x)}" cy="${px(y)}" r="3" fill="currentColor" stroke="${palette.paper}"/>`;
}

function attributes(steps: readonly Step[], row: object, hosts: readonly string[], second?: object): string {
  const first = steps.findIndex((step) => step.row === row);
  const end = second ? steps.findIndex((step) => step.row === second) : -1;
  return `data-step="${first}"${end >= 0 ? ` data-end="${end}"` : ""} data-hosts="${escapeMarkup(JSON.stringify([...new Set(hosts)]))}"`;
}

function line([x0, y0]: Point, [x1, y1]: Point): string {
  return x0 === x1 && y0 === y1 ? `M${px(x0)},${px(y0)}l8,0` : `M${px(x0)},${px(y0)}L${px(x1)},${px(y1)}`;
}

function head([x0, y0]: Point, [x1, y1]: Point): string {
  const angle = Math.atan2(y1 - y0, x1 - x0);
  const corner = (turn: number) => `${px(x1 - 8.5 * Math.cos(angle + turn))},${px(y1 - 8.5 * Math.sin(angle + turn))}`;
  return `M${px(x1)},${px(y1)}L${corner(0.38)}L${corner(-0.38)}Z`;
}

function cross([x, y]: Point, size = 4): string {
  return `M${px(x - size)},${px(y - size)}l${2 * size},${2 * size}m0,${-2 * size}l${-2 * size},${2 * size}`;
}
