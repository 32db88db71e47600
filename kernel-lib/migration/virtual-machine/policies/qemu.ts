import { checkNonNegative, checkPositive } from "../../../errors.js";
import type { PreCopyPolicy } from "../policy.js";

/** See {@link qemuPolicy}. */
export interface QemuPolicyOptions {
  /** QEMU's `max-bandwidth`: the rate while the machine runs. */
  readonly maxBytesPerS: number;
  /** QEMU's `downtime-limit`. 300 unless told, as there. */
  readonly downtimeLimitMs?: number;
  /** In so long, QEMU sends what the rate allows, at once. 100 unless told, as there. */
  readonly windowMs?: number;
}

/**
 * QEMU's rule: a round ends when what is left could be sent within the downtime limit; if that still holds after the log of
 * written pages has been read, the machine is stopped. The last copy goes at the link's rate, which `max-bandwidth` does not hold back.
 *
 * @throws {@link ParameterError} if maxBytesPerS is not finite and above 0, or another field not finite and at least 0.
 * @see QEMU 7.2, migration/migration.c (migration_iteration_run, migration_rate_limit) and migration/ram.c (ram_save_iterate, ram_save_pending).
 */
export function qemuPolicy(options: QemuPolicyOptions): PreCopyPolicy {
  const maxBytesPerS = checkPositive("qemuPolicy", "maxBytesPerS", options?.maxBytesPerS);
  const { downtimeLimitMs = 300, windowMs = 100 } = options;
  checkNonNegative("qemuPolicy", "downtimeLimitMs", downtimeLimitMs);
  checkNonNegative("qemuPolicy", "windowMs", windowMs);
  const allowedBytes = (bytesPerS: number): number => (bytesPerS * downtimeLimitMs) / 1000;
  return {
    bytesPerS: () => maxBytesPerS,
    stoppedBytesPerS: () => Infinity,
    roundEndsAtBytes: allowedBytes,
    stops: (_, leftBytes, bytesPerS) => leftBytes < allowedBytes(bytesPerS),
    windowMs,
  };
}
