import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { inRoot, jupyterEnvironment, root } from "../setup/paths.mjs";
import { killTrees, run } from "../setup/processes.mjs";
import { type Outcome, readUvu } from "./outcome.js";

/** A piece of work of a stage; a stage is over when all its jobs are. */
export interface Job {
  readonly stage: string;
  run(): Promise<Outcome>;
}

const environment = { ...jupyterEnvironment(), NO_COLOR: "1", FORCE_COLOR: "0", TMPDIR: inRoot("build", "tmp") };

/** A command that passes or fails as a whole. */
export function check(stage: string, args: readonly string[]): Job {
  return {
    stage,
    run: async () => {
      const { code, output } = await run(`test-${stage.replaceAll(" ", "-")}`, process.execPath, args, {
        env: environment,
      });
      return code === 0
        ? { passed: 1, failed: 0, skipped: 0, details: "" }
        : { passed: 0, failed: 1, skipped: 0, details: output };
    },
  };
}

/** One uvu file in a process of its own, ended with all it started when it takes more than `limitS`. */
export function suite(stage: string, file: string, limitS: number, extra: Record<string, string> = {}): Job {
  return {
    stage,
    run: async () => {
      mkdirSync(environment.TMPDIR, { recursive: true });
      const name = file.replaceAll(path.sep, "-").replace(/\.ts$/, "");
      const inTime = await withLimit(limitS, (onStart) =>
        run(name, process.execPath, ["--import", "tsx", file], { env: { ...environment, ...extra }, onStart }),
      );
      const { code, output } = inTime.result;
      const outcome = readUvu(file, code, output);
      return inTime.tooLong ? { ...outcome, details: `${file}: ended after ${limitS} s\n${outcome.details}` } : outcome;
    },
  };
}

async function withLimit<T>(limitS: number, work: (onStart: (pid: number) => void) => Promise<T>) {
  let tooLong = false;
  let timer: NodeJS.Timeout | undefined;
  const onStart = (pid: number) => {
    timer = setTimeout(() => {
      tooLong = true;
      void killTrees([pid], { graceMs: 2000 });
    }, limitS * 1000);
  };
  try {
    return { result: await work(onStart), tooLong };
  } finally {
    clearTimeout(timer);
  }
}

/** Empties the folder for temporary files of the tests. */
export const clearTemporary = (): void => rmSync(environment.TMPDIR, { recursive: true, force: true });

/** Removes the installation in which the tests of the set-up and of the browser work. */
export function clearClone(): void {
  for (const name of readdirSync(inRoot("build")))
    if (/^(a fresh \(clone\)|an empty home)/.test(name))
      rmSync(inRoot("build", name), { recursive: true, force: true });
}

/** The test files of a room of `test/` (with its subfolders), or those right in `test/` for `.`, in order. */
export function testFiles(room: string): string[] {
  const recursive = room !== ".";
  const names = readdirSync(inRoot("test", room), { recursive, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => path.relative(root, inRoot("test", room, name)))
    .sort();
}

/** All rooms of `test/`. */
export function rooms(): string[] {
  const entries = readdirSync(inRoot("test"), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
