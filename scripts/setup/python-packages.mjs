// Python packages that not every reader needs, pinned with their hashes, into a folder of their own: they run with the Python of .venv.
import { existsSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { pipEnvironment, pipSettings } from "./environment.mjs";
import { SetupFailure } from "./failure.mjs";
import { jupyterEnvironment, python, root } from "./paths.mjs";
import { firstError, run } from "./processes.mjs";
import { hashOf, readStamp, writeStamp } from "./stamps.mjs";

/**
 * Installs what a requirements file lists into `folder`, unless it is there already.
 *
 * @param requirements the file, from the checkout's top; it must name all packages, as nothing else is installed
 * @param folder for PYTHONPATH
 * @returns whether anything had to be done
 * @throws SetupFailure with the one line for the reader
 */
export async function installPythonPackages(requirements, folder) {
  const wanted = hashOf([requirements], python);
  const stamp = path.join(folder, ".handoff-stamp");
  if (readStamp(stamp) === wanted) return false;
  if (!existsSync(python)) throw new SetupFailure("the set-up has not been made yet: type npm start, or npm run setup");
  const half = `${folder}.half`;
  rmSync(half, { recursive: true, force: true });
  const name = path.basename(folder);
  const listed = await run(`pip-settings-${name}`, python, ["-c", pipSettings], { env: jupyterEnvironment() });
  const settings = listed.code === 0 ? JSON.parse(listed.output.trim().split("\n").at(-1)) : {};
  const env = { ...pipEnvironment(jupyterEnvironment(), settings), PIP_DISABLE_PIP_VERSION_CHECK: "1" };
  const flags = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-input", "--no-cache-dir", "--quiet"];
  const result = await run(
    `pip-${name}`,
    python,
    ["-m", "pip", "install", ...flags, "--target", half, "-r", requirements],
    { env, cwd: root },
  );
  if (result.code !== 0)
    throw new SetupFailure(`pip could not install ${name}: ${firstError(result.output)} (all of it: ${result.log})`);
  writeStamp(path.join(half, ".handoff-stamp"), wanted);
  rmSync(folder, { recursive: true, force: true });
  renameSync(half, folder);
  return true;
}
