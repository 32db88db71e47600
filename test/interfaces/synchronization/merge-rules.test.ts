import fc from "fast-check";
import {
  type DeviceHistory,
  historyScenario,
  judgeOf,
  judgeRules,
  lamportClock,
  lamportWithoutTombstones,
  lastToArrive,
  type MergeRule,
  mergeRules,
  playHistory,
  randomHistories,
  runLive,
  shrunkHistory,
  simulate,
  smallestHistories,
  smallestHistory,
  smallHistories,
  versionVectors,
  type WrongHistory,
  wallClock,
  wallClockThenName,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hurried, soaked } from "../../soak.js";
import { failureOf } from "../../world/both-worlds.js";
import { histories } from "./random-histories.js";

const test = suite("merge rules");
const numRuns = soaked(50_000);

/** Versions as writes can make them: of one entry, by three devices that have seen some of the others' writes, no two of them alike. */
const versionsOf = <V>(rule: MergeRule<V>): fc.Arbitrary<V[]> =>
  fc
    .array(
      fc.record({
        device: fc.constantFrom("phone", "laptop", "tablet"),
        saw: fc.option(fc.nat(5), { nil: undefined }),
        merges: fc.boolean(),
        deletes: fc.boolean(),
        clockMs: fc.nat(3),
      }),
      { minLength: 3, maxLength: 6 },
    )
    .map((writes) => {
      const made: V[] = [];
      const last = new Map<string, V>();
      const clocks = new Map<string, number>();
      for (const [i, { device, saw, merges, deletes, clockMs }] of writes.entries()) {
        const heard = saw === undefined ? undefined : made[saw % Math.max(1, made.length)];
        const own = last.get(device);
        const before = heard !== undefined && own !== undefined ? rule.merge(own, heard) : (heard ?? own);
        if (merges && before !== undefined) {
          last.set(device, before);
          made.push(before);
          continue;
        }
        // One device never writes twice at one time; two may.
        const clock = (clocks.get(device) ?? 0) + 1 + clockMs;
        clocks.set(device, clock);
        const version = rule.write(before, deletes ? undefined : `value ${i}`, { device, clockMs: clock });
        if (version === undefined) continue;
        last.set(device, version);
        made.push(version);
      }
      return made.length === 0 ? [] : [0, 1, 2].map((i) => made[(made.length - 1 + i * 2) % made.length] as V);
    })
    .filter((made) => made.length === 3);

const laws: Readonly<Record<string, <V>(merge: (a: V, b: V) => V, a: V, b: V, c: V) => readonly [V, V]>> = {
  commutative: (merge, a, b) => [merge(a, b), merge(b, a)],
  associative: (merge, a, b, c) => [merge(merge(a, b), c), merge(a, merge(b, c))],
  idempotent: (merge, a, b) => [merge(merge(a, b), b), merge(a, b)],
};

for (const rule of [wallClockThenName, lamportClock, versionVectors] as readonly MergeRule[])
  for (const [law, sides] of Object.entries(laws))
    test(`${rule.name}: the merge is ${law}`, () => {
      fc.assert(
        fc.property(versionsOf(rule), ([a, b, c]) => {
          const [left, right] = sides(rule.merge, a, b, c);
          assert.equal(left, right);
        }),
        { numRuns, seed: 1 },
      );
    });

const breaks: readonly (readonly [MergeRule, string])[] = [
  [lastToArrive, "commutative"],
  [wallClock, "commutative"],
];
for (const [rule, law] of breaks)
  test(`${rule.name}: the merge is not ${law}`, () => {
    const found = fc.check(
      fc.property(versionsOf(rule), ([a, b, c]) => {
        const [left, right] = (laws[law] as (typeof laws)[string])(rule.merge, a, b, c);
        return JSON.stringify(left) === JSON.stringify(right);
      }),
      { numRuns: 5000, seed: 1 },
    );
    assert.ok(found.failed);
  });

const wrongs = ["diverged", "laterWriteLost", "deletedBack", "unseenEditLost"] as const;
type Wrong = (typeof wrongs)[number];
/** What each rule does not do, in any history. */
const never: readonly (readonly [MergeRule, readonly Wrong[]])[] = [
  [lamportClock, ["diverged", "laterWriteLost", "deletedBack"]],
  [versionVectors, wrongs],
];
for (const [rule, absent] of never)
  test(`${rule.name}: in no random history, and in none of up to four steps, is it ${absent.join(", ")}`, () => {
    const check = (history: DeviceHistory): void => {
      const verdict = judgeOf(history)(playHistory(history, rule));
      for (const wrong of absent) assert.is(verdict[wrong], undefined, JSON.stringify(history));
    };
    fc.assert(fc.property(histories, check), { numRuns, seed: 1 });
    for (const history of smallHistories(4)) check(history);
  });

/** The least number of steps besides the last exchange in which each rule goes wrong; undefined: in none of up to four. */
const least: readonly (readonly [MergeRule, readonly (number | undefined)[]])[] = [
  [lastToArrive, [2, 3, 3, 3]],
  [wallClock, [2, 3, 3, 2]],
  [wallClockThenName, [3, 3, 3, 2]],
  [lamportWithoutTombstones, [4, 4, 3, 2]],
  [lamportClock, [undefined, undefined, undefined, 2]],
  [versionVectors, [undefined, undefined, undefined, undefined]],
];
for (const [rule, lengths] of least)
  test(`${rule.name}: the smallest histories have ${lengths.map((each) => each ?? "no").join(", ")} steps, and fast-check finds none smaller`, () => {
    const smallest = smallestHistories(rule);
    for (const [i, wrong] of wrongs.entries()) {
      const found = smallest[wrong];
      assert.is(found?.history.steps.length, lengths[i], wrong);
      const shrunk = fc.check(
        fc.property(histories, (history) => judgeOf(history)(playHistory(history, rule))[wrong] === undefined),
        { numRuns: 300, seed: 1 },
      );
      if (shrunk.counterexample) {
        const [history] = shrunk.counterexample;
        assert.ok(found !== undefined && history.steps.length >= found.history.steps.length, JSON.stringify(history));
      }
    }
  });

test("a history that was shrunk still goes wrong, and loses nothing more", () => {
  const histories = randomHistories({ histories: 100, seed: 2 });
  let shrunk = 0;
  for (const history of histories) {
    if (judgeOf(history)(playHistory(history, lastToArrive)).diverged === undefined) continue;
    const small = shrunkHistory(history, lastToArrive, "diverged");
    assert.ok(small.verdict.diverged !== undefined && small.history.steps.length <= history.steps.length);
    shrunk++;
  }
  assert.ok(shrunk > 20, `${shrunk} diverged`);
});

test("2,000 random histories: which rules diverge, lose and bring back is as their laws say", () => {
  const rows = judgeRules(mergeRules, randomHistories({ histories: 2000, seed: 1 }));
  const of = (rule: MergeRule) => rows.find((row) => row.rule === rule.name) as (typeof rows)[number];
  const wrong = (rule: MergeRule) => wrongs.map((field) => of(rule)[field] > 0);
  assert.equal(wrong(lastToArrive), [true, true, true, true]);
  assert.equal(wrong(wallClock), [true, true, true, true]);
  assert.equal(wrong(lamportWithoutTombstones), [true, true, true, true]);
  assert.equal(wrong(lamportClock), [false, false, false, true]);
  assert.equal(wrong(versionVectors), [false, false, false, false]);
  assert.ok(of(wallClockThenName).diverged <= of(wallClock).diverged / 4 && of(wallClockThenName).laterWriteLost > 50);
  // A pin, to show change: drawn from seed 1.
  assert.equal(
    rows.map((row) => wrongs.map((field) => row[field])),
    [
      [1327, 1157, 490, 1445],
      [32, 143, 43, 1568],
      [0, 141, 43, 1573],
      [18, 139, 402, 1342],
      [0, 0, 0, 1513],
      [0, 0, 0, 0],
    ],
  );
});

test("with right clocks and steps in different milliseconds, the wall clock loses nothing that was seen", () => {
  const rights = randomHistories({ histories: 500, seed: 3, clockErrorMs: 0 }).map((history) => ({
    ...history,
    steps: history.steps.map((step, i) => ({ ...step, atMs: 100 + 10 * i })),
  }));
  const [row] = judgeRules([wallClock], rights);
  assert.equal([row?.diverged, row?.laterWriteLost, row?.deletedBack], [0, 0, 0]);
});

/** What each device shows, in the order of the history's devices. */
const shownIn = (history: DeviceHistory, shown: ReturnType<typeof playHistory>) =>
  history.devices.map(({ name }) => shown[name]);

for (const rule of mergeRules)
  test(`${rule.name}: devices on a network come to what the model says`, async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const run = await simulate(historyScenario(history, rule), { trace: ["log"] });
        assert.equal(run.results.devices, shownIn(history, playHistory(history, rule)));
      }),
      { numRuns: soaked(2500), seed: 2 },
    );
  });

if (!hurried)
  test("the smallest histories come out the same live", async () => {
    for (const [rule, wrong] of [
      [lastToArrive, "diverged"],
      [wallClock, "laterWriteLost"],
      [lamportWithoutTombstones, "deletedBack"],
    ] as const) {
      const { history } = smallestHistory(rule, wrong) as WrongHistory;
      const run = await runLive(historyScenario(history, rule), { timeScale: 10, maxRealMs: 60_000 });
      assert.equal(run.results.devices, shownIn(history, playHistory(history, rule)), rule.name);
    }
  });

test("bad options are named", async () => {
  const refused: readonly (readonly [() => unknown, string])[] = [
    [
      () => randomHistories({ histories: 0, seed: 1 }),
      "randomHistories: histories must be a whole number from 1 to 1000000, got 0",
    ],
    [
      () => randomHistories({ histories: 1, seed: 1, clockErrorMs: -1 }),
      "randomHistories: clockErrorMs must be a finite number of at least 0, got -1",
    ],
    [() => [...smallHistories(7)], "smallHistories: mostSteps must be a whole number from 1 to 6, got 7"],
    [
      () => smallestHistory(lamportClock, "lost" as "diverged"),
      'smallestHistories: wanted[0] must be diverged or laterWriteLost or deletedBack or unseenEditLost, got "lost"',
    ],
  ];
  for (const [work, message] of refused) assert.is(await failureOf(work), `ParameterError: ${message}`);
});

test.run();
