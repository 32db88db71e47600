import { ParameterError, refuse } from "../../errors.js";
import { jupyterDisplay } from "../../jupyter.js";
import type { RunLike } from "../figures/trace-view.js";
import type { SpaceTimeOptions } from "../space-time/space-time.js";
import { exerciseCard } from "./exercise-card.js";

/** What all exercises have. */
export interface ExerciseText {
  /** Names the exercise in results: `03-bounded-queue`. */
  readonly name: string;
  /** What is to be done. */
  readonly statement: string;
  /** Given one after the other on request, from a nudge to nearly the solution. */
  readonly hints?: readonly string[];
  /** What it is worth to a grader. Default 1. */
  readonly points?: number;
}

/** What is known of a program that failed, for the recognisers of mistakes. */
export interface Failure<R extends RunLike = RunLike> {
  /** The scenario, by its name. */
  readonly scenario: string;
  /** The seed of the run. */
  readonly seed: number;
  /** The first claim that did not hold; empty if the program threw instead. */
  readonly claim: string;
  /** What the claim said about it. */
  readonly detail: string;
  /** The run, if there was one. */
  readonly run?: R;
  /** What was thrown, if something was. */
  readonly error?: Error;
}

/** A mistake that people make, and the hint that helps. */
export interface Mistake<F> {
  /** Names the mistake in results. */
  readonly name: string;
  /** Whether this is what went wrong. An error thrown here counts as no. */
  readonly recognise: (failure: F) => boolean;
  /** What helps, without the solution. */
  readonly hint: string;
}

/** A wrong number that people come to, and the hint that helps. */
export interface WrongNumber {
  /** Names the mistake in results. */
  readonly name: string;
  /** The number, or several, in the exercise's unit; an answer may be off by as much as from the right one. */
  readonly value: number | readonly number[];
  /** What helps, without the solution. */
  readonly hint: string;
}

/** Says whether something holds in a run: true, false, or in words what does not. */
export type RunClaim<R> = (run: R) => boolean | string;

/** An exercise answered by a program, or by anything that a scenario can be made of. */
export interface ProgramExercise<A, R extends RunLike = RunLike> extends ExerciseText {
  /** Runs the answer, by the scenario's name; edge cases are scenarios too. Give each scenario a `limitMs`. */
  readonly scenarios: Readonly<Record<string, (answer: A, seed: number) => Promise<R>>>;
  /** The seeds with which each scenario is run. Default 1, 2, 3. */
  readonly seeds?: readonly number[];
  /** What must hold in each run, in the order in which it is worth saying that it does not. */
  readonly claims: Readonly<Record<string, RunClaim<R>>>;
  /** Hints for known mistakes; the first that is recognised is given. */
  readonly mistakes?: readonly Mistake<Failure<R>>[];
  /** How the smallest run in which it fails is drawn, where {@link spaceTime}'s own choices do not suit it. */
  readonly diagram?: SpaceTimeOptions;
}

/** An exercise answered by a number. */
export interface NumberExercise extends ExerciseText {
  /** The right number, or a function that computes it. */
  readonly value: number | (() => number | Promise<number>);
  /** The unit; the empty text for pure numbers. */
  readonly unit: string;
  /** How far the answer may be off, as a share of the value. Default 0.01. */
  readonly tolerance?: number;
  /** Hints for wrong numbers, e.g. the inverse; the first that fits is given. */
  readonly mistakes?: readonly (WrongNumber | Mistake<number>)[];
}

/** An exercise answered by a choice. */
export interface ChoiceExercise<C extends string = string> extends ExerciseText {
  /** By the answer that the reader writes, what it says. */
  readonly choices: Readonly<Record<C, string>>;
  /** The right one. */
  readonly correct: OneChoice<C>;
  /** By the wrong choice, what helps. In results the choice names the mistake. */
  readonly mistakes?: Readonly<Partial<Record<C, string>>>;
}

/** @internal */
export type OneChoice<T> = [T][T extends unknown ? 0 : never];

/** Any exercise. */
export type Exercise<A = never, R extends RunLike = RunLike> =
  | ProgramExercise<A, R>
  | NumberExercise
  | ChoiceExercise<string>;

/**
 * Describes an exercise: what is asked, how an answer is tried, and what helps those who go wrong. Give it and an answer
 * to {@link check}.
 *
 * A program exercise runs the answer in each scenario with each seed; a number exercise compares within a tolerance; a
 * choice exercise has one right choice. As a cell's last value, an exercise tells how an answer is tried.
 *
 * @throws {@link ParameterError} if a field is missing or wrong.
 * @example
 * const echoTwice = exercise({
 *   name: "00-echo-twice",
 *   statement: "Make the server answer each message twice.",
 *   scenarios: {
 *     "one client": (server: Server, seed) => simulate(oneClient(server), { seed }),
 *     "no message at all": (server: Server, seed) => simulate(silentClient(server), { seed }),
 *   },
 *   claims: { "each message comes back twice": (run) => run.results.replies.length === 2 * sent },
 *   mistakes: [{ name: "answers once", recognise: ({ run }) => run?.results.replies.length === sent, hint: "…" }],
 *   hints: ["Where does the loop send?"],
 * });
 */
export function exercise<A, R extends RunLike>(options: ProgramExercise<A, R>): ProgramExercise<A>;
export function exercise(options: NumberExercise): NumberExercise;
export function exercise<const C extends string>(options: ChoiceExercise<C>): ChoiceExercise<C>;
export function exercise(options: ProgramExercise<never> | NumberExercise | ChoiceExercise): unknown {
  const given = options as unknown as Record<string, unknown>;
  for (const field of ["name", "statement"]) {
    if (typeof given?.[field] !== "string" || given[field] === "")
      refuse("exercise", field, "a text that is not empty", given?.[field]);
  }
  if (given.points !== undefined && !(Number.isFinite(given.points) && (given.points as number) >= 0))
    refuse("exercise", "points", "a finite number of at least 0", given.points);
  const kinds = ["scenarios", "value", "choices"].filter((field) => field in given);
  if (kinds.length !== 1) {
    throw new ParameterError("exercise: there must be exactly one of scenarios (a program), value (a number), choices");
  }
  if ("scenarios" in options) {
    checkFunctions("scenarios", options.scenarios);
    checkFunctions("claims", options.claims);
    if (options.seeds && !(options.seeds.length > 0 && options.seeds.every(Number.isSafeInteger))) {
      refuse("exercise", "seeds", "whole numbers, at least one", options.seeds);
    }
  } else if ("value" in options) {
    if (typeof options.value !== "function" && !Number.isFinite(options.value))
      refuse("exercise", "value", "a finite number or a function", options.value);
    if (typeof options.unit !== "string") refuse("exercise", "unit", 'a text, "" for pure numbers', options.unit);
    if (options.tolerance !== undefined && !(options.tolerance >= 0 && options.tolerance < 1))
      refuse("exercise", "tolerance", "from 0 to below 1", options.tolerance);
  } else checkChoices(options);
  if (!("choices" in options))
    for (const [i, mistake] of (options.mistakes ?? []).entries()) checkMistake(i, mistake, "value" in options);
  const made = { ...options };
  return Object.defineProperty(made, jupyterDisplay, { value: () => exerciseCard(made) });
}

function checkMistake(i: number, mistake: Partial<WrongNumber & Mistake<never>>, mayBeNumber: boolean): void {
  const numbers = [mistake?.value ?? []].flat();
  const isNumber = mayBeNumber && numbers.length > 0 && numbers.every(Number.isFinite);
  if ((isNumber || typeof mistake?.recognise === "function") && typeof mistake.hint === "string") return;
  refuse("exercise", `mistakes[${i}]`, `{ name, ${mayBeNumber ? "value or recognise" : "recognise"}, hint }`, mistake);
}

function checkChoices({ choices, correct, mistakes = {} }: ChoiceExercise): void {
  const known = Object.keys(choices).join(", ");
  if (!Object.hasOwn(choices, correct as string)) refuse("exercise", "correct", `one of ${known}`, correct);
  for (const [choice, hint] of Object.entries(mistakes)) {
    const field = `mistakes[${JSON.stringify(choice)}]`;
    if (!Object.hasOwn(choices, choice) || choice === correct)
      refuse("exercise", field, `for a wrong choice of ${known}`, hint);
    if (typeof hint !== "string") refuse("exercise", field, "a hint", hint);
  }
}

function checkFunctions(field: string, functions: unknown): void {
  const entries = Object.entries((functions as object) ?? {});
  if (entries.length === 0) refuse("exercise", field, "an object of at least one function by name", functions);
  for (const [name, value] of entries) {
    if (typeof value !== "function") refuse("exercise", `${field}[${JSON.stringify(name)}]`, "a function", value);
  }
}
