import { expectedWrites } from "./expected-writes.js";
import { checkLink, type Link, type WholeLink } from "./link.js";
import { checkMemory, type Memory, type WholeMemory } from "./memory.js";
import type { MigrationRow } from "./migration-row.js";
import { type CheckedPolicy, checkPolicy, type PreCopyPolicy } from "./policy.js";

/** What can be said before a migration begins; see {@link willConverge}. */
export interface Verdict {
  /** Whether the policy will stop the machine, before `giveUpMs`. */
  readonly converges: boolean;
  /** Why, in a sentence. */
  readonly reason: string;
  /** After how many rounds it stops, or is given up; Infinity if the rounds go on for ever. */
  readonly rounds: number;
  /** How many pages are left then, or in each round in the end. */
  readonly leftPages: number;
  /** How long the machine would stand for these. */
  readonly downtimeMs: number;
  /** By how much the rate is too low; 0 if it converges, Infinity if no rate would do. */
  readonly missingBytesPerS: number;
}

/** Where the rounds have not settled after so many, they hardly shrink. */
const mostRounds = 1000;

/**
 * The verdict on a pre-copy before it runs. In each round of P pages as many are written as in the time that sending them takes, so the rounds go
 * to the fixed point of P = D(P/R), where D is the number of distinct pages written in a time and R the rate. It converges if the policy stops before,
 * for QEMU's if that point is below what the downtime limit allows.
 *
 * In the mean: neither the phase of a sweep nor that of bursts is known; that pages written again are left out is not counted.
 *
 * @throws {@link ParameterError} as {@link preCopy}.
 * @see Liu, Xu, Jin, Gong and Liao, "Performance and Energy Modeling for Live Migration of Virtual Machines", HPDC 2011, for D(t) = rt.
 */
export function willConverge(memory: Memory, link: Link, policy: PreCopyPolicy): Verdict {
  const wholeMemory = checkMemory("willConverge", memory);
  const givenLink = checkLink("willConverge", link);
  const at = (factor: number): Course => {
    const wholeLink = { ...givenLink, linkBytesPerS: givenLink.linkBytesPerS * factor };
    return courseOf(wholeMemory, wholeLink, checkPolicy("willConverge", "policy", faster(policy, factor), wholeLink));
  };
  const course = at(1);
  const { converges, rounds, leftPages, bytesPerS, downtimeMs } = course;
  const missingBytesPerS = converges ? 0 : bytesPerS * (leastFactor((factor) => at(factor).converges) - 1);
  const reason = reasonOf(course, missingBytesPerS);
  return { converges, reason, rounds, leftPages, downtimeMs, missingBytesPerS };
}

/** A migration in the mean. */
interface Course {
  readonly converges: boolean;
  readonly isTooLate: boolean;
  readonly rounds: number;
  readonly leftPages: number;
  readonly leftBytes: number;
  readonly bytesPerS: number;
  readonly downtimeMs: number;
}

function courseOf(memory: WholeMemory, link: WholeLink, policy: CheckedPolicy): Course {
  const written = expectedWrites(memory);
  const pageBytes = link.pageBytes + link.pageHeaderBytes;
  const writable = written(Infinity);
  const randomShare = shareAtRandom(memory);
  const rows: MigrationRow[] = [];
  let startMs = link.setupMs;
  let left = memory.memoryPages;
  const courseTo = (converges: boolean): Course => ({
    converges,
    isTooLate: startMs >= link.giveUpMs,
    rounds: rows.length,
    leftPages: left,
    leftBytes: left * link.pageBytes,
    bytesPerS: policy.bytesPerS(rows),
    downtimeMs: (left * pageBytes * 1000) / policy.stoppedBytesPerS(rows) + link.resumeMs,
  });
  while (rows.length < mostRounds) {
    const bytesPerS = policy.bytesPerS(rows);
    const throttle = policy.throttle(rows);
    const enough = policy.roundEndsAtBytes(bytesPerS) / link.pageBytes;
    const { sentPages, durationMs } = sending(left, enough, bytesPerS, pageBytes, policy.windowMs);
    const dirtyPages = written(durationMs * (1 - throttle));
    // One literal: put together from parts, a row took ten times as long, and a verdict makes thousands.
    rows.push({
      round: rows.length + 1,
      phase: "running",
      startMs,
      durationMs,
      bytesPerS,
      sentPages,
      sentBytes: sentPages * pageBytes,
      skippedPages: 0,
      dirtyPages,
      faults: 0,
      blockedMs: 0,
      throttle,
    });
    startMs += durationMs;
    const unsent = left - sentPages;
    const again = writable > 0 ? dirtyPages * randomShare * Math.min(1, unsent / writable) : 0;
    left = Math.min(unsent + dirtyPages - again, Math.max(unsent, writable));
    if (startMs >= link.giveUpMs) return courseTo(false);
    if (left < 0.5 || policy.stops(rows, left * link.pageBytes, policy.bytesPerS(rows))) return courseTo(true);
  }
  return { ...courseTo(false), rounds: Infinity };
}

/**
 * The share of writes in random order: these also hit pages that are still to be sent, which then are sent once. A sweep keeps its
 * distance from the scan, or the two meet in the same pages round after round.
 */
function shareAtRandom({ writers }: WholeMemory): number {
  const rate = (of: WholeMemory["writers"]): number => of.reduce((sum, { pagesPerS }) => sum + pagesPerS, 0);
  const all = rate(writers);
  return all === 0 ? 0 : rate(writers.filter(({ order }) => order === "random")) / all;
}

/** What a round sends until less than `enough` pages are left, and how long it takes; with windows, whole ones. */
function sending(left: number, enough: number, bytesPerS: number, pageBytes: number, windowMs: number) {
  const goal = Math.max(left - enough, Math.min(1, left));
  if (windowMs === 0) return { sentPages: goal, durationMs: (goal * pageBytes * 1000) / bytesPerS };
  const each = (bytesPerS * windowMs) / 1000 / pageBytes;
  const windows = Math.ceil(goal / each);
  return { sentPages: Math.min(left, windows * each), durationMs: windows * windowMs };
}

/** The policy on a faster link. */
function faster(policy: PreCopyPolicy, factor: number): PreCopyPolicy {
  if (factor === 1) return policy;
  return {
    ...policy,
    bytesPerS: (rows) => factor * policy.bytesPerS(rows),
    stoppedBytesPerS: (rows) => factor * (policy.stoppedBytesPerS ?? policy.bytesPerS)(rows),
  };
}

/** The least factor above 1 with which it would do, by doubling and halving. */
function leastFactor(isEnough: (factor: number) => boolean): number {
  let [low, high] = [1, 2];
  while (!isEnough(high)) {
    [low, high] = [high, high * 2];
    if (high > 2 ** 20) return Infinity;
  }
  while (high - low > 1e-4 * high) {
    const middle = (low + high) / 2;
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function reasonOf(course: Course, missingBytesPerS: number): string {
  const { converges, isTooLate, rounds, leftBytes, bytesPerS, downtimeMs } = course;
  const left = `${megabytes(leftBytes)} are left`;
  if (converges)
    return `after ${rounds} round${rounds === 1 ? "" : "s"}, ${left}, for which it stands ${downtimeMs.toFixed(0)} ms`;
  const missing = missingBytesPerS === Infinity ? "no rate would do" : `${megabytes(missingBytesPerS)}/s more would do`;
  const why = isTooLate
    ? `after ${rounds} rounds, when it is given up, ${left}`
    : `the rounds settle at ${megabytes(leftBytes)}, as much as is written while that is sent at ${megabytes(bytesPerS)}/s, and the policy does not stop for so much`;
  return `${why}; ${missing}`;
}
