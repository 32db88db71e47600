// Runs JupyterLab on loopback with a token, and ends it with everything below it, however we are ended.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { report, setUp, tell } from "../setup.mjs";
import { SetupFailure } from "./failure.mjs";
import { takeLock } from "./lock.mjs";
import { watchPairs } from "./pairs.mjs";
import { inRoot, jupyterEnvironment, pagesFolder, python, root, runtimeFolder, state } from "./paths.mjs";
import { endAll, start } from "./processes.mjs";
import { makePages, upToDate } from "./steps.mjs";

const firstNotebook = "notebooks/00-start-here.ipynb";

/** Sets up, starts JupyterLab with the reader's own arguments, prints its URL, and stays until it ends. */
export async function main(args) {
  const startedMs = performance.now();
  const ending = endOnSignals();
  try {
    checkArguments(args);
    const hasPages = existsSync(path.join(pagesFolder, "api", "index.html"));
    await setUp({ pages: !hasPages });
    const startedLabMs = performance.now();
    const lab = startLab(args);
    const ended = new Promise((resolve) => lab.once("close", (code) => resolve(code ?? 1)));
    const url = await Promise.race([urlOf(lab), ended.then(() => undefined)]);
    if (url !== undefined) {
      report("JupyterLab", startedLabMs, url);
      console.log(`\nReady after ${((performance.now() - startedMs) / 1000).toFixed(1)} s. Ctrl-C ends everything.`);
    }
    keepInStep(ending);
    if (hasPages) await renewPages(ending);
    const code = await ended;
    if (!ending.begun) {
      await endAll();
      process.exit(code);
    }
  } catch (error) {
    if (!ending.begun) tell(error);
    await endAll({ graceMs: 1000 });
    if (!ending.begun) process.exit(1);
  }
}

// Somebody may write a notebook in another editor while JupyterLab runs, which then could not open it.
function keepInStep(ending) {
  const look = watchPairs();
  const timer = setInterval(async () => {
    if (ending.begun) return clearInterval(timer);
    const told = await look().catch((error) => [`notebooks and their texts are not kept in step: ${error.message}`]);
    for (const line of told) console.log(line);
  }, 1500);
  timer.unref();
}

// Pages of an older version serve until the new ones stand: nobody waits for them. One start at a time makes them.
async function renewPages(ending) {
  const startedMs = performance.now();
  const release = await takeLock(path.join(state, "pages.lock"));
  const note = await makePages().finally(release);
  if (!ending.begun && note !== upToDate) report("API pages", startedMs, note);
}

/** Refuses what would let others in; the rest is JupyterLab's to judge. */
function checkArguments(args) {
  args.forEach((argument, at) => {
    const [name, value = args[at + 1] ?? ""] = argument.split(/=(.*)/s);
    if (/^--(ServerApp\.|LabApp\.)?ip$/.test(name) && !["127.0.0.1", "localhost", "::1"].includes(value))
      throw new SetupFailure(`${argument}: JupyterLab runs on this machine's loopback only. Leave --ip out.`);
    if (/\b(token|password)$/i.test(name) && value.replace(/['"]/g, "") === "")
      throw new SetupFailure(`${argument}: JupyterLab runs with a token only. Leave ${name} out, or give it a value.`);
  });
}

function startLab(args) {
  mkdirSync(runtimeFolder, { recursive: true, mode: 0o700 });
  const opens = existsSync(inRoot(firstNotebook)) ? firstNotebook : "notebooks";
  const ours = [`--ServerApp.root_dir=${root}`, `--LabApp.default_url=/lab/tree/${opens}`];
  if (process.getuid?.() === 0) ours.push("--allow-root"); // in a container; loopback and a token hold there too
  const lab = start(python, ["-m", "jupyterlab", ...ours, ...args], {
    env: jupyterEnvironment(),
    stdio: ["ignore", "inherit", "pipe"],
  });
  showMessages(lab.stderr);
  return lab;
}

// JupyterLab repeats its address in a message of its own, a block of lines; all else that it says is the reader's.
function showMessages(stream) {
  let inAddress = false;
  createInterface({ input: stream }).on("line", (line) => {
    if (/^\[\w .*?\]\s*$/.test(line)) inAddress = true;
    else if (line.startsWith("[")) inAddress = false;
    if (!inAddress) console.error(line);
  });
}

/** The address with its token, once the server answers there. */
async function urlOf(lab) {
  const file = path.join(runtimeFolder, `jpserver-${lab.pid}.json`);
  while (lab.exitCode === null && lab.signalCode === null) {
    try {
      const { url, token } = JSON.parse(readFileSync(file, "utf8"));
      if ((await fetch(`${url}api`)).ok) {
        const opens = existsSync(inRoot(firstNotebook)) ? firstNotebook : "notebooks";
        return `${url}lab/tree/${opens}?token=${token}`;
      }
    } catch {}
    await sleep(50);
  }
}

/** Ends everything on Ctrl-C, SIGTERM, a closed terminal, or when npm, which started us, has gone. A second Ctrl-C does not wait. */
function endOnSignals() {
  const ending = { begun: false };
  let firstMs = 0;
  const end = async (graceMs) => {
    await endAll({ graceMs });
    process.exit(0);
  };
  const onSignal = (signal) => {
    if (!ending.begun) {
      ending.begun = true;
      firstMs = performance.now();
      console.log(`\nEnding JupyterLab and its kernels (${signal}) …`);
      void end(8000);
    } else if (performance.now() - firstMs > 700) void end(0); // npm passes the terminal's Ctrl-C on: not a second one
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, onSignal);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {}); // the terminal has gone
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event !== undefined)
    setInterval(() => process.ppid !== parent && !ending.begun && onSignal("npm has ended"), 500).unref();
  return ending;
}
