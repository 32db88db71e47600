import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Request } from "zeromq";
import { encode, makeHeader } from "../../jupyter/wire.js";
import { kernelOf, resultOf, sleep, textOf } from "./support.js";

const test = suite("kernel: protocol");
const kernel = kernelOf(test);

const emptyCell = { silent: false, store_history: true, user_expressions: {}, allow_stdin: false, stop_on_error: true };

function request(code: string, key: string): Buffer[] {
  const header = makeHeader("execute_request", "an intruder");
  return encode(key, { identities: [], header, parent: {}, metadata: {}, content: { ...emptyCell, code } });
}

test("kernel_info names the language, the compiler's version and the kernel", async () => {
  const info = await kernel().request("shell", "kernel_info_request", {});
  const language = info.language_info as Record<string, unknown>;
  assert.is(language.name, "typescript");
  assert.is(language.file_extension, ".ts");
  assert.match(String(language.version), /^5\.\d+\.\d+$/);
  assert.match(String(info.banner), `TypeScript ${language.version} on Node ${process.version}`);
  assert.is(info.implementation, "handoff");
});

test("the control channel answers while a cell is busy", async () => {
  const busy = kernel().execute('for (const end = Date.now() + 1500; Date.now() < end; ); "done"');
  const from = performance.now();
  const info = await kernel().request("control", "kernel_info_request", {});
  assert.is(info.status, "ok");
  assert.ok(performance.now() - from < 1000);
  assert.is(resultOf(await busy), "'done'");
});

test("the heartbeat answers while a cell is busy", async () => {
  const { ip, hb_port } = kernel().connection;
  const heart = new Request({ linger: 0, receiveTimeout: 1000 });
  heart.connect(`tcp://${ip}:${hb_port}`);
  const busy = kernel().execute("for (const end = Date.now() + 1500; Date.now() < end; );");
  await sleep(100);
  await heart.send("ping");
  assert.is(String((await heart.receive())[0]), "ping");
  heart.close();
  await busy;
});

test("messages that are not signed, signed with another key or changed are not executed", async () => {
  await kernel().execute("let intrusions = 0;");
  const { key } = kernel().connection;
  const changed = request("intrusions += 1", key);
  changed[changed.length - 1] = Buffer.from(JSON.stringify({ ...emptyCell, code: "intrusions += 100" }));
  for (const frames of [request("intrusions += 1", ""), request("intrusions += 1", "another key"), changed]) {
    await kernel().sendRaw("shell", frames);
    await kernel().sendRaw("control", frames);
  }
  await sleep(200);
  assert.is(resultOf(await kernel().execute("intrusions")), "0");
});

test("malformed and truncated messages do not end the kernel", async () => {
  const { key } = kernel().connection;
  const good = request("1", key);
  const bad: Buffer[][] = [
    [Buffer.alloc(0)],
    [Buffer.from("<IDS|MSG>")],
    [Buffer.from([0xff, 0xfe, 0x00])],
    [Buffer.from("nothing to see")],
    ...good.map((_, i) => good.slice(0, i)).filter((frames) => frames.length > 0),
    ...good.map((_, i) => good.filter((__, j) => j !== i)),
    ...good.map((frame, i) => good.map((each, j) => (i === j ? frame.subarray(0, frame.length >> 1) : each))),
  ];
  for (const frames of bad) {
    await kernel().sendRaw("shell", frames);
    await kernel().sendRaw("control", frames);
  }
  // Signed, but with content of the wrong kinds.
  for (const content of [{}, { code: 7 }, { code: null, silent: "yes" }, { code: "2", cursor_pos: "x" }]) {
    for (const type of ["execute_request", "complete_request", "inspect_request", "is_complete_request"]) {
      const reply = await kernel().request("shell", type, content);
      assert.type(reply.status, "string");
    }
  }
  assert.is(resultOf(await kernel().execute("1 + 1")), "2");
});

test("a message with a part that is signed but no object is not executed", async () => {
  const { key } = kernel().connection;
  const frames = encode(key, {
    identities: [],
    header: makeHeader("execute_request", "x"),
    parent: {},
    metadata: {},
    content: [] as unknown as Record<string, unknown>,
  });
  await kernel().sendRaw("shell", frames);
  assert.is(resultOf(await kernel().execute("2 + 2")), "4");
});

test("requests that Jupyter's front ends send beside cells are answered without a word in a cell", async () => {
  const printed: unknown[] = [];
  const off = kernel().onIopub(({ header, content }) => header.msg_type === "stream" && printed.push(content.text));
  assert.equal(await kernel().request("shell", "comm_info_request", { target_name: "jupyter.widget" }), {
    status: "ok",
    comms: {},
  });
  await kernel().execute("6 * 7");
  assert.equal(await kernel().request("shell", "history_request", { hist_access_type: "tail", n: 1 }), {
    status: "ok",
    history: [[1, (await kernel().execute("0", { silent: true })).executionCount, "6 * 7"]],
  });
  for (const type of ["debug_request", "usage_request", "create_subshell_request", "connect_request"]) {
    assert.type((await kernel().request("control", type, {})).status, "string", type);
  }
  await kernel().execute("1");
  off();
  assert.equal(printed, []);
});

test("every request is framed by busy and idle, and a cell's input is published", async () => {
  const types: string[] = [];
  await kernel().execute('console.log("x"); 5', {
    onMessage: ({ header, content }) => types.push(String(content.execution_state ?? header.msg_type)),
  });
  assert.equal(types, ["busy", "execute_input", "stream", "execute_result", "idle"]);
});

test("whether a cell is complete is known", async () => {
  const of = (code: string) => kernel().request("shell", "is_complete_request", { code });
  assert.is((await of("1 + 1")).status, "complete");
  assert.equal(await of("function f() {"), { status: "incomplete", indent: "  " });
});

test("the history has what was run, with its results if asked, by tail, by lines and by pattern", async () => {
  const first = (await kernel().execute("const base = 40;")).executionCount as number;
  for (const code of ["base + 2", 'base + "[1]"', "base + 2", 'throw new Error("base")']) await kernel().execute(code);
  await kernel().execute("base - 1", { silent: true });
  const ask = async (how: Record<string, unknown>) => {
    const { history } = await kernel().request("shell", "history_request", { raw: true, output: false, ...how });
    return history as [number, number, unknown][];
  };
  const tail = await ask({ hist_access_type: "tail", n: 3, output: true });
  assert.equal(tail, [
    [1, first + 2, ['base + "[1]"', "'40[1]'"]],
    [1, first + 3, ["base + 2", "42"]],
    [1, first + 4, ['throw new Error("base")', null]],
  ]);
  const range = { hist_access_type: "range", start: first, stop: first + 2 };
  for (const session of [0, 1]) {
    assert.equal(await ask({ ...range, session }), [
      [1, first, "const base = 40;"],
      [1, first + 1, "base + 2"],
    ]);
  }
  assert.equal(await ask({ ...range, session: -1 }), []);
  const search = { hist_access_type: "search", n: 10 };
  const lines = async (how: Record<string, unknown>) =>
    (await ask({ ...search, ...how })).map(([, line]) => line - first);
  assert.equal(await lines({ pattern: "base + *" }), [1, 2, 3]);
  assert.equal(await lines({ pattern: "base + *", unique: true }), [2, 3]);
  assert.equal(await lines({ pattern: "base + *", n: 1 }), [3]);
  assert.equal(await lines({ pattern: "base + ?[[]?]?" }), [2]);
  assert.equal(await lines({ pattern: "base" }), []);
});

test("requests of two clients at once are told apart", async () => {
  const cells = await Promise.all(Array.from({ length: 20 }, (_, i) => kernel().execute(`console.log("only ${i}")`)));
  cells.forEach((cell, i) => {
    assert.is(textOf(cell), `only ${i}\n`);
  });
});

test.run();
