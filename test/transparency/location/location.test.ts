import {
  type Address,
  type Fault,
  Home,
  type Host,
  holdersOf,
  home,
  locationCosts,
  moveService,
  on,
  type Run,
  runLive,
  scenario,
  simulate,
  stub,
  tracking,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hurried } from "../../soak.js";
import { inBothWorlds } from "../../world/both-worlds.js";
import { journey, Ledger, type Machine, service } from "./ledger.js";

const test = suite("location");
type Journey = ReturnType<typeof journey>;
type JourneyRun = Run<Journey["programs"]>;

const threeMoves = [
  [60, "a", "b"],
  [110, "b", "c"],
  [160, "c", "d"],
] as const;

/** What is wrong: each call must have been executed, once, and its result must be its own. */
function lostOrTwice(run: JourneyRun, wanted: number): string {
  const open = run.outcomes.clients.filter(({ how }) => how !== "returned");
  if (open.length > 0) return `${open.length} clients did not end`;
  const positions = run.results.clients.flat().map(({ position }) => position);
  const [returned, distinct, last] = [positions.length, new Set(positions).size, Math.max(...positions)];
  return returned === wanted && distinct === wanted && last === wanted
    ? ""
    : `${wanted} calls: ${returned} returned, ${distinct} of them distinct, the last at position ${last}`;
}

for (const leaves of ["forward", "refer", "forget"] as const)
  for (const [world, play] of [
    ["in virtual time", (played: Journey) => simulate(played, { seed: 1 })],
    ["live", (played: Journey) => runLive(played, { seed: 1, timeScale: 3 })],
  ] as const) {
    if (world === "live" && hurried) continue;
    test(`three moves under load, and places that ${leaves}: each of 120 calls is executed once, ${world}`, async () => {
      const run: JourneyRun = await play(journey({ moves: threeMoves, place: { leaves } }));
      assert.equal(run.results.moved, [true, true, true]);
      assert.is(lostOrTwice(run, 120), "");
      assert.is(locationCosts(run.rows).executed, 120);
      assert.equal(holdersOf(run.rows), ["d"]);
    });
  }

test("what each way costs: one hop a client and move, or one referral, or one failed try and one look-up", async () => {
  const costs = async (leaves: "forward" | "refer" | "forget") =>
    locationCosts((await simulate(journey({ moves: threeMoves, place: { leaves } }), { seed: 1 })).rows);
  const executed = 120;
  assert.equal(await costs("forward"), { lookUps: 4, passedOn: 12, referred: 0, failedTries: 0, executed });
  assert.equal(await costs("refer"), { lookUps: 4, passedOn: 0, referred: 12, failedTries: 0, executed });
  assert.equal(await costs("forget"), { lookUps: 16, passedOn: 0, referred: 0, failedTries: 12, executed });
});

/** A client that knows nothing but an address of old, and makes a single call. */
const stale = async (host: Host, first: Address, entry: string) => {
  await stub(host, Ledger, tracking(host, { service, home: "home", first })).add(entry);
};
const chain = async (cutsShort: boolean) => {
  const moved = journey({ moves: threeMoves, clients: 1, calls: 1, place: { cutsShort } });
  const old = { host: "a", port: 80 };
  const late = Array.from({ length: 4 }, (_, i) => on("clients", stale, old, `stale ${i}`).at(300 + 50 * i));
  const run = await simulate(scenario({ ...moved, programs: { ...moved.programs, late } }), { seed: 1 });
  const passed = run.rows.filter((row) => row.kind === "log" && row.event === "passed on" && row.timeMs >= 300);
  return [0, 1, 2, 3].map((i) => passed.filter(({ timeMs }) => Math.floor((timeMs - 300) / 50) === i).length);
};

test("a chain of three pointers is walked by every stale client, unless the first one's reply cuts it short", async () => {
  assert.equal(await chain(false), [3, 3, 3, 3]);
  assert.equal(await chain(true), [3, 1, 1, 1]);
});

const oneMove = (faults: readonly Fault<Machine>[], place: Parameters<typeof journey>[0]["place"] = {}) =>
  journey({ moves: [[60, "a", "b"]], clients: 2, calls: 25, place, faults, limitMs: 3000 });

/** A moment before and in each thing that happens on the three machines while the service moves. */
async function momentsOfMove(place: Parameters<typeof oneMove>[1]): Promise<number[]> {
  const { rows } = await simulate(oneMove([], place), { seed: 1 });
  const during = rows.filter(({ timeMs, host }) => timeMs >= 60 && timeMs <= 80 && host !== "clients");
  const times = [...new Set(during.map(({ timeMs }) => timeMs))];
  return times.flatMap((timeMs, i) => [timeMs, (timeMs + (times[i + 1] ?? timeMs + 0.5)) / 2]);
}

interface Ending {
  readonly crashed: string;
  readonly atMs: number;
  readonly holders: readonly string[];
  readonly wrong: string;
}

async function endings(place: Parameters<typeof oneMove>[1], second?: "a" | "b" | "home"): Promise<Ending[]> {
  const moments = await momentsOfMove(place);
  assert.ok(moments.length >= 40, `${moments.length} moments`);
  const all: Ending[] = [];
  for (const host of ["a", "b", "home"] as const)
    for (const atMs of moments) {
      const down = [host, ...(second && second !== host ? [second] : [])];
      const faults = down.flatMap((each, i): Fault<Machine>[] => [
        { kind: "crash", host: each, atMs: atMs + 7 * i },
        { kind: "restart", host: each, atMs: atMs + 7 * i + 30 },
      ]);
      const run = await simulate(oneMove(faults, place), { seed: 1 });
      all.push({ crashed: down.join(" and "), atMs, holders: holdersOf(run.rows), wrong: lostOrTwice(run, 50) });
    }
  return all;
}

const isRight = ({ holders, wrong }: Ending) => holders.length === 1 && wrong === "";

test("whoever crashes at whatever point of a move: one holder, and each call executed once", async () => {
  const all = await endings({});
  assert.equal(
    all.filter((each) => !isRight(each)),
    [],
  );
  // It is no proof if the move was always done, or never.
  assert.equal([...new Set(all.flatMap(({ holders }) => holders))].sort(), ["a", "b"]);
});

test("the same when a second machine crashes 7 ms after the first", async () => {
  for (const second of ["b", "home"] as const) {
    const all = await endings({}, second);
    assert.equal(
      all.filter((each) => !isRight(each)),
      [],
    );
  }
});

test("without a home that decides, a crash of the source at some points ends with two holders", async () => {
  const all = await endings({ decides: "nobody" });
  const two = all.filter(({ holders }) => holders.length === 2);
  assert.ok(two.length > 0, JSON.stringify(all.slice(0, 3)));
  assert.equal([...new Set(two.map(({ crashed }) => crashed))], ["a"]);
});

test("a table of duplicates that stays behind: a call whose reply was lost is executed twice", async () => {
  // The cut comes when the source has executed calls whose replies are on their way; the service moves meanwhile.
  const faults: Fault<Machine>[] = [
    { kind: "cut", between: ["clients", "a"], atMs: 58.5 },
    { kind: "heal", between: ["clients", "a"], atMs: 200 },
  ];
  const wrong = { travels: 0, stays: 0 };
  for (const tableTravels of [true, false])
    for (let atMs = 50; atMs < 60; atMs += 0.5) {
      const moved = oneMove(
        faults.map((fault) => ({ ...fault, atMs: fault.atMs + atMs - 50 })),
        { tableTravels },
      );
      // The one who asks for the move is not cut off.
      const mover = async (host: Host) => {
        return moveService(host, { host: "a", port: 80 }, { host: "b", port: 80 });
      };
      const run = await simulate(
        scenario({ ...moved, programs: { ...moved.programs, moved: [on("c", mover).at(atMs + 12)] } }),
        { seed: 1 },
      );
      if (lostOrTwice(run as never, 50) !== "") wrong[tableTravels ? "travels" : "stays"]++;
    }
  assert.is(wrong.travels, 0);
  assert.ok(wrong.stays > 0, JSON.stringify(wrong));
});

inBothWorlds(
  test,
  "of two who set a home's entry at the same epoch one does, and to ask again is a success",
  async (play) => {
    const sets = async (host: Host, to: string, times: number) => {
      const registry = stub(host, Home, { host: "home", port: 700 });
      const answers: boolean[] = [];
      for (let i = 0; i < times; i++) answers.push((await registry.move("x", 0, to, 80)).done);
      return answers;
    };
    const run = await play(
      scenario({
        hosts: { home: { disk: { accessMs: 2 } }, a: {}, b: {}, c: {} },
        network: { latencyMs: 1 },
        programs: {
          home: on("home", home).daemon(),
          first: on("a", sets, "a", 2),
          second: on("b", sets, "b", 2).at(200),
          found: on("c", async (host: Host) => stub(host, Home, { host: "home", port: 700 }).find("x")).at(400),
        },
      }),
    );
    assert.equal(run.results.first, [true, true]);
    assert.equal(run.results.second, [false, false]);
    assert.equal(run.results.found, { host: "a", port: 80, epoch: 1 });
  },
);

test("a service that is nowhere is looked for, and after the last try the caller is told so", async () => {
  const asks = (host: Host) => stub(host, Ledger, tracking(host, { service: "none", home: "home", tries: 3 })).add("x");
  const run = await simulate(
    scenario({
      hosts: { home: {}, clients: {} },
      programs: { home: on("home", home).daemon(), client: on("clients", asks) },
    }),
  );
  const outcome = run.outcomes.client;
  assert.is(outcome.how === "threw" && outcome.error.message, "none was not found in 3 tries");
  assert.is(locationCosts(run.rows).lookUps, 3);
});

test.run();
