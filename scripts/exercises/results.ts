/** What a lecturer gets: tables of what was graded. */
import type { Graded } from "./grade.js";
import type { ClassList, Student } from "./students.js";
import type { Field } from "./table.js";

/** One student's file, graded. */
export interface Result extends Student, Graded {}

/** All that was graded, and those of the class who handed in nothing. */
export function resultsOf(graded: readonly Result[], list: ClassList | undefined): Result[] {
  const there = new Set(graded.map(({ student }) => student));
  const missing = (list?.students ?? []).filter(({ student }) => !there.has(student));
  const problems = [{ cell: "", message: "handed in nothing" }];
  const nothing = { file: "", notebook: "", restored: [], problems, exercises: [] };
  return [...graded, ...missing.map((student) => ({ ...student, ...nothing }))];
}

const columns = [
  "student",
  "name",
  "file",
  "notebook",
  "exercise",
  "passed",
  "points",
  "ofPoints",
  "state",
  "attempts",
];

/** One line for each file and exercise; a file without any has one, too. */
export function gradesTable(results: readonly Result[]): Field[][] {
  const lines = results.flatMap(({ student, name, file, notebook, restored, exercises, problems }) => {
    const said = problems.map(({ cell, message }) => `${cell ? `${cell}: ` : ""}${message.split("\n")[0]}`).join("; ");
    const rows = exercises.length > 0 ? exercises : [undefined];
    return rows.map((grade): Field[] => [
      ...[student, name, file, notebook, grade?.exercise ?? "", grade?.passed ?? false],
      ...[grade?.points ?? 0, grade?.ofPoints ?? 0, grade?.state ?? "not reached"],
      ...[grade?.attempts ?? 0, grade?.hintsShown ?? 0, grade?.failedClaims.join("; ") ?? "", grade?.mistake ?? ""],
      ...[restored.join("; "), said],
    ]);
  });
  return [[...columns, "hintsShown", "failedClaims", "mistake", "restored", "problems"], ...lines];
}

/** One line for each student: the points of each exercise, of several files the most, and their sum. */
export function studentsTable(results: readonly Result[]): Field[][] {
  const exercises = [...new Set(results.flatMap((result) => result.exercises.map(({ exercise }) => exercise)))].sort();
  const students = new Map(results.map(({ student, name }) => [student, name]));
  const lines = [...students].map(([student, name]): Field[] => {
    const own = results.filter((result) => result.student === student).flatMap((result) => result.exercises);
    const points = exercises.map((exercise) => {
      const tried = own.filter((grade) => grade.exercise === exercise);
      return tried.length === 0 ? "" : Math.max(...tried.map((grade) => grade.points));
    });
    const sum = points.reduce<number>((total, each) => total + (each === "" ? 0 : each), 0);
    return [student, name, ...points, Math.round(100 * sum) / 100];
  });
  return [["student", "name", ...exercises, "points"], ...lines];
}
