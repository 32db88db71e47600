import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { writeKernelspec } from "../../jupyter/kernelspec.mjs";
import { differences, shapeDifferences } from "../../scripts/notebooks/compare.js";
import type { NotebookFolder } from "../../scripts/notebooks/files.js";
import { type Notebook, parseNotebook, writeNotebook } from "../../scripts/notebooks/format.js";
import { jupytext } from "../../scripts/notebooks/jupytext.js";
import { makeNotebooks } from "../../scripts/notebooks/make.js";
import { isLive } from "../../scripts/notebooks/rules.js";
import { asKept } from "../../scripts/notebooks/run.js";
import { inRoot, jupyterEnvironment, python } from "../../scripts/setup/paths.mjs";
import { folderOf, newFolder, prepare, quietly, removeFolders, wholeText } from "./support.js";

const test = suite("notebooks in Jupyter's own tools");
const name = "99-whole";
let made: Notebook;
let text: string;

prepare(test, async () => {
  const whole = wholeText.replace('fails" tags', 'fails" jupyter={"source_hidden": true} tags');
  const folder = folderOf({ [name]: { text: `${whole}\n// %% name="small"\n[1e-7, 2.5e-5, "é\\u2028\\t"];\n` } });
  const { value, printed } = await quietly(() => makeNotebooks(folder, [name]));
  if (!value) throw new Error(printed);
  made = folder.notebook(name) as Notebook;
  text = folder.text(name) as string;
});
test.after(removeFolders);

async function runPython(code: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(python, ["-c", code, ...args], {
    env: { ...jupyterEnvironment(), ...env },
  });
  return stdout;
}

/** A folder with jupytext's settings, as the checkout has them. */
function pairedFolder(): NotebookFolder {
  const folder = folderOf({ [name]: { text, notebook: made } });
  writeFileSync(path.join(folder.path, "..", "jupytext.toml"), readFileSync(inRoot("jupytext.toml")));
  return folder;
}

const bytes = (folder: NotebookFolder) => [
  readFileSync(folder.notebookFile(name), "utf8"),
  readFileSync(folder.textFile(name), "utf8"),
];

/** Opens and saves by the contents manager that JupyterLab uses here, as its page does. */
const openAndSave = `
import asyncio, json, sys
from jupytext import AsyncTextFileContentsManager
async def main():
    manager = AsyncTextFileContentsManager()
    manager.root_dir = sys.argv[1]
    path = "notebooks/" + sys.argv[2]
    content = json.loads(json.dumps((await manager.get(path, content=True, type="notebook"))["content"]))
    exec(sys.argv[3])
    await manager.save({"type": "notebook", "format": "json", "content": content}, path)
asyncio.run(main())
`;

test("nbformat reads what we write, calls it valid, and writes the same bytes", async () => {
  const file = path.join(newFolder(), "a.ipynb");
  writeFileSync(file, writeNotebook(made));
  const code =
    "import nbformat, sys; n = nbformat.read(sys.argv[1], 4); nbformat.validate(n); nbformat.write(n, sys.argv[1])";
  await runPython(code, [file]);
  assert.is(readFileSync(file, "utf8"), writeNotebook(made));
});

test("opening and saving in JupyterLab changes no byte of a notebook or its text", async () => {
  const folder = pairedFolder();
  const before = bytes(folder);
  await runPython(openAndSave, [path.dirname(folder.path), `${name}.ipynb`, "pass"]);
  assert.equal(bytes(folder), before);
});

test("an edit that is saved in JupyterLab stands in the text, and ids and outputs stay", async () => {
  const folder = pairedFolder();
  const edit = `content["cells"][2]["source"] = 'console.log("edited");'`;
  await runPython(openAndSave, [path.dirname(folder.path), `${name}.ipynb`, edit]);
  assert.is(
    folder.text(name),
    text.replace('console.log("two lines");\nconsole.log("of text");', 'console.log("edited");'),
  );
  const saved = folder.notebook(name) as Notebook;
  const facts = (notebook: Notebook) =>
    notebook.cells.map((cell) => [cell.id, cell.metadata.name, cell.cell_type === "code" && cell.outputs]);
  assert.equal(facts(saved), facts(made));
});

test("a text that was edited is what JupyterLab opens, with the same ids", async () => {
  const folder = pairedFolder();
  writeFileSync(folder.textFile(name), text.replace("two lines", "2 lines"));
  await runPython(openAndSave, [path.dirname(folder.path), `${name}.ipynb`, "pass"]);
  const saved = folder.notebook(name) as Notebook;
  assert.match(saved.cells[2]?.source ?? "", /2 lines/);
  assert.equal(
    saved.cells.map(({ id }) => id),
    made.cells.map(({ id }) => id),
  );
});

test("jupytext --sync finds nothing to change", async () => {
  const folder = pairedFolder();
  const before = bytes(folder);
  await jupytext(["--sync", "--quiet", folder.notebookFile(name)], path.dirname(folder.path));
  assert.equal(bytes(folder), before);
});

test("nbclient gives the outputs that our client gives", async () => {
  const folder = folderOf({ [name]: { text, notebook: made } });
  const share = newFolder();
  writeKernelspec(share);
  const code = `
import nbformat, os, sys
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], 4)
for cell in notebook.cells:
    if cell.cell_type == "code": cell.outputs = []
NotebookClient(notebook, timeout=120, resources={"metadata": {"path": os.path.dirname(sys.argv[1])}}).execute()
print(nbformat.writes(notebook))`;
  const ran = parseNotebook(await runPython(code, [folder.notebookFile(name)], { JUPYTER_PATH: share }));
  const found = ran.cells.flatMap((cell, at) => {
    const ours = made.cells[at];
    if (cell.cell_type !== "code" || ours?.cell_type !== "code") return [];
    const outputs = asKept(cell.outputs, cell.execution_count ?? 0);
    return (isLive(cell) ? shapeDifferences : differences)(ours.outputs, outputs);
  });
  assert.equal(found, []);
  assert.equal(
    ran.cells.map((cell) => (cell.cell_type === "code" ? cell.outputs.length : 0)),
    [0, 0, 1, 1, 1, 2, 1, 1],
  );
});

test.run();
