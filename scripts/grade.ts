/**
 * `npm run grade notebook.ipynb…` (or folders of them): runs students' notebooks and writes for each file and exercise what the
 * check said, to `build/grades`: `grades.json`, `grades.csv`, and `students.csv` with a line for each student. `-- --out folder`
 * writes elsewhere, `--class list.csv` names students and those who handed in nothing, `--limit-s 120` gives each cell more
 * time, `--separator ";"` suits spreadsheets of countries that write 0,5.
 *
 * Their code runs with your account's rights. If you would not run it in JupyterLab, run this in a container.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Graded, gradeFile } from "./exercises/grade.js";
import { gradesTable, resultsOf, studentsTable } from "./exercises/results.js";
import { ClassList, type Student, studentsOf } from "./exercises/students.js";
import { tableText } from "./exercises/table.js";
import { NotebookFolder } from "./notebooks/files.js";
import { inPool } from "./notebooks/pool.js";
import { build, needJupyter, useTemporaryFolder } from "./notebooks/prepare.js";
import { inRoot } from "./setup/paths.mjs";

const temporary = useTemporaryFolder();

// npm changes into the checkout: paths are meant from where it was called.
const here = process.env.INIT_CWD ?? process.cwd();

/** The notebooks that a word names, as paths from here, or from the folder that is named where that lies elsewhere. */
function notebookFiles(word: string): { file: string; shown: string }[] {
  const given = path.resolve(here, word);
  if (!existsSync(given)) throw new Error(`there is no ${word}`);
  const files = statSync(given).isDirectory()
    ? readdirSync(given, { recursive: true, encoding: "utf8" })
        .filter(
          (file) => file.endsWith(".ipynb") && !/(^|\/)(\.ipynb_checkpoints|__MACOSX|node_modules)(\/|$)/.test(file),
        )
        .sort()
        .map((file) => path.join(given, file))
    : [given];
  const fromHere = path.relative(here, given);
  const base = fromHere.startsWith("..") || path.isAbsolute(fromHere) ? path.dirname(given) : here;
  return files.map((file) => ({ file, shown: path.relative(base, file) }));
}

const kernelsAtOnce = 2;

async function main(): Promise<void> {
  const text = { type: "string" } as const;
  const options = { out: text, "limit-s": text, class: text, separator: text };
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const limitS = Number(values["limit-s"] ?? 60);
  if (!(limitS > 0 && limitS <= 86_400)) throw new Error(`--limit-s must be seconds above 0, got ${values["limit-s"]}`);
  const { separator = "," } = values;
  if (separator !== "," && separator !== ";") throw new Error(`--separator must be "," or ";", got "${separator}"`);
  const files = [...new Map(positionals.flatMap(notebookFiles).map((each) => [each.file, each])).values()];
  if (files.length === 0) throw new Error("which notebooks? npm run grade notebook.ipynb…");
  const list =
    values.class === undefined ? undefined : ClassList.read(readFileSync(path.resolve(here, values.class), "utf8"));
  const out = values.out === undefined ? inRoot("build", "grades") : path.resolve(here, values.out);
  needJupyter();
  build();
  const folder = new NotebookFolder();
  const shipped = new Map(
    folder.names().flatMap((name) => {
      const notebook = folder.notebook(name);
      return notebook ? [[name, notebook] as const] : [];
    }),
  );
  const shownFiles = files.map(({ shown }) => shown);
  const whose = studentsOf(shownFiles, list, folder.names());
  const graded: (Graded | undefined)[] = files.map(() => undefined);
  const startedMs = performance.now();
  await inPool([...files.entries()], kernelsAtOnce, async ([at, { file, shown }]) => {
    const one = { ...(await gradeFile(file, shipped, { limitMs: limitS * 1000, temporary })), file: shown };
    graded[at] = one;
    write(graded, whose, list, separator, out); // each time: what is graded stays if this process is brought down
    console.log(lineOf(one, whose[at] as Student));
  });
  const minutes = (performance.now() - startedMs) / 60_000;
  const each = `${(minutes / files.length).toFixed(1)} minutes a notebook`;
  console.log(`${path.relative(here, out) || "."}: students.csv, grades.csv, grades.json (${each})`);
}

function write(
  graded: readonly (Graded | undefined)[],
  whose: readonly Student[],
  list: ClassList | undefined,
  separator: "," | ";",
  out: string,
): void {
  const results = graded.flatMap((one, at) => (one ? [{ ...(whose[at] as Student), ...one }] : []));
  const all = resultsOf(results, graded.includes(undefined) ? undefined : list);
  mkdirSync(out, { recursive: true });
  writeFileSync(path.join(out, "grades.json"), `${JSON.stringify({ students: all }, null, 2)}\n`);
  writeFileSync(path.join(out, "grades.csv"), tableText(gradesTable(all), separator));
  writeFileSync(path.join(out, "students.csv"), tableText(studentsTable(all), separator));
}

function lineOf({ file, exercises, problems, restored }: Graded, { student, name }: Student): string {
  const passed = exercises.filter((grade) => grade.passed).length;
  const who = name && name !== student ? `${name} (${student})` : student;
  const said = problems.map(({ cell, message }) => `\n    ${cell ? `cell "${cell}": ` : ""}${message.split("\n")[0]}`);
  const back = restored.length > 0 ? `\n    put back as shipped: ${restored.join(", ")}` : "";
  return `${who}: ${file}  ${passed} of ${exercises.length} passed${back}${said.join("")}`;
}

try {
  await main();
  process.exit(0);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
