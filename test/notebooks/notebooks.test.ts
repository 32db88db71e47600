import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkNotebooks, type Report } from "../../scripts/notebooks/check.js";
import { editedNames } from "../../scripts/notebooks/edited.js";
import { NotebookFolder } from "../../scripts/notebooks/files.js";
import { wording, wordings } from "../../scripts/notebooks/rules.js";
import { prepare } from "./support.js";

const test = suite("the notebooks");
const folder = new NotebookFolder();
const names = folder.names();
const edited = editedNames();
let reports: Report[] = [];

prepare(test, async () => {
  reports = await checkNotebooks(folder, names);
});

test("there is a notebook to start with", () => assert.ok(names.includes("00-start-here"), names.join(", ")));

for (const [at, name] of names.entries()) {
  const isEdited = edited.has(name);
  test(`${name} gives the outputs that it was committed with${isEdited ? " (edited: not counted)" : ""}`, () => {
    const found = reports[at] ? wordings(reports[at].problems) : ["it was not checked"];
    for (const problem of reports[at]?.atFirst ?? []) console.log(`\nrun twice, at first: ${wording(problem)}`);
    if (isEdited) console.log([`\n${name} was edited since it was shipped`, ...found].join("\n    "));
    else assert.ok(found.length === 0, found.join("\n"));
  });
}

test.run();
