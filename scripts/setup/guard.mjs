// The guard: a process of its own session that outlives a `kill -9` of its starter and then ends what the starter left.
// It reads lines "+pid" and "-pid" from its input; at the input's end it kills every process tree still on the list.
// Kernels sit in process groups of their own, so the trees are read from ps before anything is killed.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { isMain } from "./main-module.mjs";
import { killTrees } from "./processes.mjs";

const file = fileURLToPath(import.meta.url);

/** Starts a guard for this process; returns `watch(pid)` and `release(pid)`. The guard ends with this process. */
export function startGuard() {
  const guard = spawn(process.execPath, [file], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  guard.unref();
  guard.stdin.unref?.();
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  return {
    watch: (pid) => guard.stdin.write(`+${pid}\n`),
    release: (pid) => guard.stdin.write(`-${pid}\n`),
  };
}

if (isMain(import.meta.url)) {
  const watched = new Set();
  let text = "";
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (chunk) => {
    const lines = (text + chunk).split("\n");
    text = lines.pop();
    for (const line of lines) watched[line[0] === "+" ? "add" : "delete"](Number(line.slice(1)));
  });
  process.stdin.on("end", async () => {
    await killTrees([...watched], { graceMs: 3000 });
    process.exit(0);
  });
}
