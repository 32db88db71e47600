import { checkNonNegative, checkPositive, refuse } from "../errors.js";
import type { LoadRow } from "./open-loop.js";

/** See {@link summarize}. Times are of answered requests; `NaN` where there is none. */
export interface LoadSummary {
  /** All requests. */
  readonly requests: number;
  /** Those that got an answer. */
  readonly answered: number;
  /** Turned away with `"busy"`, refused, reset or left without an answer. */
  readonly turnedAway: number;
  /** Left because no answer came in time. */
  readonly timedOut: number;
  /** The mean response time of those answered. */
  readonly meanMs: number;
  /** The smallest time that at least half of the answers do not exceed. */
  readonly medianMs: number;
  /** The longest response time of those answered. */
  readonly maxMs: number;
  /** Answers per second, from the first arrival to the last moment anybody waited. */
  readonly answeredPerS: number;
}

/**
 * What became of a load, in one record.
 *
 * @throws {@link ParameterError} if there are no rows.
 */
export function summarize(rows: readonly LoadRow[]): LoadSummary {
  if (!Array.isArray(rows) || rows.length === 0) refuse("summarize", "rows", "at least one row", rows);
  const times = rows
    .filter(({ outcome }) => outcome === "answered")
    .map(({ responseMs }) => responseMs)
    .sort((a, b) => a - b);
  const timedOut = rows.filter(({ outcome }) => outcome === "timed out").length;
  const firstMs = Math.min(...rows.map(({ arrivalMs }) => arrivalMs));
  const lastMs = Math.max(...rows.map(({ arrivalMs, responseMs }) => arrivalMs + responseMs));
  return {
    requests: rows.length,
    answered: times.length,
    turnedAway: rows.length - times.length - timedOut,
    timedOut,
    meanMs: times.reduce((sum, ms) => sum + ms, 0) / times.length,
    medianMs: times[Math.ceil(times.length / 2) - 1] ?? Number.NaN,
    maxMs: times[times.length - 1] ?? Number.NaN,
    answeredPerS: (1000 * times.length) / (lastMs - firstMs),
  };
}

/**
 * Jain's fairness index, (Σx)² / (n·Σx²): 1 if all shares are equal, 1/n if one has everything.
 *
 * @throws {@link ParameterError} if there is no share, one is not finite and at least 0, or all are 0.
 * @see Jain, Chiu and Hawe, "A Quantitative Measure of Fairness and Discrimination", DEC-TR-301, 1984.
 */
export function jainIndex(shares: readonly number[]): number {
  if (!Array.isArray(shares) || shares.length === 0) refuse("jainIndex", "shares", "at least one number", shares);
  shares.forEach((share, i) => void checkNonNegative("jainIndex", `shares[${i}]`, share));
  const sum = checkPositive(
    "jainIndex",
    "the sum of shares",
    shares.reduce((total, share) => total + share, 0),
  );
  return (sum * sum) / (shares.length * shares.reduce((total, share) => total + share * share, 0));
}
