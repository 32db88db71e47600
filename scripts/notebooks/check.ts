import { homedir, tmpdir } from "node:os";
import { root } from "../setup/paths.mjs";
import { brokenClaims, defaultTolerance, differences, shapeDifferences } from "./compare.js";
import type { NotebookFolder } from "./files.js";
import { cellName, type Notebook } from "./format.js";
import { notebooksFromTexts } from "./jupytext.js";
import { inPool } from "./pool.js";
import { isLive, mayFail, type Problem, sourceProblems, staleness } from "./rules.js";
import { runNotebook } from "./run.js";
import { lintProblems, typeProblems } from "./static.js";

/** What the check found of one notebook. */
export interface Report {
  readonly name: string;
  readonly problems: readonly Problem[];
  /** Claims of live cells that did not hold at first, so that the notebook was run again: `problems` is of that run. */
  readonly atFirst: readonly Problem[];
  readonly codeCells: number;
  readonly durationMs: number;
}

export interface CheckOptions {
  /** See {@link runNotebook}. */
  readonly limitMs?: number;
  /** For numbers of tables, relative. Default 1e-9. */
  readonly tolerance?: number;
  /** Whether Biome reads the texts, which it does only in the checkout. Default true. */
  readonly lint?: boolean;
  /** Runs a notebook; by default in the real kernel. */
  readonly run?: typeof runNotebook;
  /** Runs only the cell of that name and those before it, and reports what is found by running them. */
  readonly cell?: string | undefined;
  /** Called when a notebook is done. */
  readonly onReport?: (report: Report) => void;
}

const kernelsAtOnce = 2;

/**
 * Checks notebooks against their texts, and their committed outputs against a new run. Where nothing but claims of live
 * cells fail, the notebook is run once more, since this machine may have been busy. Writes nothing.
 */
export async function checkNotebooks(
  folder: NotebookFolder,
  names: readonly string[],
  options: CheckOptions = {},
): Promise<Report[]> {
  const texts = new Map(names.flatMap((name) => entry(name, folder.text(name))));
  const made = await notebooksFromTexts(texts);
  const files = [...texts.keys()].map((name) => folder.textFile(name));
  const ofTexts = [...typeProblems(files), ...(options.lint === false ? [] : await lintProblems(files))];
  return inPool(names, kernelsAtOnce, async (name) => {
    const startedMs = performance.now();
    const known = ofTexts.filter(({ notebook }) => notebook === name);
    const found = await checkOne(folder, name, made.get(name), options).catch((error: unknown) => ({
      ...nothingRun,
      problems: [{ notebook: name, message: (error as Error).message }],
    }));
    const problems = [...known, ...found.problems];
    const report = { ...found, name, problems, durationMs: performance.now() - startedMs };
    options.onReport?.(report);
    return report;
  });
}

const entry = <T>(name: string, value: T | undefined): [string, T][] => (value === undefined ? [] : [[name, value]]);

const nothingRun = { problems: [], atFirst: [], codeCells: 0 };

async function checkOne(
  folder: NotebookFolder,
  name: string,
  source: Notebook | undefined,
  { limitMs, tolerance = defaultTolerance, run = runNotebook, cell }: CheckOptions,
): Promise<Pick<Report, "problems" | "atFirst" | "codeCells">> {
  const committed = folder.notebook(name);
  if (!source) return { ...nothingRun, problems: [{ notebook: name, message: "has no text: run npm run notebooks" }] };
  const toRun = cell === undefined ? source : upTo(source, cell);
  const problems = [...sourceProblems(name, source)];
  if (committed) problems.push(...staleness(name, source, committed), ...committedProblems(name, committed));
  else problems.push({ notebook: name, message: "is missing: run npm run notebooks" });
  const runOnce = async (): Promise<RunProblem[]> => {
    try {
      const ran = await run(name, toRun, { cwd: folder.path, ...(limitMs === undefined ? {} : { limitMs }) });
      return [...ran.problems, ...outputProblems(name, ran.notebook, committed, tolerance)];
    } catch (error) {
      return [{ notebook: name, message: `could not be run: ${(error as Error).message}` }];
    }
  };
  let found = await runOnce();
  // What a busy machine breaks once is no failure; what it breaks twice in a row, or anything else, is one.
  const atFirst = found.every(({ isLiveClaim }) => isLiveClaim) ? found : [];
  if (atFirst.length > 0) found = await runOnce();
  const codeCells = toRun.cells.filter(({ cell_type }) => cell_type === "code").length;
  return { problems: [...problems, ...found], atFirst, codeCells };
}

/** The notebook's beginning, as far as that cell. */
function upTo(source: Notebook, cell: string): Notebook {
  const names = source.cells.map(cellName);
  if (!names.includes(cell)) throw new Error(`has no cell ${JSON.stringify(cell)}; there are ${names.join(", ")}`);
  return { ...source, cells: source.cells.slice(0, names.indexOf(cell) + 1) };
}

interface RunProblem extends Problem {
  /** A claim that a live cell states does not hold. */
  readonly isLiveClaim?: boolean;
}

function outputProblems(name: string, ran: Notebook, committed: Notebook | undefined, tolerance: number): RunProblem[] {
  const there = new Map(committed?.cells.map((cell, at) => [cellName(cell, at), cell]));
  return ran.cells.flatMap((cell, at) => {
    if (cell.cell_type !== "code" || cell.execution_count === null) return [];
    const called = cellName(cell, at);
    const old = there.get(called);
    const say = (message: string) => ({ notebook: name, cell: called, message });
    const found: RunProblem[] = brokenClaims(cell.outputs).map((claim) => ({
      ...say(claim),
      isLiveClaim: isLive(cell),
    }));
    // A cell whose source differs is named as such already.
    if (old?.cell_type === "code" && old.source === cell.source) {
      const compare = isLive(cell) ? shapeDifferences : differences;
      found.push(...compare(old.outputs, cell.outputs, tolerance).map(say));
    }
    return found;
  });
}

// Paths of whoever made the notebook; a path of a model's own file system is none.
const homes = /(?<![\w.:<-])(?:file:\/\/|\/home\/|\/Users\/)[\w./-]+/;

/** What committed outputs must be like by themselves. */
export function committedProblems(name: string, committed: Notebook): Problem[] {
  return committed.cells.flatMap((cell, at) => {
    if (cell.cell_type !== "code") return [];
    const found = brokenClaims(cell.outputs).map((claim) => `in the committed outputs ${claim}`);
    const text = JSON.stringify(cell.outputs);
    const [path] = homes.exec(text) ?? [root, homedir(), tmpdir()].filter((known) => holdsPath(text, known));
    if (path) found.push(`the committed outputs hold a path of this machine: ${path}`);
    const error = cell.outputs.find((output) => output.output_type === "error");
    if (error?.output_type === "error" && !mayFail(cell))
      found.push(`the committed outputs hold an error: ${error.ename}: ${error.evalue}`);
    return found.map((message) => ({ notebook: name, cell: cellName(cell, at), message }));
  });
}

function holdsPath(text: string, path: string): boolean {
  return path.length > 1 && (text.includes(`${path}/`) || text.includes(`${path}"`));
}
