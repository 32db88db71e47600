import * as Plot from "@observablehq/plot";
import { type Figure, figure, jupyterDisplay, ParameterError, palette, tableMime } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const rows = [
  { load: 0.5, waitMs: 10 / 3 },
  { load: 0.1, waitMs: 1 },
];
const options = {
  title: "Waiting & <load>",
  alt: 'It rises "steeply"',
  caption: "From 2 runs.",
  x: { label: "load" },
  y: { label: "mean wait", unit: "ms" },
  data: rows,
  plot: { marks: [Plot.dot(rows, { x: "load", y: "waitMs", stroke: palette.predicted, clip: true })] },
};
const bundle = (value: Figure) => value[jupyterDisplay]() as Record<string, string>;

test("a figure's bundle has HTML, a picture, a text and its rows as data", () => {
  const shown = figure(options)[jupyterDisplay]();
  assert.equal(Object.keys(shown).sort(), [
    "application/vnd.handoff.table+json",
    "image/svg+xml",
    "text/html",
    "text/plain",
  ]);
  assert.match(shown["text/plain"], 'It rises "steeply"');
});

test("the data keep the rows' order and round numbers to 12 significant digits", () => {
  assert.equal(figure(options)[jupyterDisplay]()[tableMime], [
    { load: 0.5, waitMs: 3.33333333333 },
    { load: 0.1, waitMs: 1 },
  ]);
});

test("numbers that JSON does not know become text, and what is missing stays away", () => {
  const data = [{ a: Number.NaN, b: Number.POSITIVE_INFINITY, c: undefined, d: -0, e: 10n, f: { g: 1 } }];
  assert.equal(figure({ ...options, data })[jupyterDisplay]()[tableMime], [
    { a: "NaN", b: "Infinity", d: 0, e: "10n", f: '{"g":1}' },
  ]);
});

test("the axis labels carry their units, and title, caption and alternative text are escaped", () => {
  const html = bundle(figure(options))["text/html"] as string;
  assert.match(html, "mean wait (ms)");
  assert.match(html, "Waiting &#38; &#60;load&#62;");
  assert.match(html, 'aria-label="It rises &#34;steeply&#34;"');
  assert.not.match(html, "<load>");
});

test("the same figure twice has the same bytes, also when it clips", () => {
  assert.equal(bundle(figure(options)), bundle(figure(options)));
});

test("ids differ between figures and every reference within a figure has its target", () => {
  const all = [figure(options), figure({ ...options, title: "Another" })].map(
    (one) => bundle(one)["text/html"] as string,
  );
  const ids = all.map((html) => [...html.matchAll(/\sid="([^"]+)"/g)].map((found) => found[1]));
  assert.ok(ids[0]?.length);
  assert.equal(
    ids[0]?.filter((id) => ids[1]?.includes(id)),
    [],
  );
  for (const [i, html] of all.entries()) {
    for (const [, target] of html.matchAll(/url\(#([^)]+)\)/g)) assert.ok(ids[i]?.includes(target), target);
  }
});

test("the picture stands alone: white, without variables, currentColor or scripts", () => {
  const svg = bundle(figure(options))["image/svg+xml"] as string;
  assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  assert.match(svg, 'fill="#ffffff"');
  assert.not.match(svg, "var(--");
  assert.not.match(svg, "currentColor");
  assert.not.match(svg, "<script");
});

test("nothing but the palette's variables colours the HTML, so that it follows the theme", () => {
  const html = bundle(figure(options))["text/html"] as string;
  const drawing = html.slice(html.indexOf("<svg"), html.indexOf("</svg>"));
  assert.not.match(drawing, /(?:fill|stroke)="(?:#|black|white|rgb)/);
});

test("the margin grows until the labels of the vertical axis fit", () => {
  const data = [{ who: "a very long name for a category indeed", n: 1 }];
  const drawn = figure({
    title: "t",
    alt: "a",
    data,
    plot: { marks: [Plot.barX(data, { x: "n", y: "who" })] },
  }).html();
  const [, at] = drawn.match(/y-axis tick label"><text[^>]*translate\(([\d.]+)/) ?? [];
  assert.ok(Number(at) > 200, at);
});

test("an ordinal colour scale with a legend gets it inside the drawing, in the order of its domain", () => {
  const data = ["pool", "iterative"].map((who, n) => ({ who, n }));
  const svg = figure({
    title: "t",
    alt: "a",
    data,
    plot: {
      color: { legend: true, domain: ["pool", "iterative"] },
      marks: [Plot.dot(data, { x: "n", stroke: "who" })],
    },
  }).svg();
  assert.ok(svg.indexOf(">pool<") > 0 && svg.indexOf(">pool<") < svg.indexOf(">iterative<"));
});

test("a table of more than 200 rows says how many it leaves out, and the data keep them all", () => {
  const data = Array.from({ length: 250 }, (_v, n) => ({ n }));
  const shown = figure({ title: "t", alt: "a", data, plot: { marks: [] } });
  assert.match(shown.html(), "and 50 more rows");
  assert.is((shown[jupyterDisplay]()[tableMime] as unknown[]).length, 250);
});

test("outside a notebook show prints the alternative text; in one it hands the bundle to the kernel", () => {
  const printed: unknown[] = [];
  const { log } = console;
  console.log = (...text: unknown[]) => printed.push(...text);
  try {
    figure(options).show();
  } finally {
    console.log = log;
  }
  assert.match(String(printed[0]), "It rises");
  const kernel = globalThis as Record<symbol, unknown>;
  const shown: unknown[] = [];
  kernel[Symbol.for("handoff.jupyter")] = { display: (one: unknown) => shown.push(one), clear() {}, update() {} };
  try {
    figure(options).show();
  } finally {
    delete kernel[Symbol.for("handoff.jupyter")];
  }
  assert.equal(shown, [figure(options)[jupyterDisplay]()]);
});

test("a figure without alternative text, title or rows is refused by field", () => {
  const refused = (change: object, message: RegExp) =>
    assert.throws(
      () => figure({ ...options, ...change }),
      (error: Error) => error instanceof ParameterError && message.test(error.message),
    );
  refused({ alt: " " }, /^figure: alt must be a text that is not empty/);
  refused({ title: undefined }, /^figure: title/);
  refused({ data: "rows" }, /^figure: data must be an array of records/);
  refused({ data: [1] }, /^figure: data\[0\] must be a record, got 1/);
  refused({ plot: undefined }, /^figure: plot/);
  refused({ x: { label: "" } }, /^figure: x.label/);
});

const amounts = Array.from({ length: 20 }, (_v, i) => ({ load: i / 20, waitMs: i, share: i / 19 }));
const dots = (fill: string) => Plot.dot(amounts, { x: "load", y: "waitMs", fill });
const svgOf = (plot: object) => bundle(figure({ ...options, data: amounts, plot }))["image/svg+xml"] as string;

test("a colour that means an amount has a band with ticks for its legend, one that means a name has swatches", () => {
  const band = svgOf({ color: { legend: true, label: "share" }, marks: [dots("share")] });
  assert.match(band, 'href="data:image/png;base64,');
  assert.match(band, ">share</text>");
  for (const tick of ["0.0", "0.5", "1.0"]) assert.match(band, `>${tick}</text>`);
  const few = svgOf({ color: { legend: true }, marks: [Plot.dot(amounts, { x: "load", fill: (_d, i) => i % 3 })] });
  assert.not.match(few, "image/png");
  const named = svgOf({
    color: { legend: true },
    marks: [Plot.dot(amounts, { x: "load", fill: (_d, i) => `n${i % 3}` })],
  });
  for (const name of ["n0", "n1", "n2"]) assert.match(named, `>${name}</text>`);
});

test("thresholds have a band of steps", () => {
  const steps = svgOf({ color: { legend: true, type: "threshold", domain: [0.25, 0.5] }, marks: [dots("share")] });
  assert.is((steps.match(/<rect [^>]*height="10"/g) ?? []).length, 3);
  assert.match(steps, ">0.25</text>");
});

test("a raster is drawn, and the picture that stands alone declares all its prefixes", () => {
  const svg = svgOf({ marks: [Plot.raster({ fill: (x: number) => x, x1: 0, y1: 0, x2: 1, y2: 1 })] });
  assert.match(svg, 'href="data:image/png;base64,');
  assert.not.match(svg, "xlink:");
});

test("a legend that would be left out is refused", () => {
  assert.throws(
    () => svgOf({ opacity: { legend: true }, marks: [dots("share")] }),
    (error: Error) => error instanceof ParameterError && /plot\.opacity\.legend/.test(error.message),
  );
});

test.run();
