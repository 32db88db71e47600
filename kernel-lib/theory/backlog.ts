import { checkNonNegative, refuse } from "../errors.js";

/** A server that stands for a while, and then works off what came meanwhile. */
export interface StopOptions {
  /** ρ: the share of its time that the server works. */
  readonly load: number;
  /** D: how long it stands. */
  readonly stopMs: number;
}

/**
 * For how long a stop is felt after its end: ρD of work has come meanwhile, and becomes less by 1 − ρ in each unit of time, so ρD/(1 − ρ).
 * Infinity from a load of 1 on. As a fluid: the usual line comes on top.
 *
 * @throws {@link ParameterError} if a field is not finite and at least 0.
 * @see Newell, "Applications of Queueing Theory", chapter 2, for fluid approximations.
 * @example
 * backlogMs({ load: 0.6, stopMs: 3000 }) // 4500
 */
export function backlogMs(options: StopOptions): number {
  const { load, stopMs } = checkStop("backlogMs", options);
  if (stopMs === 0 || load === 0) return 0;
  return load < 1 ? (load * stopMs) / (1 - load) : Infinity;
}

/**
 * What a request waits for a stop: ρD − (1 − ρ)x if it comes x after the server went on; 0 when the backlog is gone. One that came during the stop
 * has a negative x, and waits up to D.
 *
 * @throws {@link ParameterError} if load or stopMs is not finite and at least 0, or sinceResumeMs not finite and at least −stopMs.
 * @example
 * waitAfterStop({ load: 0.6, stopMs: 3000, sinceResumeMs: 1000 }) // 1400
 */
export function waitAfterStop(options: StopOptions & { readonly sinceResumeMs: number }): number {
  const { load, stopMs } = checkStop("waitAfterStop", options);
  const sinceResumeMs: unknown = options.sinceResumeMs;
  if (typeof sinceResumeMs !== "number" || !(sinceResumeMs >= -stopMs && sinceResumeMs < Infinity))
    refuse("waitAfterStop", "sinceResumeMs", `a finite number of at least −stopMs, ${-stopMs}`, sinceResumeMs);
  return Math.max(0, load * stopMs - (1 - load) * sinceResumeMs);
}

function checkStop(where: string, options: StopOptions): StopOptions {
  const load = checkNonNegative(where, "load", options?.load);
  return { load, stopMs: checkNonNegative(where, "stopMs", options.stopMs) };
}
