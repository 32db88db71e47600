/**
 * `npm run grade notebook.ipynb…` (or folders of them): runs students' notebooks, one after the other, and writes for each
 * student and exercise what the check said, to `build/grades/grades.json` and `grades.csv`; with `-- --out folder`
 * elsewhere, with `--limit-s 120` with more time for each cell.
 *
 * Their code runs with your account's rights. If you would not run it in JupyterLab, run this in a container.
 */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { csvOf, type Graded, gradeFile, withOwnNames } from "./exercises/grade.js";
import { NotebookFolder } from "./notebooks/files.js";
import { build, needJupyter, useTemporaryFolder } from "./notebooks/prepare.js";
import { inRoot } from "./setup/paths.mjs";

const temporary = useTemporaryFolder();

function notebookFiles(given: string): string[] {
  if (!existsSync(given)) throw new Error(`there is no ${given}`);
  if (!statSync(given).isDirectory()) return [given];
  const inside = readdirSync(given, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ipynb") && !file.includes(".ipynb_checkpoints"),
  );
  return inside.sort().map((file) => path.join(given, file));
}

async function main(): Promise<void> {
  const options = { out: { type: "string" }, "limit-s": { type: "string" } } as const;
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const limitS = Number(values["limit-s"] ?? 60);
  if (!(limitS > 0 && limitS <= 86_400)) throw new Error(`--limit-s must be seconds above 0, got ${values["limit-s"]}`);
  const files = positionals.flatMap(notebookFiles);
  if (files.length === 0) throw new Error("which notebooks? npm run grade notebook.ipynb…");
  const out = values.out === undefined ? inRoot("build", "grades") : path.resolve(values.out);
  needJupyter();
  build();
  const folder = new NotebookFolder();
  const shipped = new Map(
    folder.names().flatMap((name) => {
      const notebook = folder.notebook(name);
      return notebook ? [[name, notebook] as const] : [];
    }),
  );
  const graded: Graded[] = [];
  for (const file of files) {
    const one = await gradeFile(file, shipped, { limitMs: limitS * 1000, temporary });
    graded.push(one);
    write(withOwnNames(graded), out); // each time: what is graded stays if the next one brings this process down
    console.log(lineOf(one));
  }
  console.log(`${path.join(path.relative(process.cwd(), out) || ".", "grades.json")}, grades.csv`);
}

function write(graded: readonly Graded[], out: string): void {
  mkdirSync(out, { recursive: true });
  writeFileSync(path.join(out, "grades.json"), `${JSON.stringify({ students: graded }, null, 2)}\n`);
  writeFileSync(path.join(out, "grades.csv"), csvOf(graded));
}

function lineOf({ file, exercises, problems }: Graded): string {
  const passed = exercises.filter((grade) => grade.passed).length;
  const said = problems.map(({ cell, message }) => `\n    ${cell ? `cell "${cell}": ` : ""}${message.split("\n")[0]}`);
  return `${file}  ${passed} of ${exercises.length} passed${said.join("")}`;
}

try {
  await main();
  process.exit(0);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
