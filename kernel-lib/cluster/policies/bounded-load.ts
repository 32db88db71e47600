import { checkOptions, refuse } from "../../errors.js";
import { type DispatchPolicy, isUp, weightOf, whileSame } from "./policy.js";
import { checkVirtualNodes, pointFor, type RingOptions, ringOf } from "./ring.js";

/** See {@link boundedLoad}. */
export interface BoundedLoadOptions extends RingOptions {
  /** How far above the average a back end may go, above 1; 1.25 unless told. */
  readonly factor?: number;
}

/**
 * Consistent hashing with bounded loads: a key that would overfill its back end goes on to the next on the ring. Promises: nobody who is chosen has, with the
 * new request, more than ⌈factor · average⌉ requests, the average taken over those that are up, by weight and with the new request.
 *
 * @throws {@link ParameterError} if factor is not finite and above 1, or virtualNodes not whole and from 1 to 100,000.
 * @see Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018.
 */
export function boundedLoad(options: BoundedLoadOptions = {}): DispatchPolicy {
  checkOptions("boundedLoad", options);
  const { factor = 1.25 } = options;
  if (typeof factor !== "number" || !(factor > 1 && factor < Infinity))
    refuse("boundedLoad", "factor", "a finite number above 1", factor);
  const virtualNodes = checkVirtualNodes("boundedLoad", options);
  const ringFor = whileSame((up) => ringOf(up, virtualNodes));
  return {
    name: "bounded load",
    choose({ key = "" }, backEnds) {
      let [requests, weights] = [1, 0];
      for (const backEnd of backEnds)
        if (isUp(backEnd)) {
          requests += backEnd.active;
          weights += weightOf(backEnd);
        }
      const ring = ringFor(backEnds);
      const { length } = ring.places;
      for (let step = 0, first = pointFor(ring, key); step < length; step++) {
        const backEnd = backEnds[ring.places[(first + step) % length] as number] as (typeof backEnds)[number];
        if (backEnd.active < Math.ceil((factor * requests * weightOf(backEnd)) / weights)) return backEnd;
      }
      return undefined;
    },
  };
}
