import { escapeMarkup } from "../figures/display.js";
import { type Drawing, drawLegend, type LegendItem } from "../figures/drawing.js";
import { formatNumber } from "../figures/numbers.js";
import { palette } from "../figures/palette.js";
import { drawAxis, type Frame, frameOf, type Point, px, width } from "./frame.js";
import { endsWithRun, type SpaceTimeLayout } from "./layout.js";
import { cross, drawMessages } from "./messages.js";
import { attributes, type Step, stepsOf } from "./steps.js";
import { barOf, barShifts, drawWaits, waitsOf } from "./waits.js";

/** Draws the layout; steps and hosts are what the controls need. */
export function drawSpaceTime(
  layout: SpaceTimeLayout,
  world: string,
): { drawing: Drawing; steps: readonly Step[]; hosts: readonly string[] } {
  const accent = world === "live" ? palette.measured : palette.predicted;
  const frame = frameOf(layout);
  const waits = waitsOf(layout, frame);
  const steps = stepsOf(layout, waits);
  const { body: labels, omitted } = drawMessages(layout, frame, steps, accent);
  const legend = drawLegend(legendOf(layout, world, accent, waits.size > 0), width);
  const body =
    `${legend.body}<g transform="translate(0,${legend.height})" text-anchor="middle" font-size="12">` +
    drawAxis(layout, frame) +
    drawWork(layout, frame, steps, accent) +
    drawWaits(layout, frame, steps, waits, accent) +
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

/** Bars of CPU and disk; those of one lane that overlap in time stand beside each other. */
function drawWork(layout: SpaceTimeLayout, frame: Frame, steps: readonly Step[], accent: string): string {
  const shifts = barShifts(layout);
  let body = "";
  for (const row of layout.work) {
    const [x, y, w, h] = barOf(layout, frame, row, shifts.get(row) ?? 0);
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
