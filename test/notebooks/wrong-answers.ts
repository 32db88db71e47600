import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Answers to one exercise, kept in `wrong-answers/<its name>.ts` as the default export: a function of what the notebook's
 * cells declare.
 */
export interface TriedAnswers {
  /** By the known mistake that it makes, exactly one answer each. */
  readonly mistakes: Readonly<Record<string, unknown>>;
  /** Wrong in other ways, by what is wrong. */
  readonly wrong?: Readonly<Record<string, unknown>>;
  /** Right besides the notebook's own solution, by how it was found. */
  readonly right?: Readonly<Record<string, unknown>>;
}

export type AnswersFrom<Cells = never> = (cells: Cells) => TriedAnswers;

const folder = new URL("wrong-answers/", import.meta.url);

/** The exercises for which there is a file. */
export const triedExercises = (): string[] =>
  readdirSync(fileURLToPath(folder)).map((file) => file.replace(/\.ts$/, ""));

export async function triedAnswers(exercise: string, cells: unknown): Promise<TriedAnswers> {
  const file = new URL(`${exercise}.ts`, folder);
  if (!existsSync(file)) return { mistakes: {} };
  const { default: answers } = (await import(file.href)) as { default: AnswersFrom<unknown> };
  return answers(cells);
}
