import type { LogRow } from "../../world/trace/trace.js";
import { escapeMarkup } from "../figures/display.js";
import { type Drawing, drawLegend, fitted, type LegendItem, textWidth } from "../figures/drawing.js";
import { formatNumber } from "../figures/numbers.js";
import { palette } from "../figures/palette.js";
import { drawAxis, type Geometry, geometryOf, type Point, px, width } from "./geometry.js";
import { endsWithRun, type SpaceTimeLayout } from "./layout.js";
import { type Box, cross, drawMessages } from "./messages.js";
import { attributes, type DiagramStep, stepsOf } from "./steps.js";
import { barOf, barShifts, drawWaits, waitsOf } from "./waits.js";

/** Draws the layout; steps and hosts are what the controls need. */
export function drawSpaceTime(
  layout: SpaceTimeLayout,
  world: string,
): { drawing: Drawing; steps: readonly DiagramStep[]; hosts: readonly string[] } {
  const accent = world === "live" ? palette.measured : palette.predicted;
  const geometry = geometryOf(layout);
  const waits = waitsOf(layout, geometry);
  const steps = stepsOf(layout, waits);
  const names = logNames(layout, geometry);
  const { body: labels, omitted } = drawMessages(
    layout,
    geometry,
    steps,
    accent,
    names.map(({ box }) => box),
  );
  const legend = drawLegend(legendOf(layout, world, accent, waits.size > 0), width);
  const body =
    `${legend.body}<g transform="translate(0,${legend.height})" text-anchor="middle" font-size="12">` +
    drawAxis(layout, geometry) +
    drawWork(layout, geometry, steps, accent) +
    drawWaits(layout, geometry, steps, waits, accent) +
    labels +
    drawMarks(layout, geometry, steps) +
    drawLogNames(names, steps) +
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
        `<text y="${legend.height + geometry.height + 12 + 16 * i}" font-size="11" fill-opacity="0.75">${text}</text>`,
    )
    .join("");
  const height = legend.height + geometry.height + (notes.length ? 16 * notes.length + 4 : 0);
  return { drawing: { width, height, body: body + note }, steps, hosts: [...new Set(layout.lanes.map((l) => l.host))] };
}

function legendOf(layout: SpaceTimeLayout, world: string, accent: string, waits: boolean): LegendItem[] {
  const where = world === "live" ? "live" : "virtual time";
  const items: LegendItem[] = [];
  if (layout.messages.length > 0) items.push({ label: `message (${where})`, color: accent, mark: "thin" });
  if (waits) items.push({ label: "waits to be taken", color: accent, mark: "dotted" });
  if (layout.work.some((row) => row.kind === "compute")) items.push({ label: "CPU", color: accent, mark: "bar" });
  if (layout.work.some((row) => row.kind === "disk"))
    items.push({ label: "disk", color: palette.series[4] ?? "", mark: "hatched" });
  if (layout.marks.some((row) => row.kind === "log")) items.push({ label: "log", color: palette.ink, mark: "dot" });
  return items;
}

/** What was logged, beside its mark. */
interface LogName {
  readonly row: LogRow;
  readonly text: string;
  readonly box: Box;
}

/** Beside the mark: to the right in the last lane, to the left in others, where messages leave room; above it where time runs to the right. */
function logNames(layout: SpaceTimeLayout, geometry: Geometry): LogName[] {
  if (layout.options.logs !== "named") return [];
  return layout.marks.flatMap((row) => {
    const lane = layout.laneOf(row);
    if (row.kind !== "log" || lane < 0) return [];
    const [x, y] = geometry.at(lane, row.timeMs);
    const text = fitted(row.event, 150, 11);
    const w = textWidth(text, 11) + 4;
    if (!geometry.isDown) return [{ row, text, box: { x: x - w / 2, y: y - 20, w, h: 12 } }];
    const isLast = lane === layout.lanes.length - 1 && lane > 0;
    return [{ row, text, box: { x: isLast ? x + 8 : x - 8 - w, y: y - 6, w, h: 12 } }];
  });
}

function drawLogNames(names: readonly LogName[], steps: readonly DiagramStep[]): string {
  const texts = names.map(({ row, text, box }) => {
    const place = `x="${px(box.x + box.w / 2)}" y="${px(box.y + 10)}"`;
    const halo = `stroke="${palette.paper}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"`;
    return `<g ${attributes(steps, row, [row.host])}><text ${place} font-size="11" ${halo}>${escapeMarkup(text)}</text></g>`;
  });
  return `<g fill="currentColor">${texts.join("")}</g>`;
}

/** Bars of CPU and disk; those of one lane that overlap in time stand beside each other. */
function drawWork(layout: SpaceTimeLayout, geometry: Geometry, steps: readonly DiagramStep[], accent: string): string {
  const shifts = barShifts(layout);
  let body = "";
  for (const row of layout.work) {
    const [x, y, w, h] = barOf(layout, geometry, row, shifts.get(row) ?? 0);
    const isDisk = row.kind === "disk";
    const color = isDisk ? (palette.series[4] as string) : accent;
    const paint = isDisk
      ? `fill="${color}" fill-opacity="0.2" stroke="${color}" stroke-dasharray="3,2"`
      : `fill="${color}"`;
    const what = `${row.process}: ${isDisk ? "disk" : "CPU"} ${formatNumber(row.workMs)} ms, ${formatNumber(row.timeMs)} to ${row.endMs === undefined ? "the end" : `${formatNumber(row.endMs)} ms`}`;
    body += `<g ${attributes(steps, row, [row.host])}><title>${escapeMarkup(what)}</title><rect x="${px(x)}" y="${px(y)}" width="${px(w)}" height="${px(h)}" rx="1.5" ${paint}/></g>`;
  }
  return body;
}

function drawMarks(layout: SpaceTimeLayout, geometry: Geometry, steps: readonly DiagramStep[]): string {
  return layout.marks
    .map((row) => {
      const lane = layout.laneOf(row);
      const lanes = lane >= 0 ? [lane] : layout.lanes.flatMap((l, i) => (l.host === row.host ? [i] : []));
      const shapes = lanes.map((i) =>
        markShape(
          row.kind,
          row.kind === "exit" && !endsWithRun(row, layout.endMs) && row.how,
          geometry.at(i, row.timeMs),
          geometry.isDown,
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
