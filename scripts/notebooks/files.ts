import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { type Half, keepCopy, noteInStep } from "../setup/pairs.mjs";
import { inRoot } from "../setup/paths.mjs";
import { type Notebook, parseNotebook, writeNotebook } from "./format.js";

/** A folder of notebooks (`NN-name.ipynb`) with their texts in `text/` (`NN-name.ts`). */
export class NotebookFolder {
  readonly path: string;

  constructor(folder: string = inRoot("notebooks")) {
    this.path = folder;
  }

  notebookFile(name: string): string {
    return path.join(this.path, `${name}.ipynb`);
  }

  textFile(name: string): string {
    return path.join(this.path, "text", `${name}.ts`);
  }

  /** Every notebook that has a text or a notebook file, in order. */
  names(): string[] {
    const list = (folder: string, ending: string) =>
      existsSync(folder)
        ? readdirSync(folder)
            .filter((file) => file.endsWith(ending) && !file.startsWith("."))
            .map((file) => path.basename(file, ending))
        : [];
    return [...new Set([...list(path.join(this.path, "text"), ".ts"), ...list(this.path, ".ipynb")])].sort();
  }

  /**
   * The notebooks that are meant by names, numbers ("03") or file names; all if none is given.
   *
   * @throws if a word means no notebook, or more than one.
   */
  choose(words: readonly string[]): string[] {
    const names = this.names();
    if (words.length === 0) return names;
    const chosen = words.map((word) => {
      const key = path.parse(word).name;
      const found = names.filter((name) => name === key || name.startsWith(`${key.padStart(2, "0")}-`));
      if (found.length !== 1) throw new Error(`no notebook is called ${word}; there are ${names.join(", ") || "none"}`);
      return found[0] as string;
    });
    return names.filter((name) => chosen.includes(name));
  }

  text(name: string): string | undefined {
    return read(this.textFile(name));
  }

  /** The notebook file as it is. */
  notebookText(name: string): string | undefined {
    return read(this.notebookFile(name));
  }

  /** @throws if the file is no notebook. */
  notebook(name: string): Notebook | undefined {
    const text = this.notebookText(name);
    return text === undefined ? undefined : parseNotebook(text);
  }

  /** True if the notebook file was written after the text. */
  isNotebookNewer(name: string): boolean {
    return statSync(this.notebookFile(name)).mtimeMs > statSync(this.textFile(name)).mtimeMs;
  }

  /** Keeps a copy of one of the two files, in `.jupyter/kept` of the checkout. @returns where, relative to it. */
  keepCopy(name: string, half: Half): string {
    return keepCopy(name, half, half === "text" ? this.textFile(name) : this.notebookFile(name));
  }

  /** Notes that the two files say the same now; of another folder than the checkout's nothing is noted. */
  noteInStep(name: string): void {
    if (this.path === inRoot("notebooks")) noteInStep([name]);
  }

  /**
   * Writes a text if it differs.
   *
   * @param known what stood there when it was read: nothing that somebody wrote since is overwritten.
   * @returns whether it did.
   * @throws if the file is no longer what was read.
   */
  writeText(name: string, text: string, known: string | undefined): boolean {
    return replace(this.textFile(name), text, known);
  }

  /** As {@link writeText}, for a notebook; its text stays the newer of the two, as jupytext wants it. */
  write(name: string, notebook: Notebook, known: string | undefined): boolean {
    const wrote = replace(this.notebookFile(name), writeNotebook(notebook), known);
    if (wrote) utimesSync(this.textFile(name), new Date(), new Date());
    return wrote;
  }
}

function read(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function replace(file: string, content: string, known: string | undefined): boolean {
  const there = read(file);
  if (there === content) return false;
  if (there !== known) throw new Error(`${path.basename(file)} was changed meanwhile and is left alone: run it again`);
  mkdirSync(path.dirname(file), { recursive: true });
  const half = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.half`);
  writeFileSync(half, content);
  renameSync(half, file);
  return true;
}
