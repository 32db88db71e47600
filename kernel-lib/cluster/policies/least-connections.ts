import { type DispatchPolicy, leastLoaded } from "./policy.js";

/**
 * The back end with the fewest requests for its weight (join the shortest queue); equals take turns. Promises: none is chosen while
 * another is seen with less. With views that are out of date all go to the same few, the herd: then it is worse than chance.
 */
export function leastConnections(): DispatchPolicy {
  let next = 0;
  return {
    name: "least connections",
    choose(_request, backEnds) {
      const best = leastLoaded(backEnds, next);
      if (best) next = backEnds.indexOf(best) + 1;
      return best;
    },
  };
}
