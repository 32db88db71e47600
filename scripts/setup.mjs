// The set-up: everything into the checkout, only what is not up to date. `npm start` and `npm test` begin with it.
import path from "node:path";
import { SetupFailure } from "./setup/failure.mjs";
import { takeLock } from "./setup/lock.mjs";
import { isMain } from "./setup/main-module.mjs";
import { bringInStep } from "./setup/pairs.mjs";
import { state } from "./setup/paths.mjs";
import { endAll } from "./setup/processes.mjs";
import { signShipped } from "./setup/shipped.mjs";
import { build, checkFolder, installPackages, installPython, makePages, writeKernel } from "./setup/steps.mjs";

/** One line per step: its name, its time, what was done. */
export function report(name, startedMs, note) {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${name.padEnd(16)}${seconds.padStart(6)} s  ${note ?? ""}`.trimEnd());
}

async function step(name, work) {
  const startedMs = performance.now();
  report(name, startedMs, await work());
}

/**
 * Brings the checkout up to date; one at a time, a second one waits.
 *
 * npm's packages and Python's come at the same time, and what needs both comes last.
 *
 * @param options `build`, `pages` and `pairs` say whether to compile, to make the API pages, and to bring notebooks and
 *   their texts in step; all by default
 * @throws SetupFailure with the one line for the reader
 */
export async function setUp(options = {}) {
  checkFolder();
  const release = await takeLock(path.join(state, "setup.lock"), (pid) =>
    console.log(`waiting for another set-up of this folder (process ${pid}) to finish`),
  );
  try {
    const node = async () => {
      await step("npm packages", installPackages);
      if (options.build !== false) await step("build", build);
      await step("kernel", writeKernel);
      if (options.pages !== false) await step("API pages", makePages);
    };
    const python = async () => {
      await step("Python packages", installPython);
      const followed = options.pairs === false ? [] : await bringInStep();
      await step("notebooks", signShipped);
      for (const line of followed) console.log(`  ${line}`);
    };
    await Promise.all([node(), python()]);
  } catch (error) {
    await endAll({ graceMs: 1000 }); // the other half
    throw error;
  } finally {
    release();
  }
}

/** Tells a failure in one line; anything but a {@link SetupFailure} is our bug and keeps its stack. */
export function tell(error) {
  console.error(error instanceof SetupFailure ? `\nset-up: ${error.message}` : error);
  process.exitCode = 1;
}

if (isMain(import.meta.url)) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.once(signal, () => void endAll({ graceMs: 1000 }).then(() => process.exit(1)));
  await setUp().catch(tell);
}
