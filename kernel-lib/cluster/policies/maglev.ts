import { checkOptions, checkWhole, refuse } from "../../errors.js";
import { hash32 } from "./hash.js";
import { type DispatchPolicy, whileSame } from "./policy.js";

/** Where a back end would like to stand in a table of `size`: at `offset`, then `skip` further each time, going round. */
export interface MaglevPreference {
  /** Its first choice, from 0 to size − 1. */
  readonly offset: number;
  /** How far its next choice is, from 1 to size − 1. */
  readonly skip: number;
}

/**
 * Maglev's table: back ends take turns, each takes the next free entry of its own order, until the table is full. So the entries of any two differ by one at most.
 *
 * @param size the number of entries: a prime, so that each order meets every entry.
 * @param preferences one for each back end.
 * @returns for each entry the index of its back end.
 * @throws {@link ParameterError} if size is no prime, there is no back end or more than entries, or an offset or skip is out of range.
 * @see Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, §3.4.
 */
export function maglevTable(size: number, preferences: readonly MaglevPreference[]): Int32Array {
  checkSize("maglevTable", size);
  if (!Array.isArray(preferences) || preferences.length === 0 || preferences.length > size)
    refuse("maglevTable", "preferences", `an array of 1 to ${size} preferences`, preferences);
  const at = preferences.map(({ offset, skip }, i) => {
    checkWhole("maglevTable", `preferences[${i}].skip`, skip, 1, size - 1);
    return checkWhole("maglevTable", `preferences[${i}].offset`, offset, 0, size - 1);
  });
  const table = new Int32Array(size).fill(-1);
  for (let filled = 0; filled < size; filled++) {
    const turn = filled % at.length;
    const { skip } = preferences[turn] as MaglevPreference;
    let entry = at[turn] as number;
    while (table[entry] !== -1) entry = (entry + skip) % size;
    table[entry] = turn;
    at[turn] = (entry + skip) % size;
  }
  return table;
}

/** See {@link maglev}. */
export interface MaglevOptions {
  /** How many entries the table has: a prime, far more than back ends. 65,537 unless told. */
  readonly size?: number;
}

/**
 * Maglev hashing: a table of hashes, made anew when a back end comes or goes. Promises: any two back ends' shares of the table differ by one entry; front ends that know the
 * same back ends choose alike without a word; one that leaves moves its own keys and a few others. Weights are not looked at.
 *
 * @throws {@link ParameterError} if size is no prime, or `choose` finds more back ends than entries.
 * @see {@link maglevTable}.
 */
export function maglev(options: MaglevOptions = {}): DispatchPolicy {
  checkOptions("maglev", options);
  const { size = 65_537 } = options;
  checkSize("maglev", size);
  const tableFor = whileSame((up) => {
    if (up.length === 0) return [];
    // Turns are taken in the order of names: the order of the list must not matter.
    const members = [...up].sort((a, b) => (a.name < b.name ? -1 : 1));
    const preferences = members.map(({ name }) => ({
      offset: hash32(name, 1) % size,
      skip: 1 + (hash32(name, 2) % (size - 1)),
    }));
    return maglevTable(size, preferences).map((turn) => (members[turn] as { place: number }).place);
  });
  return {
    name: "Maglev",
    choose({ key = "" }, backEnds) {
      const place = tableFor(backEnds)[hash32(key) % size];
      return place === undefined ? undefined : backEnds[place];
    },
  };
}

function checkSize(where: string, size: unknown): void {
  checkWhole(where, "size", size, 2, 10_000_019);
  for (let divisor = 2; divisor * divisor <= (size as number); divisor++)
    if ((size as number) % divisor === 0) refuse(where, "size", "a prime", size);
}
