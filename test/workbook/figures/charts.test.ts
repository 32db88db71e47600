import { distribution, jupyterDisplay, lanes, overlay, ParameterError, sweepFigure, tableMime } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const texts = { title: "t", alt: "a" };
const axes = { x: { label: "load" }, y: { label: "response time", unit: "ms" } };
const data = (figure: { [jupyterDisplay](): Record<string, unknown> }) =>
  figure[jupyterDisplay]()[tableMime] as Record<string, unknown>[];
const refused = (f: () => unknown, message: RegExp) =>
  assert.throws(f, (error: Error) => error instanceof ParameterError && message.test(error.message));

test("an overlay's data name each point's source, with intervals where there are some", () => {
  const rows = data(
    overlay({
      ...texts,
      ...axes,
      theory: { label: "M/M/1", f: (load) => 10 / (1 - load), from: 0, to: 0.5 },
      predicted: [{ x: 0.5, y: 20, low: 19, high: 21 }],
      measured: [{ x: 0.5, y: 22 }],
      predictions: [
        { label: "mine", value: 30 },
        { label: "none", value: undefined },
      ],
    }),
  );
  assert.equal(rows[0], { series: "M/M/1", source: "theory", x: 0, y: 10 });
  assert.equal(rows[120], { series: "M/M/1", source: "theory", x: 0.5, y: 20 });
  assert.equal(rows.slice(121), [
    { series: "predicted (virtual time)", source: "predicted", x: 0.5, y: 20, low: 19, high: 21 },
    { series: "measured (live)", source: "measured", x: 0.5, y: 22 },
    { series: "mine", source: "reader", x: "", y: 30 },
  ]);
});

test("a theory's line spans the other points, and stops where the form is infinite", () => {
  const points = [0.5, 1.5].map((x) => ({ x, y: 1 }));
  const theory = data(
    overlay({ ...texts, ...axes, theory: { f: (x) => (x < 1 ? x : Number.POSITIVE_INFINITY) }, predicted: points }),
  ).filter((row) => row.source === "theory");
  assert.is(theory[0]?.x, 0.5);
  assert.ok(theory.every((row) => (row.x as number) < 1));
});

test("names on the horizontal axis stay in the order given", () => {
  const html = overlay({ ...texts, ...axes, measured: ["zoe", "ana"].map((x) => ({ x, y: 1 })) }).html();
  assert.ok(html.indexOf(">zoe<") > 0 && html.indexOf(">zoe<") < html.indexOf(">ana<"));
});

test("theory, simulated and live points differ in shape, not in colour alone", () => {
  const html = overlay({
    ...texts,
    ...axes,
    theory: { f: () => 1 },
    predicted: [
      { x: 0, y: 1 },
      { x: 1, y: 1 },
    ],
    measured: [{ x: 1, y: 1 }],
  }).html();
  for (const label of [">theory<", ">predicted (virtual time)<", ">measured (live)<"]) assert.match(html, label);
  const drawing = html.slice(html.indexOf("<svg"), html.indexOf("</svg>"));
  assert.match(drawing, /<g[^>]*fill="var\(--handoff-paper\)"[^>]*aria-label="dot"[^>]*><circle/);
  assert.match(drawing, /<g[^>]*fill="var\(--handoff-measured\)"[^>]*aria-label="dot"[^>]*><path/);
});

test("an overlay of nothing, or with a point that is not a number, is refused by place", () => {
  refused(() => overlay({ ...texts, ...axes }), /^overlay: theory, predicted, measured or published must be given/);
  refused(
    () => overlay({ ...texts, ...axes, measured: [{ x: 1, y: Number.NaN }] }),
    /^overlay: measured\[0\]\.y .*NaN/,
  );
  refused(() => overlay({ ...texts, ...axes, theory: { f: () => 1 } }), /theory.from and theory.to/);
  refused(() => overlay({ ...texts, alt: "", ...axes, measured: [] }), /^overlay: alt/);
});

test("a logarithmic axis of up to two decades says 1, 2 and 5, a longer one powers of ten, and neither ends far from its data", () => {
  const labelsOf = (values: number[]) => {
    const points = values.map((y, i) => ({ x: i, y }));
    const axis = { label: "time", unit: "ms", scale: "log" } as const;
    const html = overlay({ ...texts, x: { label: "n" }, y: axis, measured: points }).html();
    const [, axisMarkup = ""] = /aria-label="y-axis tick label"[^>]*>(.*?)<\/g>/s.exec(html) ?? [];
    return [...axisMarkup.matchAll(/<text[^>]*>([^<]+)<\/text>/g)].map(([, text]) => text);
  };
  assert.equal(labelsOf([30, 1200]), ["50", "100", "200", "500", "1,000"]);
  assert.equal(labelsOf([0.02, 30_000]), ["0.1", "1", "10", "100", "1,000", "10,000"]);
});

test("the quantiles of 1 … 1000 are 500, 900, 990 and 999", () => {
  const values = Array.from({ length: 1000 }, (_v, i) => 1000 - i);
  assert.equal(data(distribution({ all: values }, { ...texts, x: axes.y })), [
    { sample: "all", count: 1000, mean: 500.5, min: 1, p50: 500, p90: 900, p99: 990, "p99.9": 999, max: 1000 },
  ]);
});

test("a distribution says how many values a logarithmic axis leaves out", () => {
  const figure = distribution({ some: [0, 1, 2] }, { ...texts, x: { label: "wait", unit: "ms", scale: "log" } });
  assert.match(figure.caption, "1 of 3 values of some are not above 0 and not drawn");
});

test("a distribution of no values, or of NaN, is refused by name", () => {
  refused(
    () => distribution({ none: [] }, { ...texts, x: axes.y }),
    /^distribution: none must be an array of at least one number/,
  );
  refused(() => distribution([1, Number.NaN], { ...texts, x: axes.y }), /finite numbers, got NaN/);
  refused(() => distribution([1], { ...texts, x: axes.y, quantiles: [1] }), /^distribution: quantiles/);
});

test("a sweep's data are its rows, and unknown sources and missing fields are refused by row", () => {
  const rows = [
    { n: 2, ms: 5, source: "measured" },
    { n: 1, ms: 4, source: "theory" },
  ];
  const options = {
    ...texts,
    x: { field: "n", label: "clients" },
    y: { field: "ms", label: "time", unit: "ms" },
    source: "source",
  };
  assert.equal(data(sweepFigure(rows, options)), rows);
  refused(
    () => sweepFigure([{ n: 1, ms: 1, source: "guess" }], options),
    /^sweepFigure: rows\[0\]\.source must be one of theory/,
  );
  refused(
    () => sweepFigure([{ n: 1, source: "measured" }], options),
    /^sweepFigure: rows\[0\]\.ms must be a finite number, got undefined/,
  );
  refused(() => sweepFigure([], options), /^sweepFigure: rows/);
});

test("points of a sweep are joined where no theory is, live ones only where they stand alone", () => {
  const row = (n: number, source: string) => ({ n, ms: n, source });
  const options = {
    ...texts,
    x: { field: "n", label: "clients" },
    y: { field: "ms", label: "time" },
    source: "source",
  };
  const linesIn = (...sources: string[]) => {
    const rows = sources.flatMap((source) => [row(1, source), row(2, source)]);
    return sweepFigure(rows, options).html().split('aria-label="line"').length - 1;
  };
  assert.equal(
    [linesIn("predicted"), linesIn("measured"), linesIn("predicted", "measured"), linesIn("theory", "measured")],
    [1, 1, 1, 1],
  );
  assert.is(linesIn("predicted", "published", "measured"), 2);
});

test("lanes draw each span in its lane, and say how many lanes they leave out", () => {
  const spans = Array.from({ length: 30 }, (_v, i) => ({ lane: `worker ${i}`, startMs: i, endMs: i + 2 }));
  const figure = lanes(spans, texts);
  assert.is(figure.rows.length, 24);
  assert.match(figure.caption, "Left out: 6 of 30 lanes");
  assert.equal(figure.rows[3], { lane: "worker 3", kind: "compute", startMs: 3, endMs: 5 });
});

test("spans that end before they start are refused by place", () => {
  refused(() => lanes([{ lane: "a", startMs: 2, endMs: 1 }], texts), /^lanes: \[0\]/);
});

test.run();
