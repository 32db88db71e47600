import { suite } from "uvu";
import * as assert from "uvu/assert";
import { kernelOf, resultOf } from "./support.js";

const test = suite("kernel: completion and inspection");
const kernel = kernelOf(test);

test.before(async () => {
  await kernel().execute('import * as lib from "kernel-lib";\nimport { ParameterError } from "kernel-lib";');
});

interface Shown {
  readonly "text/plain": string;
  readonly "text/markdown": string;
}

async function inspect(code: string, cursor_pos = code.length): Promise<Shown> {
  const reply = await kernel().request("shell", "inspect_request", { code, cursor_pos, detail_level: 0 });
  assert.is(reply.status, "ok");
  return reply.data as Shown;
}

test("the names that kernel-lib exports complete", async () => {
  const code = "lib.Param";
  const reply = await kernel().request("shell", "complete_request", { code, cursor_pos: code.length });
  assert.ok((reply.matches as string[]).includes("ParameterError"), JSON.stringify(reply.matches));
  assert.equal([reply.cursor_start, reply.cursor_end], [4, 9]);
});

test("inspecting a name of kernel-lib shows its doc comment", async () => {
  for (const code of ["ParameterError", "lib.ParameterError"]) {
    const data = await inspect(code);
    assert.match(data["text/plain"], "The message names the function, the field, what is wanted");
    assert.match(data["text/markdown"], "The message names the function, the field, what is wanted");
  }
});

test("inspecting a name imported in the same cell shows its doc comment", async () => {
  const code = 'import { ModelError } from "kernel-lib";\nModelError';
  assert.match((await inspect(code))["text/plain"], "An invariant of the library is broken");
});

test("inspecting the reader's own function shows its type and comment", async () => {
  const code = "/** Doubles a number. */\nfunction double(x: number) { return 2 * x; }\ndouble";
  const { "text/plain": text } = await inspect(code);
  assert.match(text, "function double(x: number): number");
  assert.match(text, "Doubles a number.");
});

test("nothing is found where there is no name", async () => {
  const reply = await kernel().request("shell", "inspect_request", { code: "1 +  2", cursor_pos: 4, detail_level: 0 });
  assert.equal([reply.status, reply.found], ["ok", false]);
});

test("positions count code points, as Jupyter does", async () => {
  const code = 'const rocket = "🚀🚀"; Math.ab';
  const length = [...code].length;
  const reply = await kernel().request("shell", "complete_request", { code, cursor_pos: length });
  assert.ok((reply.matches as string[]).includes("abs"));
  assert.equal([reply.cursor_start, reply.cursor_end], [length - 2, length]);
});

test("names of earlier cells complete", async () => {
  await kernel().execute("const latenciesMs = [1, 2, 3];");
  const code = "latenciesMs.toStr";
  const reply = await kernel().request("shell", "complete_request", { code, cursor_pos: code.length });
  assert.ok((reply.matches as string[]).includes("toString"));
  assert.is(resultOf(await kernel().execute("latenciesMs.length")), "3");
});

test("a variable of an earlier cell can be a shorthand property", async () => {
  await kernel().execute("const host = 'a', port = 7, only = 1;");
  assert.is(
    resultOf(await kernel().execute("const at = { host, port, only: 2 }; JSON.stringify([at, { at }])")),
    `'[{"host":"a","port":7,"only":2},{"at":{"host":"a","port":7,"only":2}}]'`,
  );
});

test("a variable of an earlier cell can be taken apart", async () => {
  await kernel().execute("const rows = [{ load: 0.5, times: [1, 2] }]; let x = 0;");
  const code =
    "const { load: least, times: [first] } = rows[0]!; ({ load: x } = rows[0]!); JSON.stringify([least, first, x])";
  assert.is(resultOf(await kernel().execute(code)), "'[0.5,1,0.5]'");
});

test.run();
