import type { Core } from "./core/core.js";
import type { Failures } from "./core/failures.js";
import type { ProgramState } from "./core/scenario-programs.js";
import { ProgramError } from "./errors.js";
import type { Exit } from "./host.js";
import type { Job, Programs } from "./scenario.js";
import { errorText } from "./trace/recorder.js";
import type { TraceRow } from "./trace/trace.js";

/** How a program of the scenario came out. */
export type Outcome<R = unknown> = Exit<R> | Unfinished;

/** The program had not ended when the run did, at its `limitMs`. */
export interface Unfinished {
  /** Tells the outcomes apart. */
  readonly how: "unfinished";
}

/** What a job's program returns. */
export type ResultOf<J> = J extends Job<string, infer R> ? R : never;
/** What the programs of a list of jobs return, in the order of the list. */
export type ResultsOfList<L extends readonly unknown[]> = { readonly [I in keyof L]: ResultOf<L[I]> };
/** How the programs of a list of jobs ended, in the order of the list. */
export type OutcomesOfList<L extends readonly unknown[]> = { readonly [I in keyof L]: Outcome<ResultOf<L[I]>> };

/** The results of programs, by the names that the scenario gave them: a value, or a list of values for a list of jobs. */
export type Results<P extends Programs> = {
  readonly [K in keyof P]: P[K] extends readonly unknown[] ? ResultsOfList<P[K]> : ResultOf<P[K]>;
};

/** The outcomes of programs, by the names that the scenario gave them. */
export type Outcomes<P extends Programs> = {
  readonly [K in keyof P]: P[K] extends readonly unknown[] ? OutcomesOfList<P[K]> : Outcome<ResultOf<P[K]>>;
};

/** What came of a scenario; of the same shape from every runtime. */
export interface Run<P extends Programs = Programs> {
  /** Which runtime played the scenario. */
  readonly world: "virtual" | "live";
  /** What all random numbers of the run were drawn from. */
  readonly seed: number;
  /** What each program returned. Asking for one that did not return throws a {@link ProgramError} that says why. */
  readonly results: Results<P>;
  /** How each program ended. Daemons that still ran when the others had ended are `killed`. */
  readonly outcomes: Outcomes<P>;
  /** Everything that happened, in time order. */
  readonly rows: readonly TraceRow[];
  /** When the run ended, in scenario time. */
  readonly endMs: number;
  /** Whether it ended by the scenario's `limitMs`. */
  readonly reachedLimit: boolean;
}

const inspected = Symbol.for("nodejs.util.inspect.custom");

const failuresOfRuns = new WeakMap<Run, Failures>();

/** What went wrong in a run's processes, and who has been told. */
export function failuresOf(run: Run): Failures {
  return failuresOfRuns.get(run) as Failures;
}

/** Puts together what the core knows at the end of a run. */
export function makeRun<P extends Programs>(core: Core, programs: P, endMs: number, reachedLimit: boolean): Run<P> {
  const states = new Map(
    core.programs.all.map((state) => [state.name, { state, outcome: outcomeOf(state, reachedLimit) }]),
  );
  core.finish();
  const { failures } = core;
  const results: Record<string, unknown> = {};
  const outcomes: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(programs)) {
    const names = Array.isArray(entry) ? entry.map((_, i) => `${name}[${i}]`) : [name];
    const found = names.map((each) => states.get(each) as { state: ProgramState; outcome: Outcome });
    const all = found.map(({ outcome }) => outcome);
    const outcome = Array.isArray(entry) ? all : all[0];
    if (all.every(({ how }) => how !== "threw")) outcomes[name] = outcome;
    else {
      const look = (): unknown => {
        for (const each of names) failures.sawProgram(each);
        return outcome;
      };
      Object.defineProperty(outcomes, name, { enumerable: true, get: look });
    }
    if (all.every((outcome) => outcome.how === "returned")) {
      const values = all.map((outcome) => (outcome as { value: unknown }).value);
      results[name] = Array.isArray(entry) ? values : values[0];
    } else {
      const failed = found.find(({ outcome }) => outcome.how !== "returned") as {
        state: ProgramState;
        outcome: Outcome;
      };
      Object.defineProperty(results, name, {
        // Not listed, so that a look at all results does not throw.
        enumerable: false,
        get: () => {
          const error = programError(failed.state, failed.outcome, endMs, failures);
          failures.sawIn(error);
          throw error;
        },
      });
    }
  }
  const { trace } = core;
  const run: Run<P> = {
    world: core.driver.world,
    seed: core.seed,
    results: results as Results<P>,
    outcomes: outcomes as Outcomes<P>,
    get rows() {
      return trace.rows;
    },
    endMs,
    reachedLimit,
  };
  // Shown by Node (a notebook's last line) as plain objects, rows and all, and not with a getter for them.
  for (const each of [run, outcomes]) Object.defineProperty(each, inspected, { value: () => ({ ...each }) });
  failuresOfRuns.set(run, failures);
  return run;
}

/** Read before the daemons that are left are ended: at the limit everything that runs is unfinished. */
function outcomeOf(state: ProgramState, reachedLimit: boolean): Outcome {
  if (state.exit) return state.exit;
  return state.job.isDaemon && !reachedLimit ? { how: "killed" } : { how: "unfinished" };
}

function programError(state: ProgramState, outcome: Outcome, endMs: number, failures: Failures): ProgramError {
  const who = `${state.name} (${state.process ? `pid ${state.process.pid} ` : ""}on ${state.job.host})`;
  switch (outcome.how) {
    case "threw": {
      const { error } = outcome;
      const text = `${who} threw at t=${state.exitMs.toFixed(3)} ms: ${errorText(error)}`;
      return new ProgramError(text, { cause: error });
    }
    case "killed":
      return new ProgramError(`${who} was killed at t=${(state.exit ? state.exitMs : endMs).toFixed(3)} ms`);
    default: {
      const threw = failures.lines().map((line) => `; ${line}`);
      const text = `${who} was unfinished when the run ended at t=${endMs.toFixed(3)} ms${threw.join("")}`;
      return new ProgramError(text, failures.first && { cause: failures.first.error });
    }
  }
}
