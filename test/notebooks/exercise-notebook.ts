import { kernelName } from "../../jupyter/kernelspec.mjs";
import type { Cell, CodeCell, Notebook, Output } from "../../scripts/notebooks/format.js";

/** A code cell that was run and showed something. */
export function codeCell(name: string, source: string, tags: string[] = []): CodeCell {
  const shown: Output = { output_type: "stream", name: "stdout", text: `${name} was run\n` };
  const metadata = { name, ...(tags.length > 0 ? { tags } : {}) };
  return { cell_type: "code", id: name, metadata, source, execution_count: 7, outputs: [shown] };
}

const prose = (name: string, source: string, tags: string[] = []): Cell => ({
  cell_type: "markdown",
  id: name,
  metadata: { name, ...(tags.length > 0 ? { tags } : {}) },
  source,
});

export const notebookOf = (cells: Cell[]): Notebook => ({
  cells,
  metadata: { kernelspec: { name: kernelName, language: "typescript" }, jupytext: { formats: "ipynb,ts" } },
  nbformat: 4,
  nbformat_minor: 5,
});

/** A notebook with two exercises: half of 84, and which letter comes first. */
export const shippedNotebook = (): Notebook =>
  notebookOf([
    prose("title", "# Two exercises"),
    codeCell("imports", 'import { check, exercise, jupyterDisplay, show } from "kernel-lib";'),
    prose("half-intro", "## Half\n\nWhat is half of 84?"),
    codeCell(
      "half",
      `const half = exercise({
  name: "two-half",
  statement: "Half of " + "84?",
  value: 42,
  unit: "",
  mistakes: [{ name: "doubled", recognise: (answer) => answer === 168, hint: "The other way round." }],
});`,
      ["exercise"],
    ),
    codeCell("half-answer", "await check(half, undefined);", ["exercise"]),
    prose("solution-intro", "**Solution** below.", ["solution"]),
    codeCell("half-solution", "const secretSolution = 84 / 2;\nawait check(half, secretSolution);", ["solution"]),
    prose("first-intro", "## First"),
    codeCell(
      "first",
      'const first = exercise({ name: "two-first", statement: "Which comes first?", choices: { a: "A", b: "B" }, correct: "a" });',
      ["exercise"],
    ),
    codeCell("first-answer", "await check(first, undefined);", ["exercise"]),
    codeCell("first-solution", 'await check(first, "a");', ["solution"]),
  ]);

/** A copy in which cells have other texts. */
export function withSources(notebook: Notebook, sources: Readonly<Record<string, string>>): Notebook {
  const cells = notebook.cells.map((cell) => ({ ...cell, source: sources[cell.metadata.name ?? ""] ?? cell.source }));
  return { ...notebook, cells };
}

/** A notebook whose exercise is the library's {@link exercises.firstClient}. */
export const libraryNotebook = (): Notebook =>
  notebookOf([
    codeCell("imports", 'import { check, exercises, type Host } from "kernel-lib";'),
    prose("client-intro", "## A client"),
    codeCell(
      "client-answer",
      "const mine = async (host: Host, n: number): Promise<unknown> => undefined;\nawait check(exercises.firstClient, mine);",
      ["exercise"],
    ),
    codeCell(
      "client-solution",
      `const secretSolution = ${firstClientSolution};\nawait check(exercises.firstClient, secretSolution);`,
      ["solution"],
    ),
  ]);

/** Solves {@link exercises.firstClient}. */
export const firstClientSolution = `async (host: Host, n: number) => {
  const connection = await host.connect("server", 7);
  await connection.send(n);
  return connection.receive();
}`;
