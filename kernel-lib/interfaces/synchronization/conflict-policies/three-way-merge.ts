import type { ConflictPolicy } from "../conflict-policy.js";
import { sameValue } from "../entry-value.js";

const between = " or ";

/**
 * Field by field, whoever has changed it wins; where both have, both texts stay (`9:00 or 10:00`), for a person to choose. An entry that one side
 * deleted and the other did not touch is deleted; if the other edited it, it stays.
 */
export const threeWayMerge: ConflictPolicy = {
  name: "three-way merge",
  resolve: (base, mine, theirs) => {
    if (mine === null) return sameValue(theirs, base) ? null : theirs;
    if (theirs === null) return sameValue(mine, base) ? null : mine;
    const fields = new Set([...Object.keys(mine), ...Object.keys(theirs)]);
    const merged = [...fields].map((field) => [field, mergedText(base?.[field], mine[field], theirs[field])] as const);
    return Object.fromEntries(merged.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
  },
};

function mergedText(
  base: string | undefined,
  mine: string | undefined,
  theirs: string | undefined,
): string | undefined {
  if (mine === base || mine === theirs) return theirs;
  if (theirs === base || theirs === undefined) return mine;
  if (mine === undefined) return theirs;
  return [...new Set([...mine.split(between), ...theirs.split(between)])].sort().join(between);
}
