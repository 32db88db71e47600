import type { MergeRule } from "../merge-rule.js";

/** A version with its number and its writer. */
export interface CountedVersion {
  /** What was written; undefined for a deletion. */
  readonly value: string | undefined;
  /** One more than that of the version that the writer saw. */
  readonly counter: number;
  /** Who wrote it. */
  readonly by: string;
}

/**
 * The higher number stays; of two equal ones, the one whose writer's name comes later. A write counts on from what its writer saw, so
 * it beats that on every device. A deletion is a version too: a tombstone.
 *
 * @see Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", CACM 21(7), 1978.
 */
export const lamportClock: MergeRule<CountedVersion> = {
  name: "Lamport clock, then name",
  write: (before, value, { device }) => ({ value, counter: (before?.counter ?? 0) + 1, by: device }),
  merge: (mine, theirs) =>
    theirs.counter > mine.counter || (theirs.counter === mine.counter && theirs.by > mine.by) ? theirs : mine,
};
