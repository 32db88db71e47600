import type { WorkRow } from "../../world/trace/trace.js";
import { escapeMarkup } from "../figures/display.js";
import { formatNumber } from "../figures/numbers.js";
import { arrivalOf, type SentOrTaken } from "../figures/trace-view.js";
import { type Geometry, type Point, px } from "./geometry.js";
import type { SpaceTimeLayout } from "./layout.js";
import { attributes, type DiagramStep } from "./steps.js";

/** A message that had come in and waited to be taken. */
export interface MessageWait {
  readonly arrivedMs: number;
  readonly takenMs: number;
  /** How far beside its lane it stands, in pixels; towards the sender. */
  readonly offset: number;
}

/** Shorter waits can't be told from none. */
const leastPx = 3;
const [besideBars, apart] = [11, 6];

/** The waits that are long enough to be seen, by their `receive` row; those of one lane stand beside each other. */
export function waitsOf(layout: SpaceTimeLayout, geometry: Geometry): Map<SentOrTaken, MessageWait> {
  const found = new Map<SentOrTaken, MessageWait>();
  const shifts = barShifts(layout);
  const busyUntil = new Map<string, number[]>();
  const arrivals = layout.messages.flatMap(({ send, receive }) =>
    receive ? [{ send, receive, arrivedMs: arrivalOf(receive) }] : [],
  );
  for (const { send, receive, arrivedMs } of arrivals.sort((a, b) => a.arrivedMs - b.arrivedMs)) {
    const lane = layout.laneOf(receive);
    const takenMs = receive.timeMs;
    if (arrivedMs > layout.toMs || along(geometry, lane, takenMs) - along(geometry, lane, arrivedMs) < leastPx)
      continue;
    const side = layout.laneOf(send) < lane ? -1 : 1;
    const slots = busyUntil.get(`${lane} ${side}`) ?? [];
    busyUntil.set(`${lane} ${side}`, slots);
    const free = slots.findIndex((until) => until <= arrivedMs);
    const slot = free >= 0 ? free : slots.length;
    slots[slot] = takenMs;
    const bars = Math.max(
      0,
      ...layout.work.map((row) => (layout.laneOf(row) === lane ? Math.abs(shifts.get(row) ?? 0) : 0)),
    );
    const offset = Math.min(bars + besideBars + apart * slot, 0.45 * geometry.laneStep);
    found.set(receive, { arrivedMs, takenMs, offset: side * offset });
  }
  return found;
}

/** How far beside its lane each bar of work stands, in pixels: those of one lane that overlap in time stand side by side. */
export function barShifts(layout: SpaceTimeLayout): Map<WorkRow, number> {
  const shifts = new Map<WorkRow, number>();
  const busyUntil: number[][] = layout.lanes.map(() => []);
  for (const row of layout.work) {
    const slots = busyUntil[layout.laneOf(row)] as number[];
    const free = slots.findIndex((until) => until <= row.timeMs);
    const slot = free >= 0 ? free : slots.length;
    slots[slot] = row.endMs ?? layout.toMs;
    shifts.set(row, (slot % 2 ? 1 : -1) * Math.ceil(slot / 2) * 10 + 0);
  }
  return shifts;
}

/** A bar of work, as [x, y, width, height]. */
export function barOf(
  layout: SpaceTimeLayout,
  geometry: Geometry,
  row: WorkRow,
  shift: number,
): [number, number, number, number] {
  const lane = layout.laneOf(row);
  const [x0, y0] = geometry.at(lane, row.timeMs);
  const [x1, y1] = geometry.at(lane, row.endMs ?? layout.toMs);
  const long = Math.max(1.5, geometry.isDown ? y1 - y0 : x1 - x0);
  const gap = Math.min(1.5, long / 8); // the next bar begins where this one ends
  return geometry.isDown
    ? [x0 - 4.5 + shift, y0 + gap, 9, long - 2 * gap]
    : [x0 + gap, y0 - 4.5 + shift, long - 2 * gap, 9];
}

/** A dotted line beside the lane, from where the arrow ends to the moment at which the message is taken. */
export function drawWaits(
  layout: SpaceTimeLayout,
  geometry: Geometry,
  steps: readonly DiagramStep[],
  waits: ReadonlyMap<SentOrTaken, MessageWait>,
  accent: string,
): string {
  let body = "";
  for (const { send, receive } of layout.messages) {
    const wait = receive && waits.get(receive);
    if (!receive || !wait) continue;
    const path = waitLine(layout, geometry, layout.laneOf(receive), wait);
    const what = `${send.message || "the message"} from ${send.host} waits to be taken: ${formatNumber(wait.arrivedMs)} to ${formatNumber(wait.takenMs)} ms`;
    body +=
      `<g class="handoff-message handoff-wait" ${attributes(steps, receive, [send.host, receive.host], { from: "arrival" })}>` +
      `<title>${escapeMarkup(what)}</title><path d="${path}" stroke="transparent" stroke-width="8"/>` +
      `<path class="handoff-flight" d="${path}" stroke="${accent}" stroke-width="2" stroke-linecap="round" stroke-dasharray="0.1,4"/></g>`;
  }
  return `<g fill="none" stroke-linejoin="round">${body}</g>`;
}

function waitLine(layout: SpaceTimeLayout, geometry: Geometry, lane: number, wait: MessageWait): string {
  const { arrivedMs, takenMs, offset } = wait;
  const [from, to] = [geometry.at(lane, arrivedMs), geometry.at(lane, takenMs)];
  const long = geometry.isDown ? to[1] - from[1] : to[0] - from[0];
  const slope = Math.min(4, long / 3);
  const beside = ([x, y]: Point, step: number): Point =>
    geometry.isDown ? [x + offset, y + step] : [x + step, y + offset];
  const points = [
    ...(arrivedMs >= layout.fromMs ? [from, beside(from, slope)] : [beside(from, 0)]),
    ...(takenMs <= layout.toMs ? [beside(to, -slope), to] : [beside(to, 0)]),
  ];
  return `M${points.map(([x, y]) => `${px(x)},${px(y)}`).join("L")}`;
}

function along(geometry: Geometry, lane: number, timeMs: number): number {
  const [x, y] = geometry.at(lane, timeMs);
  return geometry.isDown ? y : x;
}
