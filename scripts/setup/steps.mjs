// The steps of the set-up. Each is `async () => note`: it returns "up to date" or what it did, or throws SetupFailure.
import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { npmFlags, pipEnvironment, pipSettings, toolEnvironment } from "./environment.mjs";
import { SetupFailure } from "./failure.mjs";
import { buildArguments, inRoot, jupyterEnvironment, pagesFolder, python, root, state, venv } from "./paths.mjs";
import { firstError, run } from "./processes.mjs";
import { networkSettings } from "./proxy.mjs";
import { findPython } from "./python.mjs";
import { filesUnder, hashOf, readStamp, writeStamp } from "./stamps.mjs";

export const upToDate = "up to date";
const cache = (name) => path.join(state, "cache", name);
const stampOf = (name) => path.join(state, "stamps", name);

/** @throws SetupFailure if this folder's name would be taken for something else by a tool that can't be told better */
export function checkFolder() {
  const expanded = root.replace(/\$(\w+)|\$\{(\w+)\}/g, (all, a, b) => process.env[a ?? b] ?? all);
  const why = root.includes(path.delimiter)
    ? `a "${path.delimiter}", which stands between folders in lists such as PATH`
    : /[\n\r]/.test(root)
      ? "a line break"
      : expanded !== root
        ? "a $ with the name of a variable, which Jupyter replaces by its value"
        : /[*?]|\[[^/]*\]/.test(root)
          ? "a *, a ? or brackets [ ], which JupyterLab takes for a pattern when it looks for its own settings"
          : undefined;
  if (why) throw new SetupFailure(`the path of this folder holds ${why}. Move it, or rename it: ${root}`);
}

/** `npm ci`, unless what is installed is what the lock file says, for this Node and this machine, and was seen to load. */
export async function installPackages() {
  const stamp = inRoot("node_modules", ".handoff-stamp");
  // npm writes its list as the last thing of an installation: a broken-off one has none, and one by hand changes it.
  const wanted = () =>
    hashOf(
      ["package-lock.json", "node_modules/.package-lock.json"],
      process.platform,
      process.arch,
      process.versions.modules,
    );
  const isInstalled = matchesLock();
  if (isInstalled && readStamp(stamp) === wanted()) return upToDate;
  // It may have been installed by hand, with npm.
  if (isInstalled && (await whatFailsToLoad()) === "") {
    writeStamp(stamp, wanted());
    return upToDate;
  }
  const npm = /npm-cli\.c?js$/.test(process.env.npm_execpath ?? "")
    ? [process.execPath, process.env.npm_execpath]
    : ["npm"];
  const [command, ...before] = npm;
  const waits = ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"];
  const result = await run("npm", command, [...before, "ci", ...npmFlags, ...waits, `--cache=${cache("npm")}`], {
    env: toolEnvironment(),
  });
  await explain("npm ci", result);
  const failed = await whatFailsToLoad();
  if (failed !== "")
    throw new SetupFailure(
      `npm ci has installed packages that can't be loaded here: ${failed} (all of it: ${result.log})`,
    );
  writeStamp(stamp, wanted());
  rmSync(cache("npm"), { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  return "installed";
}

/** One text with the packages that don't load, and why; empty if all do. */
async function whatFailsToLoad() {
  const { code, output } = await run("npm-loads", process.execPath, [inRoot("scripts", "setup", "loads.mjs")], {
    env: toolEnvironment(),
  });
  const told = output.trim().split("\n").join("; ");
  return code === 0 ? told : `Node ended with exit code ${code}: ${told}`;
}

// Whether npm's list of what it installed is that of the lock file, and each package's folder is there.
function matchesLock() {
  try {
    const read = (...parts) => JSON.parse(readFileSync(inRoot(...parts), "utf8")).packages;
    const installed = read("node_modules", ".package-lock.json");
    return Object.entries(read("package-lock.json")).every(([name, { version, optional, link }]) => {
      if (!name.startsWith("node_modules/")) return true;
      if (link) return existsSync(inRoot(name));
      if (installed[name] === undefined) return optional;
      return installed[name].version === version && existsSync(inRoot(name, "package.json"));
    });
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
  const environment = { ...jupyterEnvironment(), PATH: "/usr/bin:/bin" };
  const made = await run("venv", found.command, ["-m", "venv", venv], { env: environment });
  if (made.code !== 0 && /ensurepip/.test(made.output))
    throw new SetupFailure(
      `Python ${found.version} (${found.command}) has no working ensurepip. ` +
        `Install it (Debian, Ubuntu: apt install python${found.version}-venv) and start again.`,
    );
  await explain("python -m venv", made);
  // JupyterLab runs a CommonJS script of its own with node, which must not take the checkout's "type": "module".
  writeFileSync(path.join(venv, "package.json"), '{ "type": "commonjs" }\n');
  const listed = await run("pip-settings", python, ["-c", pipSettings], { env: environment });
  await explain("pip's settings", listed);
  const network = pipEnvironment(environment, JSON.parse(listed.output.trim().split("\n").at(-1)));
  const arguments_ = ["-m", "pip", "install", "--no-input", "--require-hashes", "--only-binary=:all:", "--retries=2"];
  const result = await run("pip", python, [...arguments_, "-r", inRoot("jupyter", "requirements.txt")], {
    env: { ...network, PIP_DISABLE_PIP_VERSION_CHECK: "1", PIP_CACHE_DIR: cache("pip") },
  });
  await explain("pip install", result, network);
  const imports = await run("pip-loads", python, ["-c", "import jupyterlab, jupytext, nbclient, nbformat, zmq"], {
    env: environment,
  });
  if (imports.code !== 0) {
    const why = imports.output.trim().split("\n").at(-1);
    throw new SetupFailure(`pip has installed packages that can't be loaded here: ${why} (all of it: ${imports.log})`);
  }
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
  const products = [
    "kernel-lib/dist/index.js",
    "kernel-lib/dist/engine/bundle.js",
    "jupyter/dist/launcher/launcher.js",
  ];
  if (readStamp(stampOf("build")) === wanted && products.every((file) => existsSync(inRoot(file)))) return upToDate;
  const result = await run("build", process.execPath, buildArguments, { env: toolEnvironment() });
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
  const wanted = hashOf([...sources(), "typedoc.config.mjs", "scripts/api-rooms.mjs", "README.md"]);
  if (readStamp(stampOf("pages")) === wanted && existsSync(path.join(pagesFolder, "api", "index.html")))
    return upToDate;
  const lenient = ["--treatWarningsAsErrors", "false", "--treatValidationWarningsAsErrors", "false"];
  const typedoc = inRoot("node_modules", "typedoc", "bin", "typedoc");
  const result = await run("pages", process.execPath, [typedoc, ...lenient], { env: toolEnvironment() });
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
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ECONNRESET|Temporary failure in name resolution|Failed to establish a new connection|NameResolutionError|ConnectTimeout|ReadTimeout|getaddrinfo failed|nodename nor servname|ProxyError|tunneling socket/i;

async function explain(what, { code, output, log }, environment = process.env) {
  if (code === 0) return;
  if (code === 127)
    throw new SetupFailure(`${what}: the command was not found. Install npm (it comes with Node) and start again.`);
  if (/ENOSPC|No space left/i.test(output))
    throw new SetupFailure(`${what}: the disk is full. Make room and start again.`);
  if (/EACCES|EROFS|Permission denied|Read-only file system/i.test(output))
    throw new SetupFailure(`${what}: the folder ${root} can't be written. Give yourself the right to and start again.`);
  if (noNetwork.test(output)) {
    const settings = await networkSettings(what.split(" ")[0], environment);
    throw new SetupFailure(
      `${what}: the network can't be reached. Connect and start again; what has arrived is kept.${settings}`,
    );
  }
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const last = lines.findLast?.((line) => /error/i.test(line)) ?? lines.at(-1) ?? "no message";
  throw new SetupFailure(`${what} failed (exit code ${code}): ${last.trim()} (all of it: ${log})`);
}
