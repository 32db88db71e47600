import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { answersOf, studentsNotebook, writeEdition } from "../../scripts/exercises/edition.js";
import { exercisesOf } from "../../scripts/exercises/find.js";
import { NotebookFolder } from "../../scripts/notebooks/files.js";
import { hasTag, type Notebook, parseNotebook } from "../../scripts/notebooks/format.js";
import { codeCell, libraryNotebook, notebookOf, shippedNotebook, withSources } from "./exercise-notebook.js";
import { folderOf, newFolder, removeFolders } from "./support.js";

test.after(removeFolders);

test("an exercise is found with its text, its answer's cell and its solution", () => {
  const [half, first, ...more] = exercisesOf(shippedNotebook());
  assert.equal(more, []);
  assert.equal(half, {
    name: "two-half",
    statement: "Half of 84?",
    variable: "half",
    task: "## Half\n\nWhat is half of 84?",
    definition: "half",
    answers: ["half-answer"],
    solutions: [
      { cell: "half-solution", source: "const secretSolution = 84 / 2;\nawait check(half, secretSolution);" },
    ],
  });
  assert.is(first?.name, "two-first");
});

test("an exercise of the library is found with the text that it has there", () => {
  const [client, ...more] = exercisesOf(libraryNotebook());
  assert.equal(more, []);
  const { solutions = [], ...rest } = client ?? {};
  assert.equal(rest, {
    name: "00-first-client",
    statement: "A client that sends n to port 7 of the server and returns its answer.",
    variable: "exercises.firstClient",
    task: "## A client",
    definition: undefined,
    answers: ["client-answer"],
  });
  assert.equal(
    solutions.map(({ cell }) => cell),
    ["client-solution"],
  );
});

test("a check of what is no exercise of the library is refused by its cell", () => {
  for (const name of ["nowhere", "toString", "constructor"])
    assert.throws(
      () => exercisesOf(notebookOf([codeCell("asks", `await check(exercises.${name}, 1);`)])),
      `cell "asks" checks exercises.${name}, which is no exercise of kernel-lib`,
    );
});

test("an exercise whose name is not written there is refused by its cell", () => {
  const notebook = withSources(shippedNotebook(), {
    half: 'const half = exercise({ name: names[0], statement: "-", value: 42, unit: "" });',
  });
  assert.throws(
    () => exercisesOf(notebook),
    /^cell "half": the exercise's name must be written there as a plain text$/,
  );
});

test("the students' edition has no solution, and no output of an exercise's cell", () => {
  const edition = studentsNotebook(shippedNotebook());
  const text = JSON.stringify(edition);
  assert.not.match(text, "secretSolution");
  assert.not.match(text, "**Solution**");
  assert.not.match(text, /(half|first)(-answer)? was run/);
  assert.match(text, "imports was run"); // all other outputs stay
  assert.equal(
    edition.cells.map((cell) => cell.metadata.name),
    ["title", "imports", "half-intro", "half", "half-answer", "first-intro", "first", "first-answer"],
  );
  assert.is(edition.metadata.jupytext, undefined);
});

test("the edition and the answers are written apart, and nothing of the original changes", () => {
  const folder = folderOf({ "01-two": { notebook: shippedNotebook() } });
  const before = readFileSync(folder.notebookFile("01-two"), "utf8");
  const out = path.join(newFolder(), "edition");
  assert.equal(writeEdition(folder, ["01-two"], out), ["students/01-two.ipynb", "answers.json", "answers.md"]);
  assert.is(readFileSync(folder.notebookFile("01-two"), "utf8"), before);
  assert.equal(readdirSync(path.join(out, "students")), ["01-two.ipynb"]);
  const read = (file: string) => readFileSync(path.join(out, file), "utf8");
  assert.equal(parseNotebook(read("students/01-two.ipynb")), studentsNotebook(shippedNotebook()));
  const { answers } = JSON.parse(read("answers.json")) as { answers: ReturnType<typeof answersOf> };
  assert.equal(answers, answersOf("01-two", shippedNotebook()));
  assert.is(answers[1]?.solution, 'await check(first, "a");');
  assert.match(read("answers.md"), /## two-half\n\nNotebook 01-two. Half of 84\?[\s\S]*```ts\nconst secretSolution/);
});

test("an exercise without a solution is refused by name, and nothing is written", () => {
  const { cells } = shippedNotebook();
  const notebook = notebookOf(cells.filter((cell) => cell.metadata.name !== "first-solution"));
  const folder = folderOf({ "01-two": { notebook: shippedNotebook() }, "02-none": { notebook } });
  const out = path.join(newFolder(), "edition");
  assert.throws(
    () => writeEdition(folder, ["01-two", "02-none"], out),
    "02-none: the exercise two-first has no solution",
  );
  assert.not.ok(existsSync(out));
});

test("a notebook that is not made yet is refused by name", () => {
  const folder = folderOf({ "01-text": { text: "" } });
  assert.throws(() => writeEdition(folder, ["01-text"], newFolder()), /01-text is not made yet/);
});

test("no line of a shipped solution stands in the students' edition of a shipped notebook", () => {
  const folder = new NotebookFolder();
  const textOf = (notebook: Notebook) => notebook.cells.map((cell) => cell.source).join("\n");
  for (const name of folder.names()) {
    const notebook = folder.notebook(name) as Notebook;
    const edition = studentsNotebook(notebook);
    const kept = new Set(textOf(edition).split("\n"));
    const solutions = notebook.cells.filter((cell) => hasTag(cell, "solution"));
    assert.ok(solutions.length > 0, name);
    for (const cell of solutions)
      assert.ok(
        cell.source.split("\n").some((line) => !kept.has(line)),
        `${name}: ${cell.metadata.name} is still there`,
      );
    assert.is(edition.cells.length, notebook.cells.length - solutions.length);
  }
});

test.run();
