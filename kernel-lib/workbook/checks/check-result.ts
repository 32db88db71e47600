import { checkMime, jupyterDisplay, type MimeBundle } from "../../jupyter.js";
import { type Displayable, sentenceMarkup, show } from "../figures/display.js";
import type { Figure } from "../figures/figure.js";
import { outputStyle, palette } from "../figures/palette.js";
import type { RunLike } from "../figures/trace-view.js";
import { writeText } from "../platform.js";
import { spaceTime } from "../space-time/space-time.js";
import type { Verdict } from "./check.js";
import { claimLines } from "./claims.js";
import type { ChoiceExercise, NumberExercise, ProgramExercise } from "./exercise.js";
import { answerForm } from "./predict.js";

/** What a grader gets of one exercise. */
export interface CheckRecord {
  /** The exercise's name. */
  readonly exercise: string;
  /** `not attempted` as long as the answer is undefined. */
  readonly state: "passed" | "failed" | "not attempted";
  /** How many answers were checked so far. */
  readonly attempts: number;
  /** The claims that did not hold, in the exercise's order. */
  readonly failedClaims: readonly string[];
  /** The name of the known mistake that the last answer made. */
  readonly mistake?: string;
  /** How many further hints were asked for, at most. */
  readonly hintsShown: number;
  /**
   * Of a program that failed, how much of what is checked holds, from 0 to 1: of all scenarios times claims, those that hold
   * with every seed. Left out where nothing does.
   */
  readonly share?: number;
  /** What the exercise is worth. Left out where it is 1. */
  readonly points?: number;
}

const results = new Map<string, CheckRecord>();

/** Keeps the last result of each exercise and counts attempts; a passed exercise stays passed. @internal */
export function keepResult(record: CheckRecord): void {
  const before = results.get(record.exercise);
  if (before?.state === "passed" && record.state !== "passed") {
    results.set(record.exercise, {
      ...before,
      attempts: record.attempts,
      hintsShown: Math.max(before.hintsShown, record.hintsShown),
    });
  } else results.set(record.exercise, { ...record, hintsShown: Math.max(before?.hintsShown ?? 0, record.hintsShown) });
}

/** The results of all exercises checked since the kernel started, by name. An exercise once passed stays passed. */
export function exerciseResults(): CheckRecord[] {
  return [...results.values()].sort((a, b) => (a.exercise < b.exercise ? -1 : 1));
}

/** Forgets all results, as a restart of the kernel does. */
export function forgetResults(): void {
  results.clear();
}

/**
 * Writes the results as JSON for a grader: `{ results: CheckRecord[] }`.
 *
 * @param path the file, relative to the notebook's folder.
 * @returns how many exercises it holds.
 */
export function exportResults(path: string): number {
  const all = exerciseResults();
  writeText(path, `${JSON.stringify({ results: all }, null, 2)}\n`);
  return all.length;
}

// Where all is over in the moment it began there is nothing to draw.
const takesTime = ({ rows }: RunLike): boolean => (rows.at(-1)?.timeMs ?? 0) > (rows[0]?.timeMs ?? 0);

/** What {@link check} found, in the reader's words. */
export class CheckResult implements Displayable {
  /** What a grader gets of it. */
  readonly record: CheckRecord;
  /** What is wrong; empty if nothing is. */
  readonly message: string;
  /** The hint for the known mistake that the answer made; empty if none is known. */
  readonly hint: string;
  /** The smallest failing run as a diagram, if there was a run and time passed in it. */
  readonly diagram: Figure | undefined;
  readonly #exercise: ProgramExercise<unknown> | NumberExercise | ChoiceExercise;
  readonly #runs: number;
  readonly #hints: readonly string[];

  /** @internal */
  constructor(exercise: ProgramExercise<unknown> | NumberExercise | ChoiceExercise, verdict: Verdict, hints: number) {
    this.#exercise = exercise;
    this.#runs = verdict.runs;
    this.#hints = (exercise.hints ?? []).slice(0, hints);
    this.message = verdict.message;
    this.hint = verdict.mistake?.hint ?? "";
    const run = verdict.failure?.run;
    this.diagram =
      run && takesTime(run)
        ? spaceTime(run, {
            ...("diagram" in exercise ? exercise.diagram : {}),
            title: "The smallest run in which it fails",
            alt: `Space-time diagram of a run in which it does not hold that ${verdict.failure?.claim || "the program returns"}.`,
            caption: `Scenario "${verdict.failure?.scenario}", seed ${verdict.failure?.seed}.`,
          })
        : undefined;
    this.record = {
      exercise: exercise.name,
      state: verdict.state,
      attempts: (results.get(exercise.name)?.attempts ?? 0) + (verdict.state === "not attempted" ? 0 : 1),
      failedClaims: verdict.failedClaims,
      ...(verdict.mistake ? { mistake: verdict.mistake.name } : {}),
      hintsShown: this.#hints.length,
      ...(verdict.share ? { share: verdict.share } : {}),
      ...(exercise.points === undefined || exercise.points === 1 ? {} : { points: exercise.points }),
    };
  }

  /** True if the answer is right. */
  get passed(): boolean {
    return this.record.state === "passed";
  }

  /** Shows the result in the middle of a cell. */
  show(): void {
    show(this);
  }

  [jupyterDisplay](): MimeBundle {
    return { "text/plain": this.#lines().join("\n"), "text/html": this.#html(), [checkMime]: { ...this.record } };
  }

  #lines(): string[] {
    const { state, exercise } = this.record;
    if (state === "not attempted") {
      const form = "scenarios" in this.#exercise ? [] : [answerForm(this.#exercise)];
      return [`${exercise}: not attempted yet. ${this.#exercise.statement}`, ...form];
    }
    if (state === "passed") return [`✓ ${exercise}: passed${this.#runs > 1 ? `, in all ${this.#runs} runs` : ""}.`];
    const more = (this.#exercise.hints?.length ?? 0) - this.#hints.length;
    return [
      `✗ ${exercise}: not yet.`,
      this.message,
      ...(this.hint ? [`Hint: ${this.hint}`] : []),
      ...this.#hints.map((hint, i) => `Hint ${i + 1}: ${hint}`),
      ...(more > 0
        ? [
            `There ${more === 1 ? "is 1 more hint" : `are ${more} more hints`}: check(…, …, { hints: ${this.#hints.length + 1} }).`,
          ]
        : []),
    ];
  }

  #html(): string {
    const [head = "", ...rest] = this.#lines();
    const { state } = this.record;
    const color = state === "passed" ? palette.published : state === "failed" ? palette.measured : palette.faint;
    const lines = rest.map((line) => `<div style="margin:3px 0">${sentenceMarkup(line)}</div>`).join("");
    const failed = this.record.failedClaims.map((name) => ({ name, holds: false }));
    const claims = failed.length > 1 ? claimLines(failed) : "";
    return (
      `<div class="handoff"><style>${outputStyle}</style><div style="border-left:4px solid ${color};padding:2px 10px;max-width:760px">` +
      `<div style="font-weight:600">${sentenceMarkup(head)}</div>${claims}${lines}</div></div>${this.diagram?.html() ?? ""}`
    );
  }
}
