import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import {
  type ChildEnd,
  ChildEnded,
  ChildNotStarted,
  executable,
  exportedProgram,
  selfContainedProgram,
  startChild,
  TimedOut,
  withChildren,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { childrenOf, eventually, isAlive } from "../../kernel/support.js";
import { failureOf } from "../../world/both-worlds.js";
import { difference, held } from "../run/leaks-support.js";

const test = suite("live: child processes");

const shell = (script: string, ...args: string[]) => executable("/bin/sh", ["-c", script, "sh", ...args]);

let folder: string;
test.before(() => {
  folder = mkdtempSync(path.join(tmpdir(), "handoff-child-"));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const known = new Set(childrenOf(process.pid));
/** Children of this process that it had not when the suite began: tsx keeps a compiler. */
const newChildren = (): number[] => childrenOf(process.pid).filter((pid) => !known.has(pid));

test.after.each(() => assert.equal(newChildren(), [], "no child and no zombie is left, nor the guard"));

async function runToEnd(...args: Parameters<typeof startChild>): Promise<ChildEnd> {
  return (await startChild(...args)).ended;
}

test("the end of a child tells its exit code and what it wrote", async () => {
  const end = await runToEnd(shell("echo out; echo err >&2; exit 3"));
  assert.equal([end.code, end.signal, end.timedOut], [3, undefined, false]);
  assert.equal([end.stdout, end.stderr], ["out\n", "err\n"]);
  assert.ok(end.lifeMs > 0 && end.pid > 1);
});

test("the end of a child tells the signal that ended it", async () => {
  const end = await runToEnd(shell("kill -SEGV $$"));
  assert.equal([end.code, end.signal], [undefined, "SIGSEGV"]);
});

test("of a long output the last 64 KiB are kept, and a child that writes more is not held up", async () => {
  const end = await runToEnd(shell("head -c 3000000 /dev/zero | tr '\\0' x; echo last"));
  assert.is(end.stdout.length, 65_536);
  assert.match(end.stdout, /^x+last\n$/);
});

test("what is written to its standard input comes back from cat", async () => {
  const child = await startChild(executable("cat"), { stdin: "pipe" });
  child.stdin?.end("héllo");
  assert.is((await child.ended).stdout, "héllo");
});

test("a child that ends before it has read its input harms nobody", async () => {
  const child = await startChild(executable("true"), { stdin: "pipe" });
  child.stdin?.write(Buffer.alloc(1_000_000));
  assert.is((await child.ended).code, 0);
});

test("a child speaks English in every locale, unless it is told another", async () => {
  const before = process.env.LC_ALL;
  process.env.LC_ALL = "pt_BR.UTF-8";
  try {
    const program = executable("sh", ["-c", 'printf "%s" "$LC_ALL"']);
    assert.is((await runToEnd(program)).stdout, "C");
    assert.is((await runToEnd(program, { env: { LC_ALL: "de_DE.UTF-8" } })).stdout, "de_DE.UTF-8");
  } finally {
    if (before === undefined) delete process.env.LC_ALL;
    else process.env.LC_ALL = before;
  }
});

test("argv0, env and cwd reach the child, NODE_OPTIONS does not", async () => {
  process.env.NODE_OPTIONS = "--max-old-space-size=100";
  try {
    const script = 'echo "$FRUIT <$NODE_OPTIONS>"; pwd; tr "\\0" " " < /proc/$$/cmdline 2>/dev/null || echo fig';
    const program = executable("/bin/sh", ["-c", script], "fig");
    const end = await runToEnd(program, { env: { FRUIT: "pear" }, cwd: "/" });
    assert.match(end.stdout, /^pear <>\n\/\nfig/);
  } finally {
    delete process.env.NODE_OPTIONS;
  }
});

/** A server on loopback that hands each connection, unread, to what it is given. */
async function serving(serve: (socket: Socket) => void): Promise<{ port: number; close: () => void }> {
  const server = createServer({ pauseOnConnect: true }, serve).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.end(text);
  let answer = "";
  for await (const chunk of socket) answer += chunk;
  return answer;
}

test("a socket can be a child's standard input and output, and only the child has it then", async () => {
  const ends: Promise<ChildEnd>[] = [];
  const { port, close } = await serving((socket) => {
    ends.push(startChild(executable("tr", ["a-z", "A-Z"]), { stdin: socket, stdout: socket }).then((c) => c.ended));
  });
  try {
    // Were a copy left in this process, the connection would not end with the child.
    assert.is(await exchange(port, "over the wire"), "OVER THE WIRE");
    assert.is((await ends[0])?.code, 0);
  } finally {
    close();
  }
});

test("a Node child reads and writes a socket as its standard input and output", async () => {
  const doubled = selfContainedProgram(async () => {
    for await (const chunk of process.stdin) process.stdout.write(`${chunk}${chunk}`);
  });
  const { port, close } = await serving((socket) => void startChild(doubled, { stdin: socket, stdout: socket }));
  try {
    assert.is(await exchange(port, "twice "), "twice twice ");
    assert.ok(await eventually(() => newChildren().length === 0));
  } finally {
    close();
  }
});

test("a self-contained program gets its input, may import, and talks to its parent both ways", async () => {
  const program = selfContainedProgram(
    async (input: { greeting: string; bytes: Uint8Array }) => {
      const { basename } = await import("node:path");
      const nested = (name: string): string => `${input.greeting}, ${name}`;
      process.send?.([basename("/a/b"), input.bytes.byteLength]);
      process.once("message", (name) => process.send?.(nested(String(name))));
    },
    { greeting: "hello", bytes: new Uint8Array(7) },
  );
  const child = await startChild(program);
  assert.equal(await child.receive(), ["b", 7]);
  await child.send("world");
  assert.is(await child.receive({ timeoutMs: 20_000 }), "hello, world");
  assert.is((await child.ended).code, 0, "it ends when nothing is left to wait for");
});

test("a self-contained program with a second parameter gets the library", async () => {
  const program = selfContainedProgram((_: undefined, { jainIndex }) => void process.send?.(jainIndex([1, 1])));
  const child = await startChild(program);
  assert.is(await child.receive(), 1);
  await child.ended;
});

test("a self-contained program that names something outside says what to do", async () => {
  const outside = 5;
  const end = await runToEnd(selfContainedProgram(() => outside));
  assert.is(end.code, 1);
  assert.match(
    end.stderr,
    /ReferenceError: outside is not defined: the program runs on its own, so pass it in the input/,
  );
});

test("an exported program is called with its input; one that is not there is named", async () => {
  const file = path.join(folder, "programs.mjs");
  writeFileSync(file, "export const sum = (numbers) => process.send(numbers.reduce((a, b) => a + b));");
  const child = await startChild(exportedProgram(pathToFileURL(file), "sum", [1, 2, 3]));
  assert.is(await child.receive(), 6);
  await child.ended;
  const end = await runToEnd(exportedProgram(pathToFileURL(file), "product"));
  assert.match(end.stderr, /TypeError: file:.*programs\.mjs exports no function product/);
  assert.is(end.code, 1);
});

test("waiting for a message fails when the child ends, with what it said, and after a time limit", async () => {
  const failing = await startChild(
    selfContainedProgram(() => {
      throw new Error("out of luck");
    }),
  );
  const waiting = await failureOf(() => failing.receive());
  assert.match(waiting, /^ChildEnded: .* has ended with exit code 1; it said: [\s\S]*Error: out of luck/);
  assert.instance(await failing.receive().catch((error) => error), ChildEnded);
  assert.instance(await failing.send(1).catch((error) => error), ChildEnded);
  const silent = await startChild(selfContainedProgram(() => void setInterval(() => undefined, 1000)));
  assert.instance(await silent.receive({ timeoutMs: 50 }).catch((error) => error), TimedOut);
  silent.kill();
  await silent.ended;
});

test("what can't be started is refused with the system's reason, and the socket stays the caller's", async () => {
  const file = path.join(folder, "not-executable");
  writeFileSync(file, "text");
  for (const [program, reason] of [
    ["/no/such/program", /^ChildNotStarted: startChild: \/no\/such\/program can't be started: .*ENOENT/],
    [file, /^ChildNotStarted: .*EACCES/],
  ] as const)
    assert.match(await failureOf(() => startChild(executable(program))), reason);
  let given: Socket | undefined;
  const { port, close } = await serving(async (socket) => {
    given = socket;
    await startChild(executable("/no/such/program"), { stdin: socket }).catch(() => socket.end("sorry"));
  });
  try {
    assert.is(await exchange(port, ""), "sorry");
    assert.ok(given);
  } finally {
    close();
  }
});

test("a child that outlives its limit is killed with all that it started", async () => {
  const child = await startChild(shell("sleep 600 & echo $!; trap '' TERM; wait"), { limitMs: 2000 });
  const end = await child.ended;
  assert.equal([end.timedOut, end.signal], [true, "SIGKILL"]);
  assert.not.ok(isAlive(Number(end.stdout)));
});

test("kill ends the whole process group; a second time there is nobody to kill", async () => {
  const child = await startChild(shell("sleep 600 & echo $!; wait"));
  const [line] = await once(child.stdout as NodeJS.ReadableStream, "data");
  assert.ok(child.kill());
  assert.is((await child.ended).signal, "SIGKILL");
  assert.not.ok(isAlive(Number(line)));
  assert.not.ok(child.kill());
});

test("what a child leaves behind when it ends by itself ends with it", async () => {
  const end = await runToEnd(shell("sleep 600 & echo $!"));
  assert.is(end.code, 0);
  assert.not.ok(isAlive(Number(end.stdout)));
});

test("stop asks first, and insists after the grace", async () => {
  const polite = await startChild(shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.02; done"));
  await once(polite.stdout as NodeJS.ReadableStream, "data");
  assert.is((await polite.stop(30_000)).code, 7);
  const deaf = await startChild(shell("trap '' TERM; echo ready; while :; do sleep 0.02; done"));
  await once(deaf.stdout as NodeJS.ReadableStream, "data");
  assert.is((await deaf.stop(50)).signal, "SIGKILL");
});

test("an aborted signal kills the child; one that was aborted before starts none", async () => {
  const controller = new AbortController();
  const child = await startChild(executable("sleep", ["600"]), { signal: controller.signal });
  controller.abort();
  assert.is((await child.ended).signal, "SIGKILL");
  const reason = await startChild(executable("sleep", ["600"]), { signal: AbortSignal.abort("no") }).catch((e) => e);
  assert.is(reason, "no");
});

test("withChildren leaves none, whether it returns or throws, also none that was just being started", async () => {
  const file = path.join(folder, "was-there");
  const pids: number[] = [];
  const value = await withChildren(async (start) => {
    pids.push((await start(executable("sleep", ["600"]))).pid);
    void start(shell('echo $$ > "$1"; sleep 600', file));
    return 5;
  });
  assert.is(value, 5);
  const failing = withChildren(async (start) => {
    pids.push((await start(executable("sleep", ["600"]))).pid);
    throw new Error("on purpose");
  });
  assert.is(await failureOf(() => failing), "Error: on purpose");
  if (existsSync(file) && readFileSync(file, "utf8")) pids.push(Number(readFileSync(file, "utf8")));
  assert.equal(pids.filter(isAlive), []);
});

test("a hundred children, fifty at a time, all end and leave no descriptor and no timer", async () => {
  await runToEnd(executable("true"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const before = held();
  for (let round = 0; round < 2; round++) {
    const ends = await Promise.all(Array.from({ length: 50 }, (_, i) => runToEnd(shell(`exit ${i}`))));
    assert.equal(
      ends.map((end) => end.code),
      Array.from({ length: 50 }, (_, i) => i),
    );
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(difference(before, held()), []);
});

test("bad options are named", async () => {
  const bad: [unknown, RegExp][] = [
    [{ limitMs: Number.NaN }, /^ParameterError: startChild: limitMs must be a number above 0, got NaN/],
    [{ limitMs: 0 }, /limitMs/],
    [{ stdin: -1 }, /startChild: stdin must be "ignore", "pipe", "inherit", a socket or a file descriptor, got -1/],
    [{ stdout: "file" }, /stdout/],
    [{ stderr: {} }, /stderr/],
  ];
  for (const [options, message] of bad)
    assert.match(await failureOf(() => startChild(executable("true"), options as never)), message);
  assert.throws(() => executable(""), /executable: file must be a path/);
  assert.throws(() => executable("a", ["b\0"]), /executable: args must be texts without a NUL/);
  assert.throws(() => exportedProgram("nowhere", "f"), /exportedProgram: module must be a URL/);
  assert.throws(() => selfContainedProgram(Math.max as never), /must be an arrow function or a function written out/);
  assert.instance(await startChild(executable("/none")).catch((error) => error), ChildNotStarted);
});

test.run();
