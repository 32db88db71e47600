import { refuse } from "../../errors.js";
import type { TraceRow } from "../../world/index.js";

/**
 * Moments that lie between any two neighbouring events of a run: a crash at each of them meets every state that the run goes
 * through.
 *
 * @param rows a run's trace.
 * @returns the moments in ms, in order: the middle of each gap, and one before the first event.
 */
export function crashPoints(rows: readonly TraceRow[]): number[] {
  if (!Array.isArray(rows) || rows.length === 0) refuse("crashPoints", "rows", "the rows of a trace", rows);
  const times = new Set([0]);
  for (const row of rows) {
    times.add(row.timeMs);
    if ("endMs" in row && row.endMs !== undefined) times.add(row.endMs);
    if (row.kind === "receive" && row.arrivedMs !== undefined) times.add(row.arrivedMs);
  }
  const inOrder = [...times].sort((a, b) => a - b);
  return inOrder.slice(1).map((timeMs, i) => (timeMs + (inOrder[i] as number)) / 2);
}
