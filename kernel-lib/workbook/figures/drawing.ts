import type { PlotOptions } from "@observablehq/plot";
import { refuse } from "../../errors.js";
import { loaded, sha256 } from "../platform.js";
import { escapeMarkup } from "./display.js";
import { newDocument } from "./dom.js";
import { decimalExponent, formatNumber, powerOfTen } from "./numbers.js";
import { palette } from "./palette.js";

/** SVG that stands in a figure: the children of an `svg` element of that size, in CSS pixels. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly body: string;
}

/** One entry of a legend: how a mark looks and what it stands for. */
export interface LegendItem {
  /** What the mark stands for. */
  readonly label: string;
  /** Its colour, best from {@link palette}. */
  readonly color: string;
  /** How it looks. */
  readonly mark:
    | "line"
    | "dashed"
    | "dot"
    | "hollow"
    | "diamond"
    | "pale diamond"
    | "square"
    | "pale square"
    | "bar"
    | "triangle"
    | "hatched"
    | "thin"
    | "dotted";
}

interface Element {
  readonly tagName: string;
  readonly innerHTML: string;
  readonly textContent: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element>;
  remove(): void;
}

interface ScaleLike {
  readonly type?: string;
  readonly domain?: readonly unknown[];
  readonly range?: readonly unknown[];
}

/** Loaded at the first figure: a cell that draws nothing should not wait for it. */
function plotLibrary(): typeof import("@observablehq/plot") {
  return loaded("@observablehq/plot") as typeof import("@observablehq/plot");
}

/** Marks and scales of Observable Plot, for the figures of this room. */
export function plot(): typeof import("@observablehq/plot") {
  return plotLibrary();
}

const fontSize = 12;

/** Roughly how wide a text is drawn, in pixels; errs on the wide side. */
export function textWidth(text: string, size: number = fontSize): number {
  let ems = 0;
  for (const c of text) {
    if (/[ijlIft.,:;|'!()[\]{}r ]/.test(c)) ems += 0.34;
    else if (/[mwMW@%]/.test(c)) ems += 0.9;
    else if (/[A-Z]/.test(c)) ems += 0.7;
    else if (c < "\u0300") ems += 0.62;
    else if (/[\u2e80-\uffff]/.test(c) || c > "\uffff") ems += 1.1;
    else ems += 0.75;
  }
  return ems * size;
}

/** Cuts a text to a width and ends it with an ellipsis. */
export function fitted(text: string, width: number, size: number = fontSize): string {
  if (textWidth(text, size) <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && textWidth(`${letters.join("")}…`, size) > width) letters.pop();
  return `${letters.join("").trimEnd()}…`;
}

/** Breaks a text into lines of at most that width. */
export function wrapped(text: string, width: number, size: number = fontSize): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    const longer = line ? `${line} ${word}` : word;
    if (line && textWidth(longer, size) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  if (line) lines.push(line);
  return lines;
}

/**
 * Draws with Observable Plot. Margins grow until tick labels fit, ordinal colours get a legend, and the result has
 * neither Plot's style nor its running ids.
 */
export function drawPlot(options: PlotOptions, legend: readonly LegendItem[] = []): Drawing {
  const width = options.width ?? 720;
  const { color, ...rest } = options as PlotOptions & { color?: Record<string, unknown> };
  const { legend: wantsLegend, ...colorScale } = color ?? {};
  for (const scale of ["opacity", "symbol", "r", "length"] as const) {
    const { legend: other } = (rest[scale] ?? {}) as { legend?: unknown };
    if (other)
      refuse("figure", `plot.${scale}.legend`, "left out (legends are of colours, or entries of `legend`)", other);
  }
  // Only names take the palette's colours: between two of its variables there is nothing.
  let isContinuous = "scheme" in colorScale || "interpolate" in colorScale || isOfAmounts(colorScale.type);
  const complete = (extra: object): PlotOptions => ({
    width,
    height: 360,
    marginTop: 28,
    marginBottom: 42,
    marginLeft: 52,
    marginRight: 20,
    ...rest,
    ...(color ? { color: { ...(isContinuous ? {} : { range: palette.series }), ...colorScale } as never } : {}),
    ...extra,
    title: undefined,
    subtitle: undefined,
    caption: undefined,
    style: { fontSize: `${fontSize}px` },
  });
  let svg = draw(complete({}));
  // Few numbers are names of variants; where they are more than the palette has colours, they are an amount.
  const { domain = [], type } = svg.scale("color") ?? {};
  const isAmount = type !== "ordinal" || (domain.length > palette.series.length && domain.every(Number.isFinite));
  if (color && isAmount && !isContinuous && !("range" in colorScale || "type" in colorScale)) {
    isContinuous = true;
    svg = draw(complete({}));
  }
  const ticks = { ...logTicks("x", svg.scale("x"), rest.x), ...logTicks("y", svg.scale("y"), rest.y) };
  if (Object.keys(ticks).length > 0) svg = draw(complete(ticks));
  const fitting = margins(svg, complete({}));
  if (Object.keys(fitting).length > 0) svg = draw(complete({ ...ticks, ...fitting }));
  const colours = svg.scale("color");
  const isRamp = wantsLegend && colours && (wantsLegend === "ramp" || isOfAmounts(colours.type));
  const swatchItems = wantsLegend && !isRamp ? swatches(colours) : [];
  const key = beneath(drawLegend([...legend, ...swatchItems], width), isRamp ? ramp(svg, colorScale) : nothing);
  const plotHeight = Number(svg.element.getAttribute("height"));
  svg.element.querySelector("style")?.remove();
  const attributes = `text-anchor="middle" font-size="${fontSize}" fill="currentColor"`;
  return {
    width,
    height: plotHeight + key.height,
    body: `${key.body}<g transform="translate(0,${key.height})" ${attributes}>${shortened(svg.element.innerHTML)}</g>`,
  };
}

/** Coordinates to a hundredth of a pixel: Plot writes all their digits. */
function shortened(markup: string): string {
  return markup.replace(/\s(?:d|transform|[xyr]|[xy][12]|c[xy]|width|height|points)="[^"]*"/g, (attribute) =>
    attribute.replace(/\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(2)))),
  );
}

function draw(options: PlotOptions): Drawn {
  const drawn = plotLibrary().plot({ ...options, document: newDocument() }) as unknown as Element &
    Omit<Drawn, "element">;
  const element = drawn.tagName.toLowerCase() === "svg" ? drawn : drawn.querySelector("svg");
  return {
    element: element as Element,
    scale: (name) => drawn.scale(name),
    legend: (name, how) => drawn.legend(name, how),
  };
}

interface Drawn {
  readonly element: Element;
  scale(name: string): ScaleLike | undefined;
  legend(name: string, options: object): Element | undefined;
}

interface Key {
  readonly height: number;
  readonly body: string;
}

const nothing: Key = { height: 0, body: "" };

/** Plot's legend of a scale of numbers: a band of colours with its ticks. */
function ramp(svg: Drawn, { label, tickFormat, ticks }: Record<string, unknown>): Key {
  const given = Object.entries({ label, tickFormat, ticks }).filter(([, value]) => value !== undefined);
  const element = svg.legend("color", { legend: "ramp", ...Object.fromEntries(given) });
  if (!element) return nothing;
  element.querySelector("style")?.remove();
  const height = Number(element.getAttribute("height")) + 6;
  return { height, body: `<g fill="currentColor" font-size="${fontSize - 2}">${shortened(element.innerHTML)}</g>` };
}

function beneath(upper: Key, lower: Key): Key {
  const body = lower.body && `<g transform="translate(0,${upper.height})">${lower.body}</g>`;
  return { height: upper.height + lower.height, body: upper.body + body };
}

/** Margins that the tick labels need beyond what they have. */
function margins(svg: Drawn, options: PlotOptions): Record<string, number> {
  const widest = (selector: string) =>
    Math.max(0, ...[...svg.element.querySelectorAll(selector)].map((text) => textWidth(text.textContent)));
  const found: Record<string, number> = {};
  const left = Math.ceil(widest('[aria-label="y-axis tick label"] text, [aria-label="fy-axis tick label"] text')) + 16;
  const atRight = (options.y as { axis?: string } | undefined)?.axis === "right";
  if (!atRight && left > (options.marginLeft ?? 0)) found.marginLeft = left;
  if (atRight && left > (options.marginRight ?? 0)) found.marginRight = left;
  return found;
}

/** Plain numbers on logarithmic axes: at powers of ten, and at 2 and 5 if there is room. */
function logTicks(name: "x" | "y", scale: ScaleLike | undefined, axis: object | null | undefined): object {
  if (scale?.type !== "log" || (axis && "tickFormat" in axis)) return {};
  const ends = scale.domain as readonly number[];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  // On more than two decades d3 would leave out the label at 5.
  const isShort = high <= 100 * low;
  const tickFormat = (tick: number) => {
    const lead = Math.round(tick / powerOfTen(decimalExponent(tick * (1 + 1e-9))));
    return lead === 1 || (isShort && (lead === 2 || lead === 5)) ? grouped(tick) : "";
  };
  const decades = Array.from({ length: 4 }, (_v, i) => powerOfTen(decimalExponent(low) + i));
  const ticks = decades.flatMap((power) =>
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((lead) => Number((lead * power).toPrecision(3))),
  );
  const inside = ticks.filter((tick) => tick >= low && tick <= high);
  return { [name]: { ...axis, tickFormat, ...(isShort && !(axis && "ticks" in axis) ? { ticks: inside } : {}) } };
}

/** As linear axes have it: 10,000. */
function grouped(tick: number): string {
  return tick >= 1000 && tick < 1e9 ? tick.toLocaleString("en-US") : formatNumber(tick);
}

/** Whether a type of scale gives colours to amounts, not to names. */
function isOfAmounts(type: unknown): boolean {
  return type !== undefined && type !== "ordinal" && type !== "categorical";
}

function swatches(scale: ScaleLike | undefined): LegendItem[] {
  if (!scale?.domain || !scale.range) return [];
  const { domain, range } = scale;
  return domain.map((value, i) => ({
    label: String(value),
    color: String(range[i % range.length]),
    mark: "square" as const,
  }));
}

/** A legend in rows, as wide as the figure. */
export function drawLegend(items: readonly LegendItem[], width: number): Key {
  if (items.length === 0) return nothing;
  const swatch = 28;
  let x = 0;
  let y = 12;
  let body = "";
  for (const item of items) {
    const label = fitted(item.label, width - swatch - 8);
    const used = swatch + textWidth(label) + 18;
    if (x > 0 && x + used - 18 > width) {
      x = 0;
      y += 19;
    }
    body += `<g transform="translate(${x},${y})">${legendMark(item)}<text x="${swatch}" dy="0.35em">${escapeMarkup(label)}</text></g>`;
    x += Math.ceil(used);
  }
  return { height: y + 14, body: `<g text-anchor="start" font-size="${fontSize}" fill="currentColor">${body}</g>` };
}

function legendMark({ mark, color }: LegendItem): string {
  const stroke = `stroke="${escapeMarkup(color)}" stroke-width="2"`;
  const fill = `fill="${escapeMarkup(color)}"`;
  switch (mark) {
    case "line":
      return `<path d="M0,0H22" ${stroke} fill="none"/>`;
    case "thin":
      return `<path d="M0,0H22" stroke="${escapeMarkup(color)}" stroke-width="1" fill="none"/>`;
    case "dotted":
      return `<path d="M1,0H22" stroke="${escapeMarkup(color)}" stroke-width="2" stroke-linecap="round" stroke-dasharray="0.1,4" fill="none"/>`;
    case "dashed":
      return `<path d="M0,0H22" ${stroke} stroke-dasharray="5,3" fill="none"/>`;
    case "dot":
      return `<circle cx="11" r="4.5" ${fill}/>`;
    case "hollow":
      return `<path d="M11,-8V8" ${stroke}/><circle cx="11" r="4.5" fill="${palette.paper}" ${stroke}/>`;
    case "diamond":
      return `<path d="M11,-6L16,0L11,6L6,0Z" ${fill}/>`;
    case "pale diamond":
      return `<path d="M11,-6L16,0L11,6L6,0Z" ${fill} fill-opacity="0.45" stroke="${escapeMarkup(color)}"/>`;
    case "square":
      return `<rect x="4" y="-6" width="14" height="12" rx="2" ${fill}/>`;
    case "pale square":
      return `<rect x="4" y="-6" width="14" height="12" rx="2" ${fill} fill-opacity="0.45" stroke="${escapeMarkup(color)}"/>`;
    case "bar":
      return `<rect x="0" y="-4" width="22" height="8" rx="1" ${fill}/>`;
    case "hatched":
      return `<rect x="0.75" y="-4" width="20.5" height="8" rx="1" ${fill} fill-opacity="0.2" stroke="${escapeMarkup(color)}" stroke-width="1.5" stroke-dasharray="3,2"/>`;
    case "triangle":
      return `<path d="M11,-8V8" ${stroke}/><path d="M11,-6L16,4H6Z" fill="${palette.paper}" ${stroke}/>`;
  }
}

/**
 * Gives every id of a drawing a new name made from the drawing's own content, so that the same figure has the same bytes
 * each time and two figures of one page never share an id.
 */
export function withOwnIds(body: string, salt = ""): { body: string; id: string } {
  const names: string[] = [];
  for (const [, name] of body.matchAll(/\sid="([^"]+)"/g)) if (name && !names.includes(name)) names.push(name);
  const rename = (text: string, to: (index: number) => string) =>
    names.length === 0
      ? text
      : text.replace(/(\sid="|url\(#|href="#)([^")]+)/g, (whole, before: string, name: string) =>
          names.includes(name) ? before + to(names.indexOf(name)) : whole,
        );
  const id = `handoff-${sha256(salt, rename(body, String)).slice(0, 10)}`;
  return { body: rename(body, (i) => `${id}-${i}`), id };
}
