import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { IopubMessage } from "../../jupyter/client/client.js";
import { type ErrorOutput, eventually, kernelOf, resultOf, textOf } from "./support.js";

const test = suite("kernel: outputs");
const kernel = kernelOf(test);

const hook = 'const jupyter = (globalThis as any)[Symbol.for("handoff.jupyter")];';

test("50,000 lines printed in one turn all arrive, in order, before the cell is idle", async () => {
  const execution = await kernel().execute("for (let i = 0; i < 50_000; i++) console.log(i);");
  assert.is(execution.status, "ok");
  const lines = textOf(execution).split("\n");
  assert.is(lines.length, 50_001);
  assert.is(lines.pop(), "");
  assert.ok(lines.every((line, i) => line === String(i)));
});

test("a line of 5 MB arrives whole", async () => {
  const execution = await kernel().execute('console.log("é".repeat(2_500_000));');
  assert.is(textOf(execution), `${"é".repeat(2_500_000)}\n`);
});

test("a cell that prints without end is cut: it says what is left out, and the last lines follow", async () => {
  const count = 300_000;
  const { status, outputs } = await kernel().execute(
    `for (let i = 0; i < ${count}; i++) console.log("line " + i); console.error("the last");`,
  );
  assert.is(status, "ok");
  const [head, notice, tail, last, ...more] = outputs;
  assert.equal(more, []);
  assert.equal(last, { output_type: "stream", name: "stderr", text: "the last\n" });
  if (head?.output_type !== "stream" || notice?.output_type !== "display_data" || tail?.output_type !== "stream")
    throw new Error(JSON.stringify(outputs.map(({ output_type }) => output_type)));
  const [first, end] = [head, tail].map(({ text }) => text.split("\n").slice(0, -1)) as [string[], string[]];
  assert.ok(first.length > 50_000 && first.length < 100_000 && end.length > 500, `${first.length} and ${end.length}`);
  assert.ok(first.every((line, i) => line === `line ${i}`));
  assert.ok(end.every((line, i) => line === `line ${count - end.length + i}`));
  const characters = Array.from({ length: count }, (_, i) => `line ${i}\n`.length).reduce((sum, n) => sum + n, 0);
  const leftOut = [count - first.length - end.length, characters - head.text.length - tail.text.length];
  const [lines, rest] = leftOut.map((n) => n.toLocaleString("en-US"));
  assert.match(String(notice.data["text/plain"]), `[${lines} lines, ${rest} characters, left out: `);
});

test("however often a cell changes between its streams, its outputs stay few, and its figure comes", async () => {
  const { outputs } = await kernel().execute(
    `for (let i = 0; i < 20_000; i++) { console.log(i); console.error(i); } ${hook} jupyter.display({ "text/plain": "figure" });`,
  );
  assert.ok(outputs.length < 3000, `${outputs.length} outputs`);
  assert.equal(outputs.at(-1), { output_type: "display_data", data: { "text/plain": "figure" }, metadata: {} });
});

test("a cell that clears what it has shown may print for ever", async () => {
  const { outputs } = await kernel().execute(
    `${hook} for (let i = 0; i < 30; i++) { console.log("x".repeat(400_000)); jupyter.clear(); } console.log("end");`,
  );
  assert.equal(outputs, [{ output_type: "stream", name: "stdout", text: "end\n" }]);
});

test("a character whose halves are printed one after the other is whole", async () => {
  const execution = await kernel().execute(
    'process.stdout.write("\\ud83d"); await new Promise((resolve) => setTimeout(resolve, 100)); process.stdout.write("\\ude00\\n");',
  );
  assert.is(textOf(execution), "😀\n");
});

test("half a character is shown as U+FFFD in a stream, an error, a bundle and its metadata; letters that look like one stay", async () => {
  const half = '"😀".slice(0, 1)';
  const { outputs } = await kernel().execute(`${hook} console.log(${half} + "a"); console.log("\\\\ud83d");
jupyter.display({ "text/html": "<b>" + ${half} + "</b>", "application/json": { [${half}]: [${half}] } }, { [${half}]: ${half} });
throw Object.assign(new Error(${half}), { name: ${half} });`);
  const bundle = { "text/html": "<b>\ufffd</b>", "application/json": { "\ufffd": ["\ufffd"] } };
  assert.equal(outputs.slice(0, 2), [
    { output_type: "stream", name: "stdout", text: "\ufffda\n\\ud83d\n" },
    { output_type: "display_data", data: bundle, metadata: { "\ufffd": "\ufffd" } },
  ]);
  const error = outputs[2] as ErrorOutput;
  assert.equal([error.ename, error.evalue, error.traceback[0]], ["\ufffd", "\ufffd", "\ufffd: \ufffd"]);
});

test("a bundle's values are what a notebook may keep: text, but for types that are JSON", async () => {
  const { outputs } = await kernel().execute(
    `${hook} jupyter.display({ "text/plain": 5, "text/html": undefined, "application/json": 5, "image/svg+xml": ["<svg/>"] });`,
  );
  const data = { "text/plain": "5", "application/json": 5, "image/svg+xml": ["<svg/>"] };
  assert.equal(outputs, [{ output_type: "display_data", data, metadata: {} }]);
});

test("200 cells that were sent at once run one after another, each with its own output and number", async () => {
  await kernel().execute("let total = 0;");
  const cells = Array.from({ length: 200 }, (_, i) => kernel().execute(`total += 1; console.log("cell ${i}"); total`));
  const executions = await Promise.all(cells);
  const [first] = executions;
  executions.forEach((execution, i) => {
    assert.is(execution.status, "ok");
    assert.is(textOf(execution), `cell ${i}\n`);
    assert.is(resultOf(execution), String(i + 1));
    assert.is(execution.executionCount, (first?.executionCount ?? 0) + i);
  });
});

test("what a cell prints is seen while it is still busy", async () => {
  let seenAt = 0;
  await kernel().execute('console.log("now"); for (const end = Date.now() + 1500; Date.now() < end; );', {
    onMessage: ({ header }) => {
      if (header.msg_type === "stream") seenAt = performance.now();
    },
  });
  assert.ok(performance.now() - seenAt > 1000, `seen ${performance.now() - seenAt} ms before the end`);
});

test("standard output and error keep their order and are told apart", async () => {
  const { outputs } = await kernel().execute('console.log("a"); console.error("b"); console.log("c");');
  assert.equal(outputs, [
    { output_type: "stream", name: "stdout", text: "a\n" },
    { output_type: "stream", name: "stderr", text: "b\n" },
    { output_type: "stream", name: "stdout", text: "c\n" },
  ]);
});

test("what a child process writes to the inherited output is shown in the cell", async () => {
  const execution = await kernel().execute(
    'import { spawnSync as run } from "node:child_process";\nrun("echo", ["from the child"], { stdio: "inherit" }).status',
  );
  assert.is(textOf(execution), "from the child\n");
  assert.is(resultOf(execution), "0");
});

test("a last value is the cell's result; undefined and null are none", async () => {
  assert.is(resultOf(await kernel().execute("({ a: [1, 2], b: 'x' })")), "{ a: [ 1, 2 ], b: 'x' }");
  assert.equal((await kernel().execute("undefined")).outputs, []);
  assert.equal((await kernel().execute("null")).outputs, []);
  assert.equal((await kernel().execute("const noValue = 1;")).outputs, []);
});

test("a last value with Jupyter.display is shown as its MIME bundle, given at once or as a promise", async () => {
  const now = await kernel().execute(
    '({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>1</b>", "text/plain": "1" }) })',
  );
  const later = await kernel().execute(
    '({ async [Symbol.for("Jupyter.display")]() { return { "image/png": new Uint8Array([1, 2, 3]) }; } })',
  );
  assert.equal(now.outputs, [
    {
      output_type: "execute_result",
      data: { "text/html": "<b>1</b>", "text/plain": "1" },
      metadata: {},
      execution_count: now.executionCount,
    },
  ]);
  assert.equal(later.outputs[0]?.output_type === "execute_result" && later.outputs[0].data, { "image/png": "AQID" });
});

test("the hook shows a bundle, and rewrites it in place", async () => {
  const { outputs } = await kernel().execute(`${hook}
jupyter.display({ "text/plain": "0 %" }, { isolated: true }, "progress");
console.log("between");
jupyter.update({ "text/plain": "100 %" }, "progress");`);
  assert.equal(outputs, [
    { output_type: "display_data", data: { "text/plain": "100 %" }, metadata: {} },
    { output_type: "stream", name: "stdout", text: "between\n" },
  ]);
});

test("the hook clears what the cell has shown, at once or with the next output", async () => {
  const { outputs } = await kernel().execute(`${hook}
console.log("gone"); jupyter.clear(); console.log("gone too"); jupyter.clear(true); console.log("kept");`);
  assert.equal(outputs, [{ output_type: "stream", name: "stdout", text: "kept\n" }]);
});

test("the hook counts what the cell has shown since it was cleared", async () => {
  const execution = await kernel().execute(
    `${hook} const counts = [jupyter.shown()]; console.log("x"); jupyter.display({}); counts.push(jupyter.shown());
jupyter.clear(); counts.push(jupyter.shown()); counts`,
  );
  assert.is(resultOf(execution), "[ 0, 2, 0 ]");
});

const svgTypes = ["text/plain", "text/html", "image/svg+xml"];
const fragment = `const all = (drawn as any).ownerDocument.createDocumentFragment();
all.append("a < b", (drawn as any).ownerDocument.createElement("hr")); all`;
for (const [what, code, drawn, types] of [
  ["a plot", "Plot.plot({ marks: [Plot.dotX([1, 4, 9])] })", "<circle ", svgTypes],
  ["a mark's plot", "Plot.lineY([1, 4, 9]).plot()", "<path ", svgTypes],
  [
    "a raster",
    "Plot.raster({ fill: (x: number) => x, x1: 0, y1: 0, x2: 1, y2: 1 }).plot()",
    "data:image/png;base64,",
    svgTypes,
  ],
  [
    "a legend of numbers",
    'Plot.legend({ color: { type: "linear", domain: [0, 1] } })',
    "data:image/png;base64,",
    svgTypes,
  ],
  ["a plot with a title", 'Plot.plot({ title: "Squares" })', "<h2>Squares</h2>", ["text/plain", "text/html"]],
  ["a plot of an imported library", '(await import("@observablehq/plot")).dotX([1]).plot()', "<circle ", svgTypes],
  ["a fragment of a document", fragment, "a &#60; b<hr>", ["text/plain", "text/html"]],
] as const)
  test(`${what} is shown when it is a cell's last value`, async () => {
    await kernel().execute('import * as Plot from "@observablehq/plot"; const drawn = Plot.plot();');
    const { outputs } = await kernel().execute(code);
    const [output] = outputs;
    if (output?.output_type !== "execute_result") throw new Error(JSON.stringify(outputs));
    assert.equal(Object.keys(output.data), types);
    assert.ok(String(output.data["text/html"]).includes(drawn), String(output.data["text/html"]));
  });

test("a plot tells its scales, and nobody else finds a document", async () => {
  const execution = await kernel().execute(
    '[Plot.plot({ x: { domain: [1, 5] } }).scale("x")?.domain, typeof document, typeof window]'.replace(
      /typeof (\w+)/g,
      "typeof (globalThis as any).$1",
    ),
  );
  assert.is(resultOf(execution), "[ [ 1, 5 ], 'undefined', 'undefined' ]");
});

test("the hook calls back when the cell ends, whose output it still is; an error there is shown, and no cell is without its reply", async () => {
  const ended = await kernel().execute(`${hook}
jupyter.onCellEnd(() => { throw new TypeError("a callback's own fault"); });
jupyter.onCellEnd(() => console.log("at the end")); console.log("first"); "value"`);
  const kinds = ended.outputs.map((output) => (output.output_type === "stream" ? output.text : output.output_type));
  assert.equal(kinds, ["first\n", "execute_result", "error", "at the end\n"]);
  const failed = await kernel().execute(
    `${hook} jupyter.onCellEnd(() => console.log("before the error")); throw new Error("x")`,
  );
  assert.equal(
    failed.outputs.map((output) => output.output_type),
    ["stream", "error"],
  );
  assert.equal((await kernel().execute("0")).outputs.length, 1);
});

const failing = `import { type Host, on, scenario, simulate } from "kernel-lib";
const server = async (host: Host) => { await host.sleep(1); throw new RangeError("too small"); };
const plan = scenario({ hosts: { server: {} }, programs: { server: on("server", server) } });`;

test("a cell that makes a run and looks at none of its outcomes is told who threw, at its end and once", async () => {
  const told = await kernel().execute(`${failing} let run = await simulate(plan); run.rows.length`);
  assert.equal(told.outputs[1], {
    output_type: "stream",
    name: "stderr",
    text:
      "simulate: programs threw, and nobody has looked at their outcomes (run.outcomes):\n" +
      "  server (pid 1 on server) threw at t=1.000 ms: RangeError: too small\n",
  });
  assert.equal((await kernel().execute("run.rows.length")).outputs.length, 1);
  const looked = await kernel().execute("run = await simulate(plan); run.outcomes.server.how");
  assert.is(resultOf(looked), "'threw'");
  assert.equal(looked.outputs.length, 1);
});

test("tslab's own display API works", async () => {
  const { outputs } = await kernel().execute('import { display } from "tslab";\ndisplay.html("<i>x</i>");');
  assert.equal(outputs, [{ output_type: "display_data", data: { "text/html": "<i>x</i>" }, metadata: {} }]);
});

test("a timer's output goes to its reader after the cell has ended", async () => {
  const late: IopubMessage[] = [];
  const off = kernel().onIopub((message) => {
    if (message.header.msg_type === "stream" && message.content.text === "late\n") late.push(message);
  });
  await kernel().execute('setTimeout(() => console.log("late"), 200); 0');
  assert.is(late.length, 0);
  assert.ok(await eventually(() => late.length === 1));
  off();
});

test("packages that are ES modules load without a warning", async () => {
  const execution = await kernel().execute('import * as d3 from "d3-random";\ntypeof d3.randomUniform');
  assert.equal(execution.outputs.length, 1);
  assert.is(resultOf(execution), "'function'");
});

test("the hook's names are the kernel's only globals beside tslab's", async () => {
  const execution = await kernel().execute(
    '[Object.keys(globalThis).filter((name) => /tslab|handoff|jupyter/i.test(name)), Object.keys(process.env).includes("JPY_PARENT_PID")]',
  );
  assert.match(String(resultOf(execution)), /^\[ \[ '__tslab__' \], true \]$/);
});

test.run();
