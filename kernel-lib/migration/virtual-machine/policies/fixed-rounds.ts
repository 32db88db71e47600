import { checkWhole } from "../../../errors.js";
import type { PreCopyPolicy } from "../policy.js";

/**
 * So many rounds at the link's rate, whatever was written.
 *
 * @throws {@link ParameterError} if n is not whole and at least 1.
 */
export function fixedRounds(n: number): PreCopyPolicy {
  checkWhole("fixedRounds", "n", n, 1);
  return { bytesPerS: () => Infinity, stops: (rows) => rows.length >= n };
}
