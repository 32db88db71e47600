import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { jupyterDisplay, table } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { NotebookFolder } from "../../scripts/notebooks/files.js";
import { type Notebook, writeNotebook } from "../../scripts/notebooks/format.js";
import { withKeptOutputs } from "../../scripts/notebooks/keep.js";
import { makeNotebooks } from "../../scripts/notebooks/make.js";
import { synchronise } from "../../scripts/notebooks/sync.js";
import { codeCell } from "./exercise-notebook.js";
import { folderOf, prepare, quietly, removeFolders, wholeText, withCell } from "./support.js";

const test = suite("notebooks and their texts");
const name = "99-whole";
let made: Notebook;
let text: string;

prepare(test, async () => {
  const folder = folderOf({ [name]: { text: wholeText.replaceAll('"text"', '"printed"') } });
  const { printed } = await quietly(() => makeNotebooks(folder, [name]));
  assert.match(printed, /^99-whole +6 cells +\d+\.\d s {2}written$/m);
  made = folder.notebook(name) as Notebook;
  text = folder.text(name) as string;
});
test.after(removeFolders);

const edit = (folder: NotebookFolder, change: (notebook: Notebook) => Notebook) =>
  writeFileSync(folder.notebookFile(name), writeNotebook(change(folder.notebook(name) as Notebook)));

const age = (file: string, s: number) =>
  utimesSync(file, new Date(Date.now() - s * 1000), new Date(Date.now() - s * 1000));

test("each cell's id is its name, and code cells are counted from 1", () => {
  assert.equal(
    made.cells.map(({ id }) => id),
    ["title", "imports", "printed", "rows", "stated", "measured", "fails"],
  );
  assert.equal(
    made.cells.flatMap((cell) => (cell.cell_type === "code" ? [cell.execution_count] : [])),
    [1, 2, 3, 4, 5, 6],
  );
});

test("a second run of an unchanged notebook changes no byte, live outputs included", async () => {
  const folder = folderOf({ [name]: { text, notebook: made } });
  const { printed } = await quietly(() => makeNotebooks(folder, [name]));
  assert.match(printed, /unchanged\n$/);
  assert.equal([folder.text(name), writeNotebook(folder.notebook(name) as Notebook)], [text, writeNotebook(made)]);
  assert.equal(readdirSync(folder.path).sort(), [`${name}.ipynb`, "text"]);
});

const outputsOf = ({ cells }: Notebook) => cells.map((cell) => (cell.cell_type === "code" ? cell.outputs : []));

test("live outputs are written anew when that is asked for", async () => {
  const folder = folderOf({ [name]: { text, notebook: made } });
  const { printed } = await quietly(() => makeNotebooks(folder, [name], { fresh: true }));
  assert.match(printed, /written\n$/);
  const now = folder.notebook(name) as Notebook;
  const changed = now.cells.filter((cell, at) => !isDeepStrictEqual(cell, made.cells[at]));
  assert.equal(
    changed.map(({ id }) => id),
    ["measured"],
  );
});

test("a failing cell is shown with its notebook, name and error, and the notebook stays as it was", async () => {
  const failing = `${text}\n// %% name="boom"\nconst big = [3];\nthrow new RangeError(String(big[0]).concat(' is too far'));\n`;
  const folder = folderOf({ [name]: { text: failing, notebook: made } });
  const { value, printed } = await quietly(() => makeNotebooks(folder, [name]));
  assert.is(value, false);
  assert.match(printed, /failed, not written\n {4}99-whole, cell "boom": RangeError: 3 is too far\n.*line 2, column 7/);
  assert.equal(folder.notebook(name), made);
});

test("live outputs are taken anew when code before the last live cell has changed, imports aside; else all are kept", () => {
  const later = withCell(made, "measured", (cell) => {
    const [output] = cell.outputs;
    if (output?.output_type === "display_data") output.data = table([{ tookMs: 99 }])[jupyterDisplay]();
  });
  assert.equal(withKeptOutputs(later, made), made);
  const changed = withCell(later, "rows", (cell) => {
    cell.source += "\n";
  });
  assert.equal(withKeptOutputs(changed, made), changed);
  const imports = withCell(later, "rows", (cell) => {
    cell.source = `import { mm1 } from "kernel-lib";\n${cell.source}`;
  });
  assert.equal(outputsOf(withKeptOutputs(imports, made)), outputsOf(made));
  const onlyImports = { ...later, cells: [...later.cells] };
  onlyImports.cells.splice(2, 0, codeCell("more-imports", 'import { mm1 } from "kernel-lib";'));
  assert.equal(
    outputsOf(withKeptOutputs(onlyImports, made)).filter((_, at) => at !== 2),
    outputsOf(made),
  );
  const behind = withCell(later, "fails", (cell) => {
    cell.source += "\n";
  });
  assert.equal(withKeptOutputs(behind, made).cells.slice(0, 6), made.cells.slice(0, 6));
  const otherShape = withCell(later, "measured", (cell) => cell.outputs.pop());
  assert.equal(withKeptOutputs(otherShape, made), otherShape);
});

test("a text that is newer decides, with the outputs of cells that are still the same", async () => {
  const folder = folderOf({ [name]: { text: text.replace("two lines", "2 lines"), notebook: made } });
  age(folder.notebookFile(name), 60);
  const [synced] = await synchronise(folder, [name], () => true);
  assert.is(synced?.fromNotebook, false);
  assert.match(synced?.text ?? "", /2 lines/);
  const outputs = synced?.notebook.cells.flatMap((cell) => (cell.cell_type === "code" ? [cell.outputs.length] : []));
  assert.equal(outputs, [0, 0, 1, 1, 2, 1]);
});

test("a notebook that was edited without its text decides if it is newer, and its text follows", async () => {
  const folder = folderOf({ [name]: { text, notebook: made } });
  age(folder.textFile(name), 60);
  edit(folder, (notebook) =>
    withCell(notebook, "printed", (cell) => Object.assign(cell, { source: 'console.log("new")' })),
  );
  const [synced] = await synchronise(folder, [name], () => true);
  assert.is(synced?.fromNotebook, true);
  assert.is(synced?.text, text.replace('console.log("two lines");\nconsole.log("of text");', 'console.log("new");'));
});

test("a notebook that is only older than its text says, as git leaves it, does not undo the text", async () => {
  const folder = folderOf({ [name]: { text: text.replace("two lines", "2 lines"), notebook: made } });
  age(folder.textFile(name), 60);
  const [synced] = await synchronise(folder, [name], () => false);
  assert.is(synced?.fromNotebook, false);
  assert.match(synced?.text ?? "", /2 lines/);
});

test("the text is in one form: names sorted into place, code formatted, no version in its header", async () => {
  const messy = text
    .replace('name="stated" tags=["claim:servers.waits-grow"]', 'tags=["claim:servers.waits-grow"] name="stated"')
    .replace('console.log("of text");', "console.log('of text')");
  const folder = folderOf({ [name]: { text: messy } });
  const [synced] = await synchronise(folder, [name], () => false);
  assert.is(synced?.text, text);
  assert.match(text, /^\/\/ ---\n\/\/ jupyter:\n\/\/ {3}kernelspec:\n(\/\/ {5}\w+: .*\n){3}\/\/ ---\n/);
});

test("what somebody wrote since it was read is not overwritten", () => {
  const folder = folderOf({ [name]: { text, notebook: made } });
  const known = folder.text(name);
  writeFileSync(folder.textFile(name), "somebody's edit");
  assert.throws(() => folder.writeText(name, `${text}\n`, known), /99-whole.ts was changed meanwhile/);
  assert.throws(() => folder.write(name, { ...made, cells: [] }, "older"), /99-whole.ipynb was changed meanwhile/);
  assert.equal([folder.text(name), folder.notebook(name)], ["somebody's edit", made]);
});

test("names, numbers and file names choose a notebook, and an unknown one is refused", () => {
  const folder = folderOf({ "03-servers": { text }, "10-mobility": { text } });
  for (const word of ["3", "03", "03-servers", "notebooks/03-servers.ipynb", path.join("text", "03-servers.ts")])
    assert.equal(folder.choose([word]), ["03-servers"]);
  assert.equal(folder.choose([]), ["03-servers", "10-mobility"]);
  assert.throws(() => folder.choose(["04"]), /no notebook is called 04; there are 03-servers, 10-mobility/);
});

test.run();
