import { checkPositive, checkWhole, refuse } from "../../errors.js";
import { Fetching } from "./fetching.js";
import { checkLink, type Link } from "./link.js";
import { checkMemory, type Memory } from "./memory.js";
import type { Migration } from "./migration-row.js";
import { fixedRounds } from "./policies/fixed-rounds.js";
import { checkPolicy, type PreCopyPolicy } from "./policy.js";
import { pushOrders } from "./push-order.js";
import { Rounds } from "./rounds.js";

/** See {@link postCopy}. */
export interface PostCopyOptions extends Link {
  /**
   * What the source sends without being asked. `none`: nothing. `ascending`: all pages by address. `after the fault`: onwards from the page that
   * was asked for last, as QEMU. `around the fault`: from there upwards and downwards by turns (Hines and Gopalan's bubbling with one pivot). `ascending` unless told.
   */
  readonly push?: "none" | "ascending" | "after the fault" | "around the fault";
  /** The rate of pushing; pages that were asked for count, too, but don't wait for it. The link's unless told. */
  readonly pushBytesPerS?: number;
  /** Rounds of pre-copy before the machine stops (hybrid). None unless told. */
  readonly before?: {
    /** How many, whatever `policy.stops` says. */
    readonly rounds: number;
    /** Its rate, its window, and when its rounds end. */
    readonly policy: PreCopyPolicy;
  };
}

/**
 * Stops the machine, lets it go on at the other side at once, and sends its pages afterwards: each page once. What the machine
 * writes before it is there, it waits for. (A machine also reads; here a page is asked for when it is written.)
 *
 * The machine has one processor: while it waits for a page, all of it stands. A page that was asked for goes before those that are pushed.
 * With `before`, rounds of pre-copy come first, and only what was written in the last of them is sent afterwards.
 *
 * @returns the rows of `before`; then one with `phase: "stopped"`, whose `durationMs` is the downtime, and one with `phase: "fetching"`.
 * It converged if all pages came. Without pushing, what nobody asks for never does: the sum of `sentPages` is less than
 * `memoryPages`, and the last row ends at `giveUpMs` or, if that is Infinity, with the last page that was asked for.
 * @throws {@link ParameterError} if a field is not what it must be.
 * @see Hines and Gopalan, "Post-Copy Based Live Virtual Machine Migration Using Adaptive Pre-Paging and Dynamic Self-Ballooning", VEE 2009.
 */
export function postCopy(memory: Memory, options: PostCopyOptions): Migration {
  const wholeMemory = checkMemory("postCopy", memory);
  const link = checkLink("postCopy", options);
  const { push = "ascending", before, pushBytesPerS = link.linkBytesPerS } = options;
  const choices = Object.keys(pushOrders);
  if (!choices.includes(push)) refuse("postCopy", "push", choices.map((each) => `"${each}"`).join(" or "), push);
  checkPositive("postCopy", "pushBytesPerS", pushBytesPerS);
  if (before !== undefined && (typeof before !== "object" || before === null))
    refuse("postCopy", "before", "an object", before);
  const rounds = before === undefined ? 0 : checkWhole("postCopy", "before.rounds", before.rounds);
  const policy = before === undefined ? fixedRounds(1) : before.policy;
  const run = new Rounds(wholeMemory, link, checkPolicy("postCopy", "before.policy", policy, link));
  for (let round = 1; round <= rounds && !run.isGivenUp; round++) run.round();
  if (run.isGivenUp) return { rows: run.rows, converged: false };
  run.resumeWithout(link.linkBytesPerS);
  const { row, isComplete } = new Fetching(run, {
    ...link,
    order: pushOrders[push]?.(wholeMemory.memoryPages),
    pushBytesPerS: Math.min(pushBytesPerS, link.linkBytesPerS),
  }).run();
  return { rows: [...run.rows, row], converged: isComplete };
}
