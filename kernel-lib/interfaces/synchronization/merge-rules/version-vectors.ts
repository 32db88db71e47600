import type { MergeRule } from "../merge-rule.js";

/** By device, how many of its writes are in a version's past, its own included. */
export type VersionVector = Readonly<Record<string, number>>;

/** Values of which nobody saw another when writing: usually one, several if they are in conflict. */
export type Siblings = readonly {
  /** What was written; undefined for a deletion. */
  readonly value: string | undefined;
  /** What its writer had seen, and the write itself. */
  readonly vector: VersionVector;
}[];

/**
 * What nobody has overwritten stays, all of it: writes of which none saw the other are both kept, and shown as a conflict, until somebody who has seen
 * both writes again.
 *
 * @see Parker et al., "Detection of Mutual Inconsistency in Distributed Systems", IEEE TSE 9(3), 1983.
 */
export const versionVectors: MergeRule<Siblings> = {
  name: "version vectors",
  write: (before = [], value, { device }) => {
    const seen: Record<string, number> = {};
    for (const { vector } of before)
      for (const [name, count] of Object.entries(vector)) seen[name] = Math.max(seen[name] ?? 0, count);
    return [{ value, vector: { ...seen, [device]: (seen[device] ?? 0) + 1 } }];
  },
  merge: (mine, theirs) => {
    const news = theirs.filter(({ vector }) => !mine.some((own) => contains(own.vector, vector)));
    const kept = mine.filter(({ vector }) => !news.some((other) => contains(other.vector, vector)));
    // In one order everywhere, whoever was first.
    return [...kept, ...news].sort((a, b) => (textOf(a.vector) < textOf(b.vector) ? -1 : 1));
  },
  values: (siblings) => siblings.flatMap(({ value }) => (value === undefined ? [] : [value])),
};

/** Whether all that is in the past of `past` is in that of `vector`. */
function contains(vector: VersionVector, past: VersionVector): boolean {
  return Object.entries(past).every(([device, count]) => count <= (vector[device] ?? 0));
}

const textOf = (vector: VersionVector): string =>
  JSON.stringify(Object.entries(vector).sort(([a], [b]) => (a < b ? -1 : 1)));
