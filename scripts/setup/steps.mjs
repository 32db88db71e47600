// The steps of the set-up. Each is `async () => note`: it returns "up to date" or what it did, or throws SetupFailure.
import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { SetupFailure } from "./failure.mjs";
import { buildArguments, inRoot, jupyterEnvironment, pagesFolder, python, root, state, venv } from "./paths.mjs";
import { firstError, run } from "./processes.mjs";
import { findPython } from "./python.mjs";
import { filesUnder, hashOf, readStamp, writeStamp } from "./stamps.mjs";

export const upToDate = "up to date";
const cache = (name) => path.join(state, "cache", name);
const stampOf = (name) => path.join(state, "stamps", name);

/** `npm ci`, unless what is installed is what the lock file says, for this Node and this machine. */
export async function installPackages() {
  const stamp = inRoot("node_modules", ".handoff-stamp");
  const platform = `${process.platform} ${process.arch} ${process.versions.modules}`;
  if (matchesLock() && (readStamp(stamp) ?? platform) === platform) {
    if (readStamp(stamp) === undefined) writeStamp(stamp, platform); // installed by hand with npm
    return upToDate;
  }
  const npm = /npm-cli\.c?js$/.test(process.env.npm_execpath ?? "")
    ? [process.execPath, process.env.npm_execpath]
    : ["npm"];
  const [command, ...before] = npm;
  const flags = ["--include=dev", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=2"];
  const waits = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000", `--cache=${cache("npm")}`];
  const result = await run("npm", command, [...before, "ci", ...flags, ...waits]);
  explain("npm ci", result);
  writeStamp(stamp, platform);
  rmSync(cache("npm"), { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  return "installed";
}

// npm writes node_modules/.package-lock.json as the last thing of an install: a broken-off one has none.
function matchesLock() {
  try {
    const read = (...parts) => JSON.parse(readFileSync(inRoot(...parts), "utf8")).packages;
    const installed = read("node_modules", ".package-lock.json");
    return Object.entries(read("package-lock.json")).every(
      ([name, { version, optional, link }]) =>
        !name.startsWith("node_modules/") || link || (installed[name] ? installed[name].version === version : optional),
    );
  } catch {
    return false;
  }
}

/** A virtual environment in `.venv` with the pinned Python packages; one that was left half-finished is made anew. */
export async function installPython() {
  const stamp = path.join(venv, ".handoff-stamp");
  const wanted = () => hashOf(["jupyter/requirements.txt"], root, realpathSync(python));
  if (existsSync(python) && readStamp(stamp) === wanted()) return upToDate;
  const found = findPython();
  rmSync(venv, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  // A short PATH: pip asks every tool that it knows for its version, and some of those write to the home folder.
  const environment = {
    ...jupyterEnvironment(),
    PATH: "/usr/bin:/bin",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_CACHE_DIR: cache("pip"),
  };
  const made = await run("venv", found.command, ["-m", "venv", venv], { env: environment });
  if (made.code !== 0 && /ensurepip/.test(made.output))
    throw new SetupFailure(
      `Python ${found.version} (${found.command}) has no working ensurepip. ` +
        `Install it (Debian, Ubuntu: apt install python${found.version}-venv) and start again.`,
    );
  explain("python -m venv", made);
  // JupyterLab runs a CommonJS script of its own with node, which must not take the checkout's "type": "module".
  writeFileSync(path.join(venv, "package.json"), '{ "type": "commonjs" }\n');
  const arguments_ = ["-m", "pip", "install", "--no-input", "--require-hashes", "--only-binary=:all:", "--retries=2"];
  const result = await run("pip", python, [...arguments_, "-r", inRoot("jupyter", "requirements.txt")], {
    env: environment,
  });
  explain("pip install", result);
  writeStamp(stamp, wanted());
  rmSync(cache("pip"), { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  return `installed with Python ${found.version}`;
}

const sources = () => [
  "package-lock.json",
  "tsconfig.json",
  "scripts/build.ts",
  ...["kernel-lib", "jupyter", "datasets"].flatMap((folder) =>
    filesUnder(folder, (name) => /\.(ts|mjs|json|csv)$/.test(name)),
  ),
];

/** Compiles kernel-lib and the kernel's launcher. */
export async function build() {
  const wanted = hashOf(sources());
  const products = ["kernel-lib/dist/index.js", "kernel-lib/dist/engine/bundle.js", "jupyter/dist/launcher.js"];
  if (readStamp(stampOf("build")) === wanted && products.every((file) => existsSync(inRoot(file)))) return upToDate;
  const result = await run("build", process.execPath, buildArguments);
  if (result.code === 0) {
    writeStamp(stampOf("build"), wanted);
    return "built";
  }
  const first = firstError(result.output);
  if (products.some((file) => !existsSync(inRoot(file)))) throw new SetupFailure(`the build failed: ${first}`);
  return `built with errors, first: ${first}`;
}

/** The API pages; only a note when they fail, since the notebooks work without them. */
export async function makePages() {
  const wanted = hashOf([...sources(), "typedoc.json", "README.md"]);
  if (readStamp(stampOf("pages")) === wanted && existsSync(path.join(pagesFolder, "api", "index.html")))
    return upToDate;
  const lenient = ["--treatWarningsAsErrors", "false", "--treatValidationWarningsAsErrors", "false"];
  const typedoc = inRoot("node_modules", "typedoc", "bin", "typedoc");
  const result = await run("pages", process.execPath, [typedoc, ...lenient]);
  if (result.code === 0) writeStamp(stampOf("pages"), wanted);
  if (result.code === 0) return "made";
  return `not made, see ${result.log}`;
}

/** Puts the kernelspec, with this checkout's paths, where only our JupyterLab finds it. */
export async function writeKernel() {
  const { writeKernelspec } = await import(pathToFileURL(inRoot("jupyter", "kernelspec.mjs")).href);
  writeKernelspec(path.join(state, "share", "jupyter"));
}

const noNetwork =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ECONNRESET|Temporary failure in name resolution|Failed to establish a new connection|NameResolutionError|ConnectTimeout|ReadTimeout|getaddrinfo failed|nodename nor servname/i;

function explain(what, { code, output, log }) {
  if (code === 0) return;
  if (code === 127)
    throw new SetupFailure(`${what}: the command was not found. Install npm (it comes with Node) and start again.`);
  if (/ENOSPC|No space left/i.test(output))
    throw new SetupFailure(`${what}: the disk is full. Make room and start again.`);
  if (/EACCES|EROFS|Permission denied|Read-only file system/i.test(output))
    throw new SetupFailure(`${what}: the folder ${root} can't be written. Give yourself the right to and start again.`);
  if (noNetwork.test(output))
    throw new SetupFailure(`${what}: the network can't be reached. Connect and start again; what has arrived is kept.`);
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const last = lines.findLast?.((line) => /error/i.test(line)) ?? lines.at(-1) ?? "no message";
  throw new SetupFailure(`${what} failed (exit code ${code}): ${last.trim()} (all of it: ${log})`);
}
