/** What stops a run, in words. For whoever plays it, at any time; nothing here changes anything. */
import { ModelError } from "../../errors.js";
import { Deadlock, ForeignWait, Livelock } from "../errors.js";
import type { HostMachine } from "../machine/host-machine.js";
import type { Failures } from "./failures.js";
import type { RunningProcess } from "./process.js";

/** A run, as reports see it. */
interface Reported {
  readonly machines: ReadonlyMap<string, HostMachine>;
  readonly failures: Failures;
  now(): number;
}

/** Who waits on what, one line a wait. */
export function waitReport(core: Reported): string[] {
  const lines: string[] = [];
  for (const machine of core.machines.values()) {
    for (const process of machine.processes.members()) {
      const { who } = process;
      if (!process.firstWait) lines.push(`${who}: no host operation is pending`);
      for (let wait = process.firstWait; wait; wait = wait.next) {
        const thread = wait.thread === process.main ? "" : `, thread ${wait.thread.threadName}`;
        lines.push(`${who}${thread}: ${wait.text}, since t=${wait.sinceMs.toFixed(3)}`);
      }
    }
  }
  return lines;
}

/** Nothing can happen any more. */
export function deadlock(core: Reported): Deadlock {
  const waiting = waitReport(core);
  const shownLines = waiting.slice(0, 20).map((line) => `\n  ${line}`);
  if (waiting.length > 20) shownLines.push(`\n  and ${waiting.length - 20} more`);
  const threw = core.failures.lines().map((line) => `\n  ${line}`);
  if (threw.length > 0) shownLines.push("\nbefore that,", ...threw);
  return new Deadlock(
    `nothing can happen any more at t=${core.now().toFixed(3)} ms, and these wait:${shownLines.join("")}`,
    core.failures.first && { cause: core.failures.first.error },
  );
}

/** Of a program that is, or was, outside the simulation. */
export function foreignWait(nowMs: number, process: RunningProcess, how: "waits on" | "was woken by"): ForeignWait {
  return new ForeignWait(
    `${process.who} ${how} something outside its host at t=${nowMs.toFixed(3)} ms: in virtual time every await must end in an ` +
      "operation of the program's own host (sleep, receive, take, done …), never in a real timer, file or network, nor in what " +
      "belongs to another process: its host, its connections, a promise that it settles",
  );
}

/** Programs go on for ever at one moment; `last` is the one that ran last. */
export function livelock(nowMs: number, what: string, last: RunningProcess | undefined): Livelock {
  const who = last ? `; the last was one of ${last.who}` : "";
  return new Livelock(
    `time stands still at t=${nowMs.toFixed(3)} ms: ${what}${who}. Does a loop wait without letting time pass?`,
  );
}

/** An error of our own, with what is known. */
export function bug(nowMs: number, error: unknown): ModelError {
  if (error instanceof ModelError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new ModelError(`internal error at t=${nowMs.toFixed(3)} ms: ${text}`, { cause: error });
}
