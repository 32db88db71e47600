import { type DispatchPolicy, isUp, weightOf } from "./policy.js";

/**
 * Smooth weighted round robin: each in proportion to its weight, and no back end in a burst. Promises: of as many requests as the sum of whole weights each
 * gets its weight; 5, 1, 1 are served a a b a c a a. A back end of weight 0 gets nothing.
 *
 * @see The policy of nginx: each turn adds every weight to its back end's credit; who has most is chosen and pays the sum of all.
 */
export function weighted(): DispatchPolicy {
  const credits = new Map<string, number>();
  return {
    name: "weighted",
    choose(_request, backEnds) {
      let sum = 0;
      let best: (typeof backEnds)[number] | undefined;
      let most = Number.NEGATIVE_INFINITY;
      for (const backEnd of backEnds) {
        const weight = weightOf(backEnd);
        if (!isUp(backEnd) || !(weight > 0)) {
          // Who comes back begins anew: an old debt would keep it idle.
          credits.delete(backEnd.name);
          continue;
        }
        const credit = (credits.get(backEnd.name) ?? 0) + weight;
        credits.set(backEnd.name, credit);
        sum += weight;
        if (credit > most) [best, most] = [backEnd, credit];
      }
      if (best) credits.set(best.name, most - sum);
      return best;
    },
  };
}
