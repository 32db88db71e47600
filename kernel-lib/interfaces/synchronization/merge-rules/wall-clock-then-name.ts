import type { MergeRule } from "../merge-rule.js";
import type { ClockVersion } from "./wall-clock.js";

/** A version with the writer's clock and name. */
export interface NamedClockVersion extends ClockVersion {
  /** Who wrote it. */
  readonly by: string;
}

/** The later time stays; of two equal ones, the one whose writer's name comes later in the alphabet. */
export const wallClockThenName: MergeRule<NamedClockVersion> = {
  name: "wall clock, then name",
  write: (_before, value, { clockMs, device }) => ({ value, clockMs, by: device }),
  merge: (mine, theirs) =>
    theirs.clockMs > mine.clockMs || (theirs.clockMs === mine.clockMs && theirs.by > mine.by) ? theirs : mine,
};
