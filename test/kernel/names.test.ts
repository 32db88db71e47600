import { suite } from "uvu";
import * as assert from "uvu/assert";
import { errorsOf, kernelOf, resultOf } from "./support.js";

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

test("behind a parenthesis or a comma, what is called is shown", async () => {
  await kernel().execute("/** Adds two. */\nconst addTwo = (x: number, more = 0) => x + 2 + more;");
  const shown = async (code: string) => (await inspect(code.replace("|", ""), code.indexOf("|")))?.["text/plain"] ?? "";
  for (const code of [
    "addTwo(|",
    "addTwo(|)",
    "addTwo( | )",
    "addTwo(1, |",
    "addTwo(1|)",
    "const y = [addTwo(|",
    "addTwo(Math.max(1), |)",
  ])
    assert.match(await shown(code), "Adds two.", code);
  for (const code of ["addTwo(Math.max(|", "Math.max(addTwo(1), |)", "Math.max(1,\n  2,\n|\n)"])
    assert.match(await shown(code), "Returns the larger of a set", code);
  assert.match(await shown("new lib.ParameterError(|)"), /^constructor .*ParameterError\(/);
});

test("behind a call, and in a function that is an argument, it is not shown", async () => {
  for (const code of ["Math.max(1)|", "Math.max(1); |", "[1].map(() => { | })", "|  (1)"]) {
    const content = { code: code.replace("|", ""), cursor_pos: code.indexOf("|"), detail_level: 0 };
    const reply = await kernel().request("shell", "inspect_request", content);
    assert.equal([reply.status, reply.found], ["ok", false], code);
  }
});

test("names of modules complete: what the workbook brings, Node's, and files beside the notebook", async () => {
  const complete = async (code: string) => {
    const reply = await kernel().request("shell", "complete_request", {
      code: code.replace("|", ""),
      cursor_pos: code.indexOf("|"),
    });
    return [reply.matches, reply.cursor_start, reply.cursor_end] as const;
  };
  assert.equal(await complete('import { chain } from "lod|"'), [["lodash"], 23, 26]);
  assert.equal(await complete('import { chain } from "lod|'), [["lodash"], 23, 26]);
  assert.equal(await complete("export * from 'kernel|'"), [["kernel-lib"], 15, 21]);
  assert.equal(await complete('await import("node:child_pro|")'), [["node:child_process"], 14, 28]);
  assert.equal(await complete('const fs = require("@observ|xx")'), [["@observablehq/plot"], 20, 29]);
  // This suite's kernel works in the checkout.
  assert.equal(await complete('import { startKernel } from "./jupyter/client/cl|"'), [
    ["./jupyter/client/client"],
    29,
    48,
  ]);
  assert.ok(((await complete('import x from "./|"'))[0] as string[]).includes("./kernel-lib/"));
  assert.not.ok(((await complete('console.log("lod|")'))[0] as string[]).includes("lodash"));
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

test("arrays have what they have since ES2023, with its types", async () => {
  const code = `const sorted = [3, 1, 2].toSorted((a, b) => a - b);
const typed = new Float64Array([2, 1]).toSorted().with(0, 9);
[sorted, sorted.toReversed(), sorted.toSpliced(0, 1), sorted.with(-1, 7), [...typed]].map((each) => each.join("")).join()`;
  assert.is(resultOf(await kernel().execute(code)), "'123,321,23,127,92'");
  const [error] = errorsOf(await kernel().execute("const word: string = sorted.with(0, 1);"));
  assert.match(error?.evalue ?? "", "'number[]' is not assignable to type 'string'");
});

/** What is 2 where it is there. */
const later: Readonly<Record<string, string>> = {
  "Object.groupBy": 'Object.groupBy([1, 2, 3], (n) => (n % 2 ? "odd" : "even")).odd?.length',
  "Map.groupBy": "Map.groupBy([1, 2, 3], (n) => n % 2).get(1)?.length",
  "Promise.withResolvers":
    "(() => { const { promise, resolve } = Promise.withResolvers<number>(); resolve(2); return promise; })()",
  "Set.prototype.union": "new Set([1]).union(new Set([2])).size",
  "Array.fromAsync": "(await Array.fromAsync([1, 2])).length",
};

test("what Node has of later editions is known to the compiler, and what it lacks is told before it runs", async () => {
  for (const [name, code] of Object.entries(later)) {
    const ran = await kernel().execute(`await (${code})`);
    const [, owner, method] = /^(.*)\.(\w+)$/.exec(name) ?? [];
    const isThere = resultOf(await kernel().execute(`typeof (${owner} as any).${method}`));
    if (isThere === "'function'") assert.is(resultOf(ran), "2", name);
    else assert.is(errorsOf(ran)[0]?.ename, "TypeScriptError", name);
  }
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
