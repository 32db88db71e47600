/** The students' edition of notebooks, and the answers that are kept apart from it. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { NotebookFolder } from "../notebooks/files.js";
import { type Cell, hasTag, type Notebook, writeNotebook } from "../notebooks/format.js";
import { exercisesOf, type FoundExercise } from "./find.js";

/** One exercise with its solution, for graders. */
export interface Answer extends Pick<FoundExercise, "name" | "statement" | "task"> {
  readonly notebook: string;
  /** TypeScript. */
  readonly solution: string;
}

/**
 * A notebook without its solutions (cells tagged `solution`, prose too) and without what its exercises' cells have shown.
 * What a check needs stays: it is in the library, or in the cell that defines the exercise.
 */
export function studentsNotebook(notebook: Notebook): Notebook {
  const { jupytext: _pairing, ...metadata } = notebook.metadata;
  const cells = notebook.cells
    .filter((cell) => !hasTag(cell, "solution"))
    .map(
      (cell): Cell =>
        cell.cell_type === "code" && hasTag(cell, "exercise") ? { ...cell, outputs: [], execution_count: null } : cell,
    );
  return { ...notebook, metadata, cells };
}

/** @throws if an exercise has no solution. */
export function answersOf(name: string, notebook: Notebook): Answer[] {
  return exercisesOf(notebook).map((exercise) => {
    if (exercise.solutions.length === 0) throw new Error(`${name}: the exercise ${exercise.name} has no solution`);
    const solution = exercise.solutions.map(({ source }) => source).join("\n\n");
    return { notebook: name, name: exercise.name, statement: exercise.statement, task: exercise.task, solution };
  });
}

/**
 * Writes `students/NN-name.ipynb`, `answers.json` and `answers.md` into a folder; what else stands there stays.
 *
 * @returns the files written, relative to it.
 * @throws if a notebook has not been made yet, or an exercise has no solution; then nothing is written.
 */
export function writeEdition(folder: NotebookFolder, names: readonly string[], out: string): string[] {
  const made = names.map((name) => {
    const notebook = folder.notebook(name);
    if (!notebook) throw new Error(`${name} is not made yet: run npm run notebooks ${name}`);
    return { name, notebook, answers: answersOf(name, notebook) };
  });
  const answers = made.flatMap((each) => each.answers);
  const files: [file: string, content: string][] = [
    ...made.map(({ name, notebook }): [string, string] => [
      path.join("students", `${name}.ipynb`),
      writeNotebook(studentsNotebook(notebook)),
    ]),
    ["answers.json", `${JSON.stringify({ answers }, null, 2)}\n`],
    ["answers.md", answersText(answers)],
  ];
  mkdirSync(path.join(out, "students"), { recursive: true });
  for (const [file, content] of files) writeFileSync(path.join(out, file), content);
  return files.map(([file]) => file);
}

function answersText(answers: readonly Answer[]): string {
  const parts = answers.map(
    ({ notebook, name, statement, task, solution }) =>
      `## ${name}\n\nNotebook ${notebook}. ${statement}\n\n${task.replace(/^/gm, "> ").replace(/ +$/gm, "")}\n\n\`\`\`ts\n${solution}\n\`\`\`\n`,
  );
  return `# Answers\n\nFor graders. Not for the students' edition.\n\n${parts.join("\n")}`;
}
