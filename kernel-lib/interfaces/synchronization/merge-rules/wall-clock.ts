import type { MergeRule } from "../merge-rule.js";

/** A version with the time that the writer's clock showed. */
export interface ClockVersion {
  /** What was written; undefined for a deletion. */
  readonly value: string | undefined;
  /** What the clock showed. */
  readonly clockMs: number;
}

/** The later time stays; of two equal ones, the device's own. */
export const wallClock: MergeRule<ClockVersion> = {
  name: "wall clock",
  write: (_before, value, { clockMs }) => ({ value, clockMs }),
  merge: (mine, theirs) => (theirs.clockMs > mine.clockMs ? theirs : mine),
};
