import { type DispatchPolicy, isUp } from "./policy.js";

/** One after the other, whatever they have to do. Promises: of k·n requests each of n back ends gets k, while none comes or goes. */
export function roundRobin(): DispatchPolicy {
  let next = 0;
  return {
    name: "round robin",
    choose(_request, backEnds) {
      for (let i = 0; i < backEnds.length; i++) {
        const backEnd = backEnds[next++ % backEnds.length];
        if (backEnd && isUp(backEnd)) return backEnd;
      }
      return undefined;
    },
  };
}
