import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Output } from "../../jupyter/client/client.js";
import { jupyterEnvironment, python } from "../../scripts/setup/paths.mjs";
import { LabServer } from "./lab-server.js";
import { errorsOf, resultOf, textOf } from "./support.js";

const test = suite("kernel: through JupyterLab's server and its websocket");
let lab: LabServer;
test.before(async () => {
  lab = await LabServer.start("lab-server");
});
test.after(async () => {
  await lab?.stop();
  assert.not.ok(existsSync(lab.folder));
});

const afterAll = `
import { check, exercise, figure, show } from "kernel-lib";
figure({ title: "T", alt: "A", plot: { marks: [] }, data: [{ a: 1 }] }).show();
show(await check(exercise({ name: "sum", statement: "What is 1 + 1?", unit: "", value: 2 }), 2));
throw new Error("the end");`;

const kinds = (outputs: readonly Output[]) =>
  outputs.map((output) => ("data" in output ? Object.keys(output.data).at(-1) : output.output_type));

for (const [what, code] of [
  ["60,000 lines", 'for (let i = 0; i < 60_000; i++) console.log("line " + i);'],
  ["a line of 5 MB", 'console.log("x".repeat(5_000_000));'],
  ["both", 'for (let i = 0; i < 60_000; i++) console.log("line " + i); console.log("x".repeat(5_000_000));'],
  ["20,000 changes between two streams", "for (let i = 0; i < 10_000; i++) { console.log(i); console.error(i); }"],
] as const) {
  test(`behind ${what} a figure, a check's record and an error arrive`, async () => {
    const execution = await lab.execute(code + afterAll);
    assert.equal(kinds(execution.outputs).slice(-3), [
      "application/vnd.handoff.table+json",
      "application/vnd.handoff.check+json",
      "error",
    ]);
    assert.is(errorsOf(execution)[0]?.evalue, "the end");
    // JupyterLab's server would say on its own that it has dropped messages.
    assert.not.match(textOf(execution, "stderr"), "IOPub");
  });
}

test("60,000 lines all arrive, in order", async () => {
  const execution = await lab.execute('for (let i = 0; i < 60_000; i++) console.log("line " + i);');
  const lines = textOf(execution).split("\n");
  assert.is(lines.length, 60_001);
  assert.ok(lines.slice(0, -1).every((line, i) => line === `line ${i}`));
});

test("figures are not text: 200 of 200 kB in one cell all arrive", async () => {
  const { outputs } = await lab.execute(`const show = (globalThis as any)[Symbol.for("handoff.jupyter")].display;
for (let i = 0; i < 200; i++) show({ "text/html": i + "<i>" + "x".repeat(200_000) + "</i>" });`);
  const numbers = outputs.map((output) =>
    "data" in output ? Number.parseInt(String(output.data["text/html"]), 10) : -1,
  );
  assert.equal(numbers, [...Array(200).keys()]);
});

test("a notebook with half a character in every kind of output is saved, opened, and written by nbformat", async () => {
  const half = '"😀".slice(0, 1)';
  const code = `import { table } from "kernel-lib";
console.log(${half}); console.error(${half});
table([{ [${half}]: ${half} }], { title: ${half} }).show();
(globalThis as any)[Symbol.for("handoff.jupyter")].display({ "text/plain": "" }, { [${half}]: ${half} });
class Half extends Error { override name = ${half}; }
throw new Half(${half});`;
  const { outputs } = await lab.execute(code);
  assert.is(outputs.length, 5);
  const cell = { cell_type: "code", id: "a", metadata: {}, source: code, outputs, execution_count: 1 };
  const content = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] };
  const saved = (await lab.rest("PUT", "api/contents/half.ipynb", { type: "notebook", content })) as {
    message?: string;
  };
  assert.is(saved.message ?? null, null);
  const opened = (await lab.rest("GET", "api/contents/half.ipynb")) as { content: { cells: [typeof cell] } };
  assert.equal(opened.content.cells[0].outputs, outputs);
  const file = path.join(lab.folder, "half.ipynb");
  const write =
    "import nbformat, sys; n = nbformat.read(sys.argv[1], 4); nbformat.validate(n); nbformat.write(n, sys.argv[1])";
  execFileSync(python, ["-c", write, file], { env: jupyterEnvironment() });
  assert.equal(JSON.parse(readFileSync(file, "utf8")).cells[0].metadata, {});
});

test("a cell's questions are answered in JupyterLab: by prompt, by readline, in order", async () => {
  const code = `import { createInterface } from "node:readline/promises";
const first = prompt("First?");
const second = await createInterface({ input: process.stdin, output: process.stdout }).question("Second? ");
first + second`;
  const prompts: string[] = [];
  const ran = await lab.execute(code, 60, (prompt) => {
    prompts.push(prompt);
    return `ç${prompts.length}`;
  });
  assert.equal([resultOf(ran), prompts], ["'ç1ç2'", ["First? ", "Second? "]]);
});

test.run();
