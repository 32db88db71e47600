import { checkNonNegative, checkPositive, checkWhole, refuse } from "../errors.js";
import { expm1, log, pow } from "../simulation/elementary-functions/index.js";

/** A memory that is written at a constant rate, never the same page twice in a round. */
export interface PreCopySeriesOptions {
  /** V: what the first round sends. */
  readonly memoryBytes: number;
  /** D: how many bytes of pages are written a second. */
  readonly dirtyBytesPerS: number;
  /** R: how many are sent. */
  readonly linkBytesPerS: number;
  /** The machine is stopped when a round would send no more than this. */
  readonly thresholdBytes: number;
  /** From the last byte to the machine's first instruction on the other side. 0 unless told. */
  readonly resumeMs?: number;
}

/** See {@link preCopySeries}. */
export interface PreCopySeries {
  /** n: rounds while the machine runs; Infinity if they don't shrink. */
  readonly rounds: number;
  /** What all rounds and the last copy send. */
  readonly sentBytes: number;
  /** From the first byte to the last. */
  readonly totalMs: number;
  /** Of the last copy, and `resumeMs`. */
  readonly downtimeMs: number;
}

/**
 * Pre-copy as a geometric series: with λ = D/R, round i sends Vλⁱ (i = 0, 1, …) and lasts Vλⁱ/R. It takes n = ⌈log_λ(threshold/V)⌉ rounds
 * until what is left is at most the threshold; in all (V/R)(1 − λⁿ⁺¹)/(1 − λ), of which the machine stands Vλⁿ/R.
 *
 * @throws {@link ParameterError} if memoryBytes, linkBytesPerS or thresholdBytes is not finite and above 0, or another field not at least 0.
 * @see Liu, Xu, Jin, Gong and Liao, "Performance and Energy Modeling for Live Migration of Virtual Machines", HPDC 2011.
 * @example
 * preCopySeries({ memoryBytes: 512e6, dirtyBytesPerS: 25e6, linkBytesPerS: 50e6, thresholdBytes: 1e6 }).rounds // 9
 */
export function preCopySeries(options: PreCopySeriesOptions): PreCopySeries {
  const memoryBytes = checkPositive("preCopySeries", "memoryBytes", options?.memoryBytes);
  const dirtyBytesPerS = checkNonNegative("preCopySeries", "dirtyBytesPerS", options.dirtyBytesPerS);
  const linkBytesPerS = checkPositive("preCopySeries", "linkBytesPerS", options.linkBytesPerS);
  const thresholdBytes = checkPositive("preCopySeries", "thresholdBytes", options.thresholdBytes);
  const { resumeMs: resume = 0 } = options;
  const resumeMs = checkNonNegative("preCopySeries", "resumeMs", resume);
  const ratio = dirtyBytesPerS / linkBytesPerS;
  const rounds = roundsUntil(thresholdBytes / memoryBytes, ratio);
  if (rounds === Infinity)
    return {
      rounds,
      sentBytes: Infinity,
      totalMs: Infinity,
      downtimeMs: (memoryBytes * 1000) / linkBytesPerS + resumeMs,
    };
  // Without a round, the whole memory is the last copy.
  const sentBytes = rounds === 0 ? memoryBytes : (memoryBytes * (1 - pow(ratio, rounds + 1))) / (1 - ratio);
  const msPerByte = 1000 / linkBytesPerS;
  return {
    rounds,
    sentBytes,
    totalMs: sentBytes * msPerByte,
    downtimeMs: memoryBytes * pow(ratio, rounds) * msPerByte + resumeMs,
  };
}

function roundsUntil(share: number, ratio: number): number {
  if (share >= 1) return 0;
  if (ratio >= 1) return Infinity;
  return ratio === 0 ? 1 : Math.ceil(log(share) / log(ratio) - 1e-9);
}

/** Writes to pages that are drawn at random. */
export interface DistinctPagesOptions {
  /** r: writes a second. */
  readonly pagesPerS: number;
  /** W: how many pages they go to. */
  readonly pages: number;
  /** T. */
  readonly durationMs: number;
}

/**
 * How many distinct pages are written in a time, in the mean: W(1 − e^(−rT/W)).
 *
 * @throws {@link ParameterError} if pages is not whole and at least 1, or another field not finite and at least 0.
 * @see Feller, "An Introduction to Probability Theory and Its Applications", vol. 1, IV.2, on occupancy; with e in place of (1 − 1/W)^W.
 * @example
 * distinctPages({ pagesPerS: 1000, pages: 1000, durationMs: 1000 }) // 632.1
 */
export function distinctPages(options: DistinctPagesOptions): number {
  const pagesPerS = checkNonNegative("distinctPages", "pagesPerS", options?.pagesPerS);
  const pages = checkWhole("distinctPages", "pages", options.pages, 1);
  const durationMs = checkNonNegative("distinctPages", "durationMs", options.durationMs);
  return -pages * expm1((-pagesPerS * durationMs) / 1000 / pages);
}

/** See {@link preCopyBounds}. */
export interface PreCopyBoundsOptions {
  /** V. */
  readonly memoryBytes: number;
  /** R. */
  readonly linkBytesPerS: number;
  /** 4,096 unless told. */
  readonly pageBytes?: number;
}

/** See {@link preCopyBounds}. */
export interface PreCopyBounds {
  /** V/R: nothing is written. */
  readonly leastTotalMs: number;
  /** (5V − 1 page)/R. */
  readonly mostTotalMs: number;
  /** V/R: all is written in the last round. */
  readonly mostDowntimeMs: number;
}

/**
 * Between what times any pre-copy by Xen's rules lies, whatever the machine writes: the rounds end once more than three times the memory has
 * been sent, that is after at most 4V less a page, and the last copy sends at most V. Without the time for setting up and resuming.
 *
 * @throws {@link ParameterError} if memoryBytes or linkBytesPerS is not finite and above 0, or pageBytes not whole and from 1 to memoryBytes.
 * @see Akoush, Sohan, Rice, Moore and Hopper, "Predicting the Performance of Virtual Machine Migration", MASCOTS 2010.
 */
export function preCopyBounds(options: PreCopyBoundsOptions): PreCopyBounds {
  const memoryBytes = checkPositive("preCopyBounds", "memoryBytes", options?.memoryBytes);
  const linkBytesPerS = checkPositive("preCopyBounds", "linkBytesPerS", options.linkBytesPerS);
  const { pageBytes: told = 4096 } = options;
  const pageBytes = checkWhole("preCopyBounds", "pageBytes", told, 1);
  if (pageBytes > memoryBytes) refuse("preCopyBounds", "pageBytes", `at most memoryBytes, ${memoryBytes}`, pageBytes);
  const onceMs = (memoryBytes * 1000) / linkBytesPerS;
  return {
    leastTotalMs: onceMs,
    mostTotalMs: ((5 * memoryBytes - pageBytes) * 1000) / linkBytesPerS,
    mostDowntimeMs: onceMs,
  };
}
