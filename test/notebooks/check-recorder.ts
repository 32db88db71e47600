/** Stands in for `check` and `exercise` while a notebook's exercises are loaded, and notes what is given to them. */
import * as library from "kernel-lib";

export type AnyExercise = library.ProgramExercise<unknown> | library.NumberExercise | library.ChoiceExercise;

/** One call of `check` in a cell. */
export interface Checked {
  readonly cell: string;
  readonly exercise: AnyExercise;
  readonly answer: unknown;
  readonly result: library.CheckResult;
}

let cell = "";
let seen: { defined: AnyExercise[]; checks: Checked[] } = { defined: [], checks: [] };

/** Begins anew; what is given back fills while the cells run. */
export function record(): typeof seen {
  seen = { defined: [], checks: [] };
  return seen;
}

/** The cell whose code runs next. */
export function enter(name: string): void {
  cell = name;
}

export function exercise(options: never): unknown {
  const defined = library.exercise(options);
  seen.defined.push(defined as never);
  return defined;
}

export async function check(exercise: AnyExercise, answer: unknown): Promise<library.CheckResult> {
  const result = await library.check(exercise as never, answer as never);
  if (!seen.defined.includes(exercise)) seen.defined.push(exercise); // one of the library's
  seen.checks.push({ cell, exercise, answer, result });
  return result;
}
