import type { ConflictPolicy } from "../conflict-policy.js";
import { mineWins } from "./mine-wins.js";
import { theirsWins } from "./theirs-wins.js";
import { threeWayMerge } from "./three-way-merge.js";

export { mineWins, theirsWins, threeWayMerge };

/** All conflict policies. */
export const conflictPolicies: readonly ConflictPolicy[] = [mineWins, theirsWins, threeWayMerge];
