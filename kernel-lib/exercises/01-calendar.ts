/** The exercise of notebook 01 about calendars: a merge rule. */
import _ from "lodash";
import {
  type DeviceHistory,
  type DeviceStep,
  type HistoryVerdict,
  historyScenario,
  judgeOf,
  type MergeRule,
  playHistory,
  Replica,
  randomHistories,
  shrunkHistory,
  smallestHistories,
} from "../interfaces/index.js";
import { exercise, type ProgramExercise } from "../workbook/index.js";
import { simulate } from "../world/index.js";

type Wrong = keyof HistoryVerdict;
/** What an answer may not do, the worst first. That an edit that nobody had seen loses to another is allowed. */
const wrongs: readonly Wrong[] = ["diverged", "laterWriteLost", "deletedBack"];

/** Versions can't be changed in place: in the model all devices would see it. */
function frozen(rule: MergeRule): MergeRule {
  const freeze = <T>(value: T): T => {
    if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
      Object.freeze(value);
      Object.values(value).forEach(freeze);
    }
    return value;
  };
  // Written out, since a rule may be an object of a class.
  return {
    name: rule.name,
    write: (before, value, context) => freeze(rule.write(before, value, context)),
    merge: (mine, theirs) => freeze(rule.merge(mine, theirs)),
    ...(rule.values && { values: (version) => rule.values?.(version) ?? [] }),
  };
}

const hourMs = 3_600_000;

/** An entry that is written so many times, by turns, by who has seen the write before; the laptop's clock is an hour ahead. */
const byTurns = (entry: string, count: number, fromMs: number): DeviceStep[] =>
  _.range(count).flatMap((i) => {
    const [device, to] = i % 2 === 0 ? (["phone", "laptop"] as const) : (["laptop", "phone"] as const);
    const atMs = fromMs + 20 * i;
    return [
      { atMs, device, what: "write", entry, value: `${8 + i}:00` },
      { atMs: atMs + 10, device, what: "send", to },
    ];
  });

/** What small histories have no room for. It is shown where nothing goes wrong, too. */
const longStory: DeviceHistory = {
  devices: [
    { name: "phone", clockOffsetMs: 0 },
    { name: "laptop", clockOffsetMs: hourMs },
  ],
  steps: [
    ...byTurns("dentist", 10, 100),
    ...byTurns("doctor", 11, 400),
    ...byTurns("cinema", 1, 700),
    { atMs: 720, device: "laptop", what: "delete", entry: "cinema" },
    { atMs: 730, device: "laptop", what: "send", to: "phone" },
  ],
};

const foundBy = new WeakMap<MergeRule, ReturnType<typeof smallestHistories>>();

/** The smallest history in which an answer goes wrong in that way. All are played once for an answer. */
function smallestOf(answer: MergeRule, wrong: Wrong): DeviceHistory | undefined {
  const found = foundBy.get(answer) ?? smallestHistories(frozen(answer), wrongs);
  foundBy.set(answer, found);
  return found[wrong]?.history;
}

/** Of random histories of three devices one that goes wrong, without the steps that it does not need. */
function shrunkOf(rule: MergeRule, seed: number): DeviceHistory | undefined {
  for (const history of randomHistories({ histories: 300, seed })) {
    const verdict = judgeOf(history)(playHistory(history, rule));
    const wrong = wrongs.find((each) => verdict[each] !== undefined);
    if (wrong !== undefined) return shrunkHistory(history, rule, wrong).history;
  }
  return undefined;
}

async function played(answer: MergeRule, history: DeviceHistory | undefined, seed: number) {
  const whole = history ?? longStory;
  const run = await simulate(historyScenario(whole, frozen(answer)), { seed });
  const shown = Object.fromEntries(whole.devices.map(({ name }, i) => [name, run.results.devices[i] ?? {}]));
  const written = new Set(whole.steps.flatMap((step) => (step.what === "write" ? [step.value] : [])));
  const madeUp = Object.values(shown).flatMap((entries) =>
    Object.values(entries)
      .flat()
      .filter((value) => !written.has(value)),
  );
  return { ...run, answer, verdict: judgeOf(whole)(shown), madeUp: madeUp[0] };
}

type Tried = Awaited<ReturnType<typeof played>>;

const phone = (clockMs: number) => ({ device: "phone", clockMs });
const laptop = (clockMs: number) => ({ device: "laptop", clockMs });

/** What a device shows that has one version, and then gets another. */
function shownAfter(rule: MergeRule, mine: unknown, theirs: unknown): string {
  const replica = new Replica(rule);
  for (const version of [mine, theirs]) if (version !== undefined) replica.receive("dentist", version);
  return replica.shown.dentist?.join(" and ") ?? "nothing";
}

/** What the clocks of the phone and the laptop show when they write. */
type Times = readonly [phoneMs: number, laptopMs: number];
const clocks: readonly Times[] = [
  [100, 200],
  [200, 100],
];

/** What is left of two writes of which neither writer had seen the other's: at the phone, and at the laptop. */
function apart(rule: MergeRule, [phoneMs, laptopMs]: Times): readonly [string, string] {
  const first = rule.write(undefined, "9:00", phone(phoneMs));
  const second = rule.write(undefined, "9:30", laptop(laptopMs));
  return [shownAfter(rule, first, second), shownAfter(rule, second, first)];
}

/** What is left at the phone of its write and of one of the laptop's, whose writer had seen it. */
function after(rule: MergeRule, [phoneMs, laptopMs]: Times, [a, b] = ["9:00", "9:30"]): string {
  const first = rule.write(undefined, a, phone(phoneMs));
  return shownAfter(rule, first, rule.write(first, b, laptop(laptopMs)));
}

/** What two writes make that are told the same. */
const twice = (rule: MergeRule): readonly [unknown, unknown] => [
  rule.write(undefined, "9:00", phone(100)),
  rule.write(undefined, "9:00", phone(100)),
];

const isPromise = (value: unknown): boolean => typeof (value as { then?: unknown } | undefined)?.then === "function";
const hasNaN = (value: unknown): boolean =>
  Number.isNaN(value) || (typeof value === "object" && value !== null && Object.values(value).some(hasNaN));

/** A version after so many writes, each of which has seen the one before. */
function afterWrites(rule: MergeRule, count: number): unknown {
  let version: unknown;
  for (let i = 1; i <= count; i++) version = rule.write(version, `${String(i).padStart(2, "0")}:00`, phone(100));
  return version;
}

/** A mistake is recognised by what the rule does with a version or two. */
const by =
  (look: (answer: MergeRule) => boolean) =>
  ({ run }: { readonly run?: Tried }): boolean =>
    run !== undefined && look(run.answer);

/** A rule by which devices agree without a server. */
export const merge: ProgramExercise<MergeRule> = exercise({
  name: "01-merge",
  statement:
    "A merge rule by which all devices come to show the same, no write loses to one that its writer had seen, and nothing that was deleted comes back, however wrong the clocks are.",
  scenarios: {
    "ten writes of an entry and more, a deletion, and a clock that is an hour ahead": (answer: MergeRule, seed) =>
      played(answer, longStory, seed),
    "histories of up to four steps, until devices differ": (answer: MergeRule, seed) =>
      played(answer, smallestOf(answer, "diverged"), seed),
    "histories of up to four steps, until a later write is lost": (answer: MergeRule, seed) =>
      played(answer, smallestOf(answer, "laterWriteLost"), seed),
    "histories of up to four steps, until a deleted entry is back": (answer: MergeRule, seed) =>
      played(answer, smallestOf(answer, "deletedBack"), seed),
    "random histories of three devices": (answer: MergeRule, seed) =>
      played(answer, shrunkOf(frozen(answer), seed), seed),
  },
  seeds: [1],
  claims: {
    "what is shown is what somebody wrote": (run) =>
      run.madeUp === undefined || `a device shows ${JSON.stringify(run.madeUp)}, which nobody wrote`,
    "all devices show the same when all have met": (run) => run.verdict.diverged ?? true,
    "no write is lost to one that its writer had seen": (run) => run.verdict.laterWriteLost ?? true,
    "what was deleted stays deleted": (run) => run.verdict.deletedBack ?? true,
    "the same write makes the same version": (run) => {
      const [first, again] = twice(run.answer);
      return _.isEqual(first, again) || `it made ${JSON.stringify(first)}, and then ${JSON.stringify(again)}`;
    },
  },
  mistakes: [
    {
      name: "gives a promise",
      recognise: by((answer) => {
        const [version] = twice(answer);
        return isPromise(version) || isPromise(answer.merge(version, version));
      }),
      hint: "A rule can't wait: `write` and `merge` give a version at once. Leave `async` out.",
    },
    {
      name: "merge gives nothing",
      recognise: by((answer) => {
        const versions = clocks.flatMap(([a, b]) => [
          answer.write(undefined, "9:00", phone(a)),
          answer.write(undefined, "9:30", laptop(b)),
        ]);
        return versions.some((mine) => versions.some((theirs) => answer.merge(mine, theirs) === undefined));
      }),
      hint: "For some pair of versions your `merge` gives undefined: is there a branch without `return`?",
    },
    {
      name: "counts with NaN",
      recognise: by((answer) => hasNaN(afterWrites(answer, 2))),
      hint: "A number in your versions is NaN, which is neither more nor less than any other. `before` is undefined at the first write: `(before?.counter ?? 0) + 1`.",
    },
    {
      name: "forgets what it deletes",
      recognise: by((answer) => {
        const written = answer.write(undefined, "9:00", phone(100));
        return answer.write(written, undefined, phone(200)) === undefined;
      }),
      hint: "Who deletes an entry keeps nothing of it, so the next device that still has it brings it back, and nobody can tell. A deletion must be a version too: a tombstone.",
    },
    {
      name: "takes whatever comes",
      recognise: by((answer) => {
        const first = answer.write(undefined, "9:00", phone(100));
        const second = answer.write(first, "9:30", laptop(200));
        const swaps = clocks.every((times) => apart(answer, times).join() === "9:30,9:00");
        return swaps && shownAfter(answer, second, first) === "9:00";
      }),
      hint: "Two devices that send at the same time swap their values, for ever. Which version stays must not depend on who has it already: `merge(a, b)` and `merge(b, a)` must be the same.",
    },
    {
      name: "keeps its own",
      recognise: by(
        (answer) =>
          clocks.every((times) => apart(answer, times).join() === "9:00,9:30") && after(answer, [100, 200]) === "9:00",
      ),
      hint: "A device that has an entry never takes another's version of it. Compare something that `write` has put beside the value.",
    },
    {
      name: "shows what is deleted",
      recognise: ({ run }) => run?.madeUp === null || run?.madeUp === "",
      hint: "A deleted entry is still shown, as something empty. A version whose `value` is undefined counts as deleted; if yours says it otherwise, `values` must give an empty list for it.",
    },
    {
      name: "remembers outside its versions",
      recognise: ({ claim }) => claim.startsWith("the same write"),
      hint: "Something outside of the versions counts on. Here all devices are in one process; on three machines there would be three of it. What `write` makes may depend on nothing but what it is given.",
    },
    {
      name: "compares numbers as text",
      recognise: by((answer) => {
        const [ninth, tenth] = [afterWrites(answer, 9), afterWrites(answer, 10)];
        const [first, second] = [afterWrites(answer, 1), afterWrites(answer, 2)];
        return shownAfter(answer, first, second) === "02:00" && shownAfter(answer, ninth, tenth) === "09:00";
      }),
      hint: 'The tenth write of an entry loses to the ninth: as texts, "10" comes before "9". Compare numbers.',
    },
    {
      name: "makes up a value",
      recognise: ({ claim }) => claim.startsWith("what is shown is"),
      hint: "To join two values into one text loses neither, but it is a value that nobody wrote, and it is joined again at every meeting. Keep both in the version, and let `values` give them one by one.",
    },
    {
      name: "lets deletions win for ever",
      recognise: by((answer) => {
        const deleted = answer.write(answer.write(undefined, "9:00", phone(100)), undefined, phone(200));
        const again = answer.write(deleted, "9:30", laptop(300));
        return after(answer, [100, 200]) === "9:30" && shownAfter(answer, deleted, again) === "nothing";
      }),
      hint: "Somebody saw the deletion and wrote the entry anew, and that is gone. A deletion is a write like any other: what follows it beats it.",
    },
    {
      name: "trusts the clocks",
      recognise: by(
        (answer) =>
          after(answer, [100, 200]) === "9:30" &&
          [200, hourMs].some((aheadMs) => after(answer, [aheadMs, 100]) === "9:00"),
      ),
      hint: "A clock that is behind, or two writes in one of its milliseconds: either way a write loses to one that its writer had seen. No clock tells who has seen what; `before` does: it is what the writer had seen.",
    },
    {
      name: "compares the values",
      recognise: by((answer) => {
        const later = clocks.map((times) => [after(answer, times), after(answer, times, ["9:30", "9:00"])].join());
        return later.every((each) => each === "9:00,9:00") || later.every((each) => each === "9:30,9:30");
      }),
      hint: "You let the values decide. So all devices agree, but on what nobody wants: who moves the dentist the other way never gets through. Compare something that `write` has put beside the value.",
    },
    {
      name: "does not count on from what it saw",
      recognise: by((answer) => after(answer, [100, 200]) === "9:00"),
      hint: "The laptop saw 9:00 and wrote 9:30, and 9:00 stays. A write must beat what its writer had seen: begin from `before`, and count on.",
    },
    {
      name: "does not break ties",
      recognise: by((answer) => {
        const [atPhone, atLaptop] = apart(answer, [100, 100]);
        return atPhone !== atLaptop;
      }),
      hint: "Two devices that had seen the same write, and their versions count the same: each keeps its own, or each takes the other's. Something must decide that is the same on both sides, such as the writer's name.",
    },
  ],
  hints: [
    "A version is whatever you like: `{ value, … }`. Put something beside the value from which any device can tell which of two versions followed the other, and something by which it decides where neither did.",
    "Lamport: `write` counts on from `before`, if there is one; `merge` keeps the higher number, and of two equal ones that of the later name.",
  ],
  diagram: { logs: "named", by: "host", scale: "order", fromMs: 100, height: 320 },
});
