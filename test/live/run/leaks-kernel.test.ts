import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startKernel } from "../../../jupyter/client/client.js";
import {
  errorsOf,
  eventually,
  interruptPromptly,
  isAlive,
  kernelOf,
  resultOf,
  root,
  sleep,
} from "../../kernel/support.js";

const test = suite("live: nothing is left in the notebook's kernel");
const kernel = kernelOf(test);

const definitions = `import { readdirSync, readlinkSync } from "node:fs";
import { type Host, on, runLive, scenario } from "kernel-lib";
const server = async (host: Host) => {
  for await (const connection of await host.listen(7)) for await (const message of connection) {
    await host.disk.write("last", message);
    await connection.send(await host.disk.read("last"));
  }
};
const client = async (host: Host, rounds: number, busyAt: number) => {
  const connection = await host.connect("server", 7);
  for (let i = 0; i < rounds; i++) {
    await connection.send(i);
    await connection.receive();
    await host.compute(2);
    if (i === busyAt && ++passes === 2) { console.log("busy"); for (;;); }
  }
  return rounds;
};
let passes = 0;
const plan = (rounds: number, busyAt = -1) => scenario({
  hosts: { server: {}, client: {} },
  network: { latencyMs: 0.5 },
  programs: { server: on("server", server).daemon(), client: on("client", client, rounds, busyAt) },
});
const held = () => [
  ...(process as any).getActiveResourcesInfo(),
  ...readdirSync("/proc/self/fd").map((fd) => { try { return readlinkSync("/proc/self/fd/" + fd).replace(/\\d+/g, "N"); } catch { return ""; } }),
].sort().join(" ");`;

/** What the kernel holds as soon as it is this, else at last: what an interrupt broke off closes a little later. */
async function heldOnceIs(wanted: unknown): Promise<unknown> {
  for (let left = 50; ; left--) {
    const held = resultOf(await kernel().execute("held()"));
    if (held === wanted || left === 0) return held;
    await sleep(100);
  }
}

const toldBy = (text: string) =>
  JSON.parse(text.slice("told ".length)) as { pid: number; tmp: string; ports: number[] };

/** Whether somebody listens on a port of loopback. */
const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const ended = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => ended(true));
    socket.once("error", () => ended(false));
  });

/** The processes that run in the groups of those processes. */
function companions(leaders: readonly number[]): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,pgid="], { encoding: "utf8" });
  const rows = table.split("\n").map((line) => line.trim().split(/\s+/).map(Number) as [pid: number, group: number]);
  return rows.filter(([pid, group]) => leaders.includes(group) && isAlive(pid)).map(([pid]) => pid);
}

/** The group of a process. */
const groupOf = (pid: number): number =>
  Number(execFileSync("ps", ["-o", "pgid=", "-p", String(pid)], { encoding: "utf8" }));

const onlyOnLinux = process.platform === "linux" ? test : test.skip;

onlyOnLinux(
  "an interrupt at any moment of a live run leaves no file, socket, timer or thread, and the next runs",
  async () => {
    const defined = await kernel().execute(definitions);
    assert.is(defined.status, "ok", JSON.stringify(defined.outputs));
    const one = "(await runLive(plan(3), { timeScale: 1 })).results.client";
    assert.is(resultOf(await kernel().execute(one)), "3");
    const before = resultOf(await kernel().execute("held()"));
    for (const afterMs of [0, 20, 60, 150, 400]) {
      const code = `console.log("go"); await runLive(plan(3000), { timeScale: 1, maxRealMs: 60_000 });`;
      const later = () => sleep(afterMs).then(() => kernel().interrupt());
      const execution = await interruptPromptly(kernel(), "go", code, later, afterMs);
      assert.is(errorsOf(execution)[0]?.ename, "Interrupted", JSON.stringify(execution.outputs));
      assert.is(resultOf(await kernel().execute(one)), "3", "the next live run gets its turn");
    }
    assert.is(await heldOnceIs(before), before);
  },
);

onlyOnLinux("a program's busy loop in a live run can be interrupted, and leaves nothing either", async () => {
  const before = resultOf(await kernel().execute("held()"));
  // The virtual run passes it first.
  const code = "passes = 0; await runLive(plan(20, 5), { timeScale: 1 });";
  const execution = await interruptPromptly(kernel(), "busy", code);
  assert.is(errorsOf(execution)[0]?.ename, "Interrupted", JSON.stringify(execution.outputs));
  assert.is(resultOf(await kernel().execute("(await runLive(plan(2), { timeScale: 1 })).results.client")), "2");
  assert.is(await heldOnceIs(before), before);
});

for (const [what, model] of [
  ["a plain function", "() => { for (const end = Date.now() + 20; Date.now() < end; ); runs++; return { x: 1 }; }"],
  ["a model on workers", "selfContainedModel(() => { for (;;); })"],
] as const) {
  onlyOnLinux(`an interrupt ends a sweep of ${what} and leaves nothing`, async () => {
    const defined = await kernel().execute(
      `import { selfContainedModel, sweep } from "kernel-lib"; import "piscina"; var runs = 0;\n${definitions}`,
    );
    assert.is(defined.status, "ok", JSON.stringify(defined.outputs));
    const before = resultOf(await kernel().execute("held()"));
    const code = `console.log("go"); await sweep([{ a: 1 }], ${model}, { replications: 1000 });`;
    const later = () => sleep(500).then(() => kernel().interrupt());
    const execution = await interruptPromptly(kernel(), "go", code, later, 500);
    assert.is(errorsOf(execution)[0]?.ename, "Interrupted", JSON.stringify(execution.outputs));
    assert.is(await heldOnceIs(before), before);
    const goesOn = "const then = runs; await new Promise((resolve) => setTimeout(resolve, 300)); runs - then";
    assert.is(resultOf(await kernel().execute(goesOn)), "0", "no run goes on");
  });
}

test("SIGKILL of a kernel in the middle of a live run leaves no process, no file, and its ports closed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "leaks-kernel-"));
  const victim = await startKernel({ cwd: root, env: { ...process.env, TMPDIR: folder } });
  try {
    assert.is((await victim.execute(definitions)).status, "ok");
    const code = `import { Server } from "node:net";
const tell = (): void => {
  const servers = (process as any)._getActiveHandles().filter((handle: unknown) => handle instanceof Server);
  const ports = servers.map((server: Server) => (server.address() as any)?.port ?? 0);
  if (ports.length === 0 || ports.includes(0)) return void setTimeout(tell, 100);
  console.log("told " + JSON.stringify({ pid: process.pid, tmp: process.env.TMPDIR, ports }));
};
setTimeout(tell, 100);
await runLive(plan(3000), { timeScale: 1, maxRealMs: 60_000 });`;
    let told = "";
    let openBefore: boolean[] = [];
    const launcher = victim.process.pid as number;
    const groups = [launcher];
    let before: number[] = [];
    const kill = async (): Promise<void> => {
      const { pid, ports } = toldBy(told);
      openBefore = await Promise.all(ports.map(isOpen));
      groups.push(groupOf(pid));
      before = companions(groups);
      process.kill(pid, "SIGKILL");
    };
    const execution = await new Promise((resolve, reject) => {
      const running = victim.execute(code, {
        onMessage: ({ header, content }) => {
          if (header.msg_type !== "stream" || told) return;
          told = content.text as string;
          kill().catch(reject);
        },
      });
      running.then(resolve, () => resolve(undefined));
    });
    assert.ok(told, JSON.stringify(execution));
    const { pid, tmp, ports } = toldBy(told);
    assert.is(tmp, folder);
    assert.ok(ports.length > 0);
    assert.equal(
      openBefore,
      ports.map(() => true),
    );
    assert.not.ok(isAlive(pid));
    assert.ok(before.includes(pid) && before.includes(launcher), `${before}`);
    assert.ok(await eventually(() => companions(groups).length === 0), `${companions(groups)} are left`);
    assert.equal(
      await Promise.all(ports.map(isOpen)),
      ports.map(() => false),
    );
    assert.equal(readdirSync(folder), []);
  } finally {
    await victim.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
