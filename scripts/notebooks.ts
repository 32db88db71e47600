/**
 * `npm run notebooks [name…]`: brings notebooks and texts in step, runs them, writes their outputs; with `-- --fresh`
 * also those of live cells that need no new ones.
 * `npm run notebooks -- --check [name…]`: writes nothing, and says where a new run differs; `--strict` counts also what
 * is wrong with notebooks that somebody edited.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { checkAll } from "./notebooks/check-all.js";
import { NotebookFolder } from "./notebooks/files.js";
import { makeNotebooks } from "./notebooks/make.js";
import { inRoot, python, root } from "./setup/paths.mjs";

const known = ["--check", "--fresh", "--strict"];

// Temporary files go with this process, however it is ended; kernels notice by themselves that it has gone.
mkdirSync(inRoot("build", "tmp"), { recursive: true });
const temporary = mkdtempSync(inRoot("build", "tmp", "run-"));
process.env.TMPDIR = temporary;
process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));

/** Compiles what the cells import; a notebook made with yesterday's library would be wrong without a sign. */
function build(): void {
  const tsc = inRoot("node_modules", "typescript", "lib", "tsc.js");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-b", "kernel-lib", "jupyter", "--pretty", "false"], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) console.error(`built with errors, first: ${stdout.trim().split("\n")[0]}`);
}

async function main(args: readonly string[]): Promise<boolean> {
  const options = args.filter((arg) => arg.startsWith("-"));
  const unknown = options.filter((option) => !known.includes(option));
  if (unknown.length > 0) throw new Error(`unknown option ${unknown.join(" ")}; there are ${known.join(", ")}`);
  if (!existsSync(python)) throw new Error("Jupyter is not installed yet: run npm run setup");
  const folder = new NotebookFolder();
  const names = folder.choose(args.filter((arg) => !arg.startsWith("-")));
  build();
  return options.includes("--check")
    ? await checkAll(folder, names, { strict: options.includes("--strict") })
    : await makeNotebooks(folder, names, { fresh: options.includes("--fresh") });
}

try {
  process.exit((await main(process.argv.slice(2))) ? 0 : 1);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
