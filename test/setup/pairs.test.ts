import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot, jupyterEnvironment, python } from "../../scripts/setup/paths.mjs";
import { readersEnvironment } from "./checkout.js";

const following = suite("a notebook and its text, of which one was written alone");
const name = "07-a";
let folder: string;
const files = { notebook: `notebooks/${name}.ipynb`, text: `notebooks/text/${name}.ts` };
const read = (half: keyof typeof files): string => readFileSync(path.join(folder, files[half]), "utf8");

const shippedText = `// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (Handoff)
//     language: typescript
//     name: handoff
// ---

// %% [markdown] name="title"
// # A title

// %% name="sum"
1 + 1;
`;
const outputs = [{ data: { "text/plain": ["2"] }, execution_count: 1, metadata: {}, output_type: "execute_result" }];
const cells = [
  { cell_type: "markdown", id: "title", metadata: { name: "title" }, source: ["# A title"] },
  { cell_type: "code", execution_count: 1, id: "sum", metadata: { name: "sum" }, outputs, source: ["1 + 1;"] },
];
const kernelspec = { display_name: "TypeScript (Handoff)", language: "typescript", name: "handoff" };
const jupytext = { cell_metadata_filter: "name,tags,jupyter,-all", notebook_metadata_filter: "kernelspec,-all" };
const shippedNotebook = JSON.stringify(
  { cells, metadata: { jupytext, kernelspec }, nbformat: 4, nbformat_minor: 5 },
  null,
  1,
);
const edited = {
  notebook: shippedNotebook.replace("# A title", "# Edited in the notebook"),
  text: shippedText.replace("# A title", "# Edited in the text"),
};

following.before.each(() => {
  mkdirSync(inRoot("build"), { recursive: true });
  folder = mkdtempSync(path.join(inRoot("build"), "pairs "));
  for (const each of ["scripts", "jupyter/lab", "jupytext.toml"])
    cpSync(inRoot(each), path.join(folder, each), { recursive: true });
  symlinkSync(inRoot(".venv"), path.join(folder, ".venv"));
  mkdirSync(path.join(folder, "notebooks", "text"), { recursive: true });
  write("notebook", shippedNotebook, 0);
  write("text", shippedText, 0);
  writeFileSync(path.join(folder, ".gitignore"), ".jupyter/\n.venv\nbuild/\n");
  const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, stdio: "ignore" });
  git("init", "-q");
  git("add", "-A");
  git("-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-q", "--no-gpg-sign", "-m", "all");
});
following.after.each(() => rmSync(folder, { recursive: true, force: true }));

/** @param ageS how many seconds ago it was written */
function write(half: keyof typeof files, content: string, ageS: number): void {
  const file = path.join(folder, files[half]);
  writeFileSync(file, content);
  const time = new Date(Date.now() - ageS * 1000);
  utimesSync(file, time, time);
}

function bringInStep(code = "await bringInStep()"): string[] {
  const program = `import { bringInStep, watchPairs } from "./scripts/setup/pairs.mjs"; console.log(JSON.stringify(${code}));process.exit()`;
  const env = readersEnvironment(path.join(folder, "build", "home"));
  return JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: folder, env, encoding: "utf8" }),
  );
}

/** Opens both files by the contents manager of JupyterLab, as its page does: each its cells' sources, or the status. */
function opened(): { notebook: unknown; text: unknown } {
  const code = `
import asyncio, json, sys
from jupytext import AsyncTextFileContentsManager
async def read(manager, path):
    try:
        return [cell["source"] for cell in (await manager.get(path, content=True, type="notebook"))["content"]["cells"]]
    except Exception as error:
        return getattr(error, "status_code", str(error))
async def main():
    manager = AsyncTextFileContentsManager()
    manager.root_dir = sys.argv[1]
    print(json.dumps({ "notebook": await read(manager, sys.argv[2]), "text": await read(manager, sys.argv[3]) }))
asyncio.run(main())
`;
  const args = ["-c", code, folder, files.notebook, files.text];
  return JSON.parse(execFileSync(python, args, { env: jupyterEnvironment(), encoding: "utf8" }));
}

const open = (title: string): void => {
  assert.equal(opened(), { notebook: [title, "1 + 1;"], text: [title, "1 + 1;"] });
  const [text, notebook] = [files.text, files.notebook].map((file) => statSync(path.join(folder, file)).mtimeMs);
  assert.ok((text ?? 0) >= (notebook ?? 0), "the notebook is the newer one");
};
const outputsOf = () => JSON.parse(read("notebook")).cells[1].outputs;
const keptFiles = () =>
  existsSync(path.join(folder, ".jupyter", "kept"))
    ? (readdirSync(path.join(folder, ".jupyter", "kept"), { recursive: true }) as string[]).filter((file) =>
        /\.(ipynb|ts)$/.test(file),
      )
    : [];

following("as they were shipped, whatever their times: both open, and no byte changes", () => {
  write("text", shippedText, 3600);
  assert.equal(bringInStep(), []);
  open("# A title");
  assert.equal([read("notebook"), read("text")], [shippedNotebook, shippedText]);
});

for (const [how, ageS] of [
  ["and is the newer one, as an editor leaves it", 0],
  ["and is the older one, as a copy from elsewhere may be", 7200],
] as const)
  following(`a notebook that was edited alone ${how} decides, and its text follows`, () => {
    write("notebook", edited.notebook, ageS);
    write("text", shippedText, 3600);
    if (ageS === 0) assert.equal(opened(), { notebook: 400, text: 400 }); // what JupyterLab answers before
    assert.equal(bringInStep(), [`${files.text} follows ${files.notebook}, which was edited alone`]);
    open("# Edited in the notebook");
    assert.is(read("notebook"), edited.notebook);
    assert.is(read("text"), shippedText.replace("# A title", "# Edited in the notebook"));
    assert.equal(bringInStep(), []);
  });

for (const ageS of [0, 7200])
  following(`a text that was edited alone ${ageS} s ago decides, and the notebook keeps its outputs`, () => {
    write("text", edited.text, ageS);
    write("notebook", shippedNotebook, 3600);
    assert.equal(bringInStep(), [`${files.notebook} follows ${files.text}, which was edited alone`]);
    open("# Edited in the text");
    assert.is(read("text"), edited.text);
    assert.equal(outputsOf(), outputs);
  });

for (const later of ["notebook", "text"] as const)
  following(`where both were edited the later ${later} decides, and the other is kept and named`, () => {
    const other = later === "text" ? "notebook" : "text";
    write(later, edited[later], 10);
    write(other, edited[other], 600);
    const [line = "", ...more] = bringInStep();
    assert.equal(more, []);
    const [, kept = ""] =
      /^\S+ follows \S+, which was edited later; both were edited, the other is kept in (\S+)$/.exec(line) ?? [];
    assert.is(readFileSync(path.join(folder, kept), "utf8"), edited[other]);
    assert.is(read(later), edited[later]);
    open(`# Edited in the ${later}`);
  });

following("a notebook that was only run elsewhere is in step, and its outputs stay", () => {
  const ran = shippedNotebook.replace('"2"', '"3"');
  write("notebook", ran, 0);
  write("text", shippedText, 3600);
  assert.equal(bringInStep(), []);
  open("# A title");
  assert.is(read("notebook"), ran);
});

following("what JupyterLab saved once is not taken for two edits when one is edited later", () => {
  write("notebook", edited.notebook, 0);
  bringInStep();
  write("notebook", shippedNotebook.replace("# A title", "# Edited again"), 0);
  write("text", read("text"), 60);
  assert.match(bringInStep()[0] ?? "", /which was edited alone$/);
  open("# Edited again");
  assert.equal(keptFiles(), []);
});

following("where git does not tell what was shipped, nothing is lost either", () => {
  rmSync(path.join(folder, ".git"), { recursive: true });
  write("notebook", edited.notebook, 0);
  write("text", shippedText, 3600);
  bringInStep();
  open("# Edited in the notebook");
  assert.equal(keptFiles().length, 1);
});

following("a file that is no notebook is named and left alone, and the others are seen to", () => {
  writeFileSync(path.join(folder, "notebooks", "08-b.ipynb"), "{");
  writeFileSync(path.join(folder, "notebooks", "text", "08-b.ts"), shippedText);
  write("notebook", edited.notebook, 0);
  write("text", shippedText, 60);
  const told = bringInStep();
  assert.is(told.length, 2);
  assert.match(told[0] ?? "", /^notebooks\/08-b\.ipynb is no notebook that can be read/);
  assert.is(readFileSync(path.join(folder, "notebooks", "08-b.ipynb"), "utf8"), "{");
  open("# Edited in the notebook");
});

following("beside a running JupyterLab a notebook that was written alone is brought in step at the second look", () => {
  write("notebook", edited.notebook, 0);
  write("text", shippedText, 60);
  const told = bringInStep("await (async (look) => [await look(), await look(), await look()])(watchPairs())");
  assert.equal(told, [[], [`${files.text} follows ${files.notebook}, which was edited alone`], []]);
  open("# Edited in the notebook");
});

following.run();
