import { execFileSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type KernelClient, startKernel } from "../../jupyter/client/client.js";
import { childrenOf, eventually, isAlive, resultOf, root, textOf } from "./support.js";

const test = suite("kernel: processes");

/** Process ids that a started kernel owns: children in its group, in a group of their own, and their children. */
async function startWithChildren(): Promise<{ kernel: KernelClient; pids: number[]; kernelPid: number }> {
  const kernel = await startKernel({ cwd: root });
  const execution = await kernel.execute(`import { spawn } from "node:child_process";
const near = spawn("sleep", ["300"]);
const far = spawn("sleep", ["300"], { detached: true, stdio: "ignore" });
const deep = spawn("sh", ["-c", "sleep 300 & echo $!; trap '' TERM; wait; wait"], { detached: true });
const grandchild = await new Promise<string>((resolve) => deep.stdout.once("data", (data) => resolve(String(data))));
console.log([process.pid, near.pid, far.pid, deep.pid, Number(grandchild)].join(" "));`);
  const pids = textOf(execution).trim().split(" ").map(Number);
  assert.is(pids.length, 5, JSON.stringify(execution));
  assert.ok(pids.every(isAlive));
  const descendants = childrenOf(kernel.process.pid as number);
  return {
    kernel,
    pids: [...new Set([...pids, ...descendants, kernel.process.pid as number])],
    kernelPid: pids[0] as number,
  };
}

async function allEnd(pids: readonly number[]): Promise<void> {
  await eventually(() => !pids.some(isAlive));
  const left = pids.filter(isAlive);
  for (const pid of left) process.kill(pid, "SIGKILL");
  assert.equal(left, []);
}

test("a shutdown request is answered and leaves no process", async () => {
  const { kernel, pids } = await startWithChildren();
  const reply = await kernel.request("control", "shutdown_request", { restart: true });
  assert.equal(reply, { status: "ok", restart: true });
  await allEnd(pids);
  await kernel.kill();
});

test("a shutdown request is obeyed while a cell is busy", async () => {
  const { kernel, pids } = await startWithChildren();
  const busy = kernel.execute("for (;;);").catch(() => "ended");
  await kernel.shutdown();
  await allEnd(pids);
  await busy;
});

test("SIGKILL of the launcher leaves no process", async () => {
  const { kernel, pids } = await startWithChildren();
  await kernel.kill();
  await allEnd(pids);
});

test("SIGKILL of the launcher leaves no process although a cell is busy", async () => {
  const { kernel, pids } = await startWithChildren();
  const busy = kernel.execute("for (;;);").catch(() => "ended");
  await new Promise((resolve) => setTimeout(resolve, 300));
  await kernel.kill();
  await allEnd(pids);
  assert.is(await busy, "ended");
});

test("SIGKILL of the process that runs the cells leaves no process, and the cell learns of it", async () => {
  const { kernel, pids, kernelPid } = await startWithChildren();
  const execution = kernel.execute('console.log("before"); await new Promise(() => {});', {
    onMessage: ({ header }) => header.msg_type === "stream" && process.kill(kernelPid, "SIGKILL"),
  });
  const { status, outputs } = await execution;
  assert.is(status, "error");
  const last = outputs.at(-1);
  assert.match(last?.output_type === "error" ? last.evalue : "", "signal SIGKILL");
  await allEnd(pids);
});

test("SIGKILL of launcher and cell process together leaves no process", async () => {
  const { kernel, pids, kernelPid } = await startWithChildren();
  process.kill(kernelPid, "SIGKILL");
  await kernel.kill();
  await allEnd(pids);
});

test("SIGTERM of the launcher leaves no process", async () => {
  const { kernel, pids } = await startWithChildren();
  process.kill(kernel.process.pid as number, "SIGTERM");
  await allEnd(pids);
  await kernel.kill();
});

test("a kernel ends by itself when the process that started it is gone", async () => {
  const script = `import { startKernel } from ${JSON.stringify(`${root}/jupyter/client/client.ts`)};
const kernel = await startKernel({ cwd: ${JSON.stringify(root)} });
const { outputs } = await kernel.execute("console.log(process.pid)");
process.stdout.write(kernel.process.pid + " " + outputs[0].text, () => process.kill(process.pid, "SIGKILL"));`;
  let printed = "";
  try {
    execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      cwd: root,
      encoding: "utf8",
    });
  } catch (error) {
    printed = String((error as { stdout: string }).stdout);
  }
  const pids = printed.trim().split(/\s+/).map(Number);
  assert.is(pids.length, 2, printed);
  await allEnd(pids);
});

test("a kernel starts again on the ports of one that has just ended", async () => {
  const first = await startKernel({ cwd: root });
  await first.execute("let gone = 1;");
  await first.shutdown();
  const second = await startKernel({ cwd: root, connection: first.connection });
  const execution = await second.execute("typeof (globalThis as any).gone");
  assert.is(resultOf(execution), "'undefined'");
  assert.is(execution.executionCount, 1);
  await second.shutdown();
});

test.run();
