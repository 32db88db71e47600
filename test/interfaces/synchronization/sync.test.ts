import {
  conflictPolicies,
  type EntryValue,
  type Host,
  judgeStory,
  mineWins,
  on,
  randomSyncStories,
  type StoredEntry,
  SyncClient,
  SyncStore,
  type SyncSummary,
  scenario,
  simulate,
  storyScenario,
  syncServer,
  theirsWins,
  threeWayMerge,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../../soak.js";
import { failureOf, inBothWorlds } from "../../world/both-worlds.js";

const test = suite("synchronisation with a server");

test("the protocol, request by request", () => {
  const store = new SyncStore();
  const put = (by: string, edit: number, ifVersion: number, value: EntryValue) => {
    const { reply, changed } = store.answer({ id: "dentist", value, ifVersion, by, edit });
    if (changed) store.set("dentist", changed);
    return reply;
  };
  assert.equal(store.answer({ since: 0 }).reply, { token: 0, changes: [] });
  assert.equal(put("phone", 1, 0, { time: "9:00" }), { version: 1 });
  assert.equal(put("laptop", 1, 0, { time: "10:00" }), { conflict: { value: { time: "9:00" }, version: 1 } });
  assert.equal(put("laptop", 2, 1, { time: "10:00" }), { version: 2 });
  assert.equal(put("phone", 1, 0, { time: "9:00" }), { version: 1 }, "tried again: the same answer");
  assert.equal(put("phone", 2, 1, { time: "11:00" }), { conflict: { value: { time: "10:00" }, version: 2 } });
  assert.equal(put("phone", 3, 2, null), { version: 3 });
  assert.equal(store.answer({ since: 2 }).reply, { token: 3, changes: [{ id: "dentist", value: null, version: 3 }] });
  assert.equal(store.answer({ since: 3 }).reply, { token: 3, changes: [] });
});

test("a store that does not remember edits is in conflict with a put that comes again", () => {
  const store = new SyncStore([], false);
  const request = { id: "a", value: { time: "9:00" }, ifVersion: 0, by: "phone", edit: 1 };
  store.set("a", store.answer(request).changed as StoredEntry);
  assert.equal(store.answer(request).reply, { conflict: { value: { time: "9:00" }, version: 1 } });
});

const base = { title: "Dentist", time: "9:00" };
const merges: readonly (readonly [string, EntryValue, EntryValue, EntryValue])[] = [
  [
    "different fields: both",
    { ...base, time: "10:00" },
    { ...base, title: "Dr Lee" },
    { title: "Dr Lee", time: "10:00" },
  ],
  [
    "one field: both texts",
    { ...base, time: "10:00" },
    { ...base, time: "8:00" },
    { title: "Dentist", time: "10:00 or 8:00" },
  ],
  [
    "one field, the same text: once",
    { ...base, time: "10:00" },
    { ...base, time: "10:00" },
    { title: "Dentist", time: "10:00" },
  ],
  ["deleted here, untouched there: gone", null, base, null],
  ["deleted here, edited there: it stays", null, { ...base, time: "8:00" }, { ...base, time: "8:00" }],
  ["edited here, deleted there: it stays", { ...base, time: "8:00" }, null, { ...base, time: "8:00" }],
  ["deleted on both sides: gone", null, null, null],
  ["a field taken away here, untouched there: gone", { time: "9:00" }, base, { time: "9:00" }],
  [
    "a field taken away here, edited there: it stays",
    { time: "9:00" },
    { ...base, title: "Dr Lee" },
    { title: "Dr Lee", time: "9:00" },
  ],
];
for (const [what, mine, theirs, merged] of merges)
  test(`three-way merge, ${what}`, () => {
    assert.equal(threeWayMerge.resolve(base, mine, theirs), merged);
    assert.equal(threeWayMerge.resolve(base, theirs, mine), merged, "from the other side");
  });

const edits = async (
  host: Host,
  policy: typeof mineWins,
  plan: readonly (readonly [number, string, EntryValue])[],
  meetMs: readonly number[],
) => {
  const calendar = await SyncClient.open(host, { policy, timeoutMs: 500 });
  const summaries: SyncSummary[] = [];
  for (const [atMs, entry, value] of plan) {
    await host.sleepUntil(atMs);
    await calendar.edit(entry, value);
  }
  for (const atMs of meetMs) {
    await host.sleepUntil(atMs);
    summaries.push(await calendar.sync());
  }
  return { summaries, entries: calendar.entries };
};
const hosts = { server: {}, phone: {}, laptop: {} };
const both = (policy: typeof mineWins) =>
  scenario({
    hosts,
    network: { latencyMs: 2 },
    programs: {
      server: on("server", syncServer).daemon(),
      phone: on("phone", edits, policy, [[10, "dentist", { title: "Dentist", time: "9:00" }]], [100, 300, 700]),
      laptop: on("laptop", edits, policy, [[20, "dentist", { title: "Dr Lee", place: "Main St" }]], [200, 500]),
    },
  });

const outcomes: readonly (readonly [typeof mineWins, Record<string, string>])[] = [
  [mineWins, { title: "Dr Lee", place: "Main St" }],
  [theirsWins, { title: "Dentist", time: "9:00" }],
  [threeWayMerge, { title: "Dentist or Dr Lee", time: "9:00", place: "Main St" }],
];
for (const [policy, dentist] of outcomes)
  inBothWorlds(test, `${policy.name}: two devices that edited offline come to the same`, async (play) => {
    const { phone, laptop } = (await play(both(policy))).results;
    assert.equal(phone.entries, { dentist });
    assert.equal(laptop.entries, { dentist });
    assert.is(laptop.summaries[0]?.conflicts, 1);
    assert.is(phone.summaries[0]?.conflicts, 0);
  });

for (const policy of conflictPolicies)
  test(`${policy.name}: whatever is cut and crashes when, no device differs from another in the end`, async () => {
    const sum = { edits: 0, editsLost: 0, conflicts: 0 };
    for (const story of randomSyncStories({ stories: soaked(4500), seed: 1 })) {
      const run = await simulate(storyScenario(story, policy), { trace: ["log"] });
      const verdict = judgeStory(run.rows, run.results.shown);
      assert.is(verdict.diverged, false, JSON.stringify(story));
      for (const field of ["edits", "editsLost", "conflicts"] as const) sum[field] += verdict[field];
    }
    assert.ok(sum.conflicts > sum.edits / 10, JSON.stringify(sum));
    if (policy === threeWayMerge) assert.is(sum.editsLost, 0);
    else assert.ok(sum.editsLost > sum.edits / 10, JSON.stringify(sum));
  });

const slow = { server: { disk: { accessMs: 5 } }, phone: {}, laptop: {} };
/** The phone connects at 104, asks at 106; the server writes until 111, and its answer, due at 113, does not come. */
const answerLost = [
  { kind: "cut", between: ["phone", "server"], atMs: 110 },
  { kind: "heal", between: ["phone", "server"], atMs: 1000 },
] as const;
const triedAgain = (policy: typeof mineWins, remembersEdits: boolean, laptop: (host: Host) => Promise<unknown>) =>
  scenario({
    hosts: slow,
    network: { latencyMs: 2 },
    faults: answerLost,
    programs: {
      server: on("server", syncServer, { remembersEdits }).daemon(),
      phone: on("phone", edits, policy, [[10, "dentist", { time: "9:00" }]], [100, 1200]),
      laptop: on("laptop", laptop),
    },
  });
test("a put that is tried again is in conflict with itself, unless the server remembers the edit", async () => {
  for (const remembersEdits of [false, true]) {
    const { phone } = (await simulate(triedAgain(threeWayMerge, remembersEdits, async () => {}))).results;
    assert.equal(
      phone.summaries.map(({ isComplete }) => isComplete),
      [false, true],
    );
    assert.is(phone.summaries[1]?.conflicts, remembersEdits ? 0 : 1);
    assert.equal(phone.entries, { dentist: { time: "9:00" } });
  }
});

test("where a put that was tried again is in conflict, mine wins undoes what another device made of it", async () => {
  const movesIt = async (host: Host) => {
    const calendar = await SyncClient.open(host, { policy: mineWins });
    await host.sleepUntil(500);
    await calendar.sync();
    await calendar.edit("dentist", { time: "10:00" }); // has seen 9:00
    await calendar.sync();
  };
  const told = async (remembersEdits: boolean) =>
    (await simulate(triedAgain(mineWins, remembersEdits, movesIt))).results.phone.entries;
  assert.equal(await told(false), { dentist: { time: "9:00" } });
  assert.equal(await told(true), { dentist: { time: "10:00" } });
});

test("of two puts of one entry that come while the disk is busy, one is in conflict", async () => {
  const { phone, laptop } = (
    await simulate(
      scenario({
        hosts: slow,
        network: { latencyMs: 2 },
        programs: {
          server: on("server", syncServer).daemon(),
          phone: on("phone", edits, threeWayMerge, [[10, "a", { time: "9:00" }]], [100, 300]),
          laptop: on("laptop", edits, threeWayMerge, [[10, "a", { place: "Main Street" }]], [100, 200]),
        },
      }),
    )
  ).results;
  assert.is((phone.summaries[0]?.conflicts ?? 0) + (laptop.summaries[0]?.conflicts ?? 0), 1);
  assert.equal(phone.entries, { a: { time: "9:00", place: "Main Street" } });
  assert.equal(laptop.entries, phone.entries);
});

test("nothing that was acknowledged is lost when the server's machine crashes, at whatever moment", async () => {
  for (let atMs = 100; atMs < 125; atMs++) {
    const run = await simulate(
      scenario({
        hosts: slow,
        network: { latencyMs: 2 },
        faults: [
          { kind: "crash", host: "server", atMs },
          { kind: "restart", host: "server", atMs: atMs + 50 },
        ],
        programs: {
          server: on("server", syncServer).daemon(),
          phone: on(
            "phone",
            edits,
            mineWins,
            [
              [10, "a", { time: "9:00" }],
              [11, "b", { time: "10:00" }],
            ],
            [100, 1000],
          ),
          laptop: on("laptop", edits, mineWins, [], [2000]),
        },
      }),
    );
    assert.equal(run.results.laptop.entries, { a: { time: "9:00" }, b: { time: "10:00" } }, `crash at ${atMs} ms`);
    assert.is(run.results.phone.summaries[1]?.conflicts, 0, `crash at ${atMs} ms`);
  }
});

test("an edit that is taken back while the server's change was being told is told of that change again", async () => {
  const run = await simulate(
    scenario({
      hosts,
      network: { latencyMs: 2 },
      programs: {
        server: on("server", syncServer).daemon(),
        phone: on("phone", edits, mineWins, [[10, "a", { time: "9:00" }]], [20]),
        laptop: on("laptop", async (host: Host) => {
          const calendar = await SyncClient.open(host, { policy: mineWins });
          await host.sleepUntil(100);
          const meeting = host.spawn(async () => void (await calendar.sync()), { as: "thread" });
          await host.sleepUntil(106); // connected at 104, told at 108
          await calendar.edit("a", { time: "11:00" });
          await meeting.done();
          await calendar.edit("a", null);
          await calendar.sync();
          return calendar.entries;
        }),
      },
    }),
  );
  assert.equal(run.results.laptop, { a: { time: "9:00" } });
});

test("bad options are named", async () => {
  const inProgram = (work: (host: Host) => Promise<unknown>) =>
    simulate(
      scenario({ hosts: { here: {} }, programs: { tried: on("here", (host) => failureOf(() => work(host))) } }),
    ).then(({ results }) => results.tried);
  const refused: readonly (readonly [(host: Host) => Promise<unknown>, string])[] = [
    [(host) => syncServer(host, { port: 0 }), "syncServer: port must be a whole number from 1 to 65535, got 0"],
    [
      (host) => syncServer(host, { remembersEdits: 1 as unknown as boolean }),
      "syncServer: remembersEdits must be true or false, got 1",
    ],
    [
      (host) => SyncClient.open(host, {} as { policy: typeof mineWins }),
      "SyncClient.open: policy must be a conflict policy, got undefined",
    ],
    [
      (host) => SyncClient.open(host, { policy: mineWins, timeoutMs: 0 }),
      "SyncClient.open: timeoutMs must be a finite number above 0, got 0",
    ],
    [
      async (host) => (await SyncClient.open(host, { policy: mineWins })).edit("", null),
      'SyncClient.edit: id must be a text that is not empty, got ""',
    ],
  ];
  for (const [work, message] of refused) assert.is(await inProgram(work), `ParameterError: ${message}`);
  assert.is(
    await failureOf(() => randomSyncStories({ stories: 0, seed: 1 })),
    "ParameterError: randomSyncStories: stories must be a whole number from 1 to 1000000, got 0",
  );
});

test.run();
