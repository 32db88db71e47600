/**
 * `npm run edition [name…]`: the students' edition of notebooks, without solutions, and the answers for graders, in
 * `build/edition`; with `-- --out folder` elsewhere.
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { writeEdition } from "./exercises/edition.js";
import { NotebookFolder } from "./notebooks/files.js";
import { inRoot } from "./setup/paths.mjs";

// npm changes into the checkout: paths are meant from where it was called.
const here = process.env.INIT_CWD ?? process.cwd();

try {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: "string" } } });
  const folder = new NotebookFolder();
  const out = values.out === undefined ? inRoot("build", "edition") : path.resolve(here, values.out);
  const files = writeEdition(folder, folder.choose(positionals), out);
  for (const file of files) console.log(path.join(path.relative(here, out) || ".", file));
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
