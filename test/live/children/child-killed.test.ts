import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { childrenOf, eventually, isAlive, sleep } from "../../kernel/support.js";

const test = suite("live: no child outlives the process that started it");

const victimFile = fileURLToPath(new URL("./child-victim.ts", import.meta.url));

async function victim(...args: string[]): Promise<{ victim: ChildProcess; pids: number[] }> {
  const victim = spawn(process.execPath, ["--import", "tsx", victimFile, ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = await once(victim.stdout as NodeJS.ReadableStream, "data");
  return { victim, pids: JSON.parse(String(line)) };
}

async function allEnd(pids: readonly number[]): Promise<void> {
  await eventually(() => !pids.some(isAlive));
  const left = pids.filter(isAlive);
  for (const pid of left) process.kill(pid, "SIGKILL");
  assert.equal(left, []);
}

for (const signal of ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"] as const)
  test(`after ${signal} none is left, nor one that ignores signals, nor a grandchild, nor the guard`, async () => {
    const { victim: parent, pids } = await victim("waits");
    const all = [...pids, ...childrenOf(parent.pid as number)];
    assert.ok(pids.every(isAlive), "they live");
    parent.kill(signal);
    const [, by] = await once(parent, "exit");
    assert.is(by, signal);
    await allEnd(all);
  });

for (const ending of ["exits", "throws"])
  test(`none is left of a process that ${ending} while they live`, async () => {
    const { victim: parent, pids } = await victim(ending);
    if (parent.exitCode === null) await once(parent, "exit");
    await allEnd(pids);
  });

/** Processes that call themselves so. */
const named = (name: string): number[] =>
  readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith(`${name}\0`);
      } catch {
        return false;
      }
    })
    .map(Number);

const onlyOnLinux = process.platform === "linux" ? test : test.skip;

onlyOnLinux("none is left that was started in the very moment of SIGKILL", async () => {
  for (let round = 0; round < 8; round++) {
    const mark = `handoff-victim-${process.pid}-${round}`;
    const { victim: parent } = await victim("starts more", mark);
    assert.ok(await eventually(() => named(mark).length > 5));
    await sleep(round * 3);
    parent.kill("SIGKILL");
    await once(parent, "exit");
    assert.ok(await eventually(() => named(mark).length === 0), `round ${round}: ${named(mark).length} are left`);
  }
});

test.run();
