import { ParameterError } from "../../errors.js";

let programsRun = false;

/** Tells that programs of some run have the thread now, or no longer: whoever calls a runtime meanwhile is one of them. */
export function setProgramsRun(now: boolean): void {
  programsRun = now;
}

/** A program can't start a run: it would wait for itself. */
export function refuseInPrograms(where: string): void {
  if (!programsRun) return;
  throw new ParameterError(`${where}: it was called by a program of a run; call it outside, before or after`);
}
