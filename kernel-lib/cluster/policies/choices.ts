import { checkWhole } from "../../errors.js";
import type { RandomSource } from "../../simulation/index.js";
import { type BackEnd, checkSource, type DispatchPolicy, isUp, leastLoaded } from "./policy.js";

/**
 * The least loaded of `d` back ends that are drawn at random, all different; 1 is chance alone. Promises: it looks at `d` views only, and with 2 the
 * longest of n lines grows as log log n; views that are out of date hurt it far less than {@link leastConnections}.
 *
 * @param source random numbers: a named stream in a model, `host.random` in a program.
 * @throws {@link ParameterError} if d is not whole and at least 1, or source is no function.
 * @see Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12, 2001; {@link supermarket}.
 */
export function choices(d: number, source: RandomSource): DispatchPolicy {
  checkWhole("choices", "d", d, 1);
  checkSource("choices", source);
  return {
    name: d === 1 ? "random" : `${d} choices`,
    choose(_request, backEnds) {
      return leastLoaded(someOf(d, backEnds, source));
    },
  };
}

/** `d` back ends that are up, drawn without replacement; all of them if there are no more. @internal */
export function someOf<B extends BackEnd>(d: number, backEnds: readonly B[], source: RandomSource): B[] {
  const drawn: B[] = [];
  // Most are up and few are drawn, so drawing again is quicker than a list of those that are up.
  for (let tries = 0; tries < 4 * d && 2 * d <= backEnds.length; tries++) {
    const backEnd = backEnds[Math.floor(source() * backEnds.length)] as B;
    if (isUp(backEnd) && !drawn.includes(backEnd) && drawn.push(backEnd) === d) return drawn;
  }
  const left = backEnds.filter((backEnd) => isUp(backEnd) && !drawn.includes(backEnd));
  while (drawn.length < d && left.length > 0) drawn.push(...left.splice(Math.floor(source() * left.length), 1));
  return drawn;
}
