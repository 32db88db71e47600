import type { MergeRule } from "../merge-rule.js";

/** Whatever comes replaces what is there: what a device does that copies files. */
export const lastToArrive: MergeRule<{ readonly value: string | undefined }> = {
  name: "last to arrive",
  write: (_before, value) => ({ value }),
  merge: (_mine, theirs) => theirs,
};
