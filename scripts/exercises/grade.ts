/**
 * Grades students' notebooks: runs each in a kernel of its own and reads what its checks said.
 *
 * A student's code can do whatever the account can that runs it: there is no sandbox. Nor can a result be proved honest,
 * since a cell may show a forged record. What is held: the exercises' definitions are the shipped ones, shipped solutions are
 * taken out, each run has a limit, an empty folder and an environment without the grader's variables.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Cell, cellName, hasTag, type Notebook, parseNotebook } from "../notebooks/format.js";
import { runNotebook } from "../notebooks/run.js";
import { exercisesOf } from "./find.js";
import { type FoundRecord, recordsIn } from "./records.js";

/** One exercise of one student. */
export interface Grade extends Omit<FoundRecord, "state"> {
  readonly passed: boolean;
  /** `not reached`: no check of it ran. */
  readonly state: FoundRecord["state"] | "not reached";
}

/** One student's notebook. */
export interface Graded {
  /** The file's name without its ending, with its folder where several files have that name. */
  readonly student: string;
  readonly file: string;
  /** The shipped notebook that it was made from; empty if that can't be told. */
  readonly notebook: string;
  /** Cells whose text was replaced by the shipped one, since they had been changed and define an exercise. */
  readonly restored: readonly string[];
  /** Errors of cells, and what ended the run. */
  readonly problems: readonly { readonly cell: string; readonly message: string }[];
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
  const nothing = { student: path.basename(file, ".ipynb"), file, notebook: "", restored: [], exercises: [] };
  let handedIn: Notebook;
  try {
    handedIn = parseNotebook(readFileSync(file, "utf8"));
  } catch (error) {
    return { ...nothing, problems: [{ cell: "", message: `can't be read: ${(error as Error).message}` }] };
  }
  const found = originOf(handedIn, shipped);
  if (!found) return { ...nothing, problems: [{ cell: "", message: "is made from none of the shipped notebooks" }] };
  const [name, original] = found;
  const { notebook, restored } = prepared(handedIn, original);
  const { ran, problems } = await run(name, notebook, options);
  const [saved, now] = [recordsIn(handedIn), ran ? recordsIn(ran) : []];
  const exercises = exercisesOf(original).map((exercise) => gradeOf(exercise.name, saved, now));
  return { ...nothing, notebook: name, restored, problems, exercises };
}

/** The shipped notebook with which it has most cells in common. */
function originOf(handedIn: Notebook, shipped: Shipped): readonly [string, Notebook] | undefined {
  const there = new Set(handedIn.cells.map(cellName));
  const common = (notebook: Notebook) => notebook.cells.filter((cell, at) => there.has(cellName(cell, at))).length;
  const [best] = [...shipped].sort(([, a], [, b]) => common(b) - common(a));
  return best && common(best[1]) > 0 ? best : undefined;
}

/** The notebook with the shipped definitions and without the shipped solutions. */
function prepared(handedIn: Notebook, original: Notebook): { notebook: Notebook; restored: readonly string[] } {
  const answers = new Set(exercisesOf(original).flatMap((exercise) => exercise.answers));
  const shippedCells = new Map(original.cells.map((cell, at) => [cellName(cell, at), cell]));
  const restored: string[] = [];
  const cells = handedIn.cells.flatMap((cell, at): Cell[] => {
    const called = cellName(cell, at);
    const shipped = shippedCells.get(called);
    if (hasTag(cell, "solution") || (shipped && hasTag(shipped, "solution"))) return [];
    const isDefinition = shipped && hasTag(shipped, "exercise") && !answers.has(called);
    if (!isDefinition || cell.source.trim() === shipped.source.trim()) return [cell];
    restored.push(called);
    return [{ ...cell, source: shipped.source }];
  });
  return { notebook: { ...handedIn, cells }, restored };
}

async function run(
  name: string,
  notebook: Notebook,
  { limitMs, temporary = tmpdir() }: GradeOptions,
): Promise<{ ran?: Notebook; problems: Graded["problems"] }> {
  mkdirSync(temporary, { recursive: true });
  const cwd = mkdtempSync(path.join(temporary, "grade-"));
  const env = { PATH: process.env.PATH, LANG: process.env.LANG, HOME: cwd, TMPDIR: cwd };
  try {
    const { notebook: ran, problems } = await runNotebook(name, notebook, {
      cwd,
      env,
      afterErrors: true,
      ...(limitMs === undefined ? {} : { limitMs }),
    });
    return { ran, problems: problems.map(({ cell = "", message }) => ({ cell, message })) };
  } catch (error) {
    return { problems: [{ cell: "", message: (error as Error).message }] };
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** One right answer is enough; attempts and hints are the most that either the saved notebook or this run tells of. */
function gradeOf(name: string, saved: readonly FoundRecord[], now: readonly FoundRecord[]): Grade {
  const own = ({ exercise }: FoundRecord) => exercise === name;
  const checked = now.filter(own);
  const record = checked.find(({ state }) => state === "passed") ?? checked.at(-1);
  const all = [...saved, ...now].filter(own);
  const most = (count: (record: FoundRecord) => number) => all.reduce((sum, each) => Math.max(sum, count(each)), 0);
  return {
    exercise: name,
    passed: record?.state === "passed",
    state: record?.state ?? "not reached",
    failedClaims: record?.failedClaims ?? [],
    mistake: record?.mistake ?? "",
    attempts: most(({ attempts }) => attempts),
    hintsShown: most(({ hintsShown }) => hintsShown),
  };
}

/** Tells students apart whose files have the same name: by the folder. */
export function withOwnNames(graded: readonly Graded[]): Graded[] {
  return graded.map((one) => {
    const isAlone = graded.filter(({ student }) => student === one.student).length === 1;
    return isAlone ? one : { ...one, student: `${path.basename(path.dirname(path.resolve(one.file)))}/${one.student}` };
  });
}

const columns = ["student", "notebook", "exercise", "passed", "state", "attempts", "hintsShown", "failedClaims"];

/** One line for each student and exercise; a notebook without any has one, too. */
export function csvOf(graded: readonly Graded[]): string {
  const lines = graded.flatMap(({ student, notebook, exercises, problems }) => {
    const said = problems.map(({ cell, message }) => `${cell ? `${cell}: ` : ""}${message.split("\n")[0]}`).join("; ");
    const rows = exercises.length > 0 ? exercises : [undefined];
    return rows.map((grade) => [
      student,
      notebook,
      grade?.exercise ?? "",
      grade?.passed ?? false,
      grade?.state ?? "not reached",
      grade?.attempts ?? 0,
      grade?.hintsShown ?? 0,
      grade?.failedClaims.join("; ") ?? "",
      grade?.mistake ?? "",
      said,
    ]);
  });
  return [[...columns, "mistake", "problems"], ...lines].map((line) => `${line.map(csvField).join(",")}\r\n`).join("");
}

// A text that begins like a formula would be one in a spreadsheet.
function csvField(value: string | number | boolean): string {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
