import { suite } from "uvu";
import * as assert from "uvu/assert";
import { errorsOf, eventually, interruptAt, isAlive, kernelOf, resultOf, textOf } from "../../kernel/support.js";

const test = suite("live: child processes that a cell starts");
const kernel = kernelOf(test);

const pidsIn = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);
const allGone = (pids: readonly number[]): Promise<boolean> => eventually(() => !pids.some(isAlive));

test("a function of a cell runs as a process of its own, with await, import() and for await in it", async () => {
  const execution =
    await kernel().execute(`import { executable, selfContainedProgram, startChild, withChildren } from "kernel-lib";
const double = selfContainedProgram(async (input: { times: number }) => {
  const { sep } = await import("node:path");
  for await (const part of [sep, "b"]) process.send?.(part.repeat(input.times));
}, { times: 2 });
const child = await startChild(double);
[await child.receive(), await child.receive(), (await child.ended).code, child.pid !== process.pid]`);
  assert.equal(errorsOf(execution), []);
  assert.is(resultOf(execution), "[ '//', 'bb', 0, true ]");
});

test("a function that uses what another cell defines says what to do", async () => {
  await kernel().execute("const elsewhere = 3;");
  const execution = await kernel().execute(
    "(await (await startChild(selfContainedProgram(() => elsewhere))).ended).stderr",
  );
  assert.match(String(resultOf(execution)), /ReferenceError: .*pass it in the input/);
});

test("Interrupt ends the children of the running cell and of earlier ones", async () => {
  const early = await kernel().execute('const early = await startChild(executable("sleep", ["600"]));\nearly.pid');
  const code = `const late = await startChild(executable("sleep", ["600"]));
console.log(late.pid); await late.ended;`;
  const execution = await interruptAt(kernel(), "\n", code);
  assert.is(errorsOf(execution).length, 1);
  assert.ok(await allGone([Number(resultOf(early)), ...pidsIn(textOf(execution))]));
  const end = resultOf(await kernel().execute("const { signal } = await early.ended;\nsignal"));
  assert.is(end, "'SIGKILL'");
});

test("an error in withChildren, and Interrupt in its busy loop, leave none", async () => {
  const failing = await kernel().execute(`await withChildren(async (start) => {
  console.log((await start(executable("sleep", ["600"]))).pid);
  throw new Error("on purpose");
});`);
  assert.is(errorsOf(failing)[0]?.evalue, "on purpose");
  const busy = await interruptAt(
    kernel(),
    "\n",
    `await withChildren(async (start) => {
  console.log((await start(executable("sleep", ["600"]))).pid);
  for (;;);
});`,
  );
  assert.ok(await allGone([...pidsIn(textOf(failing)), ...pidsIn(textOf(busy))]));
});

test("SIGKILL of the kernel leaves none", async () => {
  const execution =
    await kernel().execute(`const last = await startChild(executable("/bin/sh", ["-c", "sleep 600 & echo $!; wait"]));
const told = await new Promise((resolve) => last.stdout?.once("data", (line) => resolve(String(line))));
console.log(process.pid, last.pid, told)`);
  const [kernelPid = 0, ...pids] = pidsIn(textOf(execution));
  assert.is(pids.length, 2);
  assert.ok(pids.every(isAlive));
  process.kill(kernelPid, "SIGKILL");
  assert.ok(await allGone([kernelPid, ...pids]));
});

test.run();
