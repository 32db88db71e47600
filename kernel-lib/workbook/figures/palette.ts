/**
 * The workbook's colours, one meaning each everywhere: theory is a line in the colour of the text, what the simulation
 * predicts is blue, what was measured live is vermilion, published figures are green, the reader's own prediction is
 * purple. After Okabe and Ito, so that they differ for colour-blind readers too; marks differ in shape as well.
 * The values are CSS variables, set per theme by each figure's own style; they work as `stroke` or `fill` in a plot.
 *
 * @see Okabe and Ito, "Color Universal Design", 2008.
 */
export const palette: Palette = {
  theory: "var(--handoff-ink)",
  predicted: "var(--handoff-predicted)",
  measured: "var(--handoff-measured)",
  published: "var(--handoff-published)",
  reader: "var(--handoff-reader)",
  ink: "var(--handoff-ink)",
  faint: "var(--handoff-faint)",
  paper: "var(--handoff-paper)",
  series: [
    "var(--handoff-predicted)",
    "var(--handoff-measured)",
    "var(--handoff-published)",
    "var(--handoff-reader)",
    "var(--handoff-gold)",
    "var(--handoff-sky)",
    "var(--handoff-ink)",
  ],
};

/** See {@link palette}. */
export interface Palette {
  /** Closed forms: a line in the text's colour. */
  readonly theory: string;
  /** Virtual time: blue. */
  readonly predicted: string;
  /** Live, on this machine: vermilion. */
  readonly measured: string;
  /** Published tables: green. */
  readonly published: string;
  /** The reader's own prediction: purple. */
  readonly reader: string;
  /** Text and axes. */
  readonly ink: string;
  /** Grid, lanes and whatever stands behind. */
  readonly faint: string;
  /** The background, for halos and hollow points. */
  readonly paper: string;
  /** For several variants in one figure, in this order. */
  readonly series: readonly string[];
}

/** Where a number comes from; each has its colour and its mark. */
export type Role = "theory" | "predicted" | "measured" | "published" | "reader";

const light: Record<string, string> = {
  ink: "#222222",
  faint: "#d5d5d5",
  paper: "#ffffff",
  predicted: "#0072b2",
  measured: "#d55e00",
  published: "#008a64",
  reader: "#b0508a",
  gold: "#a67c00",
  sky: "#3a96cf",
};

const dark: Record<string, string> = {
  ink: "#e8e8e8",
  faint: "#4a4a4a",
  paper: "#111111",
  predicted: "#5ab8ee",
  measured: "#ff8f45",
  published: "#2fc99a",
  reader: "#e79acb",
  gold: "#e8c22e",
  sky: "#a5d8f7",
};

function variables(colours: Record<string, string>): string {
  return Object.entries(colours)
    .map(([name, value]) => `--handoff-${name}:${value};`)
    .join("");
}

/** The style that each output carries, so that it needs nothing else on the page. */
export const outputStyle: string = [
  `.handoff{${variables(light)}--plot-background:var(--handoff-paper);color:var(--jp-content-font-color1,inherit);`,
  "font:13px/1.45 var(--jp-content-font-family,system-ui,-apple-system,'Segoe UI',sans-serif);max-width:940px}",
  `[data-jp-theme-light="false"] .handoff,.vscode-dark .handoff{${variables(dark)}}`,
  ".handoff{--handoff-ink:var(--jp-content-font-color1,currentColor);--handoff-paper:var(--jp-layout-color0,Canvas)}",
  ".handoff svg{display:block;max-width:100%;height:auto;overflow:visible}",
  ".handoff svg text{white-space:pre}",
  ".handoff .handoff-stripped{display:none}",
  ".handoff .handoff-title{font-size:16px;font-weight:600;line-height:1.3;margin:4px 0 6px}",
  ".handoff .handoff-caption{margin:4px 0 6px;max-width:760px;opacity:.82}",
  ".handoff details{margin:4px 0}.handoff summary{cursor:pointer;opacity:.82}",
  ".handoff .handoff-scroll{overflow-x:auto;max-height:360px;overflow-y:auto}",
  ".handoff table.handoff-table{border-collapse:collapse;font-size:12px;margin:4px 0;border:0;table-layout:auto}",
  ".handoff table.handoff-table th,.handoff table.handoff-table td{padding:3px 12px 3px 0;border:0;",
  "border-bottom:1px solid var(--handoff-faint);text-align:left;vertical-align:top;max-width:420px;background:none;",
  "overflow-wrap:break-word}",
  ".handoff table.handoff-table tr{background:none}",
  ".handoff table.handoff-table .number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}",
  ".handoff table.handoff-table th{font-weight:600;white-space:nowrap;border-bottom:1px solid currentColor}",
].join("");

/** Replaces the palette's variables by the light theme's values, for pictures that must stand alone. */
export function inLightColours(markup: string): string {
  return markup
    .replace(/var\(--handoff-([a-z]+)\)/g, (whole, name: string) => light[name] ?? whole)
    .replace(/var\(--plot-background\)/g, "#ffffff")
    .replace(/currentColor/g, light.ink as string);
}
