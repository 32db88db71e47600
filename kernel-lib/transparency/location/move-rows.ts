import type { TraceRow } from "../../world/index.js";

/** What location costs in a run, counted in its rows. A type, not an interface, so that it is a row of a table. */
export type LocationCosts = {
  /** How often clients asked the home. */
  readonly lookUps: number;
  /** How often a site passed a call on. */
  readonly passedOn: number;
  /** How often a site told a client where the service has gone. */
  readonly referred: number;
  /** How often a client tried at a site that did not answer or did not know. */
  readonly failedTries: number;
  /** How many calls were executed, anywhere. */
  readonly executed: number;
};

/** Counts what the rows of {@link tracking} and {@link movableService} tell. */
export function locationCosts(rows: readonly TraceRow[]): LocationCosts {
  const count = (event: string): number => rows.filter((row) => row.kind === "log" && row.event === event).length;
  return {
    lookUps: count("look-up"),
    passedOn: count("passed on"),
    referred: count("referred"),
    failedTries: count("failed try"),
    executed: count("executed"),
  };
}

/**
 * The sites that would execute a call at the end of a run: those that began to hold the service, and since have neither left it nor crashed.
 * In the order in which they began.
 */
export function holdersOf(rows: readonly TraceRow[]): string[] {
  const holders = new Set<string>();
  for (const row of rows) {
    const ends = (row.kind === "log" && row.event === "left") || (row.kind === "fault" && row.fault === "crash");
    if (ends) holders.delete(row.host);
    else if (row.kind === "log" && row.event === "holds") holders.add(row.host);
  }
  return [...holders];
}
