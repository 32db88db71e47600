import { checkNonNegative, checkPositive, ParameterError, refuse } from "../errors.js";

/** The latest time and the longest wait, some 30,000 years: sums of such times are finite still. */
export const maxTimeMs = 1e15;

/** A time or a span of time: a number from 0 to {@link maxTimeMs}, else a {@link ParameterError}. */
export function checkTimeMs(where: string, field: string, value: unknown): number {
  const timeMs = checkNonNegative(where, field, value);
  if (timeMs > maxTimeMs) refuse(where, field, "at most 1e15 ms", value);
  return timeMs;
}

/** The same, but above 0. */
export function checkSpanMs(where: string, field: string, value: unknown): number {
  return checkTimeMs(where, field, checkPositive(where, field, value));
}

const timeout = ["timeoutMs"];

/** The `timeoutMs` of an operation's options, if there is one, else a {@link ParameterError}. */
export function checkTimeout(where: string, options: unknown): number | undefined {
  if (options === undefined) return undefined;
  checkFields(where, options, timeout);
  const { timeoutMs } = options as { timeoutMs?: number };
  return timeoutMs === undefined ? undefined : checkSpanMs(where, "timeoutMs", timeoutMs);
}

/** Options with none but the known fields, else a {@link ParameterError}. */
export function checkFields(where: string, options: unknown, known: readonly string[]): void {
  if (!isRecord(options)) refuse(where, "options", `an object with ${known.join(", ")}, or left out`, options);
  rejectUnknownFields(where, "", options, known);
}

/** A signal or none, else a {@link ParameterError}; one of another realm too. */
export function checkSignal(where: string, signal: unknown): void {
  if (signal === undefined) return;
  const { aborted, addEventListener } = (signal ?? {}) as { aborted?: unknown; addEventListener?: unknown };
  if (typeof aborted !== "boolean" || typeof addEventListener !== "function") {
    refuse(where, "signal", "an AbortSignal", signal);
  }
}

/** An object with fields. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Throws a {@link ParameterError} for a field that is none of those known. */
export function rejectUnknownFields(where: string, path: string, value: object, known: readonly string[]): void {
  // Not by Object.keys: operations that are called a million times check their options so.
  for (const field in value) {
    if (!known.includes(field)) {
      throw new ParameterError(`${where}: ${path}${field} is not a field here; there are ${known.join(", ")}`);
    }
  }
}
