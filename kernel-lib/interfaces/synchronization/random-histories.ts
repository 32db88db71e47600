import { checkNonNegative, checkWhole } from "../../errors.js";
import { randomStream } from "../../simulation/index.js";
import { type DeviceHistory, type DeviceStep, momentMs, playHistory } from "./device-history.js";
import { type HistoryJudge, judgeOf } from "./judge.js";
import type { MergeRule } from "./merge-rule.js";

/** The time of day that the n-th write of a history puts an entry to: each another. @internal */
export const timeOfDay = (n: number): string => `${9 + (n >> 1)}:${n % 2 === 0 ? "00" : "30"}`;

/** See {@link randomHistories}. */
export interface RandomHistoryOptions {
  /** How many. */
  readonly histories: number;
  /** What all is drawn from. */
  readonly seed: number;
  /** By how much a clock may be wrong, either way; 40 unless told. */
  readonly clockErrorMs?: number;
}

const names = ["phone", "laptop", "tablet"];
const entries = ["dentist", "lunch"];

/**
 * Random histories of three devices and two entries: 8 to 24 steps, a fraction of a millisecond to 10 ms apart, of which 40 % are writes,
 * 15 % deletions, and the others meetings, in which one device sends all it has to another.
 *
 * @throws {@link ParameterError} if an option is out of range.
 */
export function randomHistories({ histories, seed, clockErrorMs = 40 }: RandomHistoryOptions): DeviceHistory[] {
  checkWhole("randomHistories", "histories", histories, 1, 1_000_000);
  checkNonNegative("randomHistories", "clockErrorMs", clockErrorMs);
  const random = randomStream(seed, "histories");
  const below = (n: number): number => Math.floor(random() * n);
  const one = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  return Array.from({ length: histories }, () => {
    const devices = names.map((name) => ({
      name,
      clockOffsetMs: below(2 * clockErrorMs + 1) - Math.floor(clockErrorMs),
    }));
    const steps: DeviceStep[] = [];
    let atMs = 100;
    let writes = 0;
    for (let left = 8 + below(17); left > 0; left--) {
      atMs += momentMs * (1 + below(40));
      const device = one(names);
      const kind = random();
      if (kind < 0.4) steps.push({ atMs, device, what: "write", entry: one(entries), value: timeOfDay(writes++) });
      else if (kind < 0.55) steps.push({ atMs, device, what: "delete", entry: one(entries) });
      else steps.push({ atMs, device, what: "send", to: one(names.filter((name) => name !== device)) });
    }
    return { devices, steps };
  });
}

/** One row of {@link judgeRules}: in how many histories what went wrong. */
export interface RuleRow {
  /** The rule's name. */
  readonly rule: string;
  /** How many histories were played. */
  readonly histories: number;
  /** In how many the devices do not show the same in the end. */
  readonly diverged: number;
  /** In how many a write is lost to an older one that its writer had seen. */
  readonly laterWriteLost: number;
  /** In how many a deleted entry comes back. */
  readonly deletedBack: number;
  /** In how many a write that nobody had seen is lost to another one. */
  readonly unseenEditLost: number;
}

/** Plays all histories by all rules. @returns one row a rule, in their order */
export function judgeRules(rules: readonly MergeRule[], histories: readonly DeviceHistory[]): RuleRow[] {
  const judges = histories.map(judgeOf);
  return rules.map((rule) => {
    const verdicts = histories.map((history, i) => (judges[i] as HistoryJudge)(playHistory(history, rule)));
    const count = (field: keyof (typeof verdicts)[number]): number =>
      verdicts.filter((verdict) => verdict[field] !== undefined).length;
    return {
      rule: rule.name,
      histories: histories.length,
      diverged: count("diverged"),
      laterWriteLost: count("laterWriteLost"),
      deletedBack: count("deletedBack"),
      unseenEditLost: count("unseenEditLost"),
    };
  });
}
