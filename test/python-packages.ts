import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { pipEnvironment, pipSettings } from "../scripts/setup/environment.mjs";
import { inRoot, jupyterEnvironment, python } from "../scripts/setup/paths.mjs";

const run = promisify(execFile);

/**
 * Installs Python packages that tests alone need, pinned with their hashes, into `build/`, unless they are there.
 *
 * @param requirements the file that names them, all of them, from the checkout's top
 * @returns their folder, for PYTHONPATH
 */
export async function pythonPackages(...requirements: readonly string[]): Promise<string> {
  const file = inRoot(...requirements);
  const hash = createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
  const packages = inRoot("build", "python-packages", hash);
  if (existsSync(packages)) return packages;
  mkdirSync(path.dirname(packages), { recursive: true });
  const half = `${packages}.half`;
  const flags = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-input", "--no-cache-dir", "--quiet"];
  rmSync(half, { recursive: true, force: true });
  const listed = await run(python, ["-c", pipSettings], { env: jupyterEnvironment() });
  const settings = JSON.parse(listed.stdout.trim().split("\n").at(-1) ?? "") as Record<string, string>;
  const env = { ...pipEnvironment(jupyterEnvironment(), settings), PIP_DISABLE_PIP_VERSION_CHECK: "1" };
  await run(python, ["-m", "pip", "install", ...flags, "--target", half, "-r", file], { env });
  renameSync(half, packages);
  return packages;
}

/** Runs a Python program with such packages. @returns what it printed */
export async function runPython(
  packages: string,
  file: string,
  input = "",
  more: NodeJS.ProcessEnv = {},
): Promise<string> {
  const env = { ...jupyterEnvironment(), ...more, PYTHONPATH: packages };
  const options = { cwd: inRoot("build"), env, maxBuffer: 67_108_864 };
  const running = run(python, [file], options);
  running.child.stdin?.end(input);
  return (await running).stdout;
}
