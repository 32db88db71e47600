/** What a command does before it runs notebooks. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { buildArguments, inRoot, python, root } from "../setup/paths.mjs";
import { firstError } from "../setup/processes.mjs";

/**
 * A folder for this process's temporary files, which goes with it however it is ended; kernels notice by themselves that
 * it has gone.
 */
export function useTemporaryFolder(): string {
  mkdirSync(inRoot("build", "tmp"), { recursive: true });
  const temporary = mkdtempSync(inRoot("build", "tmp", "run-"));
  process.env.TMPDIR = temporary;
  process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
  return temporary;
}

/** Compiles what the cells import; a notebook made with yesterday's library would be wrong without a sign. */
export function build(): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, buildArguments, { cwd: root, encoding: "utf8" });
  if (status === 0) return;
  // tsc writes to stdout, esbuild to stderr.
  console.error(`built with errors, first: ${firstError(`${stdout}\n${stderr}`)}`);
}

/** @throws if the set-up has not been made. */
export function needJupyter(): void {
  if (!existsSync(python)) throw new Error("Jupyter is not installed yet: run npm run setup");
}
