import type { MigrationRow } from "../migration-row.js";

const mbit = 1e6 / 8;
/** 100 Mbit/s: the rate of Clark's first round. @internal */
export const startBytesPerS = 100 * mbit;
/** 50 Mbit/s: by how much more than is written a further round may send. @internal */
export const incrementBytesPerS = 50 * mbit;
/** 500 Mbit/s: the highest rate. @internal */
export const mostBytesPerS = 500 * mbit;

/** How fast memory was written in a round, each page counted once, by the bytes that one takes. @internal */
export function dirtyBytesPerS({ dirtyPages, durationMs, sentPages, sentBytes }: MigrationRow): number {
  return durationMs > 0 && sentPages > 0 ? (dirtyPages * (sentBytes / sentPages) * 1000) / durationMs : 0;
}
