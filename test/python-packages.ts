import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { inRoot, jupyterEnvironment, python } from "../scripts/setup/paths.mjs";
import { installPythonPackages } from "../scripts/setup/python-packages.mjs";

/**
 * Installs Python packages that tests alone need into `build/`, unless they are there.
 *
 * @param requirements the file that lists all of them with their hashes, from the checkout's top
 * @returns their folder, for PYTHONPATH
 */
export async function pythonPackages(...requirements: readonly string[]): Promise<string> {
  const packages = inRoot("build", "python-packages", requirements.slice(1, -1).join("-"));
  await installPythonPackages(path.join(...requirements), packages);
  return packages;
}

/** Runs a Python program with such packages. @returns what it printed */
export async function runPython(packages: string, file: string, input = ""): Promise<string> {
  const env = { ...jupyterEnvironment(), PYTHONPATH: packages };
  const running = promisify(execFile)(python, [file], { cwd: inRoot("build"), env, maxBuffer: 67_108_864 });
  running.child.stdin?.end(input);
  return (await running).stdout;
}
