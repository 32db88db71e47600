import type { MimeBundle } from "../../jupyter.js";
import { loaded } from "../platform.js";
import { type CanvasElement, paintable } from "./canvas.js";
import { escapeMarkup } from "./display.js";

/** What is used of a node of a document, whichever library made it. */
export interface DomNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly outerHTML?: string;
  readonly textContent: string | null;
  readonly childNodes: Iterable<DomNode>;
  readonly documentElement?: DomNode;
}

interface DomDocument {
  createElement(name: string, options?: unknown): unknown;
}

/** A document for Plot to draw in, with canvases that can be painted on; what a DOM is stays behind this line. */
export function newDocument(): never {
  const { parseHTML } = loaded("linkedom") as { parseHTML(html: string): { document: DomDocument } };
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const createElement = document.createElement.bind(document);
  document.createElement = (name, options) => {
    const element = createElement(name, options);
    return String(name).toLowerCase() === "canvas" ? paintable(element as CanvasElement) : element;
  };
  return document as never;
}

type PlotLibrary = typeof import("@observablehq/plot");

/**
 * Observable Plot as a page has it: plots and legends that are not told a document find one. It is Plot's alone, since
 * packages take a global `document` for a sign that they run in a browser.
 */
export function plotWithDocument(library: PlotLibrary): PlotLibrary {
  let own: unknown;
  const complete = (options: object = {}): never => {
    const { document = (globalThis as { window?: { document?: unknown } }).window?.document } = options as {
      document?: unknown;
    };
    if (document === undefined) own ??= newDocument();
    return { ...options, document: document ?? own } as never;
  };
  const plot = (options?: object) => library.plot(complete(options));
  // `Plot.dot(…).plot()` reaches Plot's own function by another way.
  library.Mark.prototype.plot = function (this: unknown, { marks = [], ...options }: { marks?: unknown[] } = {}) {
    return plot({ ...options, marks: [...marks, this] });
  } as never;
  return { ...library, plot, legend: (options) => library.legend(complete(options)) } as PlotLibrary;
}

/** Whether a value is a node of a document: an element, a fragment, a text. */
export function isDomNode(value: unknown): value is DomNode {
  const node = value as Partial<DomNode> | null;
  return typeof node === "object" && typeof node?.nodeType === "number" && typeof node.nodeName === "string";
}

const style = [
  ".handoff-dom{color:var(--jp-content-font-color1,inherit);max-width:100%}.handoff-dom svg{max-width:100%;height:auto}",
  // Plot's own rule would put white behind its letters, in the dark theme too.
  '.handoff-dom [class^="plot-"]{--plot-background:var(--jp-layout-color0,Canvas)}',
].join("");

/** A node as a cell's value: its markup, and a picture of its own for viewers that take no markup, if it is one. */
export function domBundle(node: DomNode): MimeBundle {
  const markup = markupOf(node);
  const plain = node.nodeType === 3 ? (node.textContent ?? "") : markup;
  return {
    "text/plain": plain.length > 200 ? `${plain.slice(0, 200)}…` : plain,
    "text/html": `<div class="handoff-dom"><style>${style}</style>${markup}</div>`,
    ...(node.nodeName.toLowerCase() === "svg" ? { "image/svg+xml": standing(markup) } : {}),
  };
}

function markupOf(node: DomNode): string {
  if (node.outerHTML !== undefined) return node.outerHTML;
  if (node.documentElement) return markupOf(node.documentElement);
  const children = [...node.childNodes];
  return node.nodeType === 11 ? children.map(markupOf).join("") : escapeMarkup(node.textContent ?? "");
}

/** An SVG element as a file: with its namespace, on white. */
function standing(markup: string): string {
  const name = /^<svg[^>]*\sxmlns=/.test(markup) ? "" : ' xmlns="http://www.w3.org/2000/svg"';
  return markup.replace(/^<svg([^>]*)>/, `<svg${name}$1><rect width="100%" height="100%" fill="#ffffff"/>`);
}
