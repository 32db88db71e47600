// Finds a Python that can make a virtual environment: PYTHON if it is set, else every usual name along PATH.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { toolEnvironment } from "./environment.mjs";
import { SetupFailure } from "./failure.mjs";

const oldest = 10; // Python 3.10
const names = ["python3", "python", ...[14, 13, 12, 11, 10].map((minor) => `python3.${minor}`)];
const usualFolders = ["/opt/homebrew/bin", "/usr/local/bin", "/usr/bin"];
const question =
  "import sys, importlib.util as u; print(*sys.version_info[:2], int(all(map(u.find_spec, ('venv', 'ensurepip')))))";

/** @returns `{ command, version, … }` of the first Python that is new enough and has venv. @throws SetupFailure */
export function findPython(environment = process.env, otherFolders = usualFolders) {
  if (environment.PYTHON) {
    const found = ask(environment.PYTHON);
    if (!found) throw new SetupFailure(`PYTHON=${environment.PYTHON} is not a Python that runs. ${wanted}`);
    return check([found], `PYTHON=${environment.PYTHON} is`);
  }
  const folders = new Set([...(environment.PATH ?? "").split(path.delimiter), ...otherFolders]);
  const seen = [];
  for (const name of names)
    for (const folder of folders) {
      const command = path.join(folder, name);
      const found = path.isAbsolute(folder) && existsSync(command) ? ask(command) : undefined;
      if (found && isFit(found)) return found;
      if (found) seen.push(found);
    }
  return check(seen, "found only");
}

const wanted = "Install Python 3.10 or later, or set PYTHON to one, and start again.";
const isFit = ({ major, minor, hasVenv }) => hasVenv && (major > 3 || (major === 3 && minor >= oldest));

function check(seen, what) {
  const fit = seen.find(isFit);
  if (fit) return fit;
  const lacking = seen.find((found) => isFit({ ...found, hasVenv: true }));
  if (lacking)
    throw new SetupFailure(
      `Python ${lacking.version} (${lacking.command}) has no venv module. ` +
        `Install it (Debian, Ubuntu: apt install python${lacking.version}-venv) and start again.`,
    );
  if (seen.length === 0) throw new SetupFailure(`no Python was found. ${wanted}`);
  throw new SetupFailure(`${what} Python ${seen[0].version} (${seen[0].command}), which is too old. ${wanted}`);
}

function ask(command) {
  const options = { encoding: "utf8", timeout: 20_000, env: { ...toolEnvironment(), LC_ALL: "C" } };
  const { status, stdout } = spawnSync(command, ["-c", question], options);
  const [, major, minor, hasVenv] = /^(\d+) (\d+) ([01])\s*$/.exec(stdout ?? "") ?? [];
  if (status !== 0 || major === undefined) return undefined;
  return {
    command,
    version: `${major}.${minor}`,
    major: Number(major),
    minor: Number(minor),
    hasVenv: hasVenv === "1",
  };
}
