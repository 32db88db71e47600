/**
 * `npm run notebooks [name…]`: brings notebooks and texts in step, runs them, writes their outputs.
 * `npm run notebooks -- --check [name…]`: writes nothing, and says where a new run differs; `--strict` counts also what
 * is wrong with notebooks that somebody edited.
 */
import { checkAll } from "./notebooks/check-all.js";
import { NotebookFolder } from "./notebooks/files.js";
import { makeNotebooks } from "./notebooks/make.js";

const known = ["--check", "--strict"];
const args = process.argv.slice(2);
const unknown = args.filter((arg) => arg.startsWith("-") && !known.includes(arg));
try {
  if (unknown.length > 0) throw new Error(`unknown option ${unknown.join(" ")}; known are ${known.join(", ")}`);
  const folder = new NotebookFolder();
  const names = folder.choose(args.filter((arg) => !arg.startsWith("-")));
  const passed = args.includes("--check")
    ? await checkAll(folder, names, { strict: args.includes("--strict") })
    : await makeNotebooks(folder, names);
  process.exit(passed ? 0 : 1);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
