import { checkWhole, refuse } from "../../errors.js";
import { type DeviceHistory, type DeviceStep, momentMs, playHistory } from "./device-history.js";
import { type HistoryVerdict, judgeOf } from "./judge.js";
import type { MergeRule } from "./merge-rule.js";
import { timeOfDay } from "./random-histories.js";

const [phone, laptop] = ["phone", "laptop"];
const entry = "dentist";

/** What can happen next, without its time. */
type Move = "phone writes" | "laptop writes" | "phone deletes" | "laptop deletes" | "phone sends" | "laptop sends";
const moves: readonly Move[] = [
  "phone writes",
  "laptop writes",
  "phone sends",
  "laptop sends",
  "phone deletes",
  "laptop deletes",
];

/**
 * All histories of a phone, a laptop and one entry that have at most so many steps besides the last exchange: each step 10 ms after the one
 * before or in the same millisecond, the laptop's clock right, 40 ms ahead and 40 ms behind. They begin with a write. Those with fewer
 * steps come first, and of these those in which no two steps are in one millisecond.
 */
export function* smallHistories(mostSteps: number): Generator<DeviceHistory> {
  checkWhole("smallHistories", "mostSteps", mostSteps, 1, 6);
  for (let length = 1; length <= mostSteps; length++)
    for (let close = 0; close < 1 << (length - 1); close++)
      for (const [first, ...others] of sequences(length)) {
        if (first !== "phone writes" && first !== "laptop writes") continue;
        for (const clockOffsetMs of [0, 40, -40])
          yield {
            devices: [
              { name: phone, clockOffsetMs: 0 },
              { name: laptop, clockOffsetMs },
            ],
            steps: timed([first, ...others], close),
          };
      }
}

/** All sequences of so many moves. */
function* sequences(length: number): Generator<Move[]> {
  if (length === 0) yield [];
  else for (const before of sequences(length - 1)) for (const move of moves) yield [...before, move];
}

/** Gives moves their times: a bit of `close` that is set lets a step follow in the same millisecond. */
function timed(sequence: readonly Move[], close: number): DeviceStep[] {
  let atMs = 100;
  let writes = 0;
  return sequence.map((move, i) => {
    if (i > 0) atMs += (close >> (i - 1)) & 1 ? momentMs : 10;
    const [device = "", what] = move.split(" ");
    if (what === "writes") return { atMs, device, what: "write", entry, value: timeOfDay(writes++) };
    if (what === "deletes") return { atMs, device, what: "delete", entry };
    return { atMs, device, what: "send", to: device === phone ? laptop : phone };
  });
}

/** A history in which a rule goes wrong. */
export interface WrongHistory {
  /** What happened. */
  readonly history: DeviceHistory;
  /** What is wrong with how it ended. */
  readonly verdict: HistoryVerdict;
}

const ways: readonly (keyof HistoryVerdict)[] = ["diverged", "laterWriteLost", "deletedBack", "unseenEditLost"];

/**
 * For each way in which a rule goes wrong the smallest history: of the {@link smallHistories} the first that shows it, so that none with
 * fewer steps does.
 *
 * @param wanted which ways are looked for; all unless told
 * @param mostSteps how many steps to try at most; 4 unless told
 * @returns by the way; what none of them shows is left out
 */
export function smallestHistories(
  rule: MergeRule,
  wanted: readonly (keyof HistoryVerdict)[] = ways,
  mostSteps = 4,
): Partial<Record<keyof HistoryVerdict, WrongHistory>> {
  for (const [i, wrong] of wanted.entries())
    if (!ways.includes(wrong)) refuse("smallestHistories", `wanted[${i}]`, ways.join(" or "), wrong);
  const found: Partial<Record<keyof HistoryVerdict, WrongHistory>> = {};
  for (const history of smallHistories(mostSteps)) {
    const verdict = judgeOf(history)(playHistory(history, rule));
    for (const wrong of wanted) if (verdict[wrong] !== undefined) found[wrong] ??= { history, verdict };
    if (wanted.every((wrong) => found[wrong] !== undefined)) break;
  }
  return found;
}

/**
 * The smallest history in which a rule goes wrong in one way: see {@link smallestHistories}.
 *
 * @returns undefined if none of them shows it
 */
export function smallestHistory(rule: MergeRule, wrong: keyof HistoryVerdict, mostSteps = 4): WrongHistory | undefined {
  return smallestHistories(rule, [wrong], mostSteps)[wrong];
}

/**
 * Takes steps out of a history in which a rule goes wrong, one at a time, as long as it still goes wrong in that way.
 *
 * @returns a history of which no step can be left out
 */
export function shrunkHistory(history: DeviceHistory, rule: MergeRule, wrong: keyof HistoryVerdict): WrongHistory {
  const verdictOf = (tried: DeviceHistory): HistoryVerdict => judgeOf(tried)(playHistory(tried, rule));
  let smallest: WrongHistory = { history, verdict: verdictOf(history) };
  for (let at = 0; at < smallest.history.steps.length; ) {
    const tried = { ...smallest.history, steps: smallest.history.steps.filter((_, i) => i !== at) };
    const verdict = verdictOf(tried);
    if (verdict[wrong] === undefined) at++;
    else {
      smallest = { history: tried, verdict };
      at = 0;
    }
  }
  return smallest;
}
