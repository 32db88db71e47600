import { checkOptions } from "../../errors.js";
import { type DispatchPolicy, whileSame } from "./policy.js";
import { checkVirtualNodes, pointFor, type RingOptions, ringOf } from "./ring.js";

/**
 * Consistent hashing: keys and back ends are points of a ring, and a key belongs to the next back end on it. Promises: a key's back end depends on the set of back
 * ends alone, not on their order or the past; one that leaves moves its own keys only, one that comes takes keys and moves no others.
 *
 * @throws {@link ParameterError} if virtualNodes is not whole and from 1 to 100,000.
 * @see Karger et al., "Consistent Hashing and Random Trees", STOC 1997.
 */
export function consistentHash(options: RingOptions = {}): DispatchPolicy {
  checkOptions("consistentHash", options);
  const virtualNodes = checkVirtualNodes("consistentHash", options);
  const ringFor = whileSame((up) => ringOf(up, virtualNodes));
  return {
    name: "consistent hash",
    choose({ key = "" }, backEnds) {
      const ring = ringFor(backEnds);
      const place = ring.places[pointFor(ring, key)];
      return place === undefined ? undefined : backEnds[place];
    },
  };
}
