import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { NotebookFolder } from "../../scripts/notebooks/files.js";
import { type CodeCell, type Notebook, writeNotebook } from "../../scripts/notebooks/format.js";
import { inRoot } from "../../scripts/setup/paths.mjs";

const folders: string[] = [];

/** An empty folder in the checkout, so that notebooks in it find its packages; see {@link removeFolders}. */
export function newFolder(): string {
  mkdirSync(inRoot("build", "tmp"), { recursive: true });
  const folder = mkdtempSync(inRoot("build", "tmp", "notebooks-"));
  folders.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export const header = `// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (Handoff)
//     language: typescript
//     name: handoff
// ---

// %% [markdown] name="title"
// # About this notebook
`;

/** A notebook with one of everything that is compared. */
export const wholeText = `${header}
// %% name="imports"
import _ from "lodash";
import { claim, show, table } from "kernel-lib";

// %% name="text"
console.log("two lines");
console.log("of text");

// %% name="rows"
const rows = _.range(3).map((i) => ({ load: i / 10, waitMs: Math.exp(i) }));
table(rows, { title: "Waits" });

// %% name="stated" tags=["claim:servers.waits-grow"]
claim("waits grow", rows[2]!.waitMs > rows[0]!.waitMs);

// %% name="measured" tags=["live"]
const startMs = performance.now();
await new Promise((resolve) => setTimeout(resolve, 20));
const tookMs = performance.now() - startMs;
show(table([{ tookMs }]));
claim("a timer is not early", tookMs > 19);

// %% name="fails" tags=["raises-exception"]
throw new TypeError("on purpose");
`;

/** A folder of notebooks, given by their texts and, where there are any, their files. */
export function folderOf(files: Readonly<Record<string, { text?: string; notebook?: Notebook }>>): NotebookFolder {
  const folder = new NotebookFolder(path.join(newFolder(), "notebooks"));
  mkdirSync(path.join(folder.path, "text"), { recursive: true });
  for (const [name, { text, notebook }] of Object.entries(files)) {
    if (notebook) writeFileSync(folder.notebookFile(name), writeNotebook(notebook));
    if (text) writeFileSync(folder.textFile(name), text);
  }
  return folder;
}

/** A copy of a notebook with one cell changed. */
export function withCell(notebook: Notebook, name: string, change: (cell: CodeCell) => void): Notebook {
  const copy = structuredClone(notebook);
  const cell = copy.cells.find((each) => each.metadata.name === name);
  if (cell?.cell_type !== "code") throw new Error(`no code cell is called ${name}`);
  change(cell);
  return copy;
}

/** Runs work with what it prints kept. */
export async function quietly<T>(work: () => Promise<T>): Promise<{ value: T; printed: string }> {
  const { log } = console;
  let printed = "";
  console.log = (...values: unknown[]) => {
    printed += `${values.join(" ")}\n`;
  };
  try {
    return { value: await work(), printed };
  } finally {
    console.log = log;
  }
}

/** Prepares a suite; a failure is printed, since uvu itself only shows that no test has passed. */
export function prepare(suite: { before(work: () => Promise<void>): void }, work: () => Promise<void>): void {
  suite.before(async () => {
    try {
      await work();
    } catch (error) {
      console.error(error);
      throw error;
    }
  });
}
