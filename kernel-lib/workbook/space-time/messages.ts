import { escapeMarkup } from "../figures/display.js";
import { fitted, textWidth } from "../figures/drawing.js";
import { formatNumber } from "../figures/numbers.js";
import { palette } from "../figures/palette.js";
import { arrivalOf, isSecond, type MessagePair } from "../figures/trace-view.js";
import { type Geometry, type Point, px } from "./geometry.js";
import type { SpaceTimeLayout } from "./layout.js";
import { attributes, type DiagramStep } from "./steps.js";
import { barOf, barShifts } from "./waits.js";

/** In pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Arrows from each send to its arrival, and the messages beside them where there is room; what is `taken` has none. */
export function drawMessages(
  layout: SpaceTimeLayout,
  geometry: Geometry,
  steps: readonly DiagramStep[],
  accent: string,
  taken: readonly Box[] = [],
): { body: string; omitted: number } {
  const placed: Box[] = [...taken];
  const behind = { lanes: laneBoxes(layout, geometry), bars: barBoxes(layout, geometry) };
  let arrows = "";
  let texts = "";
  let omitted = 0;
  for (const pair of layout.messages) {
    const { send, receive, lost } = pair;
    if (receive && arrivalOf(receive) < layout.fromMs) continue; // only its wait is seen
    const { from, to, isCut } = ends(layout, geometry, pair);
    const tags = attributes(steps, send, [send.host, receive?.host ?? send.host], { to: receive ?? lost });
    const isCopy = isSecond(receive ?? lost);
    const came =
      (isCopy ? "a duplicate, " : "") +
      (receive
        ? `arrived ${formatNumber(arrivalOf(receive))} ms, taken ${formatNumber(receive.timeMs)} ms`
        : lost
          ? `lost ${formatNumber(lost.timeMs)} ms (${lost.reason})`
          : "never taken");
    const what = `${send.process} → ${receive?.process ?? send.peer}: ${send.message ?? ""} (${send.bytes} bytes), sent ${formatNumber(send.timeMs)} ms, ${came}`;
    arrows +=
      `<g class="handoff-message" ${tags}><title>${escapeMarkup(what)}</title>` +
      `<path d="${line(from, to)}" stroke="transparent" stroke-width="10"/>` +
      `<path class="handoff-flight" d="${line(from, to)}" stroke="${accent}" stroke-width="1.6"${receive || lost ? "" : ' stroke-dasharray="4,3"'}/>` +
      (send.timeMs < layout.fromMs
        ? ""
        : `<circle cx="${px(from[0])}" cy="${px(from[1])}" r="2.2" fill="${accent}"/>`) +
      (isCut
        ? "</g>"
        : `<path d="${receive ? head(from, to) : cross(to)}" ${receive ? `fill="${accent}"` : `stroke="${lost ? palette.ink : accent}" stroke-width="${lost ? 2.4 : 1.6}"`}/></g>`);
    if (!send.message) continue;
    const remark = [isCopy && "duplicate", lost && lost.reason !== "loss" && lost.reason].filter(Boolean).join(", ");
    const text = remark ? `${send.message} (${remark})` : send.message;
    const label = fitted(text, Math.max(60, Math.min(200, Math.abs(to[0] - from[0]) * 0.95)), 11);
    const spot = place(label, from, to, placed, geometry, behind);
    if (!spot) omitted++;
    else
      texts += `<g ${tags}><text x="${px(spot[0])}" y="${px(spot[1])}" font-size="11" stroke="${palette.paper}" stroke-width="3" stroke-linejoin="round" paint-order="stroke">${escapeMarkup(label)}</text></g>`;
  }
  return { body: `<g fill="none">${arrows}</g><g fill="currentColor">${texts}</g>`, omitted };
}

/** Where an arrow begins and ends; one that reaches beyond the diagram's time is cut there, in its own direction. */
function ends(
  layout: SpaceTimeLayout,
  geometry: Geometry,
  { send, receive, lost }: MessagePair,
): { from: Point; to: Point; isCut: boolean } {
  const lane = layout.laneOf(send);
  const target = layout.lanes.findIndex(({ host }) => host === send.peer);
  // At the machine that it was sent to, or before: at the cut.
  const share = lost?.reason === "cut" ? 0.6 : 1;
  if (lost && lost.timeMs > send.timeMs && lost.timeMs <= layout.toMs && target >= 0 && target !== lane) {
    const whereMs = send.timeMs + (lost.timeMs - send.timeMs) * share;
    const [from, to] = [geometry.at(lane, send.timeMs), geometry.at(lane + (target - lane) * share, whereMs)];
    return { from, to, isCut: false };
  }
  if (!receive) {
    const from = geometry.at(lane, send.timeMs);
    return { from, to: lostEnd(layout, geometry, from, send), isCut: false };
  }
  const arrivedMs = arrivalOf(receive);
  const flightMs = arrivedMs - send.timeMs;
  const across = (timeMs: number) => {
    const time = Math.min(layout.toMs, Math.max(layout.fromMs, timeMs));
    const share = flightMs > 0 ? (time - send.timeMs) / flightMs : timeMs === send.timeMs ? 0 : 1;
    return geometry.at(lane + (layout.laneOf(receive) - lane) * share, time);
  };
  const isCut = arrivedMs > layout.toMs;
  if (flightMs <= 0)
    return { from: geometry.at(lane, send.timeMs), to: geometry.at(layout.laneOf(receive), arrivedMs), isCut };
  return { from: across(send.timeMs), to: across(arrivedMs), isCut };
}

/** A message that nobody took ends short of the lane it was going to. */
function lostEnd(
  layout: SpaceTimeLayout,
  geometry: Geometry,
  from: Point,
  send: { host: string; peer: string; timeMs: number },
): Point {
  const other = layout.lanes.findIndex((lane) => lane.host !== send.host && send.peer === lane.host);
  const span = Math.min(90, geometry.laneStep * 0.55);
  const own = layout.lanes.findIndex((lane) => lane.host === send.host);
  const sign = (other < 0 ? (own === layout.lanes.length - 1 ? -1 : 1) : Math.sign(other - own)) || 1;
  return geometry.isDown ? [from[0] + sign * span, from[1] + 8] : [from[0] + 8, from[1] + sign * span * 0.6];
}

/** A place beside the arrow where the label touches no other label, best where no bar and no lane is behind it. */
function place(
  label: string,
  from: Point,
  to: Point,
  placed: Box[],
  geometry: Geometry,
  behind: { lanes: readonly Box[]; bars: readonly Box[] },
): Point | undefined {
  const w = textWidth(label, 11) + 2;
  const spots = [0.5, 0.38, 0.62, 0.26, 0.74].flatMap((share) =>
    [-4, 11].map((dy) => {
      const x = Math.min(geometry.width - w / 2, Math.max(w / 2, from[0] + (to[0] - from[0]) * share));
      const y = from[1] + (to[1] - from[1]) * share + dy;
      return { x, y, box: { x: x - w / 2, y: y - 10, w, h: 12 } };
    }),
  );
  const free = spots.filter(({ box }) => !placed.some((other) => touch(box, other)));
  const clear = (boxes: readonly Box[]) => free.find(({ box }) => !boxes.some((other) => touch(box, other)));
  const best = clear([...behind.bars, ...behind.lanes]) ?? clear(behind.bars) ?? free[0];
  if (!best) return undefined;
  placed.push(best.box);
  return [best.x, best.y];
}

function laneBoxes(layout: SpaceTimeLayout, geometry: Geometry): Box[] {
  return layout.lanes.map((_lane, i) => {
    const [x, y] = geometry.at(i, 0);
    return geometry.isDown ? { x: x - 2, y: 0, w: 4, h: geometry.height } : { x: 0, y: y - 1, w: geometry.width, h: 2 };
  });
}

function barBoxes(layout: SpaceTimeLayout, geometry: Geometry): Box[] {
  const shifts = barShifts(layout);
  return layout.work.map((row) => {
    const [x, y, w, h] = barOf(layout, geometry, row, shifts.get(row) ?? 0);
    return { x, y, w, h };
  });
}

function touch(a: Box, b: Box): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function line([x0, y0]: Point, [x1, y1]: Point): string {
  return x0 === x1 && y0 === y1 ? `M${px(x0)},${px(y0)}l8,0` : `M${px(x0)},${px(y0)}L${px(x1)},${px(y1)}`;
}

function head([x0, y0]: Point, [x1, y1]: Point): string {
  const length = Math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0));
  const [x, y] = length === 0 ? [1, 0] : [(x1 - x0) / length, (y1 - y0) / length];
  // Cosine and sine of half the angle at the tip, times the length of a side.
  const [along, aside] = [8.5 * 0.928665, 8.5 * 0.37092];
  const corner = (side: number) => `${px(x1 - along * x + side * aside * y)},${px(y1 - along * y - side * aside * x)}`;
  return `M${px(x1)},${px(y1)}L${corner(1)}L${corner(-1)}Z`;
}

/** An x of that half-width. */
export function cross([x, y]: Point, size = 4): string {
  return `M${px(x - size)},${px(y - size)}l${2 * size},${2 * size}m0,${-2 * size}l${-2 * size},${2 * size}`;
}
