import {
  claim,
  claims,
  claimsMime,
  dataset,
  datasets,
  jupyterDisplay,
  ParameterError,
  predict,
  progress,
  table,
  tableMime,
  UnknownDataset,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const text = (value: { [jupyterDisplay](): Record<string, unknown> }) => String(value[jupyterDisplay]()["text/plain"]);
const refused = (f: () => unknown, message: RegExp) =>
  assert.throws(f, (error: Error) => error instanceof ParameterError && message.test(error.message));

test("a table has units from its fields' names, one rounding for each column, and its rows as data", () => {
  const shown = table([
    { threads: 1, throughputPerS: 25, linkBytesPerS: 1e6, waitMs: 0.1234567 },
    { threads: 16, throughputPerS: 39.99991, linkBytesPerS: 2e6, waitMs: 1234.567 },
  ]);
  assert.is(
    text(shown),
    [
      "threads  throughput (1/s)  link (B/s)  wait (ms)",
      "      1                25     1000000     0.1235",
      "     16                40     2000000       1235",
    ].join("\n"),
  );
  assert.is((shown[jupyterDisplay]()[tableMime] as Record<string, number>[])[1]?.throughputPerS, 39.99991);
});

test("a table shows the columns asked for, in order, with their own labels and units", () => {
  const shown = table([{ a: 1, b: 2.5, c: "x" }], { columns: { c: { label: "name" }, b: { unit: "s" } }, title: "T" });
  assert.is(text(shown), "T\nname  b (s)\nx       2.5");
  assert.equal(shown[jupyterDisplay]()[tableMime], [{ c: "x", b: 2.5 }]);
});

test("a long table says how many rows it leaves out", () => {
  const rows = Array.from({ length: 12 }, (_v, n) => ({ n }));
  assert.match(text(table(rows, { limit: 10 })), "… and 2 more rows");
});

test("a claim's line says whether it holds, and what came", () => {
  assert.is(text(claim("a ≤ b", true)), "✓ a ≤ b");
  assert.is(text(claim("a ≤ b", false, "a was 3")), "✗ a ≤ b — a was 3");
});

test("claims keep their order, hold only all together, and carry their records", () => {
  const some = claims({ first: true, second: [false, "it was 2"] });
  assert.not.ok(some.hold);
  assert.ok(claims({ first: true }).hold);
  assert.equal(some[jupyterDisplay]()[claimsMime], [
    { name: "first", holds: true },
    { name: "second", holds: false, detail: "it was 2" },
  ]);
});

test("a claim whose condition is no boolean is refused, so that a forgotten await does not hold", () => {
  refused(
    () => claim("later", Promise.resolve(false) as never),
    /^claim: "later" must be true or false, got an object \(Promise\)/,
  );
  refused(() => claims({}), /at least one/);
});

test("without an answer a prediction says so, and the comparison still shows what came", () => {
  const none = predict("none", { question: "How long?", unit: "ms" }, undefined);
  assert.match(text(none), "Not answered yet");
  assert.is(none.value, undefined);
  assert.match(text(none.compare(12)), "What came: 12 ms");
});

test("a prediction stands beside the result, with how far it was off", () => {
  const at = (answer: number, actual: number) =>
    text(predict(`off ${answer} ${actual}`, { question: "How long?", unit: "ms" }, answer).compare(actual));
  assert.match(at(10, 10.1), "within 2 %");
  assert.match(at(50, 10), "5 times too high");
  assert.match(at(2, 10), "5 times too low");
  assert.match(at(8, 10), "20 % too low");
  assert.match(at(3, 0), "Difference: 3");
});

test("an answer changed after the result was shown is told as changed, with the first one", () => {
  const about = { question: "How long?", unit: "ms" };
  predict("peek", about, 5).compare(50);
  const again = predict("peek", about, 50);
  assert.match(text(again), "Changed after the result");
  assert.match(text(again.compare(50)), "Your first answer: 5 ms");
});

test("a prediction by choice refuses what is not among the choices", () => {
  const about = { question: "Who?", choices: { a: "the first", b: "the second" } };
  assert.match(text(predict("who", about, "a").compare("b")), "came otherwise");
  refused(() => predict("who", about, "c" as "a"), /^predict: answer must be one of "a", "b", got "c"/);
  refused(() => predict("number", { question: "?", unit: "ms" }, Number.NaN), /finite number of ms/);
});

const hookName = Symbol.for("handoff.jupyter");
async function withKernel(shownBefore: number, work: () => Promise<void> | void): Promise<string[]> {
  const calls: string[] = [];
  const kernel = globalThis as Record<symbol, unknown>;
  let sent = shownBefore;
  const send = (call: string) => {
    sent++;
    calls.push(call);
  };
  kernel[hookName] = {
    display: () => send("display"),
    update: (bundle: Record<string, string>) => send(`update ${bundle["text/plain"]}`),
    clear: (wait: boolean) => calls.push(`clear ${wait}`),
    shown: () => sent,
    onInterrupt: (callback: () => void) => {
      interrupt = callback;
      return () => calls.push("forget");
    },
  };
  try {
    await work();
  } finally {
    delete kernel[hookName];
  }
  return calls;
}
let interrupt: () => void = () => {};
const nap = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("work of less than a second shows no progress at all", async () => {
  const calls = await withKernel(0, () => {
    for (const _ of progress(3, "three").each([1, 2, 3]));
  });
  assert.equal(calls, ["forget"]);
});

test("longer work shows a bar with the time left, and clears it at the end", async () => {
  const calls = await withKernel(0, async () => {
    const bar = progress(4, "four");
    await nap(1050);
    bar.tick();
    await nap(250);
    bar.tick(2);
    bar.tick();
    bar.tick();
  });
  assert.is(calls[0], "display");
  assert.match(calls[1] ?? "", /^update four: 75 %, about \d+ ms left$/);
  assert.equal(calls.slice(2), ["forget", "clear false"]);
});

test("in a cell that showed something else, nothing is cleared away with the bar", async () => {
  const calls = await withKernel(1, async () => {
    const bar = progress(2, "two");
    await nap(1050);
    bar.tick();
    bar.done();
  });
  assert.equal(calls, ["display", "forget", "update "]);
});

test("Interrupt takes the bar away", async () => {
  const calls = await withKernel(0, async () => {
    const bar = progress(2, "two");
    await nap(1050);
    bar.tick();
    interrupt();
    bar.tick();
  });
  assert.equal(calls, ["display", "forget", "clear false"]);
});

test("an unknown dataset's error lists those that there are", () => {
  assert.throws(
    () => dataset("no such table"),
    (error: Error) => error instanceof UnknownDataset && datasets().every((name) => error.message.includes(name)),
  );
  refused(() => dataset(""), /^dataset: name/);
});

test("every dataset has a source and rows", () => {
  for (const name of datasets()) {
    const { source, rows } = dataset(name);
    assert.ok(source.length > 0 && rows.length > 0, name);
  }
});

test.run();
