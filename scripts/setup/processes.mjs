// Child processes that can't be lost: each runs in a process group of its own under the guard, and ends with us.
import { execFileSync, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { startGuard } from "./guard.mjs";
import { root, state } from "./paths.mjs";

const running = new Set();
let guard;

// Waits for a word on descriptor 3, then becomes the command; without the word (its starter is dead) it ends.
const gate = 'read -r _ <&3 || exit 1; exec "$@" 3<&-';

/**
 * Starts a command in its own process group; the guard ends it if this process dies. The command begins when the guard knows
 * it: were this process killed between the two, nobody would.
 */
export function start(command, args, { stdio = "inherit", ...options } = {}) {
  guard ??= startGuard();
  const streams = typeof stdio === "string" ? [stdio, stdio, stdio] : stdio;
  const child = spawn("/bin/sh", ["-c", gate, "sh", command, ...args], {
    cwd: root,
    ...options,
    stdio: [...streams, "pipe"],
    detached: true,
  });
  if (child.pid !== undefined) {
    running.add(child.pid);
    guard.watch(child.pid);
    child.stdio[3].on("error", () => {});
    child.stdio[3].end("go\n");
  }
  child.once("close", () => {
    if (child.pid === undefined) return;
    running.delete(child.pid);
    guard.release(child.pid);
  });
  return child;
}

/**
 * Runs a command to its end with its output in `.jupyter/logs/<name>.log`.
 *
 * @param options of `spawn`; and `onStart(pid)`
 * @returns `{ code, output, log }`; `code` is 127 if the command can't be started and 128 if a signal ended it.
 */
export function run(name, command, args, options = {}) {
  const log = path.join(state, "logs", `${name}.log`);
  mkdirSync(path.dirname(log), { recursive: true });
  const file = openSync(log, "w");
  return new Promise((resolve) => {
    const done = (code) => resolve({ code, output: readFileSync(log, "utf8"), log: path.relative(root, log) });
    const { onStart, ...spawning } = options;
    const child = start(command, args, { ...spawning, stdio: ["ignore", file, file] });
    if (child.pid !== undefined) onStart?.(child.pid);
    closeSync(file);
    child.once("error", () => done(127));
    child.once("close", (code) => done(code ?? 128));
  });
}

/** The first line of what a compiler printed that tells of an error. */
export const firstError = (output) =>
  output
    .split("\n")
    .find((line) => /error/i.test(line))
    ?.trim() ?? "no message";

/** Ends every command that is still running, with its descendants. */
export const endAll = (options) => killTrees([...running], options);

// Rows of every live process. Linux tells them in /proc (a bare machine has no ps), macOS by ps.
function processTable() {
  if (existsSync("/proc/self/stat"))
    return readdirSync("/proc").flatMap((pid) => {
      if (!/^\d+$/.test(pid)) return [];
      try {
        const text = readFileSync(`/proc/${pid}/stat`, "utf8");
        const fields = text.slice(text.lastIndexOf(")") + 2).split(" "); // state, parent, …, start time as the 20th
        return fields[0] === "Z" ? [] : [{ pid: Number(pid), parent: Number(fields[1]), started: fields[19] }];
      } catch {
        return []; // it has just ended
      }
    });
  const text = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat=,lstart="], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  return text.split("\n").flatMap((line) => {
    const [pid, parent, status, ...started] = line.trim().split(/\s+/);
    if (!pid || status?.startsWith("Z")) return [];
    return [{ pid: Number(pid), parent: Number(parent), started: started.join(" ") }];
  });
}

/** The given processes and all their descendants, each as pid → start time: a pid alone may come back as a stranger. */
function families(pids) {
  const table = processTable();
  const found = new Map(table.filter(({ pid }) => pids.includes(pid)).map(({ pid, started }) => [pid, started]));
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const { pid, parent, started } of table) if (found.has(parent)) found.set(pid, started);
  }
  return found;
}

function signal(pid, name) {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/**
 * Asks process groups to end (SIGTERM), waits up to `graceMs`, then kills what is left of them and of all descendants.
 *
 * A JupyterLab that is asked ends its kernels itself; kernels have process groups of their own.
 */
export async function killTrees(pids, { graceMs = 8000 } = {}) {
  if (pids.length === 0) return;
  const family = families(pids);
  for (const pid of pids) signal(-pid, "SIGTERM");
  const until = Date.now() + graceMs;
  const lives = () => processTable().some(({ pid, started }) => family.get(pid) === started);
  while (Date.now() < until && lives()) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const [pid, started] of families([...family.keys()])) if (!family.has(pid)) family.set(pid, started);
  }
  for (const { pid, started } of processTable()) if (family.get(pid) === started) signal(pid, "SIGKILL");
}
