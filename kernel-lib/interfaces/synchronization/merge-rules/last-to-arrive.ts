import type { MergeRule } from "../merge-rule.js";

/** A version with nothing beside it. */
export interface BareVersion {
  /** What was written; undefined for a deletion. */
  readonly value: string | undefined;
}

/** Whatever comes replaces what is there: what a device does that copies files. */
export const lastToArrive: MergeRule<BareVersion> = {
  name: "last to arrive",
  write: (_before, value) => ({ value }),
  merge: (_mine, theirs) => theirs,
};
