import { suite } from "uvu";
import * as assert from "uvu/assert";
import { errorsOf, interruptAt, isAlive, kernelOf, promptMs, resultOf, sleep, textOf } from "../kernel/support.js";

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
      const execution = await interruptAt(kernel(), "go", code, () => sleep(afterMs).then(() => kernel().interrupt()));
      assert.is(errorsOf(execution)[0]?.ename, "Interrupted", JSON.stringify(execution.outputs));
      assert.ok(execution.tookMs < promptMs + afterMs, `took ${execution.tookMs} ms`);
      assert.is(resultOf(await kernel().execute(one)), "3", "the next live run gets its turn");
    }
    assert.is(await heldOnceIs(before), before);
  },
);

onlyOnLinux("a program's busy loop in a live run can be interrupted, and leaves nothing either", async () => {
  const before = resultOf(await kernel().execute("held()"));
  // The virtual run passes it first.
  const code = "passes = 0; await runLive(plan(20, 5), { timeScale: 1 });";
  const execution = await interruptAt(kernel(), "busy", code);
  assert.is(errorsOf(execution)[0]?.ename, "Interrupted", JSON.stringify(execution.outputs));
  assert.ok(execution.tookMs < promptMs, `took ${execution.tookMs} ms`);
  assert.is(resultOf(await kernel().execute("(await runLive(plan(2), { timeScale: 1 })).results.client")), "2");
  assert.is(await heldOnceIs(before), before);
});

test("SIGKILL of a kernel in the middle of a live run leaves no process", async () => {
  await kernel().execute(definitions);
  const pid = Number(textOf(await kernel().execute("console.log(process.pid)")));
  const running = kernel()
    .execute('console.log("go"); await runLive(plan(3000), { timeScale: 1, maxRealMs: 60_000 });', {
      onMessage: ({ header }) =>
        void (header.msg_type === "stream" && setTimeout(() => process.kill(pid, "SIGKILL"), 500)),
    })
    .catch(() => undefined);
  await running;
  assert.not.ok(isAlive(pid));
});

test.run();
