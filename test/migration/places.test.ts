import {
  fetchProcess,
  type Handle,
  type Host,
  LaunchTimedOut,
  launch,
  place,
  processesAt,
  programShipment,
  pushProcess,
  type Report,
  ResourceError,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { rowsOf } from "../world/both-worlds.js";
import { compiled } from "./programs.js";
import { instructionsPerMs, inThreeWorlds, type PlaceWorld, scenarioPlayed } from "./three-worlds.js";

const places = suite("processes that are fetched, pushed, followed and lost");

const code = await compiled(`
@external("travel", "go") declare function go(to: i32): i32;
@external("travel", "clone") declare function clone(to: i32): i32;
@external("paper", "print") declare function print(x: f64): void;
function work(n: i32): i32 { let s = 0; for (let i = 0; i < n; i++) s = (s + i) % 1000003; return s; }
export function working(n: i32): i32 { return work(n); }
export function tour(hops: i32): i32 { let went = 0; for (let i = 0; i < hops; i++) went += go(i % 2); return went; }
export function splits(n: i32): i32 { const isClone = clone(0); work(n); if (isClone) go(1); return isClone; }
// What it prints is the trace of how often each half was done.
export function once(n: i32): i32 { work(n); print(1); const went = go(0); work(n); print(2); return went; }
export function tries(n: i32): i32 { work(n); return go(0); }`);

const perIteration = 12;
/** A program that runs for some ms in that world. */
const running = (world: PlaceWorld, ms: number) =>
  programShipment(code, "working", Math.round((ms * instructionsPerMs[world]) / perIteration));

const eventually = async (host: Host, isSo: () => Promise<boolean>) => {
  for (let tries = 0; !(await isSo()); tries++) {
    if (tries === 500) throw new Error("it never came to that");
    await host.sleep(10);
  }
};
const idsAt = async (host: Host, at: string) => (await processesAt(host, at)).map(({ id }) => id);
/** Launches programs at a one after the other; each is there when the next comes. */
const launchInOrder = async (host: Host, count: number, shipment: ReturnType<typeof running>) => {
  const all: Promise<Report[]>[] = [];
  for (let i = 0; i < count; i++) {
    all.push(launch(host, "a", { shipment }));
    await eventually(host, async () => (await processesAt(host, "a")).length === i + 1);
  }
  return { ids: await idsAt(host, "a"), reports: async () => (await Promise.all(all)).flat() };
};

inThreeWorlds(places, "the newest or the oldest process goes, whichever was asked for", async (play, world) => {
  const { values } = await play({
    places: ["a", "b", "c"],
    programs: {
      user: async (host) => {
        const { ids, reports } = await launchInOrder(host, 4, running(world, 1500));
        return { ids, reports: await reports() };
      },
      a: async (host) => {
        await eventually(host, async () => (await processesAt(host, "a")).length === 4);
        return pushProcess(host, { to: "c", which: "newest" });
      },
      b: async (host) => {
        await eventually(host, async () => (await processesAt(host, "c")).length === 1);
        return [await fetchProcess(host, { from: "a", which: "newest" }), await fetchProcess(host, { from: "a" })];
      },
    },
  });
  assert.equal([values.a, values.b], [true, [true, true]]);
  const { ids, reports } = values.user as { ids: string[]; reports: Report[] };
  const placeOf = (id: string | undefined) => reports.find((report) => report.id === id)?.place;
  // c was given the fourth; b took the third, then the first.
  assert.equal(ids.map(placeOf), ["b", "a", "b", "c"]);
  assert.is(new Set(reports.map(({ results }) => JSON.stringify(results))).size, 1);
  assert.is(new Set(reports.map(({ instructions }) => instructions)).size, 1, "as many instructions wherever it ran");
});

inThreeWorlds(
  places,
  "who pushes nothing is told so, and so is who pushes to nobody: it goes on",
  async (play, world) => {
    const { values } = await play({
      places: ["a"],
      programs: {
        b: async () => undefined,
        user: async (host) => (await launchInOrder(host, 1, running(world, 1500))).reports(),
        a: async (host) => {
          const nothing = await pushProcess(host, { to: "b", timeoutMs: 100 });
          await eventually(host, async () => (await processesAt(host, "a")).length === 1);
          return [nothing, await pushProcess(host, { to: "b" }).catch((error: unknown) => error)];
        },
      },
    });
    const [nothing, refusal] = values.a as [boolean, Error];
    assert.is(nothing, false);
    assert.instance(refusal, ResourceError);
    assert.match(refusal.message, "nobody listens");
    const [report] = values.user as Report[];
    assert.equal([report?.how, report?.place, report?.hops], ["finished", "a", []]);
  },
);

inThreeWorlds(places, "a clone is pushed, and both report, with the hops of both", async (play, world) => {
  const { values } = await play({
    places: ["a", "b", "c"],
    programs: {
      user: async (host) => {
        const n = Math.round((300 * instructionsPerMs[world]) / perIteration);
        return launch(host, "a", { shipment: programShipment(code, "splits", n), itinerary: ["b", "c"] });
      },
    },
  });
  const [original, clone] = [...(values.user as Report[])].sort((one, other) => one.id.length - other.id.length);
  const way = (report?: Report) => report?.hops.map(({ kind, from, to }) => `${kind} ${from}>${to}`);
  assert.equal([original?.results, original?.place, way(original)], [[0], "a", []]);
  assert.equal([clone?.results, clone?.place, way(clone)], [[1], "c", ["cloned a>b", "moved b>c"]]);
});

inThreeWorlds(places, "a balancer that fetches from the fullest place evens them out", async (play, world) => {
  const balancer = async (host: Host) => {
    await eventually(host, async () => (await processesAt(host, "a")).length === 4);
    for (;;) {
      const [there, here] = [await idsAt(host, "a"), await idsAt(host, host.name)];
      if (there.length <= here.length + 1) return here.length;
      await fetchProcess(host, { from: "a", which: "newest" });
    }
  };
  const { values } = await play({
    places: ["a", "b"],
    programs: {
      user: async (host) => (await launchInOrder(host, 4, running(world, 1500))).reports(),
      b: balancer,
    },
  });
  assert.is(values.b, 2);
  const at = (values.user as Report[]).map((report) => report.place).sort();
  assert.equal(at, ["a", "a", "b", "b"]);
});

inThreeWorlds(
  places,
  "whoever launched a process is told when its host dies with it, in the time chosen",
  async (play, world) => {
    const timeoutMs = world === "processes" ? 2000 : 700;
    for (const kind of ["kill", "crash"] as const) {
      const { values } = await play({
        places: ["a", "b"],
        faults: [{ kind, place: "b", atMs: 400, hasGuest: true }],
        programs: {
          user: async (host) => {
            const shipment = running(world, 60_000);
            const lost = launch(host, "a", { shipment, timeoutMs }).catch((error: unknown) => error);
            return [await lost, host.now()];
          },
          b: async (host) => {
            if (world !== "processes") return; // it would die with its host
            await eventually(host, async () => (await processesAt(host, "a")).length === 1);
            return fetchProcess(host, { from: "a" });
          },
          a: async (host) => {
            if (world === "processes") return;
            await eventually(host, async () => (await processesAt(host, "a")).length === 1);
            return pushProcess(host, { to: "b" });
          },
        },
      });
      const [error, tookMs] = values.user as [LaunchTimedOut, number];
      assert.instance(error, LaunchTimedOut, String(error));
      assert.equal(
        error.missing.map(({ place: at, state }) => [at, state]),
        [["b", "no answer"]],
        kind,
      );
      assert.match(
        error.message,
        /^launch: not ended within \d+ ms: user:\d+, last heard of at b, which does not answer$/,
      );
      assert.ok(tookMs >= timeoutMs && tookMs < timeoutMs + 2000, `${tookMs} ms`);
    }
  },
);

inThreeWorlds(places, "whoever gave too little time is told where the process still is", async (play, world) => {
  const { values } = await play({
    places: ["a"],
    programs: {
      user: async (host) =>
        launch(host, "a", { shipment: running(world, 3000), timeoutMs: 300 }).catch((error: unknown) => error),
    },
  });
  assert.match((values.user as Error).message, /^launch: not ended within 300 ms: user:\d+, which is still at a$/);
  assert.is((values.user as Error).name, "LaunchTimedOut");
});

inThreeWorlds(places, "a silent host costs whoever wants to go there the time that was chosen", async (play, world) => {
  const n = Math.round((300 * instructionsPerMs[world]) / perIteration);
  const { values } = await play({
    places: ["a", "b"],
    deadAfterMs: 250,
    faults: [{ kind: "crash", place: "b", atMs: 5 }],
    programs: {
      user: async (host) => launch(host, "a", { shipment: programShipment(code, "tries", n), itinerary: ["b"] }),
    },
  });
  const [report] = values.user as Report[];
  assert.equal([report?.how, report?.results, report?.place], ["finished", [0], "a"]);
  assert.ok((report?.endedMs ?? 0) > 400 && (report?.endedMs ?? Infinity) < 10_000, `${report?.endedMs} ms`);
});

inThreeWorlds(
  places,
  "a journey of twenty hops is told whole, in order, and only to who wants to hear it",
  async (play) => {
    for (const follow of [true, false]) {
      const { values } = await play({
        places: ["a", "b"],
        programs: {
          user: async (host) =>
            launch(host, "a", { shipment: programShipment(code, "tour", 20), itinerary: ["b", "a"], follow }),
        },
      });
      const [report] = values.user as Report[];
      assert.equal([report?.how, report?.results], ["finished", [20]]);
      const way = Array.from({ length: 20 }, (_hop, i) => (i % 2 === 0 ? "a>b" : "b>a"));
      assert.equal(
        report?.hops.map(({ from, to }) => `${from}>${to}`),
        follow ? way : [],
      );
      const times = report?.hops.map(({ stoppedMs }) => stoppedMs) ?? [];
      assert.equal(
        times,
        [...times].sort((one, other) => one - other),
      );
    }
  },
);

for (const world of ["virtual", "live"] as const)
  places(`an agent's frames grow by at most 8 B a hop, and by 40 B in a hundred hops, ${world}`, async () => {
    const hops = world === "virtual" ? 100 : 20;
    const { rows, values } = await scenarioPlayed(
      {
        places: ["a", "b"],
        programs: {
          user: async (host) =>
            launch(host, "a", { shipment: programShipment(code, "tour", hops), itinerary: ["b", "a"] }),
        },
      },
      world,
    );
    assert.is((values.user as Report[])[0]?.hops.length, hops);
    const sent = rowsOf({ rows }, "send").filter(({ connection }) => /^[ab]#\d+>[ab]:700$/.test(connection));
    const frames = sent.filter(({ direction, bytes }) => direction === "out" && bytes > 100).map(({ bytes }) => bytes);
    assert.is(frames.length, hops);
    for (let i = 1; i < hops; i++) {
      const grown = (frames[i] as number) - (frames[i - 1] as number);
      assert.ok(grown <= 8, `hop ${i + 1}: ${grown} B more`);
    }
    assert.ok((frames.at(-1) as number) - (frames[0] as number) <= 40, `${frames[0]} B, then ${frames.at(-1)} B`);
  });

const paper: Readonly<Record<string, Handle>> = {
  paper: { identifier: "printer:a", binding: "type", attachment: "fixed", strategy: "rebind" },
};

places("at whatever moment a host dies, at most one copy runs, and whoever launched it is told", async () => {
  const printed = (logs: readonly { event: string; fields: Readonly<Record<string, unknown>> }[], x: number) =>
    logs.filter(({ event, fields }) => event === "printed" && fields.x === x).length;
  const of = (kind: "kill" | "crash", dies: string, atMs: number) =>
    scenarioPlayed(
      {
        places: ["a", "b"],
        handOverMs: 60,
        deadAfterMs: 40,
        faults: [{ kind, place: dies, atMs }],
        programs: {
          user: async (host) =>
            launch(host, "a", {
              shipment: programShipment(code, "once", 8000),
              handles: paper,
              itinerary: ["b"],
              timeoutMs: 2000,
            }).catch((error: unknown) => error),
        },
      },
      "virtual",
    );
  const told = { finished: 0, "timed out": 0, other: 0 };
  for (const kind of ["kill", "crash"] as const)
    for (const dies of ["a", "b"])
      for (let atMs = 4.1; atMs < 60; atMs += 1.3) {
        const { logs, values } = await of(kind, dies, atMs);
        const said = `${kind} of ${dies} at ${atMs}`;
        assert.ok(printed(logs, 1) <= 1 && printed(logs, 2) <= 1, said);
        const { user } = values as { user: Report[] | Error };
        if (Array.isArray(user)) {
          assert.is(user.length, 1, said);
          assert.equal([user[0]?.how, printed(logs, 2)], ["finished", 1], said);
          told.finished++;
        } else if (user instanceof LaunchTimedOut) {
          // Whoever does not answer is the one that died.
          for (const { place: at, state } of user.missing) if (state === "no answer") assert.is(at, dies, said);
          told["timed out"]++;
        } else {
          // Its place died before it had taken the program in.
          assert.match(user.name, /^Connection(Refused|Reset)$/, said);
          told.other++;
        }
      }
  assert.ok(told.finished > 20 && told["timed out"] > 20, JSON.stringify(told));
});

places("whoever looks for a process that ended where it had been before is told that it is there no more", async () => {
  const played = (timeoutMs?: number) =>
    scenarioPlayed(
      {
        places: ["a", "b"],
        programs: {
          user: async (host) => {
            const shipment = programShipment(code, "tour", 2);
            const how = { shipment, itinerary: ["b", "a"], ...(timeoutMs !== undefined && { timeoutMs }) };
            return launch(host, "a", how).catch((error: unknown) => error);
          },
        },
      },
      "virtual",
    );
  const { user } = (await played()).values as { user: Report[] };
  // It has ended, and the news of that is still on its way.
  const { user: error } = (await played((user[0]?.endedMs as number) + 1)).values as { user: LaunchTimedOut };
  assert.instance(error, LaunchTimedOut, String(error));
  assert.equal(
    error.missing.map(({ place: at, state }) => [at, state]),
    [["a", "not there"]],
  );
});

places("what is asked of places is checked, and refused by name", async () => {
  const host = { name: "a" } as Host;
  const refusals: readonly (readonly [() => Promise<unknown>, RegExp])[] = [
    [() => pushProcess(host, { to: "a" }), /^pushProcess: to must be another host, got "a"$/],
    [() => pushProcess(host, { to: "" }), /^pushProcess: to must be a text that is not empty/],
    [() => pushProcess(host, { to: "b", which: "last" as never }), /^pushProcess: which must be "oldest" or "newest"/],
    [() => fetchProcess(host, { from: "b", which: "first" as never }), /^fetchProcess: which must be "oldest" or/],
    [() => fetchProcess(host, { from: "b", timeoutMs: 0 }), /^fetchProcess: timeoutMs must be a finite number above 0/],
    [() => processesAt(host, "a", { timeoutMs: Number.NaN }), /^processesAt: timeoutMs must be a finite number/],
    [() => launch(host, "a", { shipment: running("virtual", 1), timeoutMs: -1 }), /^launch: timeoutMs must be/],
    [async () => place({ instructionsPerMs: 1, deadAfterMs: 0 })(host), /^place: deadAfterMs must be a finite number/],
  ];
  for (const [work, message] of refusals) {
    const error = await work().catch((each: Error) => each);
    assert.is((error as Error).name, "ParameterError");
    assert.match((error as Error).message, message);
  }
});

places.run();
