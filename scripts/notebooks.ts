/**
 * `npm run notebooks [name…]`: brings notebooks and texts in step, runs them, writes their outputs; with `-- --fresh`
 * also those of live cells that need no new ones.
 * `npm run notebooks -- --check [name…]`: writes nothing, and says where a new run differs; `--strict` counts also what
 * is wrong with notebooks that somebody edited. `--cell name`, with one notebook, runs only that cell and those before it.
 */
import { parseArgs } from "node:util";
import { checkAll } from "./notebooks/check-all.js";
import { NotebookFolder } from "./notebooks/files.js";
import { makeNotebooks } from "./notebooks/make.js";
import { build, needJupyter, useTemporaryFolder } from "./notebooks/prepare.js";

useTemporaryFolder();

async function main(args: string[]): Promise<boolean> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      check: { type: "boolean", default: false },
      fresh: { type: "boolean", default: false },
      strict: { type: "boolean", default: false },
      cell: { type: "string" },
    },
  });
  needJupyter();
  const folder = new NotebookFolder();
  const names = folder.choose(positionals);
  if (values.cell !== undefined && !(values.check && names.length === 1))
    throw new Error("--cell needs --check and the name of one notebook");
  build();
  return values.check
    ? await checkAll(folder, names, { strict: values.strict, cell: values.cell })
    : await makeNotebooks(folder, names, { fresh: values.fresh });
}

try {
  process.exit((await main(process.argv.slice(2))) ? 0 : 1);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
