/**
 * Writes the kernel's description where Jupyter finds it. Node built-ins only: the set-up calls this before anything is
 * installed.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The name under which notebooks ask for the kernel. */
export const kernelName = "handoff";

/** What people read in the list of kernels. */
export const kernelDisplayName = "TypeScript (Handoff)";

/** The kernel's description, for this Node and this checkout. */
export function kernelspec() {
  const launcher = join(dirname(fileURLToPath(import.meta.url)), "dist", "launcher", "launcher.js");
  return {
    argv: [process.execPath, launcher, "{connection_file}"],
    display_name: kernelDisplayName,
    language: "typescript",
    interrupt_mode: "signal",
    metadata: { debugger: false },
  };
}

/**
 * Writes `kernels/handoff/kernel.json` under a folder that is to stand in `JUPYTER_PATH`; an existing one is replaced.
 *
 * @param {string} folder a Jupyter data folder, made if needed
 * @returns {string} the path of the written file
 */
export function writeKernelspec(folder) {
  const file = join(folder, "kernels", kernelName, "kernel.json");
  mkdirSync(dirname(file), { recursive: true });
  const half = `${file}.${process.pid}`;
  writeFileSync(half, `${JSON.stringify(kernelspec(), null, 2)}\n`);
  renameSync(half, file);
  return file;
}
