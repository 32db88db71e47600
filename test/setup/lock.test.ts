import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { takeLock } from "../../scripts/setup/lock.mjs";
import { inRoot } from "../../scripts/setup/paths.mjs";

const locking = suite("the lock of the set-up");
let folder: string;
let file: string;
locking.before.each(() => {
  folder = mkdtempSync(path.join(tmpdir(), "lock "));
  file = path.join(folder, "setup.lock");
});
locking.after.each(() => rmSync(folder, { recursive: true, force: true }));

const lockModule = JSON.stringify(pathToFileURL(inRoot("scripts", "setup", "lock.mjs")).href);
const inProcess = (code: string) =>
  spawn(process.execPath, ["--input-type=module", "-e", `const { takeLock } = await import(${lockModule});\n${code}`], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, FILE: file, LOG: path.join(folder, "log") },
  });

locking("eight processes that start at once hold it one after the other", async () => {
  const code = `
    import { appendFileSync } from "node:fs";
    const release = await takeLock(process.env.FILE);
    appendFileSync(process.env.LOG, "in\\n");
    await new Promise((resolve) => setTimeout(resolve, 40));
    appendFileSync(process.env.LOG, "out\\n");
    release();`;
  const children = Array.from({ length: 8 }, () => inProcess(code));
  await Promise.all(children.map((child) => once(child, "close")));
  const { readFileSync } = await import("node:fs");
  assert.is(readFileSync(path.join(folder, "log"), "utf8"), "in\nout\n".repeat(8));
  assert.equal(readdirSync(folder), ["log"]);
});

locking("a holder that was killed loses it", async () => {
  const child = inProcess('await takeLock(process.env.FILE); console.log("held"); setInterval(() => {}, 1000);');
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "close");
  assert.ok(existsSync(file));
  (await takeLock(file))();
  assert.equal(readdirSync(folder), []);
});

locking("a lock of a pid that now belongs to another process is not honoured", async () => {
  if (process.platform !== "linux") return; // start times are read from /proc
  writeFileSync(file, `${process.pid} 1`);
  (await takeLock(file))();
});

locking("whoever waits is told the holder once", async () => {
  const release = await takeLock(file);
  const told: number[] = [];
  const second = takeLock(file, (pid) => void told.push(pid));
  await new Promise((resolve) => setTimeout(resolve, 700));
  release();
  (await second)();
  assert.equal(told, [process.pid]);
});

locking.run();
