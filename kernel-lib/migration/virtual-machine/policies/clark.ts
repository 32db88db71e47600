import type { MigrationRow } from "../migration-row.js";
import type { PreCopyPolicy } from "../policy.js";
import { dirtyBytesPerS, incrementBytesPerS, mostBytesPerS, startBytesPerS } from "./rates.js";
import { xenPolicy, xenStops } from "./xen.js";

/** The paper's rate: 100 Mbit/s in the first round, then 50 more than was written in the last, up to 500. */
function clarkBytesPerS(rows: readonly MigrationRow[]): number {
  const last = rows.at(-1);
  if (last === undefined) return startBytesPerS;
  return Math.min(Math.max(startBytesPerS, dirtyBytesPerS(last) + incrementBytesPerS), mostBytesPerS);
}

/**
 * The rules that fit the rounds that Clark et al. published: the *rate* is that of their paper, the *stop* that of Xen's program.
 * Each alone, {@link clarkPaperPolicy} and {@link xenPolicy}, does not.
 *
 * @see Clark et al., "Live Migration of Virtual Machines", NSDI 2005, §5.3 and §6; Xen's tools/libxc/xc_linux_save.c.
 */
export const clarkPolicy: PreCopyPolicy = {
  ...xenPolicy,
  bytesPerS: clarkBytesPerS,
  stops: (rows) => xenStops(rows, clarkBytesPerS(rows)),
};

/**
 * The rules as the paper tells them: the machine is stopped when the rate of the next round would be above 500 Mbit/s, or when less
 * than 256 KB are left.
 *
 * @see Clark et al., "Live Migration of Virtual Machines", NSDI 2005, §5.3.
 */
export const clarkPaperPolicy: PreCopyPolicy = {
  ...clarkPolicy,
  stops: (rows, leftBytes) => {
    const last = rows.at(-1);
    const isTooFast = last !== undefined && dirtyBytesPerS(last) + incrementBytesPerS > mostBytesPerS;
    return isTooFast || leftBytes < 256 * 1024;
  },
};
