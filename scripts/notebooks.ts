/**
 * `npm run notebooks [name…]`: brings notebooks and texts in step, runs them, writes their outputs; with `-- --fresh`
 * also those of live cells that need no new ones.
 * `npm run notebooks -- --check [name…]`: writes nothing, and says where a new run differs; `--strict` counts also what
 * is wrong with notebooks that somebody edited.
 */
import { checkAll } from "./notebooks/check-all.js";
import { NotebookFolder } from "./notebooks/files.js";
import { makeNotebooks } from "./notebooks/make.js";
import { build, needJupyter, useTemporaryFolder } from "./notebooks/prepare.js";

const known = ["--check", "--fresh", "--strict"];

useTemporaryFolder();

async function main(args: readonly string[]): Promise<boolean> {
  const options = args.filter((arg) => arg.startsWith("-"));
  const unknown = options.filter((option) => !known.includes(option));
  if (unknown.length > 0) throw new Error(`unknown option ${unknown.join(" ")}; there are ${known.join(", ")}`);
  needJupyter();
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
