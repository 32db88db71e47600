/**
 * One stretch of a migration: a round of copying while the machine runs, the stop, or the time in which pages are fetched
 * after it. A model, a run of programs and a real machine have the same rows.
 */
export interface MigrationRow {
  /** 1, 2, …: the stop and the fetching count on. */
  readonly round: number;
  /** `running`: the machine runs at the source. `stopped`: nowhere. `fetching`: at the destination, without all its pages. */
  readonly phase: "running" | "stopped" | "fetching";
  /** Since the migration began. The first row begins after `setupMs`. */
  readonly startMs: number;
  /** Of a stop: the downtime, `resumeMs` included. */
  readonly durationMs: number;
  /** The rate that was allowed. */
  readonly bytesPerS: number;
  /** Pages sent whole; those of zeros are in the bytes only. */
  readonly sentPages: number;
  /** With headers. */
  readonly sentBytes: number;
  /** Pages that were left out, since they had been written again when their turn came. */
  readonly skippedPages: number;
  /** Distinct pages that were written. */
  readonly dirtyPages: number;
  /** How often the machine asked for a page that was not there. */
  readonly faults: number;
  /** How long it stood for that, in sum. */
  readonly blockedMs: number;
  /** The share of the machine's time that was taken from it, so that it writes less: 0 to 1. */
  readonly throttle: number;
}

/** What a row holds where nothing happened. @internal */
export const emptyRow = {
  sentPages: 0,
  sentBytes: 0,
  skippedPages: 0,
  dirtyPages: 0,
  faults: 0,
  blockedMs: 0,
  throttle: 0,
} as const;

/** What became of a migration. */
export interface Migration {
  /** In time order. */
  readonly rows: readonly MigrationRow[];
  /** Whether the machine came over, with all its pages. */
  readonly converged: boolean;
}

/** See {@link migrationTotals}. */
export interface MigrationTotals {
  /** From the beginning, `setupMs` included, to the end of the last row. */
  readonly totalMs: number;
  /** How long the machine ran nowhere. */
  readonly downtimeMs: number;
  /** All bytes. */
  readonly sentBytes: number;
  /** Rounds of copying while the machine ran. */
  readonly rounds: number;
  /** Pages that the machine had to ask for. */
  readonly faults: number;
  /** How long it waited for these, in sum. */
  readonly blockedMs: number;
}

/** The sums over a migration's rows. Of a migration that was given up, those up to then. */
export function migrationTotals(rows: readonly MigrationRow[]): MigrationTotals {
  const last = rows.at(-1);
  const sum = (of: (row: MigrationRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    totalMs: last ? last.startMs + last.durationMs : 0,
    downtimeMs: sum(({ phase, durationMs }) => (phase === "stopped" ? durationMs : 0)),
    sentBytes: sum(({ sentBytes }) => sentBytes),
    rounds: sum(({ phase }) => (phase === "running" ? 1 : 0)),
    faults: sum(({ faults }) => faults),
    blockedMs: sum(({ blockedMs }) => blockedMs),
  };
}
