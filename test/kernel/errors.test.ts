import { inspect } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Execution, startKernel } from "../../jupyter/client/client.js";
import { type ErrorOutput, errorsOf, eventually, kernelOf, resultOf, root, textOf } from "./support.js";

const test = suite("kernel: errors");
const kernel = kernelOf(test);

/** The one error of a cell that failed, checked against what its reply says. */
function errorOf(execution: Execution): ErrorOutput {
  assert.is(execution.status, "error");
  const errors = errorsOf(execution);
  assert.is(errors.length, 1, JSON.stringify(execution.outputs));
  const [error] = errors as [ErrorOutput];
  assert.is(execution.reply.ename, error.ename);
  assert.is(execution.reply.evalue, error.evalue);
  return error;
}

/** Line and column pairs that a trace names. */
function places(error: ErrorOutput): string[] {
  return [...error.traceback.join("\n").matchAll(/line (\d+), column (\d+)/g)].map(
    (match) => `${match[1]}:${match[2]}`,
  );
}

test("a thrown error has its name, its message and the reader's own lines", async () => {
  const execution = await kernel().execute(`interface Unused { readonly erased: true }

function outer(depth: number): number {
  if (depth === 0) throw new RangeError("too deep");
  return outer(depth - 1);
}
// a comment
outer(1);`);
  const error = errorOf(execution);
  assert.is(error.ename, "RangeError");
  assert.is(error.evalue, "too deep");
  assert.is(error.traceback[0], "RangeError: too deep");
  assert.equal(places(error), ["4:26", "5:10", "8:1"]);
  assert.is(textOf(execution, "stderr"), "");
});

test("a trace through packages names no path and no line but the reader's", async () => {
  const code = 'import _ from "lodash";\n_.map([1], () => {\n  throw new Error(process.cwd() + "/file.ts");\n});';
  const error = errorOf(await kernel().execute(code));
  assert.not.match(JSON.stringify(error), root);
  assert.not.match(JSON.stringify(error), "node_modules");
  assert.is(error.evalue, "file.ts");
  assert.equal(places(error), ["3:9", "2:3"]);
});

test("a trace names the cell in which a function was written", async () => {
  const { executionCount } = await kernel().execute("function fromBefore(): never {\n  throw new Error('x');\n}");
  const execution = await kernel().execute("\n\nfromBefore();");
  const trace = errorOf(execution).traceback.join("\n");
  assert.match(trace, `fromBefore (cell [${executionCount}], line 2, column 9)`);
  assert.match(trace, `cell [${execution.executionCount}], line 3, column 1`);
});

test("a rejected promise that the cell awaits is its error", async () => {
  const error = errorOf(
    await kernel().execute(
      "const wait = async () => {\n  await null;\n  throw new TypeError('no');\n};\nawait wait();",
    ),
  );
  assert.is(error.ename, "TypeError");
  assert.is(error.evalue, "no");
  assert.ok(places(error).includes("3:9"), error.traceback.join("\n"));
});

test("an error's cause and the errors of an AggregateError are told", async () => {
  const error = errorOf(
    await kernel().execute('throw new AggregateError([new Error("one")], "all", { cause: new Error("root of it") });'),
  );
  assert.is(error.ename, "AggregateError");
  assert.match(error.traceback.join("\n"), "Caused by: Error: root of it");
  assert.match(error.traceback.join("\n"), "One of them: Error: one");
});

test("a throw of something that is no Error says what it was", async () => {
  const text = errorOf(await kernel().execute('throw "a word";'));
  assert.equal([text.ename, text.evalue], ["Thrown string", "'a word'"]);
  const object = errorOf(await kernel().execute("throw { code: 7 };"));
  assert.equal([object.ename, object.evalue], ["Thrown object", "{ code: 7 }"]);
  const nothing = errorOf(await kernel().execute("throw undefined;"));
  assert.equal([nothing.ename, nothing.evalue], ["Thrown undefined", "undefined"]);
});

test("a type error names line and column in the cell, and the cell does not run", async () => {
  const execution = await kernel().execute('console.log("ran");\nconst count: number = "three";');
  const error = errorOf(execution);
  assert.is(error.ename, "TypeScriptError");
  assert.is(error.evalue, "2:7 - Type 'string' is not assignable to type 'number'.");
  assert.match(error.traceback.join("\n"), "line 2, column 7");
  assert.is(textOf(execution), "");
});

test("a type error in the first line of a cell that awaits keeps its column", async () => {
  const error = errorOf(await kernel().execute('const wrong: number = "x"; await (null);'));
  assert.equal(places(error), ["1:7"]);
  const thrown = errorOf(await kernel().execute('await (null); throw new Error("here");'));
  assert.equal(places(thrown), ["1:21"]);
});

test("types are strict", async () => {
  const implicit = errorOf(await kernel().execute("function f(x) { return x; }"));
  assert.match(implicit.evalue, "implicitly has an 'any' type");
  const nullable = errorOf(await kernel().execute("const found: number = [1].find((x) => x > 1);"));
  assert.match(nullable.evalue, "undefined");
});

test("only Node's types are global: no document, but Buffer", async () => {
  assert.match(errorOf(await kernel().execute("document.title")).evalue, "Cannot find name 'document'");
  assert.is(resultOf(await kernel().execute('Buffer.from("ab").toString("hex")')), "'6162'");
});

test("a syntax error is a TypeScriptError with its place", async () => {
  const error = errorOf(await kernel().execute("const x = ;\n"));
  assert.is(error.ename, "TypeScriptError");
  assert.equal(places(error)[0], "1:11");
});

test("an error that the reader prints or returns has the reader's own lines only", async () => {
  const { executionCount, outputs } = await kernel().execute(
    '// one\nfunction f() { return new Error("seen"); }\nconsole.log(f()); f().stack',
  );
  const trace = (column: number) =>
    `Error: seen\n    at f (cell [${executionCount}], line 2, column 23)\n    at cell [${executionCount}], line 3, column ${column}`;
  assert.is(outputs[0]?.output_type === "stream" && outputs[0].text, `${trace(13)}\n`);
  assert.is(outputs[1]?.output_type === "execute_result" && outputs[1].data["text/plain"], inspect(trace(19)));
});

test("a trace reaches the reader's line from deep inside a package", async () => {
  const error = errorOf(
    await kernel().execute(
      'import lodash from "lodash"; const nested = JSON.parse("[".repeat(10) + "]".repeat(10));\nlodash.cloneDeepWith(nested, (value) => {\n  if (value.length === 0) throw new Error("deep");\n});',
    ),
  );
  assert.equal([places(error)[0], places(error).at(-1)], ["3:33", "2:8"]);
});

test("a missing package is named without the kernel's own paths", async () => {
  const error = errorOf(await kernel().execute("require('no-such-package');"));
  assert.is(error.evalue, "Cannot find module 'no-such-package'");
});

for (const [form, code, result] of [
  ["await (…)", "await (Promise.resolve(5))", "5"],
  ["await […]", "await [1, 2]", "[ 1, 2 ]"],
  ["await x", "const x1 = await Promise.resolve(6); x1", "6"],
  ["await in an expression", "1 + (await (Promise.resolve(7)))", "8"],
  ["await in an array", "[await (Promise.resolve(8))]", "[ 8 ]"],
] as const) {
  test(`${form} is the only await of a cell`, async () => {
    assert.is(resultOf(await kernel().execute(code)), result);
  });
}

test("for await is the only await of a cell", async () => {
  const execution = await kernel().execute("for await (const item of [1, Promise.resolve(2)]) console.log(item);");
  assert.is(textOf(execution), "1\n2\n");
  assert.is(execution.status, "ok");
});

test("an await inside a function that is not async is still refused", async () => {
  assert.match(errorOf(await kernel().execute("function f() { await null; }")).evalue, "await");
});

test("a rejection that nobody handles reaches the cell that caused it and fails it", async () => {
  const error = errorOf(await kernel().execute('const later = 1;\nPromise.reject(new Error("lost"));'));
  assert.is(error.evalue, "lost");
  assert.equal(places(error), ["2:16"]);
});

test("a rejection that comes later is shown in its own cell, not in the one that runs by then", async () => {
  const seen: [unknown, unknown][] = [];
  const off = kernel().onIopub(({ header, content, parent }) => {
    if (header.msg_type === "error") seen.push([content.evalue, parent.msg_id]);
  });
  let mine: unknown;
  await kernel().execute('setTimeout(() => Promise.reject(new Error("late")), 300); 0', {
    onMessage: ({ parent }) => {
      mine = parent.msg_id;
    },
  });
  const next = await kernel().execute("await new Promise((resolve) => setTimeout(resolve, 600));");
  assert.is(next.status, "ok");
  assert.ok(await eventually(() => seen.length > 0));
  assert.equal(seen, [["late", mine]]);
  off();
});

test("an exception in a timer is shown, and the kernel lives on", async () => {
  const execution = await kernel().execute(
    'setTimeout(() => { throw new Error("in a timer"); }, 10); await new Promise((resolve) => setTimeout(resolve, 200));',
  );
  assert.is(errorOf(execution).evalue, "in a timer");
  assert.is(resultOf(await kernel().execute("1 + 1")), "2");
});

test("after an error the waiting cells are aborted and a later one runs", async () => {
  const [failed, second, third] = await Promise.all([
    kernel().execute('await new Promise((r) => setTimeout(r, 200)); throw new Error("stop");'),
    kernel().execute('console.log("second")'),
    kernel().execute('console.log("third")'),
  ]);
  assert.equal([failed.status, second.status, third.status], ["error", "aborted", "aborted"]);
  assert.equal([second.outputs, third.outputs], [[], []]);
  const next = await kernel().execute('console.log("next")');
  assert.is(next.status, "ok");
  assert.is(textOf(next), "next\n");
});

test("a cell sent as soon as the error's reply is there always runs", async () => {
  for (let i = 0; i < 20; i++) {
    assert.is((await kernel().execute("throw 1;")).status, "error");
    assert.is((await kernel().execute(`${i}`)).status, "ok");
  }
});

test("with stop_on_error false the waiting cells run", async () => {
  const [failed, second] = await Promise.all([
    kernel().execute('await new Promise((r) => setTimeout(r, 200)); throw new Error("go on");', { stopOnError: false }),
    kernel().execute('console.log("second")'),
  ]);
  assert.equal([failed.status, second.status], ["error", "ok"]);
  assert.is(textOf(second), "second\n");
});

test("a silent cell shows no result and takes no number", async () => {
  const before = await kernel().execute("1");
  const silent = await kernel().execute("2", { silent: true });
  const after = await kernel().execute("3");
  assert.equal(silent.outputs, []);
  assert.is(after.executionCount, (before.executionCount ?? 0) + 1);
});

test("a cell that ends the process says so", async () => {
  const doomed = await startKernel({ cwd: root });
  const execution = await doomed.execute('console.log("last words"); process.exit(3);');
  assert.is(textOf(execution), "last words\n");
  const error = errorOf(execution);
  assert.is(error.ename, "KernelDied");
  assert.match(error.evalue, "exit code 3");
  await doomed.shutdown();
});

for (const code of [
  "const exports = 3; exports",
  "let require = 4;",
  "var exports = 5;",
  "function exports() {}",
  "class require {}",
  "enum exports { a }",
  'import exports from "lodash";',
  'import { chunk as require } from "lodash";',
  "const { a: { exports }, b } = { a: { exports: 3 }, b: 1 };",
  "const __hidden = 1;",
]) {
  const name = /exports|require|__hidden/.exec(code)?.[0] as string;
  test(`"${code}" is told that ${name} can't be declared there, with its place, and harms no later cell`, async () => {
    const execution = await kernel().execute(code);
    const [error, ...more] = errorsOf(execution);
    assert.is(more.length, 0);
    assert.match(
      error?.evalue ?? "",
      `:${code.search(new RegExp(`\\b${name}\\b(?!:)`)) + 1} - ${name} is a name that the kernel itself uses`,
    );
    assert.is(resultOf(await kernel().execute('const used = require("node:path"); typeof used.join')), "'function'");
  });
}

test("a name of the kernel's own may be declared in a function, a block, a field and a parameter", async () => {
  const code = "const own = (exports: number) => { const require = exports; return { exports: require }; }; own(2)";
  assert.is(resultOf(await kernel().execute(code)), "{ exports: 2 }");
});

for (const [line, wanted] of [
  ["!ls", 'console.log(execSync("ls", { encoding: "utf8" }));'],
  ["!ls -la *.ts | wc", 'console.log(execSync("ls -la *.ts | wc", { encoding: "utf8" }));'],
  ["!./run.sh", 'execSync("./run.sh"'],
  ["  !pip install numpy", "npm install …  in a terminal"],
  ["%time 1 + 1", "%time is a magic of IPython, which TypeScript has not. Write instead: console.time("],
  ["%%bash\nls", "execSync("],
  ["%matplotlib inline", "Plot.plot("],
  ["%cd ..", 'process.chdir("…");'],
  ["%store a", "%store is a magic of IPython, which TypeScript has not"],
  ["?chunk", "press Shift+Tab"],
  ["chunk??", "press Shift+Tab"],
  ["\ufeff!ls", "execSync("],
  ["const fine = 1;\n!ls\nfine", "execSync("],
] as const)
  test(`${JSON.stringify(line)} is told what to write instead, and nothing else`, async () => {
    const execution = await kernel().execute(line);
    const [error, ...more] = errorsOf(execution);
    assert.is(more.length, 0);
    assert.ok(error?.evalue.includes(wanted), error?.evalue);
    assert.is((error?.traceback.join("\n").match(/\bline \d/g) ?? []).length, 1);
  });

test("what is TypeScript is none of IPython's habits, right or wrong", async () => {
  await kernel().execute("const ready = false; const go = true;");
  assert.is(resultOf(await kernel().execute("!ready && go")), "true");
  assert.is(resultOf(await kernel().execute("!ready")), "true");
  assert.is(resultOf(await kernel().execute("7\n% 4")), "3");
  for (const code of ["!missing && go", "!missing(3)", "!missing || go", "const x: string = 5;"])
    assert.not.match(errorsOf(await kernel().execute(code))[0]?.evalue ?? "IPython", "IPython");
});

test("a cell that begins with a byte order mark runs", async () => {
  assert.is(resultOf(await kernel().execute("\ufeffconst marked = 6; marked * 7")), "42");
  assert.is(resultOf(await kernel().execute("\ufeffawait (Promise.resolve(marked))")), "6");
});

test.run();
