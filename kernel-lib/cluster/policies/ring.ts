import { checkWhole } from "../../errors.js";
import { hash32 } from "./hash.js";
import type { Member } from "./policy.js";

/** Points of a ring in their order, and for each the place of its back end in the list. @internal */
export interface Ring {
  readonly points: Float64Array;
  readonly places: Int32Array;
}

/** A ring on which each back end has `virtualNodes` points for each unit of its weight, at least one unless the weight is 0. @internal */
export function ringOf(up: readonly Member[], virtualNodes: number): Ring {
  const points = up.flatMap(({ name, weight, place }) =>
    Array.from({ length: Math.ceil(virtualNodes * weight) }, (_, i) => ({ at: hash32(`${i} ${name}`), name, place })),
  );
  // Equal points stand in the order of names: the order of the list must not matter.
  points.sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1));
  return { points: Float64Array.from(points, ({ at }) => at), places: Int32Array.from(points, ({ place }) => place) };
}

/** The index of the first point at or after a key's, going round. @internal */
export function pointFor({ points }: Ring, key: string): number {
  const at = hash32(key, 0x5bd1e995);
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((points[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low === points.length ? 0 : low;
}

/** See {@link consistentHash}. */
export interface RingOptions {
  /** How many points of the ring a back end of weight 1 has; 100 unless told. More spread the keys better: the deviation is about 1/√virtualNodes. */
  readonly virtualNodes?: number;
}

/** The points of a back end of weight 1, else a ParameterError. @internal */
export function checkVirtualNodes(where: string, { virtualNodes = 100 }: RingOptions): number {
  return checkWhole(where, "virtualNodes", virtualNodes, 1, 100_000);
}
