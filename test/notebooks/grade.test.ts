import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { studentsNotebook } from "../../scripts/exercises/edition.js";
import { type Graded, gradeFile } from "../../scripts/exercises/grade.js";
import { gradesTable, type Result, resultsOf, studentsTable } from "../../scripts/exercises/results.js";
import { ClassList, studentsOf } from "../../scripts/exercises/students.js";
import { parseTable, tableText } from "../../scripts/exercises/table.js";
import { type Cell, type Notebook, writeNotebook } from "../../scripts/notebooks/format.js";
import { python } from "../../scripts/setup/paths.mjs";
import {
  codeCell,
  firstClientSolution,
  libraryNotebook,
  notebookOf,
  shippedNotebook,
  withSources,
} from "./exercise-notebook.js";
import { newFolder, removeFolders } from "./support.js";

const shipped = new Map([
  ["01-two", shippedNotebook()],
  ["02-other", notebookOf([codeCell("elsewhere", "1;")])],
  ["00-library", libraryNotebook()],
]);
const edition = () => studentsNotebook(shippedNotebook());
let folder = "";
test.before(() => {
  folder = newFolder();
});
test.after(removeFolders);

const temporary = () => path.join(folder, "runs");
function grade(student: string, content: Notebook | string, limitMs = 20_000): Promise<Graded> {
  const file = path.join(folder, `${student}.ipynb`);
  writeFileSync(file, typeof content === "string" ? content : writeNotebook(content));
  return gradeFile(file, shipped, { temporary: temporary(), limitMs });
}
/** Puts a cell of the student's own in front of a cell. */
function withCell(notebook: Notebook, before: string, cell: Cell): Notebook {
  const at = notebook.cells.findIndex(({ metadata }) => metadata.name === before);
  return { ...notebook, cells: [...notebook.cells.slice(0, at), cell, ...notebook.cells.slice(at)] };
}

test("a right answer passes, a wrong one is told with its mistake, and both in the notebook's order", async () => {
  const sources = { "half-answer": "await check(half, 168);", "first-answer": 'await check(first, "a");' };
  const { file, notebook, problems, exercises } = await grade("ana", withSources(edition(), sources));
  assert.equal([path.basename(file), notebook, problems], ["ana.ipynb", "01-two", []]);
  const none = { failedClaims: [], attempts: 1, hintsShown: 0, ofPoints: 1 };
  assert.equal(exercises, [
    { exercise: "two-half", passed: false, state: "failed", mistake: "doubled", points: 0, ...none },
    { exercise: "two-first", passed: true, state: "passed", mistake: "", points: 1, ...none },
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

const right = { "half-answer": "await check(half, 42);", "first-answer": 'await check(first, "a");' };
const states = ({ exercises }: Graded) => exercises.map(({ state }) => state);
const bothPass = (graded: Graded) => assert.equal(states(graded), ["passed", "passed"], JSON.stringify(graded));

test("a cell that does not end costs nothing but itself", async () => {
  const endless = codeCell("endless", "for (;;) {}");
  const graded = await grade("fabio", withCell(withSources(edition(), right), "first", endless), 4000);
  assert.equal(graded.problems, [{ cell: "endless", message: "took more than 4 s and was stopped" }]);
  bothPass(graded);
});

test("an answer that does not end costs its own exercise only", async () => {
  const sources = { ...right, "half-answer": "for (;;) {}\nawait check(half, 42);" };
  assert.equal(states(await grade("flora", withSources(edition(), sources), 4000)), ["not reached", "passed"]);
});

test("a kernel that the student's code ends or kills costs nothing but the cell that did it", async () => {
  const [ends, kills] = [
    codeCell("ends", "process.exit(3);"),
    codeCell("kills", "process.kill(process.pid, 'SIGKILL');"),
  ];
  const graded = await grade("gina", withCell(withCell(withSources(edition(), right), "half", ends), "first", kills));
  assert.equal(
    graded.problems.map(({ cell }) => cell),
    ["ends", "kills"],
  );
  bothPass(graded);
});

test("code that brings every kernel down a while later costs nothing but itself", async () => {
  const later = codeCell("later", "setTimeout(() => process.exit(3), 300);");
  const wait = codeCell("waits", "await new Promise((resolve) => setTimeout(resolve, 2000));");
  bothPass(await grade("gus", withCell(withCell(withSources(edition(), right), "half", later), "half", wait), 10_000));
});

test("a cell that asks for input costs nothing but itself", async () => {
  const ask =
    'const name = await new Promise((resolve) => require("node:readline").createInterface({ input: process.stdin }).question("name? ", resolve));';
  bothPass(await grade("greta", withCell(withSources(edition(), right), "half", codeCell("asks", ask)), 4000));
});

test("a flood of text costs nothing but itself", async () => {
  const flood = codeCell("flood", 'for (let i = 0; i < 300_000; i++) console.log("x".repeat(200));');
  bothPass(await grade("gerd", withCell(withSources(edition(), right), "half", flood), 30_000));
});

const changedBy = (change: (cell: Cell) => Cell[]): Notebook => {
  const notebook = withSources(edition(), right);
  return { ...notebook, cells: notebook.cells.flatMap(change) };
};
const isOne = (cell: Cell, ...names: string[]) => names.includes(cell.metadata.name ?? "");
const asProse = (cell: Cell): Cell => ({ cell_type: "markdown", metadata: cell.metadata, source: cell.source });

test("definitions and imports that were deleted, or turned into prose, are put back", async () => {
  const deleted = await grade(
    "lia",
    changedBy((cell) => (isOne(cell, "half", "imports") ? [] : [cell])),
  );
  assert.equal([...deleted.restored].sort(), ["half", "imports"]);
  bothPass(deleted);
  const names = ["first", "half", "imports"];
  const asText = await grade(
    "lou",
    changedBy((cell) => (isOne(cell, ...names) ? [asProse(cell)] : [cell])),
  );
  assert.equal([...asText.restored].sort(), names);
  bothPass(asText);
});

test("an answer that was turned into prose is an answer all the same, and one that was deleted is not reached", async () => {
  bothPass(
    await grade(
      "lena",
      changedBy((cell) => (isOne(cell, "half-answer") ? [asProse(cell)] : [cell])),
    ),
  );
  const deleted = changedBy((cell) => (isOne(cell, "half-answer") ? [] : [cell]));
  assert.equal(states(await grade("leo", deleted)), ["not reached", "passed"]);
});

const stripped: Readonly<Record<string, (cell: Cell) => Cell>> = {
  "metadata, as nbstripout leaves it": (cell) => ({ ...cell, metadata: {} }),
  "metadata and ids": (cell) => {
    const { id: _id, ...rest } = cell;
    return { ...rest, metadata: {} };
  },
};
for (const [what, strip] of Object.entries(stripped))
  test(`a notebook without ${what} is graded, its solutions taken out`, async () => {
    bothPass(
      await grade(
        "mia",
        changedBy((cell) => [strip(cell)]),
      ),
    );
    const full = shippedNotebook();
    const graded = await grade("mona", { ...full, cells: full.cells.map(strip) });
    assert.equal(states(graded), ["not attempted", "not attempted"]);
  });

test("a definition that another's broken cell would spoil is tried alone", async () => {
  const spoils = codeCell("spoils", "const exercise = 3;\nconst check = 4;");
  const graded = await grade("nils", withCell(withSources(edition(), right), "half", spoils));
  bothPass(graded);
});

const solved = `await check(exercises.firstClient, ${firstClientSolution});`;
const ofLibrary = (sources: Readonly<Record<string, string>>) =>
  withSources(studentsNotebook(libraryNotebook()), sources);

test("an exercise of the library needs nothing of the notebook but the answer", async () => {
  const whole = ofLibrary({ "client-answer": solved });
  for (const [student, names] of Object.entries({ rosa: ["client-answer"], rui: ["imports", "client-answer"] })) {
    const handedIn = { ...whole, cells: whole.cells.filter(({ metadata }) => names.includes(metadata.name ?? "")) };
    const graded = await grade(student, handedIn);
    assert.equal([graded.problems, states(graded)], [[], ["passed"]], student);
  }
});

test("of the library's exercise a wrong answer earns nothing, and is told with its mistake", async () => {
  const { exercises } = await grade(
    "raul",
    ofLibrary({ "client-answer": "await check(exercises.firstClient, async (_host: Host, n: number) => 2 * n);" }),
  );
  assert.equal(
    exercises.map(({ state, mistake }) => [state, mistake]),
    [["failed", "calculates it itself"]],
  );
});

test("what the student calls exercises is not checked in place of the library's", async () => {
  const forged = 'const exercises = { firstClient: { name: "00-first-client", statement: "-", value: 1, unit: "" } };';
  const wrong = "await check(exercises.firstClient as never, 1 as never);";
  const handedIn = withCell(ofLibrary({ "client-answer": wrong }), "client-answer", codeCell("forged", forged));
  const graded = await grade("rita", handedIn);
  assert.equal(states(graded), ["failed"]);
});

/** Exercises of one kind, each with its answer: a list of three numbers. */
const lists = (answers: readonly string[]) =>
  notebookOf([
    codeCell("imports", 'import { check, exercise, on, scenario, simulate } from "kernel-lib";'),
    codeCell(
      "helpers",
      `const runOf = async (answer: () => any) =>
  simulate(scenario({ hosts: { a: {} }, programs: { x: on("a", async () => answer()) } }), { seed: 1 });`,
    ),
    ...answers.flatMap((answer, at) => [
      codeCell(
        `list-${at}`,
        `const list${at} = exercise({ name: "03-list-${at}", statement: "Three numbers.", points: 8,
  scenarios: { plain: runOf, again: runOf },
  claims: {
    "it is a list": (run) => Array.isArray(run.results.x),
    "it holds three": (run) => run.results.x.length === 3,
    "it begins with 1": (run) => run.results.x[0] === 1,
    "it ends with 3": (run) => run.results.x.at(-1) === 3,
    "its sum is 6": (run) => run.results.x.reduce((a: number, b: number) => a + b, 0) === 6,
  },
});`,
        ["exercise"],
      ),
      codeCell(`list-${at}-answer`, `await check(list${at}, ${answer});`, ["exercise"]),
    ]),
  ]);

test("points are the share of the checks that hold beyond the answer as it was handed out", async () => {
  // Of five claims the answer as handed out, an empty list, fulfils one; by hand: (held - 1) / (5 - 1) of 8 points.
  const points: Readonly<Record<string, number>> = {
    "() => [1, 2, 3]": 8,
    "() => [1, 1, 3]": 6, // all but its sum
    "() => [1, 9]": 2, // a list that begins with 1
    "() => []": 0,
    "() => { throw new Error('no'); }": 0,
    undefined: 0,
  };
  const answers = Object.keys(points);
  const file = path.join(folder, "points.ipynb");
  writeFileSync(file, writeNotebook(lists(answers)));
  const handedOut = new Map([["03-lists", lists(answers.map(() => "() => []"))]]);
  const { exercises } = await gradeFile(file, handedOut, { temporary: temporary() });
  assert.equal(Object.fromEntries(exercises.map((each, at) => [answers[at], each.points])), points);
  assert.equal(
    exercises.map(({ passed, ofPoints }) => [passed, ofPoints]),
    answers.map((_, at) => [at === 0, 8]),
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

const namesOf = (files: readonly string[], list?: ClassList) =>
  studentsOf(files, list, ["03-servers"]).map(({ student }) => student);

test("students whose files have one name are told apart by as many folders as it takes", () => {
  assert.equal(namesOf(["ana/03.ipynb", "bruno/03.ipynb", "carla.ipynb"]), ["ana/03", "bruno/03", "carla"]);
  assert.equal(namesOf(["ana/ps1/03.ipynb", "bruno/ps1/03.ipynb"]), ["ana/ps1/03", "bruno/ps1/03"]);
  assert.equal(namesOf(["ana/03-servers.ipynb"]), ["ana/03-servers"]); // a notebook's name is nobody's
});

test("in nbgrader's layout the folder below submitted/ is the student", () => {
  const files = ["submitted/alice/ps1/03.ipynb", "submitted/bob/ps1/03.ipynb", "submitted/bob/ps2/04.ipynb"];
  assert.equal(namesOf(files), ["alice", "bob", "bob"]);
});

test("in Moodle's download the name before the number is the student, in folders and without", () => {
  const files = [
    "Ana, Maria_12345_assignsubmission_file_/03-servers.ipynb",
    "Ana, Maria_23456_assignsubmission_file/03-servers.ipynb",
    "João d'Ávila_777_assignsubmission_file_03-servers.ipynb",
  ];
  assert.equal(namesOf(files), ["Ana, Maria", "Ana, Maria", "João d'Ávila"]);
});

const list = ClassList.read(
  '\uFEFFMatrícula;Nome;Sobrenome;E-mail\r\n101;"Ana Maria";Silva;ana@example.org\r\n102;João;d\'Ávila;joao@example.org\r\n103;Zoe;;zoe@example.org\r\n',
);

test("a class list names students by id, name, turned name or mail, whatever accents and capitals", () => {
  assert.equal(
    studentsOf(
      ["101/a.ipynb", "JOAO D_AVILA/a.ipynb", "x/Silva, Ana Maria.ipynb", "zoe/b/c.ipynb", "who/a.ipynb"],
      list,
    ),
    [
      { student: "101", name: "Ana Maria Silva" },
      { student: "JOAO D_AVILA/a", name: "" }, // an apostrophe is no space
      { student: "101", name: "Ana Maria Silva" },
      { student: "103", name: "Zoe" },
      { student: "who/a", name: "" },
    ],
  );
  assert.equal(namesOf(["d'avila joao_9_assignsubmission_file_/a.ipynb", "joao/a.ipynb"], list), ["102", "102"]);
});

test("lists as Moodle and nbgrader export them need no change", () => {
  const moodle = ClassList.read(
    '"First name",Surname,"Email address",Groups\nAna,Silva,ana@example.org,A\nAna,Reis,reis@example.org,A\n',
  );
  assert.equal(moodle.students, [
    { student: "ana@example.org", name: "Ana Silva" },
    { student: "reis@example.org", name: "Ana Reis" },
  ]);
  assert.equal(namesOf(["Ana Reis_5_assignsubmission_file_/x.ipynb", "Silva, Ana/x.ipynb"], moodle), [
    "reis@example.org",
    "ana@example.org",
  ]);
  const nbgrader = ClassList.read("id,first_name,last_name,email\nas1,Ana,Silva,\n");
  assert.equal(nbgrader.students, [{ student: "as1", name: "Ana Silva" }]);
  const portuguese = ClassList.read('Nome,"Apelido(s)","Número de ID"\nAna,Silva,77\n');
  assert.equal(portuguese.students, [{ student: "77", name: "Ana Silva" }]);
});

test("a word that is several students' names nobody, and an id that stands twice is refused", () => {
  const two = ClassList.read("id,name\n1,Ana\n2,Ana\n");
  assert.equal(
    namesOf(["ana/x.ipynb", "2/x.ipynb"], two),
    ["ana/x", "2"].map((name) => (name === "ana/x" ? "x" : name)),
  );
  assert.throws(() => ClassList.read("id,name\n1,Ana\n1,Bo\n"), "the class list has 1 twice");
  assert.throws(() => ClassList.read("id,name\n"), /the class list holds nobody/);
});

const passedOne = {
  exercise: "e",
  passed: true,
  state: "passed",
  attempts: 2,
  hintsShown: 1,
  points: 1.5,
  ofPoints: 2,
} as const;
const result: Result = {
  student: "=HYPERLINK(1)",
  name: 'Ána; "A"',
  file: "a/b.ipynb",
  notebook: "n",
  restored: ["half"],
  problems: [{ cell: "c", message: 'said "no", twice\nand more' }],
  exercises: [{ ...passedOne, failedClaims: ["one", "two"], mistake: "" }],
};

test("the table has a line for each file and exercise, and no field that a spreadsheet would compute", () => {
  const text = tableText(gradesTable([result, { ...result, student: "b", exercises: [] }]));
  const [head, line, nobody, end] = text.split("\r\n");
  assert.is(
    head,
    "\uFEFFstudent,name,file,notebook,exercise,passed,points,ofPoints,state,attempts,hintsShown,failedClaims,mistake,restored,problems",
  );
  const said = '"c: said ""no"", twice"';
  assert.is(line, `'=HYPERLINK(1),"Ána; ""A""",a/b.ipynb,n,e,true,1.5,2,passed,2,1,"one; two",,half,${said}`);
  assert.match(nobody ?? "", /^b,.*,n,,false,0,0,not reached,0,0,,,/);
  assert.is(end, "");
});

for (const text of ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", "\n=1", "＝1"])
  test(`a text like ${JSON.stringify(text)} is no formula`, () => {
    const [[field] = []] = parseTable(tableText([[text, "x"]]));
    assert.is(field, `'${text}`);
  });

test("Python's csv module reads the table as it was meant, with both separators", () => {
  const rows = [
    ["a,b", 'q"q', "é\nü", 0.5, true, ""],
    ["x;y", "", "tab\tbed", 2, false, "end"],
  ];
  const code = "import csv, json, sys; print(json.dumps(list(csv.reader(sys.stdin, delimiter=sys.argv[1]))))";
  for (const separator of [",", ";"] as const) {
    const env = { ...process.env, PYTHONIOENCODING: "utf-8-sig" };
    const input = tableText(rows, separator);
    const said = execFileSync(python, ["-c", code, separator], { input, env, encoding: "utf8" }).replace(/^\uFEFF/, "");
    const wanted = rows.map((row) => row.map((field) => (field === 0.5 && separator === ";" ? "0,5" : String(field))));
    assert.equal(JSON.parse(said), wanted);
    assert.equal(parseTable(input), wanted);
  }
});

test("a line for each student has the most points of each exercise and their sum, and nobody of the class is left out", () => {
  const again = { ...result, student: "101", exercises: [{ ...passedOne, points: 2, failedClaims: [], mistake: "" }] };
  const all = resultsOf([{ ...result, student: "101" }, again], list);
  assert.equal(studentsTable(all), [
    ["student", "name", "e", "points"],
    ["101", result.name, 2, 2],
    ["102", "João d'Ávila", "", 0],
    ["103", "Zoe", "", 0],
  ]);
  assert.match(tableText(gradesTable(all)), /^103,Zoe,,.*handed in nothing/m);
});

test.run();
