import Module, { createRequire } from "node:module";
import type { MimeBundle } from "kernel-lib/jupyter";
import type * as Dom from "kernel-lib/workbook/figures/dom";
import { isReaders } from "./packages.js";

type PlotLibrary = Parameters<typeof Dom.plotWithDocument>[0];

const require = createRequire(import.meta.url);
/** Loaded when the first cell needs it. */
const dom = () => require("kernel-lib/workbook/figures/dom") as typeof Dom;

interface Loader {
  _load(request: string, parent: NodeModule | undefined, ...rest: unknown[]): unknown;
}

/** From now on cells and the reader's own modules get Observable Plot with a document to draw in. */
export function installPlot(): void {
  const loader = Module as unknown as Loader;
  const usual = loader._load;
  const known = new WeakMap<object, PlotLibrary>();
  loader._load = function (request, parent, ...rest) {
    const found = usual.call(this, request, parent, ...rest) as object;
    if (request !== "@observablehq/plot" || !parent?.filename || !isReaders(parent.filename)) return found;
    const plot = known.get(found) ?? dom().plotWithDocument(found as PlotLibrary);
    known.set(found, plot);
    return plot;
  };
}

/** How a node of a document (an element, a plot, a fragment) is shown; undefined for any other value. */
export function domBundle(value: unknown): MimeBundle | undefined {
  if (typeof (value as { nodeType?: unknown }).nodeType !== "number") return undefined;
  return dom().isDomNode(value) ? dom().domBundle(value) : undefined;
}
