import { checkPositive, refuse } from "../../errors.js";

/** See {@link backOff}. */
export interface BackOffOptions {
  /** How long the first pause is. */
  readonly firstMs: number;
  /** By what each pause is longer than the one before; 2 unless told. */
  readonly factor?: number;
  /** No pause is longer; without bound unless told. */
  readonly mostMs?: number;
  /**
   * What chance makes of a pause: `none` leaves it; `full` takes any length from 0 to it; `equal` from half of it to it. `full` unless told:
   * clients that were turned away at the same moment must not come back at the same moment.
   */
  readonly jitter?: "none" | "full" | "equal";
}

/** How long to wait before the try after `failures` tries that failed (at least 1), with a source of numbers in [0, 1). */
export type BackOff = (failures: number, random: () => number) => number;

/**
 * Pauses that grow by a factor.
 *
 * @throws {@link ParameterError} if a time is not finite and above 0, factor is not at least 1, or jitter is unknown.
 * @see Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015, for the kinds of jitter.
 */
export function backOff(options: BackOffOptions): BackOff {
  const firstMs = checkPositive("backOff", "firstMs", options?.firstMs);
  const { factor = 2, mostMs = Number.MAX_VALUE, jitter = "full" } = options;
  if (!(checkPositive("backOff", "factor", factor) >= 1)) refuse("backOff", "factor", "at least 1", factor);
  checkPositive("backOff", "mostMs", mostMs);
  if (!["none", "full", "equal"].includes(jitter)) refuse("backOff", "jitter", '"none", "full" or "equal"', jitter);
  return (failures, random) => {
    let pauseMs = firstMs;
    for (let i = 1; i < failures && pauseMs < mostMs; i++) pauseMs *= factor;
    pauseMs = Math.min(mostMs, pauseMs);
    if (jitter === "none") return pauseMs;
    return jitter === "full" ? pauseMs * random() : (pauseMs * (1 + random())) / 2;
  };
}
