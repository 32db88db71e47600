import { claimsMime, tableMime } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { brokenClaims, differences, shapeDifferences } from "../../scripts/notebooks/compare.js";
import type { Output } from "../../scripts/notebooks/format.js";

const shown = (data: Record<string, unknown>): Output[] => [{ output_type: "display_data", data, metadata: {} }];
const figure = (waitMs: unknown, text = "Waits", html = "<svg/>") =>
  shown({ "text/plain": text, "text/html": html, [tableMime]: [{ load: 0.5, waitMs }] });
const printed = (text: string): Output[] => [{ output_type: "stream", name: "stdout", text }];

test("numbers of a figure's data may differ by 1e-9 of their size, not by more", () => {
  assert.equal(differences(figure(1e6), figure(1e6 + 0.9e-3)), []);
  assert.is(differences(figure(1e6), figure(1e6 + 1.1e-3)).length, 1);
  assert.is(differences(figure(0), figure(1e-300)).length, 1);
  assert.equal(differences(figure(1), figure(1.05), 0.1), []);
});

test("a value of another type differs, however it prints", () => {
  assert.is(differences(figure(1), figure("1")).length, 1);
  assert.is(differences(figure(null), figure(0)).length, 1);
});

test("a figure's drawing is not compared, its words are", () => {
  assert.equal(differences(figure(1, "Waits", "<svg/>"), figure(1, "Waits", "<svg><path/></svg>")), []);
  assert.is(differences(figure(1, "Waits"), figure(1, "Delays")).length, 1);
});

test("a number in a figure's words may differ by one unit of its last shown digit, a whole number not at all", () => {
  assert.equal(differences(figure(1, "mean 2.718 ms"), figure(1, "mean 2.719 ms")), []);
  assert.is(differences(figure(1, "mean 2.718 ms"), figure(1, "mean 2.720 ms")).length, 1);
  assert.is(differences(figure(1, "3 clients"), figure(1, "4 clients")).length, 1);
  assert.is(differences(figure(1, "1 and 2"), figure(1, "1 and 2 and 3")).length, 1);
});

test("printed text is compared exactly, numbers too", () => {
  assert.equal(differences(printed("took 2.718 ms\n"), printed("took 2.718 ms\n")), []);
  assert.is(differences(printed("took 2.718 ms\n"), printed("took 2.719 ms\n")).length, 1);
  assert.is(differences(printed("a\n"), printed("a")).length, 1);
});

test("HTML without data is compared, its style aside", () => {
  const html = (text: string) => shown({ "text/html": text });
  assert.equal(differences(html("<style>a{}</style><b>x</b>"), html("<style>b{}</style><b>x</b>")), []);
  assert.is(differences(html("<b>x</b>"), html("<b>y</b>")).length, 1);
});

test("an output that lost one of its formats differs", () => {
  assert.is(
    differences(figure(1), shown({ "text/plain": "Waits", [tableMime]: [{ load: 0.5, waitMs: 1 }] })).length,
    1,
  );
});

test("live outputs may have other numbers, texts and more rows, not other columns, claims or kinds", () => {
  const live = (rows: object[], claim = "it is fast") => [
    ...printed(`${rows.length}`),
    ...shown({ "text/plain": `${rows.length}`, [tableMime]: rows, [claimsMime]: [{ name: claim, holds: true }] }),
  ];
  assert.equal(shapeDifferences(live([{ tookMs: 1 }]), live([{ tookMs: 2 }, { tookMs: 3 }])), []);
  assert.is(shapeDifferences(live([{ tookMs: 1 }]), live([{ lateMs: 1 }])).length, 1);
  assert.is(shapeDifferences(live([{ tookMs: 1 }]), live([{ tookMs: 1 }], "it is slow")).length, 1);
  assert.is(shapeDifferences(live([{ tookMs: 1 }]), live([{ tookMs: 1 }]).slice(0, 1)).length, 1);
});

test("a claim holds only if it says true", () => {
  const claim = (holds: unknown) => shown({ [claimsMime]: [{ name: "n", holds, detail: "d" }] });
  assert.equal(brokenClaims(claim(true)), []);
  for (const holds of [false, "true", 1, undefined])
    assert.equal(brokenClaims(claim(holds)), ["the claim does not hold: n (d)"]);
});

test.run();
