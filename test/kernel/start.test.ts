import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startKernel } from "../../jupyter/client/client.js";
import { jsonLines, orderFd, type Report, reportFd } from "../../jupyter/messages.js";
import { childrenOf, eventually, resultOf, root, sleep } from "./support.js";

const test = suite("kernel: start");

/** An environment in which that module loads as from a slow disk: the event loop turns meanwhile. */
function slowly(module: string, delayMs: number): NodeJS.ProcessEnv {
  const slow = `export const resolve = async (name, context, next) => {
    if (name.endsWith("/${module}")) await new Promise((done) => setTimeout(done, ${delayMs}));
    return next(name, context);
  };`;
  const asUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  const loader = asUrl(`import { register } from "node:module"; register(${JSON.stringify(asUrl(slow))});`);
  return { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --import ${loader}` };
}

test("a cell that comes while the kernel process still loads is run, and an interrupt stops nothing of that", async () => {
  const kernel = await startKernel({ cwd: root, env: slowly("cells.js", 1500) });
  await sleep(300); // the thread that takes orders is there by then
  await kernel.interrupt();
  let answer: unknown;
  kernel.execute("1 + 1").then((execution) => {
    answer = resultOf(execution);
  }, String);
  await eventually(() => answer !== undefined);
  await kernel.kill();
  assert.is(answer, "2");
});

test("an interrupt while the launcher still loads does not end it", async () => {
  const before = new Set(childrenOf(process.pid));
  const starting = startKernel({ cwd: root, env: slowly("server.js", 3000) });
  const launcher = () => childrenOf(process.pid).find((pid) => !before.has(pid));
  await eventually(() => launcher() !== undefined);
  const pid = launcher() as number;
  // It takes signals as soon as it has started the kernel process.
  await eventually(() => childrenOf(pid).length > 0);
  await sleep(100);
  process.kill(pid, "SIGINT");
  const kernel = await starting;
  const execution = await kernel.execute("1 + 1");
  await kernel.kill();
  assert.is(resultOf(execution), "2");
});

test("an interrupt answers an order that was lost", async () => {
  const kernel = spawn(process.execPath, [join(root, "jupyter", "dist", "kernel", "kernel.js")], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit", "pipe", "pipe"],
  });
  const replies: Report[] = [];
  const keep = (report: Report) => report.is === "reply" && replies.push(report);
  (kernel.stdio[reportFd] as Readable).on("data", jsonLines<Report>(keep));
  const order = { do: "interrupt", unanswered: ["lost"] };
  (kernel.stdio[orderFd] as Writable).write(`${JSON.stringify(order)}\n`);
  await eventually(() => replies.length > 0);
  kernel.kill("SIGKILL");
  const [reply] = replies;
  assert.ok(reply?.is === "reply" && reply.id === "lost", JSON.stringify(replies));
  assert.is("ename" in reply.content && reply.content.ename, "Interrupted");
});

test.run();
