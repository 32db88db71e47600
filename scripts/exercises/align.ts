/**
 * Which cell of a handed-in notebook is which of the shipped one. Names get lost on the way: programs strip metadata, and
 * readers convert, copy, split and delete cells.
 */
import { type Cell, type CodeCell, cellName, hasTag, type Notebook } from "../notebooks/format.js";
import { callsOfCheck, exercisesOf } from "./find.js";
import { declaredIn, needsOf } from "./needs.js";

/** A cell that a grader may run. */
export interface PlannedCell {
  readonly called: string;
  readonly source: string;
  /** `shipped` as it was handed out, `changed` since; `answer` to an exercise; `own`: the student's. */
  readonly kind: "shipped" | "changed" | "answer" | "own";
  /** Of a changed cell, the shipped text. */
  readonly original?: string;
  readonly tags: readonly string[];
}

export interface Plan {
  /** Without the shipped solutions, with the shipped definitions, and with all cells that exercises need. */
  readonly cells: readonly PlannedCell[];
  /** Cells that were put back or whose text was replaced by the shipped one. */
  readonly restored: readonly string[];
}

/** How many of a shipped notebook's cells are there. */
export const commonCells = (handedIn: Notebook, original: Notebook): number =>
  new Set(matched(handedIn, original).filter((name) => name !== undefined)).size;

/** A shorter text says nothing of where it comes from. */
const tellingLength = 10;

/** For each cell of the notebook the name of the shipped one: by its own name, its id, its text, and what it checks. */
function matched(handedIn: Notebook, original: Notebook): (string | undefined)[] {
  const shipped = original.cells.map((cell, at) => ({ cell, called: cellName(cell, at) }));
  const there = new Set(shipped.map(({ called }) => called));
  const known = (name: unknown) => (typeof name === "string" && there.has(name) ? name : undefined);
  const names = handedIn.cells.map((cell) => known(cell.metadata.name) ?? known(cell.id));
  const isFree = (name: string) => !names.includes(name);
  const matchBySource = (among: typeof shipped) =>
    handedIn.cells.forEach(({ source }, at) => {
      if (names[at] !== undefined || source.trim().length < tellingLength) return;
      names[at] = among.find(({ cell, called }) => isFree(called) && cell.source.trim() === source.trim())?.called;
    });
  const isSolution = ({ cell }: (typeof shipped)[number]) => hasTag(cell, "solution");
  matchBySource(shipped.filter((each) => !isSolution(each)));
  const solutions = new Set(shipped.filter(isSolution).map(({ cell }) => cell.source.trim()));
  for (const { variable, answers } of exercisesOf(original)) {
    const [first] = answers;
    if (first === undefined || !answers.every(isFree)) continue;
    const checking = handedIn.cells.flatMap((cell, at) =>
      names[at] === undefined && cell.cell_type === "code" && callsOfCheck(cell.source).includes(variable) ? [at] : [],
    );
    // An answer may be word for word the solution; where there is another one, it is the shipped one.
    const own = checking.filter((at) => !solutions.has(handedIn.cells[at]?.source.trim() ?? ""));
    for (const at of own.length > 0 ? own : checking) names[at] = first;
  }
  matchBySource(shipped.filter(isSolution));
  return names;
}

/** Goes before each answer that the library checks, so that what the student calls `exercises` is not checked in its place. */
const libraryExercises: PlannedCell = {
  called: "the library's exercises",
  source: 'import { exercises } from "kernel-lib";',
  kind: "shipped",
  tags: [],
};

/** What is to be run of a handed-in notebook. */
export function planOf(handedIn: Notebook, original: Notebook): Plan {
  const exercises = exercisesOf(original);
  const answers = new Set(exercises.flatMap((exercise) => exercise.answers));
  const ofLibrary = new Set(exercises.flatMap(({ definition, answers }) => (definition === undefined ? answers : [])));
  const code = original.cells.flatMap((cell, at) =>
    cell.cell_type === "code" ? [{ cell, called: cellName(cell, at) }] : [],
  );
  const shipped = new Map(code.map(({ cell, called }) => [called, cell]));
  const isSolution = (cell: Cell) => hasTag(cell, "solution");
  const solutions = new Set(original.cells.flatMap((cell, at) => (isSolution(cell) ? [cellName(cell, at)] : [])));
  const isDefinition = (called: string) =>
    hasTag(shipped.get(called) as CodeCell, "exercise") && !answers.has(called) && !solutions.has(called);
  const needed = neededCells(
    code.filter(({ called }) => !solutions.has(called)),
    exercises,
  );
  const restored = new Set<string>();
  const names = matched(handedIn, original);
  const cells: PlannedCell[] = handedIn.cells.flatMap((cell, at): PlannedCell[] => {
    const called = names[at];
    if (isSolution(cell) || (called !== undefined && solutions.has(called))) return [];
    const other = called === undefined ? undefined : shipped.get(called);
    if (called === undefined || !other)
      return cell.cell_type === "code"
        ? [{ called: cellName(cell, at), source: cell.source, kind: "own", tags: [] }]
        : [];
    const tags = other.metadata.tags ?? [];
    // An answer that became prose by a wrong key is an answer all the same.
    if (answers.has(called)) {
      const answer: PlannedCell = { called, source: cell.source, kind: "answer", tags };
      return ofLibrary.has(called) ? [libraryExercises, answer] : [answer];
    }
    const isSame = cell.cell_type === "code" && cell.source.trim() === other.source.trim();
    if (isSame) return [{ called, source: other.source, kind: "shipped", tags }];
    if (isDefinition(called) || (cell.cell_type !== "code" && needed.has(called))) {
      restored.add(called);
      return [{ called, source: other.source, kind: "shipped", tags }];
    }
    return cell.cell_type === "code"
      ? [{ called, source: cell.source, kind: "changed", original: other.source, tags }]
      : [];
  });
  // What is missing goes behind the last cell that was before it.
  let behind = -1;
  for (const { cell, called } of code) {
    const there = cells.findLastIndex((each) => each.called === called && each.kind !== "own");
    if (there !== -1) behind = Math.max(behind, there);
    else if (needed.has(called) && !answers.has(called)) {
      restored.add(called);
      behind++;
      cells.splice(behind, 0, { called, source: cell.source, kind: "shipped", tags: cell.metadata.tags ?? [] });
    }
  }
  return { cells, restored: [...restored] };
}

/**
 * A plan without what the student did to shipped cells: those have their shipped text, and cells of the student's own that
 * declare a name of theirs are left out.
 */
export function withoutChanges(cells: readonly PlannedCell[]): PlannedCell[] {
  const shippedText = ({ kind, source, original }: PlannedCell) => (kind === "shipped" ? source : (original ?? ""));
  const taken = new Set(cells.flatMap((cell) => [...declaredIn(shippedText(cell))]));
  return cells.flatMap((cell): PlannedCell[] => {
    if (cell.kind === "changed") return [{ ...cell, source: shippedText(cell), kind: "shipped" }];
    return cell.kind === "own" && [...declaredIn(cell.source)].some((name) => taken.has(name)) ? [] : [cell];
  });
}

/** The shipped cells that define exercises, and all that these and the cells to answer in use. */
function neededCells(
  code: readonly { cell: CodeCell; called: string }[],
  exercises: ReturnType<typeof exercisesOf>,
): Set<string> {
  const roots = new Set(exercises.flatMap(({ definition, answers }) => [definition, ...answers]));
  const sources = code.map(({ cell }) => cell.source);
  const wanted = code.flatMap(({ called, cell }, at) => (roots.has(called) || hasTag(cell, "exercise") ? [at] : []));
  return new Set(needsOf(sources, wanted).map((at) => code[at]?.called ?? ""));
}
