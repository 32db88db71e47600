import * as Plot from "@observablehq/plot";
import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { domBundle, newDocument, plotWithDocument } from "../../kernel-lib/workbook/figures/dom.js";
import { inRoot } from "../../scripts/setup/paths.mjs";
import { openBrowser } from "./browser.js";

const drawing = suite("plots as a browser draws them");
const { raster, legend, plot, dot } = plotWithDocument(Plot);
let browser: Browser;
let page: Page;

drawing.before(async () => {
  browser = await openBrowser(inRoot("build", "browser"), { own: process.env.OWN_BROWSER === "1" });
  page = await browser.newPage();
});
drawing.after(async () => browser?.close());

const show = (node: unknown) => page.setContent(String(domBundle(node as never)["text/html"]));

/** The colours of a picture in an SVG, as the browser decodes them: pixel by pixel, row by row, four numbers each. */
const pixels = (): Promise<{ width: number; height: number; rgba: number[] }> =>
  page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: a page's own names
    const { document } = globalThis as any;
    const href = document.querySelector("image").getAttribute("href");
    const image = await createImageBitmap(await (await fetch(href)).blob());
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    return { width: image.width, height: image.height, rgba: [...data] as number[] };

    function createImageBitmap(blob: Blob): Promise<{ width: number; height: number }> {
      // biome-ignore lint/suspicious/noExplicitAny: a page's own names
      return (globalThis as any).window.createImageBitmap(blob);
    }
  });

drawing("a raster's pixels are the colours that were asked for", async () => {
  const colours = ["#ff0000", "rgb(0, 128, 0)", "steelblue", "hsl(60, 100%, 50%)", "#00000080", "white"];
  const options = { width: 3, height: 2, x1: 0, y1: 0, x2: 3, y2: 2, fill: colours, imageRendering: "pixelated" };
  await show(raster(colours, { ...options, fill: (d: string) => d }).plot({ color: { type: "identity" } }));
  const { width, height, rgba } = await pixels();
  assert.equal([width, height], [3, 2]);
  const opaque = (...rgb: number[]) => [...rgb, 255];
  const all = [opaque(255, 0, 0), opaque(0, 128, 0), opaque(70, 130, 180), opaque(255, 255, 0)];
  assert.equal(rgba.slice(0, 16), all.flat());
  assert.equal(rgba.slice(20), opaque(255, 255, 255));
});

drawing("a legend of numbers goes from the scale's first colour to its last", async () => {
  await show(legend({ color: { type: "linear", domain: [0, 1], range: ["#ff0000", "#0000ff"] } }));
  const { width, height, rgba } = await pixels();
  assert.equal([width, height], [256, 1]);
  assert.equal(
    [rgba.slice(0, 4), rgba.slice(-4)],
    [
      [255, 0, 0, 255],
      [0, 0, 255, 255],
    ],
  );
});

drawing("a plot's letters have the page's colour, and behind them is the page's paper", async () => {
  await show(plot({ marks: [dot([1, 2, 3])] }));
  await page.addStyleTag({ content: ":root{--jp-content-font-color1:rgb(1,2,3);--jp-layout-color0:rgb(4,5,6)}" });
  const style = await page.locator("svg").evaluate((element) => {
    // biome-ignore lint/suspicious/noExplicitAny: a page's own names
    const found = (globalThis as any).window.getComputedStyle(element);
    return [found.color, found.getPropertyValue("--plot-background")];
  });
  assert.equal(style, ["rgb(1, 2, 3)", "rgb(4,5,6)"]);
});

drawing("a picture that stands alone is drawn", async () => {
  const svg = domBundle(plot({ marks: [dot([1, 2, 3])] }) as never)["image/svg+xml"] as string;
  const url = `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
  await page.setContent(`<img src="${url}">`);
  const width = await page.locator("img").evaluate(async (image) => {
    // biome-ignore lint/suspicious/noExplicitAny: a page's own names
    await (image as any).decode();
    // biome-ignore lint/suspicious/noExplicitAny: a page's own names
    return (image as any).naturalWidth;
  });
  assert.is(width, 640);
});

drawing("a canvas that is made larger is empty, as in a browser", () => {
  const document = newDocument() as {
    createElement(name: string): {
      width: number;
      height: number;
      getContext(kind: "2d"): { fillRect(...of: number[]): void };
      toDataURL(): string;
    };
  };
  const make = (paint: boolean) => {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: 1, height: 1 });
    if (paint) canvas.getContext("2d").fillRect(0, 0, 1, 1);
    canvas.width = 2;
    return canvas.toDataURL();
  };
  assert.is(make(true), make(false));
});

drawing.run();
