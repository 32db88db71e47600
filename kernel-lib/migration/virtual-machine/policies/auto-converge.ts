import { checkShare } from "../../../errors.js";
import type { MigrationRow } from "../migration-row.js";
import { checkPolicyFields, type PreCopyPolicy } from "../policy.js";

/** See {@link autoConverge}; all are shares, from 0 to 1, and QEMU's unless told. */
export interface AutoConvergeOptions {
  /** A round counts if more than this share of what it sent was written meanwhile: 0.5. */
  readonly trigger?: number;
  /** What is taken from the machine after two such rounds: 0.2. */
  readonly initial?: number;
  /** What is added after each two more: 0.1. */
  readonly increment?: number;
  /** The most that is taken: 0.99. */
  readonly max?: number;
}

/**
 * A policy that slows the machine down when it writes too fast, more and more, so that the migration comes to an end. QEMU looks at this when it
 * reads the log of written pages, here after each round; its seconds are not to be expected.
 *
 * @throws {@link ParameterError} if the policy is none, or an option not from 0 to 1.
 * @see QEMU, migration/ram.c (migration_trigger_throttle), and qapi/migration.json, `throttle-trigger-threshold` and `cpu-throttle-…`.
 */
export function autoConverge(policy: PreCopyPolicy, options: AutoConvergeOptions = {}): PreCopyPolicy {
  checkPolicyFields("autoConverge", "policy", policy);
  const { trigger = 0.5, initial = 0.2, increment = 0.1, max = 0.99 } = options;
  for (const [name, value] of Object.entries({ trigger, initial, increment, max }))
    checkShare("autoConverge", name, value);
  const isTooMuch = ({ dirtyPages, sentPages }: MigrationRow): boolean => dirtyPages > trigger * sentPages;
  return {
    ...policy,
    throttle: (rows) => {
      const steps = Math.floor(rows.filter(isTooMuch).length / 2);
      return steps === 0 ? 0 : Math.min(initial + (steps - 1) * increment, max);
    },
  };
}
