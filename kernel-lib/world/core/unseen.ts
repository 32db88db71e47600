import { offeredByKernel } from "../../jupyter.js";
import { errorText } from "../trace/recorder.js";
import { macrotask, nodeProcess } from "./environment.js";
import { type Failures, failureText } from "./failures.js";

/** A run whose programs threw, or left operations behind, and that may yet be looked at. */
interface Watched {
  readonly where: string;
  readonly failures: Failures;
}

/** More runs than these are counted, and not kept. */
const mostRuns = 20;
/** The most that one run's report tells one by one. */
const mostTold = 5;

const watched: Watched[] = [];
let more = 0;
let isDue = false;

// Once and for all, so that no run leaves a listener behind.
nodeProcess?.on?.("exit", tell);

/**
 * Nothing that goes wrong in a program is silent: at the end of the cell (of a script: when it ends) a warning tells of programs that
 * threw and at whose outcome nobody has looked, and of operations that nobody awaited. Once for each run.
 */
export function watchForUnseen(where: string, failures: Failures): void {
  if (failures.unseen().length === 0 && failures.leftovers.length === 0) return;
  if (watched.length < mostRuns) {
    // An error whose stack was never read holds the frames it was made in, and so the whole run with its trace.
    for (const { error } of failures.unseen()) readStack(error);
    watched.push({ where, failures });
  } else more++;
  if (isDue) return;
  isDue = true;
  whenLookedAt(tell);
}

/** A program may have made an error whose parts can't be read. */
function readStack(error: Error): void {
  try {
    void error.stack;
  } catch {}
}

/** When whoever made the runs has had time to look at them. */
function whenLookedAt(callback: () => void): void {
  const { onCellEnd } = offeredByKernel();
  if (onCellEnd) onCellEnd(callback);
  // Where there is no end to wait for, the next turn must do.
  else if (!nodeProcess?.on) macrotask(callback);
}

function tell(): void {
  isDue = false;
  const runs = watched.splice(0);
  for (const where of new Set(runs.map((run) => run.where))) {
    const failures = runs.filter((run) => run.where === where).map((run) => run.failures);
    const threw = grouped(
      failures.flatMap((each) => each.unseen()),
      ({ name, error }) => `${alike(name)} ${errorText(error).split(":", 1)}`,
      failureText,
    );
    warn(`${where}: programs threw, and nobody has looked at their outcomes (run.outcomes):`, threw);
    const left = grouped(
      failures.flatMap(({ leftovers }) => leftovers),
      ({ name, waits }) => `${alike(name)} ${waits.split(",", 1)}`,
      ({ who, atMs, waits }) => `${who} at t=${atMs.toFixed(3)} ms: ${waits}`,
    );
    warn(`${where}: programs returned while operations that they had begun still waited; is an await missing?`, left);
  }
  if (more > 0) console.warn(`and ${more} more runs in which programs threw, or returned too early`);
  more = 0;
}

function warn(head: string, lines: readonly string[]): void {
  if (lines.length > 0) console.warn([head, ...lines].join("\n  "));
}

/** One line for the first of each group, with the number of the others. */
function grouped<T>(items: readonly T[], keyOf: (item: T) => string, textOf: (item: T) => string): string[] {
  const groups = new Map<string, { readonly text: string; others: number }>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.others++;
    else groups.set(keyOf(item), { text: textOf(item), others: 0 });
  }
  const lines = [...groups.values()].map(({ text, others }) =>
    others > 0 ? `${text} (and ${others} more like it)` : text,
  );
  return lines.length > mostTold ? [...lines.slice(0, mostTold), `and ${lines.length - mostTold} more`] : lines;
}

/** The programs of a list differ in their number only: `many[3]`. */
function alike(name: string): string {
  return name.replace(/\[\d+\]$/, "");
}
