import type { Half } from "../setup/pairs.mjs";
import type { NotebookFolder } from "./files.js";
import { type Cell, type Notebook, parseNotebook } from "./format.js";
import { notebooksFromTexts, textsFromNotebooks } from "./jupytext.js";
import { sameSource } from "./rules.js";
import { formatted } from "./static.js";

/** A notebook and its text, in step. */
export interface Synced {
  readonly name: string;
  /** As Biome and jupytext write it. */
  readonly text: string;
  /** With the committed outputs where a cell's source is still the same. */
  readonly notebook: Notebook;
  /** What stood in the file, if there was one. */
  readonly committed: Notebook | undefined;
  /** The two files as they were read. */
  readonly known: { readonly text: string | undefined; readonly notebook: string | undefined };
  /** True if the notebook was edited without its text, which now follows. */
  readonly fromNotebook: boolean;
  /** Which of the two gives way although somebody had written in it: a copy of it is to be kept. */
  readonly overruled: Half | undefined;
}

/**
 * Brings notebooks and texts in step, without writing them.
 *
 * Where they differ the one decides that was edited alone, of two that were edited the newer; the text, if neither was.
 *
 * @param isEdited whether somebody has written in one of the two
 */
export async function synchronise(
  folder: NotebookFolder,
  names: readonly string[],
  isEdited: (name: string, half: Half) => boolean,
): Promise<Synced[]> {
  const known = new Map(names.map((name) => [name, { text: folder.text(name), notebook: folder.notebookText(name) }]));
  const texts = new Map(names.flatMap((name) => entry(name, mapped(known.get(name)?.text, formatted))));
  const committed = new Map(names.flatMap((name) => entry(name, mapped(known.get(name)?.notebook, parseNotebook))));
  const made = await notebooksFromTexts(texts);
  const chosen = new Map<string, Notebook>();
  const fromNotebook = new Set<string>();
  const overruled = new Map<string, Half>();
  for (const name of names) {
    const [ours, theirs] = [made.get(name), committed.get(name)];
    const differ = ours && theirs && !sameSource(ours, theirs);
    const [isTextEdited, isNotebookEdited] = [isEdited(name, "text"), isEdited(name, "notebook")];
    const notebookDecides = isNotebookEdited && (!isTextEdited || folder.isNotebookNewer(name));
    const takeTheirs = theirs && (!ours || (differ && notebookDecides));
    if (takeTheirs) fromNotebook.add(name);
    if (differ && isTextEdited && isNotebookEdited) overruled.set(name, takeTheirs ? "text" : "notebook");
    const source = takeTheirs ? theirs : ours;
    if (source) chosen.set(name, assemble(source, theirs));
  }
  const canonical = await textsFromNotebooks(chosen);
  return [...chosen].map(([name, notebook]) => ({
    name,
    text: formatted(canonical.get(name) ?? ""),
    notebook,
    committed: committed.get(name),
    known: known.get(name) ?? { text: undefined, notebook: undefined },
    fromNotebook: fromNotebook.has(name),
    overruled: overruled.get(name),
  }));
}

const entry = <T>(name: string, value: T | undefined): [string, T][] => (value === undefined ? [] : [[name, value]]);

const mapped = <T, R>(value: T | undefined, work: (value: T) => R) => (value === undefined ? undefined : work(value));

/** Cells as the source has them, ids from their names, outputs of cells that are still the same. */
export function assemble(source: Notebook, committed: Notebook | undefined): Notebook {
  const before = new Map(committed?.cells.map((cell) => [cell.metadata.name, cell]));
  const cells = source.cells.map((cell): Cell => {
    const { name, tags, jupyter } = cell.metadata;
    const metadata = { ...(jupyter ? { jupyter } : {}), ...(name ? { name } : {}), ...(tags?.length ? { tags } : {}) };
    const id = name ?? cell.id;
    const own = { ...cell, metadata, ...(id === undefined ? {} : { id }) };
    if (own.cell_type !== "code") return own;
    const old = before.get(name);
    const keeps = old?.cell_type === "code" && old.source === own.source;
    return {
      ...own,
      outputs: keeps ? old.outputs : [],
      execution_count: keeps ? old.execution_count : null,
    };
  });
  const { jupytext, kernelspec } = source.metadata;
  const { language_info } = committed?.metadata ?? {};
  return {
    cells,
    metadata: { ...(jupytext ? { jupytext } : {}), kernelspec, ...(language_info ? { language_info } : {}) },
    nbformat: 4,
    nbformat_minor: 5,
  };
}
