import { kernelName } from "../../jupyter/kernelspec.mjs";
import { type Cell, cellName, hasTag, type Notebook } from "./format.js";

/** Something that is wrong with a notebook. `cell` is the cell's name, if it is one cell's. */
export interface Problem {
  readonly notebook: string;
  readonly cell?: string | undefined;
  readonly message: string;
}

export function wording({ notebook, cell, message }: Problem): string {
  return cell === undefined ? `${notebook}: ${message}` : `${notebook}, cell "${cell}": ${message}`;
}

/** All of them, and how to see the first failing cell again without the rest of its notebook. */
export function wordings(problems: readonly Problem[]): string[] {
  const first = problems.find(({ cell }) => cell !== undefined);
  const alone =
    first &&
    `to run that cell and those before it: npm run notebooks -- --check ${first.notebook} --cell ${first.cell}`;
  return [...problems.map(wording), ...(alone ? [alone] : [])];
}

/** Tags that mean something, here or in Jupyter; `claim:<id>` names what the lecture says and the cell shows. */
const knownTags = ["live", "raises-exception", "exercise", "solution"];

const nameForm = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** Jupyter's limit for an id. */
const longestName = 64;
const longestComment = 3;
/** Of a cell that is shown; lines of closing brackets don't count. */
const longestCell = 12;

/** What a notebook's source must be like, whatever it does. */
export function sourceProblems(notebook: string, { cells, metadata }: Notebook): Problem[] {
  const seen = new Set<string>();
  const found: Problem[] = [];
  const say = (cell: string | undefined, message: string) => found.push({ notebook, cell, message });
  const kernel = (metadata.kernelspec as { name?: unknown } | undefined)?.name;
  if (kernel !== kernelName) say(undefined, `the kernel must be ${kernelName}, got ${JSON.stringify(kernel)}`);
  if (cells[0]?.cell_type !== "markdown") say(undefined, "the first cell must be prose that says what it is about");
  cells.forEach((cell, index) => {
    const called = cellName(cell, index);
    const { name } = cell.metadata;
    if (name === undefined) say(called, 'has no name: write // %% name="…" in its marker');
    else if (typeof name !== "string" || !nameForm.test(name) || name.length > longestName)
      say(called, `the name must be words of small letters and digits with hyphens, at most ${longestName} characters`);
    else if (seen.has(name)) say(called, "the name stands twice");
    else seen.add(name);
    for (const message of cellProblems(cell)) say(called, message);
  });
  return found;
}

function cellProblems(cell: Cell): string[] {
  const found: string[] = [];
  const tags: unknown = cell.metadata.tags ?? [];
  for (const tag of Array.isArray(tags) ? tags : [tags])
    if (!knownTags.includes(tag) && !/^claim:[a-z0-9.-]+$/.test(String(tag)))
      found.push(`the tag ${JSON.stringify(tag)} is none of ${knownTags.join(", ")}, claim:<id>`);
  if (cell.cell_type === "raw") found.push("a raw cell shows nothing: make it markdown or code");
  if (cell.source.trim() === "") found.push("is empty");
  if (cell.cell_type !== "code") return found;
  const isFolded = (cell.metadata.jupyter as { source_hidden?: unknown } | undefined)?.source_hidden === true;
  const lines = cell.source.split("\n");
  if (hasTag(cell, "solution") && !(isFolded && lines[0]?.startsWith("//")))
    found.push("a solution must be folded and begin with a comment: JupyterLab shows the first line of a folded cell");
  const isComment = (line: string | undefined) => /^\s*(\/\/|\/\*|\*)/.test(line ?? "");
  if (lines.every((line) => line.trim() === "" || isComment(line)) && cell.source.trim() !== "")
    found.push("holds only comments: prose belongs in a markdown cell");
  else if (lines.some((_, at) => lines.slice(at, at + longestComment + 1).filter(isComment).length > longestComment))
    found.push(`a comment of more than ${longestComment} lines: prose belongs in a markdown cell`);
  const toRead = lines.filter((line) => !/^[\s()[\]{}<>,;]*$/.test(line)).length;
  if (!isFolded && toRead > longestCell && !lines[0]?.startsWith("//"))
    found.push(
      `${toRead} lines to read, and ${longestCell} at most: split it, fold it, move its drawing or its harness to the library, or begin with a comment that says why it is in one piece`,
    );
  return found;
}

const own = (cell: Cell) => JSON.stringify([cell.cell_type, cell.source, canonical(cell.metadata)]);

// What JupyterLab notes for itself in a cell (scrolled, collapsed) does not stand in the text.
function canonical({ name, tags, jupyter }: Cell["metadata"]): unknown {
  return { name, tags: tags ?? [], jupyter: jupyter ?? {} };
}

/** True if text and notebook say the same, outputs aside. */
export function sameSource(a: Notebook, b: Notebook): boolean {
  return a.cells.length === b.cells.length && a.cells.every((cell, at) => own(cell) === own(b.cells[at] as Cell));
}

/** How a committed notebook differs from what its text makes. */
export function staleness(notebook: string, fromText: Notebook, committed: Notebook): Problem[] {
  const found: Problem[] = [];
  const say = (cell: string | undefined, message: string) => found.push({ notebook, cell, message });
  const name = (nb: Notebook) => new Map(nb.cells.map((cell, at) => [cellName(cell, at), cell]));
  const [wanted, there] = [name(fromText), name(committed)];
  for (const [called, cell] of wanted) {
    const other = there.get(called);
    if (!other) say(called, "stands in the text but not in the notebook");
    else if (own(cell) !== own(other)) say(called, "differs between the text and the notebook");
  }
  for (const called of there.keys()) if (!wanted.has(called)) say(called, "stands in the notebook but not in the text");
  if (found.length === 0 && !sameSource(fromText, committed))
    say(undefined, "the cells stand in another order than in the text");
  let count = 0;
  committed.cells.forEach((cell, at) => {
    const called = cellName(cell, at);
    if (cell.id === undefined) say(called, "has no id");
    else if (cell.id !== cell.metadata.name) say(called, `the id must be the name, got ${JSON.stringify(cell.id)}`);
    if (cell.cell_type !== "code") return;
    count++;
    if (cell.execution_count !== count)
      say(called, `the execution count must be ${count}, got ${cell.execution_count}: run npm run notebooks`);
  });
  return found;
}

export const isLive = (cell: Cell): boolean => hasTag(cell, "live");
export const mayFail = (cell: Cell): boolean => hasTag(cell, "raises-exception");
