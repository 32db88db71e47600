import type { MigrationRow } from "../migration-row.js";
import type { PreCopyPolicy } from "../policy.js";
import { dirtyBytesPerS, incrementBytesPerS, mostBytesPerS, startBytesPerS } from "./rates.js";

/**
 * Xen's rules as its program has them. The rate rises when pages are written faster than it, to 50 Mbit/s above that, and never falls. The
 * machine is stopped when, at the highest rate, a round sent more than the one before; when fewer than 50 pages were written anew; after 29
 * rounds; or when three times the memory was sent. Memory is gone through in an order that mixes neighbours, in batches of 1,024 pages; a page
 * that was written again is left out.
 *
 * @see Xen 2.0 and 3.0, tools/libxc/xc_linux_save.c.
 */
export const xenPolicy: PreCopyPolicy = {
  bytesPerS: xenBytesPerS,
  stoppedBytesPerS: () => mostBytesPerS,
  stops: (rows) => xenStops(rows, xenBytesPerS(rows)),
  skipRewritten: true,
  scan: "permuted",
  batchPages: 1024,
};

function xenBytesPerS(rows: readonly MigrationRow[]): number {
  return rows.reduce((bytesPerS, row) => {
    const dirty = dirtyBytesPerS(row);
    return dirty > bytesPerS ? Math.min(dirty + incrementBytesPerS, mostBytesPerS) : bytesPerS;
  }, startBytesPerS);
}

/** When Xen's program stops the machine, given the rate of a further round. @internal */
export function xenStops(rows: readonly MigrationRow[], bytesPerS: number): boolean {
  const [first, before, last] = [rows[0], rows.at(-2), rows.at(-1)];
  if (first === undefined || last === undefined) return false;
  const sentPages = rows.reduce((sum, row) => sum + row.sentPages, 0);
  return (
    (before !== undefined && last.sentPages > before.sentPages && bytesPerS >= mostBytesPerS) ||
    last.sentPages + last.skippedPages < 50 ||
    rows.length >= 29 ||
    // The program says "more than", as no round of a real memory sends quite all of it. For one that does, Akoush's bound needs this.
    sentPages >= 3 * (first.sentPages + first.skippedPages)
  );
}
