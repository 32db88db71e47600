/**
 * Grades students' notebooks: runs what exercises need, and what the student wrote, in kernels of its own, and reads what
 * the checks said.
 *
 * A student's code can do whatever the account can that runs it: there is no sandbox. Nor can a result be proved honest,
 * since a cell may show a forged record. What is held: the exercises' definitions are the shipped ones, shipped solutions are
 * taken out, each cell has a limit, each run an empty folder and an environment without the grader's variables.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Notebook, parseNotebook } from "../notebooks/format.js";
import { commonCells, type Plan, type PlannedCell, planOf, withoutChanges } from "./align.js";
import { type Attempt, type AttemptOptions, attempt, type CellProblem } from "./attempt.js";
import { callsOfCheck, exercisesOf, type FoundExercise } from "./find.js";
import { needsOf } from "./needs.js";
import { type FoundRecord, recordsIn } from "./records.js";

/** One exercise of one student. */
export interface Grade extends Omit<FoundRecord, "state" | "share" | "points"> {
  readonly passed: boolean;
  /** `not reached`: no check of it ran. */
  readonly state: FoundRecord["state"] | "not reached";
  /** All that it is worth if it passed; else the share that holds beyond what holds of the answer as it was handed out. */
  readonly points: number;
  /** What it is worth. */
  readonly ofPoints: number;
}

/** One handed-in file. */
export interface Graded {
  readonly file: string;
  /** The shipped notebook that it was made from; empty if that can't be told. */
  readonly notebook: string;
  /** Cells that exercises need and that were put back, or whose text was replaced by the shipped one. */
  readonly restored: readonly string[];
  /** Errors of cells, and what ended the run. */
  readonly problems: readonly CellProblem[];
  /** In the order of the shipped notebook. */
  readonly exercises: readonly Grade[];
}

export interface GradeOptions {
  /** How long one cell may take. Default 60,000. */
  readonly limitMs?: number;
  /** In which a folder for each run is made, and removed after it; a folder of the checkout, so that packages are found. */
  readonly temporary?: string;
}

/** The shipped notebooks by name, with their exercises. */
export type Shipped = ReadonlyMap<string, Notebook>;

export async function gradeFile(file: string, shipped: Shipped, options: GradeOptions = {}): Promise<Graded> {
  const nothing = { file, notebook: "", restored: [], exercises: [] };
  let handedIn: Notebook;
  try {
    handedIn = parseNotebook(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    return { ...nothing, problems: [{ cell: "", message: `can't be read: ${(error as Error).message}` }] };
  }
  const found = originOf(handedIn, shipped);
  if (!found) return { ...nothing, problems: [{ cell: "", message: "is made from none of the shipped notebooks" }] };
  const [name, original] = found;
  const plan = planOf(handedIn, original);
  const exercises = exercisesOf(original);
  const saved = recordsIn(handedIn);
  const { records, problems } = await inFolder(options, (how) => runAll(plan, exercises, saved, how));
  const grades: Grade[] = [];
  for (const exercise of exercises) {
    const own = (all: readonly FoundRecord[]) => all.filter((record) => record.exercise === exercise.name);
    const grade = gradeOf(exercise.name, own(saved), own(records));
    const best = Math.max(0, ...own(records).map(({ share }) => share));
    const base = grade.state === "failed" && best > 0 ? await baseOf(original, exercise.name, options) : 0;
    grades.push({ ...grade, points: pointsOf(grade, best, base) });
  }
  return { file, notebook: name, restored: plan.restored, problems, exercises: grades };
}

/** The shipped notebook with which it has most cells in common. */
function originOf(handedIn: Notebook, shipped: Shipped): readonly [string, Notebook] | undefined {
  const counted = [...shipped].map((entry) => ({ entry, common: commonCells(handedIn, entry[1]) }));
  const best = counted.reduce((a, b) => (b.common > a.common ? b : a), { entry: undefined, common: 0 } as {
    entry: readonly [string, Notebook] | undefined;
    common: number;
  });
  return best.entry;
}

/** Works in an empty folder and an environment without the grader's variables. */
async function inFolder<T>(
  { limitMs = 60_000, temporary = tmpdir() }: GradeOptions,
  work: (how: AttemptOptions) => Promise<T>,
): Promise<T> {
  mkdirSync(temporary, { recursive: true });
  const cwd = mkdtempSync(path.join(temporary, "grade-"));
  const env = { PATH: process.env.PATH, LANG: process.env.LANG, HOME: cwd, TMPDIR: cwd };
  try {
    return await work({ cwd, env, limitMs });
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/**
 * First what exercises need and all that the student wrote or changed; then each exercise alone that something else may have
 * kept from passing; then, where the notebook was saved with it passed, all cells as they were handed in.
 */
async function runAll(
  { cells }: Plan,
  exercises: readonly FoundExercise[],
  saved: readonly FoundRecord[],
  how: AttemptOptions,
): Promise<Attempt> {
  const records: FoundRecord[] = [];
  const problems: CellProblem[] = [];
  const run = async (chosen: readonly PlannedCell[]) => {
    const found = await attempt(chosen, how);
    records.push(...found.records);
    for (const problem of found.problems) {
      const isKnown = problems.some(({ cell, message }) => cell === problem.cell && message === problem.message);
      if (!isKnown) problems.push(problem);
    }
  };
  const passed = (name: string, all: readonly FoundRecord[]) =>
    all.some(({ exercise, state }) => exercise === name && state === "passed");
  const reached = (name: string) => records.some(({ exercise }) => exercise === name);
  const wasLost = ({ name }: FoundExercise) => passed(name, saved) && !passed(name, records);

  const definitions = new Set(exercises.map(({ definition }) => definition));
  const all = cells.map(({ source }) => source);
  const isWanted = ({ kind, called }: PlannedCell) => kind !== "shipped" || definitions.has(called);
  await run(needsOf(all, indices(cells, isWanted)).map((at) => cells[at] as PlannedCell));

  const clean = withoutChanges(cells);
  const runAlone = async ({ variable }: FoundExercise) => {
    const answers = indices(clean, ({ source, kind }) => kind !== "shipped" && callsOfCheck(source).includes(variable));
    const needed = needsOf(
      clean.map(({ source }) => source),
      answers,
    );
    await run(needed.map((at) => clean[at] as PlannedCell));
  };
  for (const exercise of exercises) {
    const checksIt = ({ source, kind }: PlannedCell) =>
      kind !== "shipped" && callsOfCheck(source).includes(exercise.variable);
    const answered = indices(cells, checksIt);
    const othersFailed = problems.some(({ cell }) => !answered.some((at) => cells[at]?.called === cell));
    const isWorthIt = (!reached(exercise.name) && othersFailed) || wasLost(exercise);
    if (answered.length > 0 && isWorthIt) await runAlone(exercise);
  }
  if (exercises.some(wasLost)) await run(cells);
  return { records, problems };
}

const indices = (cells: readonly PlannedCell[], isWanted: (cell: PlannedCell) => boolean): number[] =>
  cells.flatMap((cell, at) => (isWanted(cell) ? [at] : []));

/** One right answer is enough; attempts and hints are the most that either the saved notebook or this run tells of. */
function gradeOf(name: string, saved: readonly FoundRecord[], now: readonly FoundRecord[]): Omit<Grade, "points"> {
  const record = now.find(({ state }) => state === "passed") ?? now.at(-1);
  const most = (count: (record: FoundRecord) => number) =>
    [...saved, ...now].reduce((sum, each) => Math.max(sum, count(each)), 0);
  return {
    exercise: name,
    passed: record?.state === "passed",
    state: record?.state ?? "not reached",
    failedClaims: record?.failedClaims ?? [],
    mistake: record?.mistake ?? "",
    attempts: most(({ attempts }) => attempts),
    hintsShown: most(({ hintsShown }) => hintsShown),
    ofPoints: record?.points ?? 1,
  };
}

function pointsOf({ passed, state, ofPoints }: Omit<Grade, "points">, share: number, base: number): number {
  if (passed) return ofPoints;
  if (state !== "failed" || base >= 1) return 0;
  return Math.round(100 * ofPoints * Math.max(0, (share - base) / (1 - base))) / 100;
}

const bases = new WeakMap<Notebook, Promise<readonly FoundRecord[]>>();

/** The share that holds of an exercise's answer as it was handed out: it earns nothing. */
async function baseOf(original: Notebook, exercise: string, options: GradeOptions): Promise<number> {
  const plan = planOf(original, original);
  const run = () => inFolder(options, (how) => runAll(plan, exercisesOf(original), [], how));
  const known = bases.get(original) ?? run().then(({ records }) => records);
  bases.set(original, known);
  return Math.max(0, ...(await known).filter((record) => record.exercise === exercise).map(({ share }) => share));
}
