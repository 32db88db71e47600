import type { PlotOptions } from "@observablehq/plot";
import { refuse } from "../../errors.js";
import { jupyterDisplay, type MimeBundle, tableMime } from "../../jupyter.js";
import { checkRows, comparable, htmlTable, type Row, type TableOptions } from "./data-table.js";
import { type Displayable, escapeMarkup, show } from "./display.js";
import { type Drawing, drawPlot, type LegendItem, withOwnIds, wrapped } from "./drawing.js";
import { inLightColours, outputStyle } from "./palette.js";

/** What every figure says about itself. */
export interface FigureText {
  /** Stands above the figure. */
  readonly title: string;
  /** What is to be seen, in a sentence or two, for a reader who can't see it. */
  readonly alt: string;
  /** Stands below: how it was made, what is left out. */
  readonly caption?: string;
}

/** An axis: what it shows, and in what unit. */
export interface AxisOptions {
  /** What is shown, e.g. `response time`. */
  readonly label: string;
  /** The unit, e.g. `ms`. Leave it out only for pure numbers and names. */
  readonly unit?: string;
  /** Default `linear`. A logarithmic axis leaves out numbers that are not above 0. */
  readonly scale?: "linear" | "log";
  /** First and last value; by default the data's, from 0 on linear vertical axes. */
  readonly domain?: readonly [number, number];
}

/** See {@link figure}. */
export interface FigureOptions extends FigureText {
  /** The horizontal axis, unless `plot.x` says it. */
  readonly x?: AxisOptions;
  /** The vertical axis, unless `plot.y` says it. */
  readonly y?: AxisOptions;
  /** What Observable Plot draws: `{ marks: [Plot.dot(rows, { x: "load", y: "waitMs" })] }`. */
  readonly plot: PlotOptions;
  /** The rows behind the figure: a folded table under it, and what checks compare. */
  readonly data: readonly object[];
  /** Which fields of the data the table shows, as in {@link table}. */
  readonly columns?: TableOptions["columns"];
  /** Entries of the legend beside those of an ordinal colour scale with `legend: true`. */
  readonly legend?: readonly LegendItem[];
}

/** @internal */
export interface FigureParts extends FigureText {
  readonly drawing: Drawing;
  readonly rows: readonly Row[];
  readonly columns?: TableOptions["columns"];
  /** The body of a script that may use `root`, the figure's element. */
  readonly script?: string;
  /** More style rules. */
  readonly style?: string;
}

/**
 * A drawing with its title, caption, alternative text and data. As a cell's last value it is shown; elsewhere call
 * `show()`.
 */
export class Figure implements Displayable {
  /** Stands above the figure. */
  readonly title: string;
  /** What is to be seen. */
  readonly alt: string;
  /** Stands below; empty if there is none. */
  readonly caption: string;
  /** The rows behind the figure, in the order of its table. */
  readonly rows: readonly Row[];
  readonly #parts: FigureParts;
  readonly #body: string;
  readonly #id: string;

  /** @internal */
  constructor(parts: FigureParts) {
    this.title = parts.title;
    this.alt = parts.alt;
    this.caption = parts.caption ?? "";
    this.rows = parts.rows;
    this.#parts = parts;
    const { body, id } = withOwnIds(parts.drawing.body, JSON.stringify([parts.title, parts.caption]));
    this.#body = body;
    this.#id = id;
  }

  /** Shows the figure in the middle of a cell; prints its alternative text outside a notebook. */
  show(): void {
    show(this);
  }

  /** The figure as HTML that needs nothing else on the page. */
  html(): string {
    const { drawing, columns, script, style = "" } = this.#parts;
    const { width, height } = drawing;
    return (
      `<div class="handoff handoff-figure" data-figure="${this.#id}"><style>${outputStyle}${style}</style>` +
      `<div class="handoff-title">${escapeMarkup(this.title)}</div>` +
      `<div class="handoff-stripped">Figure: ${escapeMarkup(this.alt)}</div>` +
      // Where HTML is sanitized the tags of a drawing go and its words stay behind: at that size nobody sees them.
      `<div style="font-size:0px"><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
      `role="img" aria-label="${escapeMarkup(this.alt)}" font-size="12" fill="currentColor">${this.#body}</svg></div>` +
      (this.caption ? `<div class="handoff-caption">${escapeMarkup(this.caption)}</div>` : "") +
      `<details><summary>Data (${this.rows.length} ${this.rows.length === 1 ? "row" : "rows"})</summary>` +
      `${htmlTable(this.rows, { columns, limit: 200 })}</details>` +
      (script ? `<script>(()=>{${rootOf(this.#id)}${script}})()</script>` : "") +
      "</div>"
    );
  }

  /** The figure as a picture that stands alone: title, drawing and caption on white, in the light theme's colours. */
  svg(): string {
    const { width, height } = this.#parts.drawing;
    const margin = 12;
    const heading = wrapped(this.title, width, 16.5);
    const notes = wrapped(this.caption, width, 12.5);
    const top = margin + heading.length * 21 + 6;
    const total = top + height + (notes.length ? notes.length * 17 + 8 : 0) + margin;
    const lines = (texts: string[], y: number, step: number, attributes: string) =>
      texts.map((text, i) => `<text y="${y + i * step}" ${attributes}>${escapeMarkup(text)}</text>`).join("");
    const body =
      `<title>${escapeMarkup(this.title)}</title><desc>${escapeMarkup(this.alt)}</desc>` +
      `<rect x="${-margin}" width="${width + 2 * margin}" height="${total}" fill="#ffffff"/>` +
      lines(heading, margin + 14, 21, 'font-size="16" font-weight="600"') +
      `<g transform="translate(0,${top})">${this.#body}</g>` +
      lines(notes, top + height + 16, 17, 'font-size="12" fill-opacity="0.8"');
    return inLightColours(
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-margin} 0 ${width + 2 * margin} ${total}" ` +
        `width="${width + 2 * margin}" height="${total}" role="img" font-family="system-ui, sans-serif" font-size="12" ` +
        `fill="currentColor" color="currentColor" style="white-space:pre">${body}</svg>`,
    );
  }

  [jupyterDisplay](): MimeBundle {
    return {
      "text/plain": `${this.title}\n${this.alt}`,
      "text/html": this.html(),
      "image/svg+xml": this.svg(),
      [tableMime]: comparable(this.rows),
    };
  }
}

/** A script finds its own figure, also when the same figure stands twice on the page. */
function rootOf(id: string): string {
  return (
    `const own=document.currentScript;const root=(own&&own.closest&&own.closest(".handoff-figure"))||` +
    `document.querySelector('[data-figure="${id}"]:not([data-live])');if(!root||root.dataset.live)return;root.dataset.live="1";`
  );
}

/** Refuses a figure that does not say what it shows. @internal */
export function checkText(where: string, { title, alt, caption }: Partial<FigureText>): void {
  for (const [field, value] of Object.entries({ title, alt })) {
    if (typeof value !== "string" || value.trim() === "") refuse(where, field, "a text that is not empty", value);
  }
  if (caption !== undefined && typeof caption !== "string") refuse(where, "caption", "a text", caption);
}

/** An axis as Plot wants it: its label with its unit. @internal */
export function plotAxis(where: string, field: string, axis: AxisOptions): Record<string, unknown> {
  if (typeof axis?.label !== "string" || axis.label === "")
    refuse(where, `${field}.label`, "a text that is not empty", axis?.label);
  const { label, unit, scale, domain } = axis;
  if (domain !== undefined && !(domain.length === 2 && domain.every(Number.isFinite) && domain[0] < domain[1])) {
    refuse(where, `${field}.domain`, "two finite numbers in order", domain);
  }
  return {
    label: unit ? `${label} (${unit})` : label,
    ...(scale === "log" ? { type: "log" } : {}),
    ...(domain ? { domain } : {}),
  };
}

/** How an axis ends where its data do: at a round number, or a little beyond; at a power of ten there would be much empty room. @internal */
export function axisEnds({ domain, scale }: AxisOptions): { nice?: boolean; inset?: number } {
  if (domain) return {};
  return scale === "log" ? { inset: 8 } : { nice: true };
}

/**
 * A figure drawn with Observable Plot.
 *
 * @throws {@link ParameterError} if title or alt is missing, or data is not an array of records.
 * @example
 * figure({
 *   title: "Waiting grows without bound as the load nears 1",
 *   alt: "Mean waiting time against load: flat up to 0.5, then rising steeply to 90 ms at 0.9",
 *   x: { label: "load" }, y: { label: "mean wait", unit: "ms" },
 *   plot: { marks: [Plot.lineY(rows, { x: "load", y: "waitMs", stroke: palette.theory })] },
 *   data: rows,
 * })
 */
export function figure(options: FigureOptions): Figure {
  checkText("figure", options);
  const rows = checkRows("figure", "data", options.data);
  const { plot, x, y } = options;
  if (typeof plot !== "object" || plot === null) refuse("figure", "plot", "an object of Observable Plot options", plot);
  const drawing = drawPlot(
    {
      grid: true,
      ...plot,
      ...(x ? { x: { ...plotAxis("figure", "x", x), ...plot.x } as never } : {}),
      ...(y ? { y: { ...plotAxis("figure", "y", y), ...plot.y } as never } : {}),
    },
    options.legend,
  );
  return new Figure({ ...options, rows, drawing });
}
