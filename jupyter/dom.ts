import { createRequire } from "node:module";
import type * as Dom from "kernel-lib/workbook/dom";
import type { MimeBundle } from "./hook.js";

type PlotLibrary = Parameters<typeof Dom.plotWithDocument>[0];

const require = createRequire(import.meta.url);
/** Loaded when the first cell needs it. */
const dom = () => require("kernel-lib/workbook/dom") as typeof Dom;

/** The `require` of cells, which hands out Observable Plot with a document to draw in. */
export function withPlot(required: NodeJS.Require): NodeJS.Require {
  const known = new WeakMap<object, PlotLibrary>();
  const require = (name: string): unknown => {
    const found: unknown = required(name);
    if (name !== "@observablehq/plot" || typeof found !== "object" || found === null) return found;
    const plot = known.get(found) ?? dom().plotWithDocument(found as PlotLibrary);
    known.set(found, plot);
    return plot;
  };
  return Object.assign(require, required);
}

/** How a node of a document (an element, a plot, a fragment) is shown; undefined for any other value. */
export function domBundle(value: unknown): MimeBundle | undefined {
  if (typeof (value as { nodeType?: unknown }).nodeType !== "number") return undefined;
  return dom().isDomNode(value) ? dom().domBundle(value) : undefined;
}
