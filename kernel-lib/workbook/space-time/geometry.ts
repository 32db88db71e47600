import { escapeMarkup } from "../figures/display.js";
import { fitted, textWidth } from "../figures/drawing.js";
import { formatNumber } from "../figures/numbers.js";
import { palette } from "../figures/palette.js";
import { arrivalOf, niceTicks } from "../figures/trace-view.js";
import type { SpaceTimeLayout } from "./layout.js";

/** In pixels. */
export type Point = readonly [x: number, y: number];

/** Where lanes and times are. */
export interface Geometry {
  readonly width: number;
  readonly height: number;
  at(lane: number, timeMs: number): Point;
  readonly laneStep: number;
  readonly isDown: boolean;
}

/** Of every space-time diagram, in pixels. */
export const width = 720;

/** As wide as bold letters of 12 pixels run. */
const boldSize = 13;

/** Where lanes and times are, in pixels. */
export function geometryOf(layout: SpaceTimeLayout): Geometry {
  const { lanes, options, fromMs, toMs } = layout;
  const isDown = (options.time ?? "down") === "down";
  const count = Math.max(1, lanes.length);
  const moments = options.scale === "order" ? momentsOf(layout) : undefined;
  const share = (timeMs: number) => {
    const time = Math.min(toMs, Math.max(fromMs, timeMs));
    if (!moments) return toMs > fromMs ? (time - fromMs) / (toMs - fromMs) : 0;
    const after = moments.findIndex((moment) => moment >= time);
    if (after <= 0) return 0;
    const [a, b] = [moments[after - 1] as number, moments[after] as number];
    return (after - 1 + (time - a) / (b - a)) / (moments.length - 1);
  };
  if (isDown) {
    const [left, top, bottom] = [64, 46, 22];
    const laneStep = (width - left) / count;
    const wanted = Math.min(1000, Math.max(200, 23 * layout.messages.length + 60));
    const height = options.height ?? top + bottom + wanted;
    return {
      width,
      height,
      laneStep,
      isDown,
      at: (lane, time) => [left + laneStep * (lane + 0.5), top + share(time) * (height - top - bottom)],
    };
  }
  const left = Math.min(
    220,
    26 + Math.max(40, ...lanes.flatMap(({ name, detail }) => [textWidth(name, boldSize), textWidth(detail, 11)])),
  );
  const [top, bottom, right] = [24, 40, 24];
  const laneStep = options.height ? (options.height - top - bottom) / count : Math.max(76, Math.min(120, 260 / count));
  const height = top + bottom + laneStep * (count - 1) + 30;
  return {
    width,
    height,
    laneStep,
    isDown,
    at: (lane, time) => [left + share(time) * (width - left - right), top + 12 + laneStep * lane],
  };
}

function momentsOf({ messages, work, marks, fromMs, toMs }: SpaceTimeLayout): number[] {
  const times = [
    fromMs,
    toMs,
    ...messages.flatMap(({ send, receive }) => [send.timeMs, ...(receive ? [arrivalOf(receive), receive.timeMs] : [])]),
    ...work.flatMap((row) => [row.timeMs, row.endMs ?? toMs]),
    ...marks.map((row) => row.timeMs),
  ].filter((time) => time >= fromMs && time <= toMs);
  return [...new Set(times)].sort((a, b) => a - b);
}

/** Ticks of time, and the lanes with their names. */
export function drawAxis(layout: SpaceTimeLayout, geometry: Geometry): string {
  const { lanes, fromMs, toMs, options } = layout;
  const { at, isDown, height } = geometry;
  const room = isDown ? (height - 68) / 34 : 8;
  const ticks =
    options.scale === "order"
      ? thinned(momentsOf(layout), Math.floor(isDown ? room * 1.6 : room))
      : niceTicks(fromMs, toMs, room);
  const lastLane = Math.max(0, lanes.length - 1);
  let body = "";
  for (const tick of ticks) {
    const [x0, y0] = at(0, tick);
    const [x1, y1] = at(lastLane, tick);
    const label = formatNumber(tick, 5);
    body += isDown
      ? `<path d="M50,${px(y0)}H${width}" stroke="${palette.faint}" stroke-opacity="0.5"/><text x="44" y="${px(y0)}" dy="0.35em" text-anchor="end" font-size="11">${label}</text>`
      : `<path d="M${px(x0)},${px(y0 - 14)}V${px(y1 + 14)}" stroke="${palette.faint}" stroke-opacity="0.5"/><text x="${px(x1)}" y="${px(y1 + 30)}" font-size="11">${label}</text>`;
  }
  body += isDown
    ? `<text x="44" y="24" text-anchor="end" font-size="11">↓ ms</text>`
    : `<text x="${width - 24}" y="${height - 2}" text-anchor="end" font-size="11">time (ms) →</text>`;
  const hasDetails = lanes.some((lane) => lane.detail !== "");
  lanes.forEach((lane, i) => {
    const [x0, y0] = at(i, fromMs);
    const [x1, y1] = at(i, toMs);
    const host = `data-hosts="${escapeMarkup(JSON.stringify([lane.host]))}"`;
    const line = `<path d="M${px(x0)},${px(y0)}L${px(x1)},${px(y1)}" stroke="currentColor" stroke-opacity="0.45"/>`;
    const titled = `<title>${escapeMarkup(lane.label)}</title>`;
    const [x, y, anchor, room] = isDown
      ? [x0, y0 - 12, "middle", geometry.laneStep - 8]
      : [x0 - 12, y0, "end", x0 - 14];
    const [nameY, detailY] = isDown ? [hasDetails ? y - 14 : y, y] : [lane.detail ? y - 2 : y + 4, y + 11];
    const text = (label: string, labelY: number, size: number, look: string) =>
      `<text x="${px(x)}" y="${px(labelY)}" text-anchor="${anchor}" ${look}>${escapeMarkup(fitted(label, room, size))}</text>`;
    const name = text(lane.name, nameY, boldSize, 'font-weight="600"');
    const detail = lane.detail ? text(lane.detail, detailY, 11, 'font-size="11" fill-opacity="0.8"') : "";
    body += `<g ${host} class="handoff-lane">${titled}${line}${name}${detail}</g>`;
  });
  return body;
}

function thinned(values: readonly number[], most: number): number[] {
  const every = Math.max(1, Math.ceil(values.length / Math.max(1, most)));
  return values.filter((_v, i) => i % every === 0);
}

/** A coordinate, to a hundredth of a pixel. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}
