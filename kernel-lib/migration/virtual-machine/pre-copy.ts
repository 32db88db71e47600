import { checkLink, type Link } from "./link.js";
import { checkMemory, type Memory } from "./memory.js";
import type { Migration } from "./migration-row.js";
import { fixedRounds } from "./policies/fixed-rounds.js";
import { checkPolicy, type PreCopyPolicy } from "./policy.js";
import { Rounds } from "./rounds.js";

/** A migration that has not come to an end after so many rounds is given up. */
const mostRounds = 10_000;

/**
 * Copies a running machine's memory round by round, then stops it for the rest.
 *
 * The first round sends all pages, each further one those that were written meanwhile. The policy says how fast, and when it is enough.
 *
 * @returns one row a round, in time order, and whether it converged: then the last row has `phase: "stopped"`, and its
 * `durationMs` is the downtime. Otherwise it was given up, at `giveUpMs` or after 10,000 rounds, and there is no such row.
 * @throws {@link ParameterError} if a field is not what it must be, or the policy returns such a thing.
 * @see Clark, Fraser, Hand, Hansen, Jul, Limpach, Pratt and Warfield, "Live Migration of Virtual Machines", NSDI 2005.
 * @example
 * const writers = [{ pagesPerS: 4000, pages: 8192 }];
 * preCopy({ memoryPages: 65_536, writers }, { linkBytesPerS: 33.6e6 }, qemuPolicy({ maxBytesPerS: 33.6e6 })).converged // true
 */
export function preCopy(memory: Memory, link: Link, policy: PreCopyPolicy): Migration {
  const wholeLink = checkLink("preCopy", link);
  const asked = checkPolicy("preCopy", "policy", policy, wholeLink);
  const rounds = new Rounds(checkMemory("preCopy", memory), wholeLink, asked);
  const { rows } = rounds;
  while (rows.length < mostRounds) {
    rounds.round();
    if (rounds.isGivenUp) break;
    if (rounds.leftBytes === 0 || asked.stops(rows, rounds.leftBytes, asked.bytesPerS(rows))) {
      rounds.stop(asked.stoppedBytesPerS(rows));
      return { rows, converged: true };
    }
  }
  return { rows, converged: false };
}

/**
 * Stops the machine, copies all its memory, and lets it go on at the other side: the shortest migration, and the longest downtime.
 *
 * @returns one row, whose `durationMs` is the downtime; none if it was given up during the set-up.
 * @throws {@link ParameterError} if a field is not what it must be.
 */
export function stopAndCopy(memory: Memory, link: Link): Migration {
  const wholeLink = checkLink("stopAndCopy", link);
  const policy = checkPolicy("stopAndCopy", "policy", fixedRounds(1), wholeLink);
  const rounds = new Rounds(checkMemory("stopAndCopy", memory), wholeLink, policy);
  if (rounds.isGivenUp) return { rows: [], converged: false };
  rounds.stop(wholeLink.linkBytesPerS);
  return { rows: rounds.rows, converged: true };
}
