import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withLiveLock } from "../../scripts/notebooks/live-lock.js";
import { inRoot, root } from "../../scripts/setup/paths.mjs";
import { newFolder, removeFolders } from "./support.js";

test.after(removeFolders);

/** Another process that takes the lock, says so, and keeps it. */
async function holderOf(lock: string) {
  const module = inRoot("scripts", "notebooks", "live-lock.ts");
  const code = `import { withLiveLock } from ${JSON.stringify(module)};
await withLiveLock(() => new Promise(() => { console.log("held"); setInterval(() => {}, 1000); }), ${JSON.stringify(lock)});`;
  const args = ["--import", "tsx", "--input-type=module", "-e", code];
  const holder = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  return holder;
}

test("a live cell waits as long as another process holds the lock, and runs when that was killed by SIGKILL", async () => {
  const lock = path.join(newFolder(), "live.lock");
  const holder = await holderOf(lock);
  let ran = false;
  const running = withLiveLock(async () => {
    ran = true;
  }, lock);
  await sleep(700);
  assert.is(ran, false);
  holder.kill("SIGKILL");
  await running;
  assert.is(ran, true);
});

test("two live cells of one process never run at once, also after one has failed", async () => {
  const lock = path.join(newFolder(), "live.lock");
  let running = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await sleep(20);
    running--;
    throw new Error("failed");
  };
  const all = await Promise.allSettled([1, 2, 3].map(() => withLiveLock(work, lock)));
  assert.equal([most, all.map(({ status }) => status)], [1, ["rejected", "rejected", "rejected"]]);
});

test.run();
