import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  errorsOf,
  eventually,
  interruptAt,
  interruptPromptly,
  isAlive,
  kernelOf,
  resultOf,
  sleep,
  textOf,
} from "./support.js";

const test = suite("kernel: interrupt");
const kernel = kernelOf(test);

const wait = "const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));";

for (const [what, code] of [
  ["a synchronous busy loop", 'console.log("go"); for (;;);'],
  ["a busy loop after an await", 'await null; console.log("go"); for (;;);'],
  ["a busy loop in a timer", 'await new Promise(() => setTimeout(() => { console.log("go"); for (;;); }, 1));'],
  ["a busy loop in setImmediate", 'await new Promise(() => setImmediate(() => { console.log("go"); for (;;); }));'],
  ["a busy loop in nextTick", 'await new Promise(() => process.nextTick(() => { console.log("go"); for (;;); }));'],
  [
    "a busy loop in a socket's callback",
    `import { createServer, connect } from "node:net";
const server = createServer((socket) => socket.on("data", () => { server.close(); console.log("go"); for (;;); }));
await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(0)));
connect((server.address() as any).port, "127.0.0.1").write("x");
await new Promise(() => {});`,
  ],
  ["a loop of promises that never lets a timer run", 'console.log("go"); for (;;) await null;'],
  ["a pending await", 'console.log("go"); await new Promise(() => {});'],
  ["a loop of awaits", `${wait} console.log("go"); for (;;) await pause(5);`],
  ["a loop in a function that swallows errors", 'console.log("go"); for (;;) { try { for (;;); } catch {} }'],
  ["a cell that prints without end", 'for (;;) console.log("go");'],
  ["a wait for shared memory", 'console.log("go"); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);'],
  [
    "a synchronous wait for a child process",
    'console.log("go"); const wait0 = await import("node:child_process"); wait0.execSync("sleep 60; sleep 60");',
  ],
] as const) {
  test(`${what} is stopped within a second, and the next cell runs`, async () => {
    const execution = await interruptPromptly(kernel(), "go", code);
    assert.is(execution.status, "error");
    const [error, ...more] = errorsOf(execution);
    assert.is(error?.ename, "Interrupted");
    assert.is(more.length, 0);
    const next = await kernel().execute("await (Promise.resolve(1 + 1))");
    assert.is(resultOf(next), "2", JSON.stringify(next));
  });
}

test("a terminated callback leaves no asynchronous context behind", async () => {
  const context = 'require("node:async_hooks").executionAsyncId()';
  const before = resultOf(await kernel().execute(context));
  await interruptAt(
    kernel(),
    "go",
    'await new Promise(() => process.nextTick(() => { console.log("go"); for (;;); }));',
  );
  assert.is(resultOf(await kernel().execute(context)), before);
});

test("an interrupt_request on the control channel does the same", async () => {
  const execution = await interruptPromptly(kernel(), "go", 'console.log("go"); for (;;);', async () => {
    assert.is((await kernel().request("control", "interrupt_request", {})).status, "ok");
  });
  assert.is(errorsOf(execution)[0]?.ename, "Interrupted");
});

test("variables outlive an interrupt", async () => {
  await kernel().execute("let kept = 41;");
  await interruptAt(kernel(), "go", 'kept++; console.log("go"); for (;;);');
  assert.is(resultOf(await kernel().execute("kept")), "42");
});

test("an interrupted loop of awaits does not go on behind the reader's back", async () => {
  await kernel().execute(`${wait} let ticks = 0; async function tick() { for (;;) { await pause(10); ticks++; } }`);
  await interruptAt(kernel(), "go", 'console.log("go"); await tick();');
  const first = resultOf(await kernel().execute("ticks"));
  await sleep(200);
  assert.is(resultOf(await kernel().execute("ticks")), first);
});

test("an interrupted for await over a library's iterator ends", async () => {
  await kernel().execute('import { setInterval as every } from "node:timers/promises";\nlet rounds = 0;');
  await interruptAt(kernel(), "go", 'console.log("go"); for await (const one of every(10, 1)) rounds += one;');
  await sleep(100);
  const first = resultOf(await kernel().execute("rounds"));
  await sleep(200);
  assert.is(resultOf(await kernel().execute("rounds")), first);
  assert.ok(Number(first) > 0);
});

test("for await leaves its iterator by break, and awaits promises of a plain iterable", async () => {
  const execution = await kernel().execute(`let ends = 0;
const numbers = async function* () { try { for (let i = 0; ; i++) yield i; } finally { ends++; } };
for await (const i of numbers()) if (i === 3) break;
for await (const i of [Promise.resolve("a"), "b"]) console.log(i);
ends`);
  assert.is(textOf(execution), "a\nb\n");
  assert.is(resultOf(execution), "1");
});

test("finally runs in an interrupted cell that waits", async () => {
  await kernel().execute(`${wait} let cleaned = false;`);
  await interruptAt(kernel(), "go", 'console.log("go"); try { for (;;) await pause(10); } finally { cleaned = true; }');
  await sleep(100);
  assert.is(resultOf(await kernel().execute("cleaned")), "true");
});

test("libraries are told of an interrupt once, also when JavaScript was terminated", async () => {
  await kernel().execute(`const hook = (globalThis as any)[Symbol.for("handoff.jupyter")];
let calls = 0; let withdrawn = 0;
hook.onInterrupt(() => { throw new Error("a callback's own fault"); });`);
  const first = await interruptAt(
    kernel(),
    "go",
    'hook.onInterrupt(() => calls++); hook.onInterrupt(() => withdrawn++)(); console.log("go"); for (;;);',
  );
  assert.ok(errorsOf(first).some(({ ename }) => ename === "Interrupted"));
  await interruptAt(kernel(), "go", 'console.log("go"); await new Promise(() => {});');
  assert.is(resultOf(await kernel().execute("[calls, withdrawn]")), "[ 1, 0 ]");
});

// A live run plays its scenario in virtual time first, so the caller starts twice.
for (const [what, marker, limitMs, run] of [
  ["a run in virtual time", "start 1", 1e12, "await simulate(long);"],
  ["a live run", "start 2", 20_000, "await runLive(long, { maxRealMs: 60_000, timeScale: 1 });"],
] as const) {
  test(`${what} is stopped within a second, and leaves no socket, timer or worker`, async () => {
    const defined = await kernel().execute(`let starts = 0;
import { type Host, on, runLive, scenario, simulate } from "kernel-lib";
const echo = async (host: Host) => {
  for await (const connection of await host.listen(7)) for await (const message of connection) await connection.send(message);
};
const caller = async (host: Host) => {
  const connection = await host.connect("server", 7);
  console.log("start " + ++starts);
  for (;;) { await connection.send("x"); await connection.receive(); await host.compute(5); }
};
const long = scenario({
  limitMs: ${limitMs},
  hosts: { server: {}, client: {} },
  programs: { echo: on("server", echo).daemon(), caller: on("client", caller) },
});
const open = () => (process as any).getActiveResourcesInfo().sort().join(" ");`);
    assert.is(defined.status, "ok", JSON.stringify(defined.outputs));
    const before = resultOf(await kernel().execute("open()"));
    assert.type(before, "string");
    const execution = await interruptPromptly(kernel(), marker, `starts = 0; ${run}`);
    assert.equal(
      errorsOf(execution).map(({ evalue }) => evalue),
      ["the cell was stopped"],
    );
    let after: unknown;
    for (let i = 0; i < 20 && after !== before; i++) {
      await sleep(100);
      after = resultOf(await kernel().execute("open()"));
    }
    assert.is(after, before);
  });
}

test("cells that wait behind an interrupted one are aborted", async () => {
  const running = interruptAt(kernel(), "go", 'console.log("go"); for (;;);');
  const waiting = kernel().execute("1");
  assert.equal([(await running).status, (await waiting).status], ["error", "aborted"]);
  assert.is((await kernel().execute("1")).status, "ok");
});

// Behind an await of its own the program alone is cut off, not whoever runs it.
for (const [what, body] of [
  ["in a busy loop", 'await host.sleep(1); console.log("go"); for (;;);'],
  ["in a loop of promises", 'await host.sleep(1); console.log("go"); for (;;) await null;'],
  ["in a loop that swallows errors", 'for (;;) try { await host.sleep(1); console.log("go"); for (;;); } catch {}'],
] as const)
  for (const [world, run] of [
    ["simulate", "simulate(busy)"],
    ["runLive", "runLive(busy, { maxRealMs: 60_000 })"],
    ["sweep", "sweep([{ n: 1 }], async () => ({ atMs: (await simulate(busy)).endMs }))"],
  ] as const) {
    test(`a program ${what} after an await: ${world} says Interrupted, and nothing else`, async () => {
      await kernel().execute(`import { type Host, on, runLive, scenario, simulate, sweep } from "kernel-lib";
let outcome = "";
const busy = scenario({ hosts: { a: {} }, programs: { busy: on("a", async (host: Host) => { ${body} }) } });`);
      const execution = await interruptAt(
        kernel(),
        "go",
        `await ${run}.then(() => outcome = "ended", (error) => { outcome = error.name; throw error; });`,
      );
      assert.equal(
        errorsOf(execution).map(({ ename }) => ename),
        ["Interrupted"],
      );
      assert.is(resultOf(await kernel().execute("outcome")), "'Interrupted'");
    });
  }

test("an interrupt of an idle kernel does nothing", async () => {
  await kernel().execute("1");
  await kernel().interrupt();
  await sleep(300);
  assert.is(resultOf(await kernel().execute("2")), "2");
});

test("ten interrupts in a row stop one cell and leave the next alone", async () => {
  const execution = await interruptAt(kernel(), "go", 'console.log("go"); for (;;);', async () => {
    for (let i = 0; i < 10; i++) await kernel().interrupt();
  });
  assert.is(errorsOf(execution).length, 1);
  await sleep(500);
  assert.is(resultOf(await kernel().execute("3")), "3");
});

test("an interrupt does not reach the reader's child processes", async () => {
  const started = await kernel().execute(
    'import { spawn } from "node:child_process";\nconst child = spawn("sleep", ["60"]); console.log(child.pid);',
  );
  const pid = Number(textOf(started));
  await interruptAt(kernel(), "go", 'console.log("go"); for (;;);');
  await sleep(200);
  assert.ok(isAlive(pid));
  await kernel().execute("child.kill()");
  assert.ok(await eventually(() => !isAlive(pid)));
});

test.run();
