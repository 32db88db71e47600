import { existsSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { studentsNotebook } from "../../scripts/exercises/edition.js";
import { csvOf, type Graded, gradeFile, withOwnNames } from "../../scripts/exercises/grade.js";
import { type Cell, type Notebook, writeNotebook } from "../../scripts/notebooks/format.js";
import { codeCell, notebookOf, shippedNotebook, withSources } from "./exercise-notebook.js";
import { newFolder, removeFolders } from "./support.js";

const shipped = new Map([
  ["01-two", shippedNotebook()],
  ["02-other", notebookOf([codeCell("elsewhere", "1;")])],
]);
const edition = () => studentsNotebook(shippedNotebook());
let folder = "";
test.before(() => {
  folder = newFolder();
});
test.after(removeFolders);

const temporary = () => path.join(folder, "runs");
function grade(student: string, content: Notebook | string, limitMs?: number): Promise<Graded> {
  const file = path.join(folder, `${student}.ipynb`);
  writeFileSync(file, typeof content === "string" ? content : writeNotebook(content));
  return gradeFile(file, shipped, { temporary: temporary(), ...(limitMs ? { limitMs } : {}) });
}
/** Puts a cell of the student's own in front of a cell. */
function withCell(notebook: Notebook, before: string, cell: Cell): Notebook {
  const at = notebook.cells.findIndex(({ metadata }) => metadata.name === before);
  return { ...notebook, cells: [...notebook.cells.slice(0, at), cell, ...notebook.cells.slice(at)] };
}

test("a right answer passes, a wrong one is told with its mistake, and both in the notebook's order", async () => {
  const sources = { "half-answer": "await check(half, 168);", "first-answer": 'await check(first, "a");' };
  const { student, notebook, problems, exercises } = await grade("ana", withSources(edition(), sources));
  assert.equal([student, notebook, problems], ["ana", "01-two", []]);
  const none = { failedClaims: [], attempts: 1, hintsShown: 0 };
  assert.equal(exercises, [
    { exercise: "two-half", passed: false, state: "failed", mistake: "doubled", ...none },
    { exercise: "two-first", passed: true, state: "passed", mistake: "", ...none },
  ]);
});

test("no answer is not attempted; a right one among several counts, with all attempts", async () => {
  const tries = "await check(half, 1);\n(await check(half, 42)).show();\nawait check(half, 2, { hints: 1 });";
  const { exercises } = await grade("bruno", withSources(edition(), { "half-answer": tries }));
  assert.equal([exercises[0]?.passed, exercises[0]?.attempts, exercises[0]?.hintsShown], [true, 3, 0]);
  assert.equal([exercises[1]?.state, exercises[1]?.attempts], ["not attempted", 0]);
});

test("attempts that the saved notebook tells of count too", async () => {
  const handedIn = edition();
  const saved = { exercise: "two-half", state: "failed", attempts: 5, failedClaims: [], hintsShown: 2 };
  for (const cell of handedIn.cells)
    if (cell.cell_type === "code" && cell.metadata.name === "half-answer")
      cell.outputs = [
        {
          output_type: "display_data",
          data: { "application/vnd.handoff.check+json": saved, "text/plain": "" },
          metadata: {},
        },
      ];
  const [half] = (await grade("saved", withSources(handedIn, { "half-answer": "await check(half, 42);" }))).exercises;
  assert.equal([half?.passed, half?.attempts, half?.hintsShown], [true, 5, 2]);
});

test("a changed definition is restored, and said", async () => {
  const sources = {
    half: 'const half = exercise({ name: "two-half", statement: "-", value: 1, unit: "" });',
    "half-answer": "await check(half, 1);",
  };
  const { restored, exercises } = await grade("carla", withSources(edition(), sources));
  assert.equal(restored, ["half"]);
  assert.is(exercises[0]?.passed, false);
});

test("the shipped solutions of a full notebook don't pass for the student's", async () => {
  const { exercises } = await grade("dora", shippedNotebook());
  assert.equal(
    exercises.map(({ state }) => state),
    ["not attempted", "not attempted"],
  );
});

test("a cell that fails is told, and the cells after it are graded", async () => {
  const broken = codeCell("of-my-own", 'throw new Error("oops");');
  const sources = { "half-answer": "await check(half, 42);" };
  const { problems, exercises } = await grade("erik", withCell(withSources(edition(), sources), "half", broken));
  assert.is(problems.length, 1);
  assert.is(problems[0]?.cell, "of-my-own");
  assert.match(problems[0]?.message ?? "", "oops");
  assert.ok(exercises[0]?.passed);
});

test("a notebook that does not end is graded as far as it came", async () => {
  const endless = codeCell("endless", "for (;;) {}");
  const sources = { "half-answer": "await check(half, 42);", "first-answer": 'await check(first, "a");' };
  const handedIn = withCell(withSources(edition(), sources), "first", endless);
  const { problems, exercises } = await grade("fabio", handedIn, 4000);
  assert.equal(problems, [{ cell: "endless", message: "took more than 4 s and was stopped" }]);
  assert.equal(
    exercises.map(({ state }) => state),
    ["passed", "not reached"],
  );
});

test("a kernel that the student's code ends is told, and what was checked before counts", async () => {
  const sources = { "half-answer": "await check(half, 42);", "first-answer": "process.exit(3);" };
  const { problems, exercises } = await grade("gil", withSources(edition(), sources), 10_000);
  assert.is(problems[0]?.cell, "first-answer");
  assert.equal(
    exercises.map(({ state }) => state),
    ["passed", "not reached"],
  );
});

test("a run sees none of the grader's variables and leaves no file", async () => {
  process.env.GRADERS_SECRET = "hidden";
  try {
    const looks =
      'require("node:fs").writeFileSync("left.txt", "");\nawait check(half, process.env.GRADERS_SECRET === undefined ? 42 : 0);';
    const { exercises, problems } = await grade("hana", withSources(edition(), { "half-answer": looks }));
    assert.equal(problems, []);
    assert.ok(exercises[0]?.passed);
  } finally {
    delete process.env.GRADERS_SECRET;
  }
  assert.equal(readdirSync(temporary()), []);
  assert.not.ok(existsSync("left.txt"));
});

test("a record that check did not make in this form is left out", async () => {
  const forged = `show({ [jupyterDisplay]: () => ({
  "text/plain": "",
  "application/vnd.handoff.check+json": { exercise: "two-half", state: "passed", attempts: -1, failedClaims: [], hintsShown: 0 },
}) });`;
  const { exercises } = await grade("ines", withSources(edition(), { "half-answer": forged }));
  assert.is(exercises[0]?.state, "not reached");
});

test("what is no notebook, or none of ours, is told and graded with nothing", async () => {
  for (const content of ["{", notebookOf([codeCell("mine", "1;")])]) {
    const { problems, exercises, notebook } = await grade("jana", content);
    assert.equal([exercises, notebook], [[], ""]);
    assert.match(problems[0]?.message ?? "", typeof content === "string" ? "can't be read" : "none of the shipped");
  }
});

test("students whose files have one name are told apart by the folder", () => {
  const of = (file: string): Graded => ({
    student: path.basename(file, ".ipynb"),
    file,
    notebook: "",
    restored: [],
    problems: [],
    exercises: [],
  });
  const named = withOwnNames(["ana/03.ipynb", "bruno/03.ipynb", "carla.ipynb"].map(of));
  assert.equal(
    named.map(({ student }) => student),
    ["ana/03", "bruno/03", "carla"],
  );
});

test("the table has a line for each student and exercise, and no field that a spreadsheet would compute", () => {
  const exercise = { exercise: "e", passed: true, state: "passed", attempts: 2, hintsShown: 1 } as const;
  const graded: Graded = {
    student: "=HYPERLINK(1)",
    file: "a.ipynb",
    notebook: "n",
    restored: [],
    problems: [{ cell: "c", message: 'said "no", twice\nand more' }],
    exercises: [{ ...exercise, failedClaims: ["one", "two"], mistake: "" }],
  };
  const [head, line, nobody, end] = csvOf([graded, { ...graded, student: "b", exercises: [] }]).split("\r\n");
  assert.is(head, "student,notebook,exercise,passed,state,attempts,hintsShown,failedClaims,mistake,problems");
  assert.is(line, `'=HYPERLINK(1),n,e,true,passed,2,1,one; two,,"c: said ""no"", twice"`);
  assert.match(nobody ?? "", /^b,n,,false,not reached,0,0,,,/);
  assert.is(end, "");
});

test.run();
