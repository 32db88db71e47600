import { ParameterError, refuse } from "../../errors.js";
import { formatNumber } from "../figures/numbers.js";
import { progress } from "../figures/progress.js";
import type { RunLike } from "../figures/trace-view.js";
import { type CheckRecord, CheckResult, keepResult } from "./check-result.js";
import type { ChoiceExercise, Failure, Mistake, NumberExercise, ProgramExercise, RunClaim } from "./exercise.js";

/** See {@link check}. */
export interface CheckOptions {
  /** How many of the exercise's further hints to show. Default 0. */
  readonly hints?: number;
}

/**
 * Tries an answer. A program is run in every scenario with every seed; the result says which claim failed where, shows
 * the smallest failing run as a space-time diagram and gives the hint for a mistake that it knows. Further hints come
 * with `{ hints: 1 }`, `{ hints: 2 }` … An answer of `undefined` counts as not attempted.
 *
 * It never throws for a wrong answer, also when the answer's program throws; results are kept for
 * {@link exerciseResults}.
 *
 * @throws `Interrupted` if the reader interrupts the check.
 * @throws {@link ParameterError} if the exercise was not made by `exercise`, or a claim is at fault itself.
 */
export function check<A, R extends RunLike>(
  exercise: ProgramExercise<A, R>,
  answer: A | undefined,
  options?: CheckOptions,
): Promise<CheckResult>;
export function check(
  exercise: NumberExercise,
  answer: number | undefined,
  options?: CheckOptions,
): Promise<CheckResult>;
export function check<C extends string>(
  exercise: ChoiceExercise<C>,
  answer: C | undefined,
  options?: CheckOptions,
): Promise<CheckResult>;
export async function check(
  exercise: ProgramExercise<unknown> | NumberExercise | ChoiceExercise,
  answer: unknown,
  options: CheckOptions = {},
): Promise<CheckResult> {
  if (typeof exercise?.name !== "string") refuse("check", "exercise", "made by exercise(…)", exercise);
  const hints = options.hints ?? 0;
  if (!Number.isSafeInteger(hints) || hints < 0) refuse("check", "hints", "a whole number of at least 0", hints);
  const verdict = answer === undefined ? notAttempted : await tryOut(exercise, answer);
  const result = new CheckResult(exercise, verdict, hints);
  keepResult(result.record);
  return result;
}

/** What came of an answer. @internal */
export interface Verdict {
  readonly state: CheckRecord["state"];
  /** What is wrong, in a sentence or two; empty if nothing is. */
  readonly message: string;
  readonly failedClaims: readonly string[];
  /** The known mistake that fits. */
  readonly mistake?: { readonly name: string; readonly hint: string };
  /** The smallest failing run. */
  readonly failure?: Failure;
  /** How many runs were made. */
  readonly runs: number;
  /** Of a program, how much of what is checked holds. */
  readonly share?: number;
}

const notAttempted: Verdict = { state: "not attempted", message: "", failedClaims: [], runs: 0 };
const passed = (runs: number): Verdict => ({ state: "passed", message: "", failedClaims: [], runs });

async function tryOut(
  exercise: ProgramExercise<unknown> | NumberExercise | ChoiceExercise,
  answer: unknown,
): Promise<Verdict> {
  if ("scenarios" in exercise) return tryProgram(exercise, answer);
  if ("choices" in exercise) {
    const known = Object.keys(exercise.choices);
    if (answer === exercise.correct) return passed(0);
    const message = known.includes(answer as string)
      ? `"${answer}" is not it.`
      : `The answer must be one of ${known.map((c) => JSON.stringify(c)).join(", ")}.`;
    const hint = known.includes(answer as string) ? exercise.mistakes?.[answer as string] : undefined;
    return failed(message, [], hint === undefined ? undefined : { name: answer as string, hint }, 0);
  }
  if (typeof answer !== "number" || !Number.isFinite(answer)) {
    return failed(
      `The answer must be a finite number${exercise.unit ? ` of ${exercise.unit}` : ""}.`,
      [],
      undefined,
      0,
    );
  }
  const value = typeof exercise.value === "function" ? await exercise.value() : exercise.value;
  if (!Number.isFinite(value))
    throw new ParameterError(`check: value of ${exercise.name} must be a finite number, got ${value}`);
  const isAbout = (wanted: number) =>
    Math.abs(answer - wanted) <= (exercise.tolerance ?? 0.01) * Math.abs(wanted) + 1e-12;
  if (isAbout(value)) return passed(0);
  const unit = exercise.unit ? ` ${exercise.unit}` : "";
  const message = `${formatNumber(answer)}${unit} is too ${answer > value ? "high" : "low"}.`;
  const mistakes = (exercise.mistakes ?? []).map((each) =>
    "value" in each ? { ...each, recognise: () => [each.value].flat().some(isAbout) } : each,
  );
  return failed(message, [], mistakeOf(mistakes, answer), 0);
}

async function tryProgram(exercise: ProgramExercise<unknown>, answer: unknown): Promise<Verdict> {
  const seeds = exercise.seeds ?? [1, 2, 3];
  const scenarios = Object.entries(exercise.scenarios);
  const bar = progress(scenarios.length * seeds.length, `Checking ${exercise.name}`);
  const failures: Failure[] = [];
  try {
    for (const [scenario, run] of scenarios) {
      for (const seed of seeds) {
        failures.push(...(await tryOnce(exercise.claims, scenario, seed, () => run(answer, seed))));
        bar.tick();
      }
    }
  } finally {
    bar.done();
  }
  const runs = scenarios.length * seeds.length;
  if (failures.length === 0) return passed(runs);
  const claims = [...Object.keys(exercise.claims), ""].filter((name) =>
    failures.some((failure) => failure.claim === name),
  );
  const thrown = failures.find((failure) => failure.error);
  const first = thrown ? "" : claims[0];
  const shown = smallest(failures.filter((failure) => failure.claim === first));
  const where = `in the scenario "${shown.scenario}" with seed ${shown.seed}`;
  const message = shown.error
    ? `${describe(shown.error, shown.run)} (${where})`
    : `It does not hold that ${shown.claim}, ${where}${shown.detail ? `: ${shown.detail}` : ""}.${threwToo(shown.run)}`;
  // The hint is for the failure that is shown, if one fits it.
  const mistake = [shown, ...failures]
    .map((failure) => mistakeOf(exercise.mistakes, failure))
    .find((one) => one !== undefined);
  return {
    ...failed(
      message,
      claims.filter((name) => name !== ""),
      mistake,
      runs,
    ),
    failure: shown,
    share: shareThatHolds(Object.keys(exercise.scenarios), Object.keys(exercise.claims), failures),
  };
}

/** Of all scenarios times claims, those that hold with every seed; none holds of a scenario in which the program threw. */
function shareThatHolds(scenarios: readonly string[], claims: readonly string[], failures: readonly Failure[]): number {
  const fails = (scenario: string, claim: string) =>
    failures.some((failure) => failure.scenario === scenario && (failure.claim === claim || failure.claim === ""));
  const held = scenarios.flatMap((scenario) => claims.filter((claim) => !fails(scenario, claim))).length;
  return Math.round((10_000 * held) / (scenarios.length * claims.length)) / 10_000;
}

/** The claims that fail in one run, or what the run threw. */
async function tryOnce(
  claims: Readonly<Record<string, RunClaim<RunLike>>>,
  scenario: string,
  seed: number,
  start: () => Promise<RunLike>,
): Promise<Failure[]> {
  let run: RunLike;
  try {
    run = await start();
  } catch (error) {
    // The reader pressed Interrupt: that says nothing about the answer.
    if (asError(error).name === "Interrupted") throw error;
    return [{ scenario, seed, claim: "", detail: "", error: asError(error) }];
  }
  const failures: Failure[] = [];
  // The check looks at every outcome, so the run's own warning of what nobody looked at is not due.
  const threw = programFailure(run);
  for (const [claim, holds] of Object.entries(claims)) {
    try {
      const said = holds(run);
      if (said !== true) failures.push({ scenario, seed, claim, detail: typeof said === "string" ? said : "", run });
    } catch (thrown) {
      const error = asError(thrown);
      // A result that is not there because the answer's program failed is the answer's failure; others are the claim's.
      const cause = threw ?? (error.name === "ProgramError" ? error : undefined);
      if (!cause) {
        throw new ParameterError(`check: the claim ${JSON.stringify(claim)} threw ${error.name}: ${error.message}`, {
          cause: error,
        });
      }
      failures.push({ scenario, seed, claim: "", detail: "", error: cause, run });
    }
  }
  return failures;
}

/** The first error that a program of the run threw. */
function programFailure(run: RunLike): Error | undefined {
  const outcomes = Object.values((run as { outcomes?: Record<string, unknown> }).outcomes ?? {}).flat() as {
    how?: string;
    error?: unknown;
  }[];
  const thrown = outcomes.find((outcome) => outcome?.how === "threw");
  return thrown ? asError(thrown.error) : undefined;
}

function smallest(failures: readonly Failure[]): Failure {
  const size = (failure: Failure) => failure.run?.rows.length ?? Number.POSITIVE_INFINITY;
  return failures.reduce((least, failure) => (size(failure) < size(least) ? failure : least));
}

/** A program's error is often why a claim fails; it may also be as it should be. */
function threwToo(run: RunLike | undefined): string {
  const error = run && programFailure(run);
  return error ? ` A program threw ${error.name}: ${error.message}` : "";
}

/** What went wrong, in the terms of the reader's program. */
function describe(error: Error, run: RunLike | undefined): string {
  if (error.name === "ForeignWait" || (error.name === "ParameterError" && !run)) return error.message;
  if (error.name === "Deadlock") return `Nothing can happen any more. ${error.message}`;
  if (error.name === "ProgramError") {
    const waits = run ? lastWaits(run) : [];
    const why = /was unfinished/.test(error.message) ? ": a loop without end, or a wait for what never comes?" : ".";
    return `${error.message}${why}${waits.length ? ` At the end ${waits.join("; ")}.` : ""}`;
  }
  const frames = (error.stack ?? "").split("\n").filter((line) => /cell \[\d+\]/.test(line));
  return `Your program threw ${error.name}: ${error.message}${frames[0] ? `, ${frames[0].trim()}` : ""}`;
}

/** Who waited on what when the run ended; the first four. */
function lastWaits(run: RunLike): string[] {
  const waiting = new Map<string, string>();
  for (const row of run.rows) {
    const who = `${row.thread} on ${row.host}`;
    if (row.kind === "wait") waiting.set(who, row.on);
    else if (row.kind === "wake" || (row.kind === "exit" && row.how !== "killed")) waiting.delete(who);
  }
  return [...waiting].slice(0, 4).map(([who, on]) => `${who} waits: ${on}`);
}

function failed(message: string, failedClaims: readonly string[], mistake: Verdict["mistake"], runs: number): Verdict {
  return { state: "failed", message, failedClaims, runs, ...(mistake ? { mistake } : {}) };
}

function mistakeOf<F>(mistakes: readonly Mistake<F>[] | undefined, failure: F): Verdict["mistake"] {
  return mistakes?.find((mistake) => {
    try {
      return mistake.recognise(failure) === true;
    } catch {
      return false;
    }
  });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : Object.assign(new Error(String(thrown)), { name: "a value that is not an Error" });
}
