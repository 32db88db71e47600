import { checkWhole } from "../../errors.js";

/** What a machine may use of its host. A module that asks for more at its start is refused; one that asks later gets what the specification provides for it: `memory.grow` gives −1, a call too deep traps. */
export interface MachineLimits {
  /** Pages of memory, 64 KiB each; 1,024 if left out, at most 16,384. */
  readonly memoryPages?: number;
  /** Entries of the table; 65,536 if left out. */
  readonly tableEntries?: number;
  /** Calls inside each other; 10,000 if left out. */
  readonly frames?: number;
  /** Values on the stack, locals counted; 262,144 if left out. */
  readonly stackValues?: number;
}

/** Limits with every field set. */
export type AllLimits = { readonly [field in keyof MachineLimits]-?: number };

const defaults: AllLimits = { memoryPages: 1024, tableEntries: 65_536, frames: 10_000, stackValues: 262_144 };
const most: AllLimits = { memoryPages: 16_384, tableEntries: 10_000_000, frames: 1_000_000, stackValues: 16_777_216 };

/** Checks limits and fills in what was left out. */
export function allLimits(where: string, limits: MachineLimits = {}): AllLimits {
  const all = { ...defaults };
  for (const field of Object.keys(defaults) as (keyof MachineLimits)[])
    if (limits[field] !== undefined) all[field] = checkWhole(where, `limits.${field}`, limits[field], 0, most[field]);
  return all;
}
