import { checkPositive, refuse } from "../../errors.js";
import { isOverloaded, type LardOptions, lardLimits } from "./lard.js";
import { type DispatchPolicy, isUp, leastLoaded } from "./policy.js";

/** See {@link lardReplicated}. */
export interface LardReplicatedOptions extends LardOptions {
  /** How long a set of back ends stays as it is before its most loaded member is taken out, in ms; 20,000 unless told. */
  readonly keepMs?: number;
}

/**
 * LARD with replication: a key that is too much for one back end gets a set of them, which shrinks again when it has been the same for a while. Promises: as {@link lard}, and
 * one popular key can use all back ends.
 *
 * @param now the clock, in ms: `() => scheduler.nowMs` in a model, `() => host.now()` in a program.
 * @throws {@link ParameterError} as {@link lard}, if keepMs is not finite and above 0, or now is no function.
 * @see Pai et al., ASPLOS 1998, figure 3.
 */
export function lardReplicated(now: () => number, options: LardReplicatedOptions = {}): DispatchPolicy {
  const { low, high } = lardLimits("lardReplicated", options);
  const { keepMs = 20_000 } = options;
  checkPositive("lardReplicated", "keepMs", keepMs);
  if (typeof now !== "function") refuse("lardReplicated", "now", "a clock such as () => host.now()", now);
  const sets = new Map<string, { names: readonly string[]; changedMs: number }>();
  return {
    name: "LARD/R",
    choose({ key = "" }, backEnds) {
      const set = sets.get(key) ?? { names: [], changedMs: now() };
      const members = backEnds.filter((backEnd) => set.names.includes(backEnd.name) && isUp(backEnd));
      let chosen = leastLoaded(members);
      let names = members.map(({ name }) => name);
      const most = members.reduce((a, b) => (b.active > a.active ? b : a), members[0] as (typeof members)[number]);
      if (!chosen || isOverloaded(chosen, backEnds, low, high)) {
        chosen = leastLoaded(backEnds);
        if (!chosen) return undefined;
        if (!names.includes(chosen.name)) names = [...names, chosen.name];
      }
      if (names.length > 1 && now() - set.changedMs > keepMs) names = names.filter((name) => name !== most.name);
      const isSame = names.length === set.names.length && names.every((name) => set.names.includes(name));
      sets.set(key, isSame ? set : { names, changedMs: now() });
      return chosen;
    },
  };
}
