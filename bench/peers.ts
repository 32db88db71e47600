/** Gets the peers ready: compiles the C++ loop and makes a Python environment with SimPy, in build/bench. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const build = join(here, "..", "build", "bench");

/** A command to put before a workload's arguments, or why there is none. */
export type Peer = { readonly command: readonly string[] } | { readonly missing: string };

const works = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"] }).status === 0;

/** The loop around `std::priority_queue`, compiled with -O2 by the first compiler found. */
export function compiledLoop(): Peer {
  mkdirSync(build, { recursive: true });
  const out = join(build, "loop");
  for (const compiler of ["g++", "clang++", "c++"]) {
    if (spawnSync(compiler, ["--version"], { stdio: "ignore" }).status !== 0) continue;
    if (works(compiler, "-O2", "-std=c++17", "-o", out, join(here, "peers", "loop.cpp"))) return { command: [out] };
  }
  return { missing: "no compiler" };
}

/** SimPy in a Python environment of its own. */
export function simpy(): Peer {
  const environment = join(build, "venv");
  const python = join(environment, "bin", "python");
  const ready = (): boolean => existsSync(python) && spawnSync(python, ["-c", "import simpy"]).status === 0;
  if (!ready()) {
    if (!works("python3", "-m", "venv", environment)) return { missing: "no Python" };
    works(python, "-m", "pip", "install", "--quiet", "-r", join(here, "peers", "requirements.txt"));
  }
  return ready() ? { command: [python, join(here, "peers", "simpy_loop.py")] } : { missing: "no SimPy" };
}

/** A workload of ours, or a peer written in TypeScript: run by Node with tsx. */
export function node(script: string, ...flags: string[]): readonly string[] {
  return [process.execPath, ...flags, "--import", "tsx", join(here, script)];
}
