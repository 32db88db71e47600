import { log } from "../../simulation/elementary-functions/index.js";
import { hash32 } from "./hash.js";
import { type DispatchPolicy, isUp, weightOf } from "./policy.js";

/**
 * Rendezvous hashing (highest random weight): each back end has a score for each key, and the highest wins. Promises: as {@link consistentHash}, and keys are shared in
 * proportion to weights as evenly as chance does; it keeps no table, but looks at every back end.
 *
 * @see Thaler and Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM Transactions on Networking 6(1), 1998.
 */
export function rendezvous(): DispatchPolicy {
  return {
    name: "rendezvous",
    choose({ key = "" }, backEnds) {
      let best: (typeof backEnds)[number] | undefined;
      let most = 0;
      for (const backEnd of backEnds) {
        if (!isUp(backEnd)) continue;
        // The smallest of exponential times of rate w comes from each in proportion to its w.
        const score = weightOf(backEnd) / -log((hash32(key, hash32(backEnd.name)) + 0.5) / 0x100000000);
        if (score > most || (score === most && best && backEnd.name < best.name)) [best, most] = [backEnd, score];
      }
      return best;
    },
  };
}
