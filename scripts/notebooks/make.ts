import { brokenClaims } from "./compare.js";
import { editedSince } from "./edited.js";
import type { NotebookFolder } from "./files.js";
import { cellName } from "./format.js";
import { withKeptOutputs } from "./keep.js";
import { inPool } from "./pool.js";
import { isLive, type Problem, sourceProblems, wording } from "./rules.js";
import { type Ran, runNotebook } from "./run.js";
import { lintProblems, typeProblems } from "./static.js";
import { type Synced, synchronise } from "./sync.js";

/** One notebook's line. */
export function progressLine(name: string, codeCells: number, durationMs: number, note: string): string {
  const cells = `${codeCells} cells`.padStart(9);
  return `${name.padEnd(34)}${cells}${(durationMs / 1000).toFixed(1).padStart(7)} s  ${note}`;
}

const kernelsAtOnce = 2;

export interface MakeOptions {
  /** Writes new outputs of live cells also where the committed ones could stay, as when figures are drawn anew. */
  readonly fresh?: boolean;
}

/**
 * Brings notebooks and texts in step, runs the notebooks and writes them with their outputs. One that fails is shown and
 * left as it was.
 *
 * @returns whether all were made.
 */
export async function makeNotebooks(
  folder: NotebookFolder,
  names: readonly string[],
  options: MakeOptions = {},
): Promise<boolean> {
  if (names.length === 0) console.log("no notebooks yet");
  const synced = await synchronise(folder, names, editedSince(folder));
  // Written before the run, so that what is checked below and what its editor shows is what is run.
  for (const { name, text, known, fromNotebook, overruled } of synced) {
    if (fromNotebook) console.log(`${name}: the notebook was edited without its text, which now follows`);
    if (overruled)
      console.log(`${name}: both were edited; the ${overruled} is kept in ${folder.keepCopy(name, overruled)}`);
    folder.writeText(name, text, known.text);
  }
  const files = synced.map(({ name }) => folder.textFile(name));
  const ofTexts = [...typeProblems(files), ...(await lintProblems(files))];
  const made = await inPool(synced, kernelsAtOnce, async (one) => {
    const startedMs = performance.now();
    const found = ofTexts.filter(({ notebook }) => notebook === one.name);
    const { problems, note } = await makeOne(
      folder,
      options.fresh ? { ...one, committed: undefined } : one,
      found,
    ).catch((error: unknown) => ({
      problems: [{ notebook: one.name, message: (error as Error).message }],
      note: "failed, not written",
    }));
    const codeCells = one.notebook.cells.filter(({ cell_type }) => cell_type === "code").length;
    console.log(progressLine(one.name, codeCells, performance.now() - startedMs, note));
    for (const problem of problems) console.log(wording(problem).replace(/^/gm, "    "));
    return problems.length === 0;
  });
  return made.every(Boolean);
}

async function makeOne(
  folder: NotebookFolder,
  { name, notebook, committed, known }: Synced,
  ofText: readonly Problem[],
): Promise<{ problems: readonly Problem[]; note: string }> {
  const before = [...ofText, ...sourceProblems(name, notebook)];
  if (before.length > 0) return { problems: before, note: "not run" };
  const ran = await runNotebook(name, notebook, { cwd: folder.path });
  const broken = ran.notebook.cells.flatMap((cell, at) =>
    cell.cell_type === "code"
      ? brokenClaims(cell.outputs).map((message) => ({ notebook: name, cell: cellName(cell, at), message }))
      : [],
  );
  for (const line of slowCells(name, ran)) console.log(line);
  const problems = [...ran.problems, ...broken];
  if (problems.length > 0) return { problems, note: "failed, not written" };
  const wrote = folder.write(name, withKeptOutputs(ran.notebook, committed), known.notebook);
  folder.noteInStep(name);
  return { problems, note: wrote ? "written" : "unchanged" };
}

const patienceMs = { live: 15_000, other: 2_000 };

// A reader waits for each cell: said, not counted, since this machine may be busy.
function slowCells(name: string, { notebook, durationsMs }: Ran): string[] {
  return notebook.cells.flatMap((cell, at) => {
    const called = cellName(cell, at);
    const tookMs = durationsMs.get(called) ?? 0;
    const limitMs = isLive(cell) ? patienceMs.live : patienceMs.other;
    if (tookMs <= limitMs) return [];
    return [`${name}, cell "${called}": slow, ${(tookMs / 1000).toFixed(1)} s (at most ${limitMs / 1000} s is wanted)`];
  });
}
