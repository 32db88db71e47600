import { checkOptions, checkPositive, refuse } from "../../errors.js";
import { type BackEnd, type DispatchPolicy, isUp, leastLoaded } from "./policy.js";

/** See {@link lard}. */
export interface LardOptions {
  /** A back end with fewer requests has time for more; 25 unless told. */
  readonly low?: number;
  /** A back end with more is overloaded, above `low`; 65 unless told. */
  readonly high?: number;
}

/** @internal */
export function lardLimits(where: string, options: LardOptions): { low: number; high: number } {
  checkOptions(where, options);
  const { low = 25, high = 65 } = options;
  checkPositive(where, "low", low);
  checkPositive(where, "high", high);
  if (!(high > low)) refuse(where, "high", `above low (${low})`, high);
  return { low, high };
}

/** Whether a back end must give work away: another has time, or it has twice as much as it may. @internal */
export const isOverloaded = (backEnd: BackEnd, backEnds: readonly BackEnd[], low: number, high: number): boolean =>
  backEnd.active >= 2 * high || (backEnd.active > high && backEnds.some((other) => other.active < low && isUp(other)));

/**
 * Locality-aware request distribution: a key stays with the back end that has it in its cache, until that is overloaded while another has time. Promises: no back end gets
 * a request while it has 2·high, unless all have; requests under way must be bounded for that. Keeps a name for every key that it has met.
 *
 * @throws {@link ParameterError} if low or high is not finite and above 0, or high not above low.
 * @see Pai et al., "Locality-Aware Request Distribution in Cluster-based Network Servers", ASPLOS 1998.
 */
export function lard(options: LardOptions = {}): DispatchPolicy {
  const { low, high } = lardLimits("lard", options);
  const homes = new Map<string, string>();
  return {
    name: "LARD",
    choose({ key = "" }, backEnds) {
      const home = homes.get(key);
      const known = home === undefined ? undefined : backEnds.find(({ name }) => name === home);
      if (known && isUp(known) && !isOverloaded(known, backEnds, low, high)) return known;
      const least = leastLoaded(backEnds);
      if (least) homes.set(key, least.name);
      return least;
    },
  };
}
