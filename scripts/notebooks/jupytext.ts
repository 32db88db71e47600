/** Conversion between a notebook and its text, by jupytext itself. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { inRoot, jupyterEnvironment, python } from "../setup/paths.mjs";
import { type Notebook, parseNotebook, writeNotebook } from "./format.js";

const runFile = promisify(execFile);

/** Files of `notebooks/`, by the notebook's name. */
export type ByName<T> = ReadonlyMap<string, T>;

/** The notebooks, without outputs, that jupytext makes of texts. */
export async function notebooksFromTexts(texts: ByName<string>): Promise<Map<string, Notebook>> {
  const made = await paired(texts, "text/*.ts", "ipynb");
  return new Map([...made].map(([name, text]) => [name, parseNotebook(text)]));
}

/** The texts that jupytext makes of notebooks. */
export function textsFromNotebooks(notebooks: ByName<Notebook>): Promise<Map<string, string>> {
  return paired(new Map([...notebooks].map(([name, notebook]) => [name, writeNotebook(notebook)])), "*.ipynb", "text");
}

// Jupytext pairs by folders: the given halves are put into an empty copy of ours, and it makes the others.
async function paired(given: ByName<string>, pattern: string, wanted: "ipynb" | "text"): Promise<Map<string, string>> {
  if (given.size === 0) return new Map();
  const folder = await mkdtemp(path.join(tmpdir(), "handoff-jupytext-"));
  const fileOf = (name: string, kind: "ipynb" | "text") =>
    kind === "ipynb"
      ? path.join(folder, "notebooks", `${name}.ipynb`)
      : path.join(folder, "notebooks", "text", `${name}.ts`);
  try {
    await mkdir(path.join(folder, "notebooks", "text"), { recursive: true });
    await copyFile(inRoot("jupytext.toml"), path.join(folder, "jupytext.toml"));
    const files = [...given.keys()].map((name) => fileOf(name, wanted === "ipynb" ? "text" : "ipynb"));
    await Promise.all([...given].map(([name, text], at) => writeFile(files[at] ?? name, text)));
    await jupytext(["--sync", "--quiet", ...files], folder);
    const read = async (name: string) => [name, await readFile(fileOf(name, wanted), "utf8")] as const;
    return new Map(await Promise.all([...given.keys()].map(read)));
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split("\n").at(-1);
    throw new Error(`jupytext could not convert ${pattern}: ${said ?? error}`, { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs the pinned jupytext of `.venv`. */
export async function jupytext(args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await runFile(python, ["-m", "jupytext", ...args], {
    cwd,
    env: jupyterEnvironment(),
    maxBuffer: 1 << 28,
  });
  return stdout;
}
