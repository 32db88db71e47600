import { type Host, on, scenario, simulate } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf, inBothWorlds, logged, rowsOf } from "./both-worlds.js";

const test = suite("machines");

/** Runs jobs of CPU time at once on one machine; gives the time at which each ended, and their order. */
async function jobs(host: Host, list: readonly { ms: number; priority?: number; atMs?: number }[]) {
  const order: number[] = [];
  const run = async (own: Host, i: number) => {
    const { ms, priority = 0, atMs = 0 } = list[i] as (typeof list)[number];
    await own.sleepUntil(atMs);
    await own.compute(ms, { priority });
    order.push(i);
    return own.now();
  };
  const threads = list.map((_, i) => host.spawn(run, { as: "thread" }, i));
  const exits = await Promise.all(threads.map((thread) => thread.done()));
  return { order, ends: exits.map((exit) => (exit.how === "returned" ? exit.value : Number.NaN)) };
}

const cpu: [
  name: string,
  cores: number,
  list: { ms: number; priority?: number; atMs?: number }[],
  ends: number[],
  order: number[],
][] = [
  [
    "equal jobs share one core equally, and end in order of arrival",
    1,
    [{ ms: 30 }, { ms: 30 }, { ms: 60 }],
    [90, 90, 120],
    [0, 1, 2],
  ],
  ["a short job passes a long one", 1, [{ ms: 100 }, { ms: 20, atMs: 20 }], [120, 60], [1, 0]],
  [
    "a higher priority runs alone, the lower one waits",
    1,
    [{ ms: 60 }, { ms: 40, priority: 1, atMs: 20 }],
    [100, 60],
    [1, 0],
  ],
  ["a negative priority runs when nobody else does", 1, [{ ms: 20, priority: -1 }, { ms: 50 }], [70, 50], [1, 0]],
];
for (const [name, cores, list, ends, order] of cpu) {
  inBothWorlds(test, name, async (play, world) => {
    const run = await play(scenario({ hosts: { a: { cores } }, programs: { jobs: on("a", jobs, list) } }));
    if (world === "virtual") assert.equal(run.results.jobs.ends, ends);
    // Live, equal jobs take turns, so that either may be first.
    const got = name.startsWith("equal")
      ? [...run.results.jobs.order.slice(0, 2).sort(), ...run.results.jobs.order.slice(2)]
      : run.results.jobs.order;
    assert.equal(got, order);
  });
}

test("c cores run c jobs at full speed, and more jobs share them", async () => {
  const list = [{ ms: 30 }, { ms: 30 }, { ms: 30 }, { ms: 10, priority: 1, atMs: 15 }];
  const of = async (cores: number) =>
    (await simulate(scenario({ hosts: { a: { cores } }, programs: { jobs: on("a", jobs, list) } }))).results.jobs.ends;
  assert.equal(await of(4), [30, 30, 30, 25]);
  // Three cores: from 15 to 25 two are left for three jobs, which so lose 10/3 ms each.
  assert.equal(
    (await of(3)).map((ms) => Math.round(ms * 1e9) / 1e9),
    [33.333333333, 33.333333333, 33.333333333, 25],
  );
  // Two cores: 10 ms each by t=15; then one core's worth of 10 ms more among three; then 2/3 each.
  assert.equal(await of(2), [50, 50, 50, 25]);
});

test("100,000 jobs of 0.1 ms take 10 s: sharing does not drift", async () => {
  const program = async (host: Host) => {
    for (let i = 0; i < 100_000; i++) await host.compute(0.1);
    return host.now();
  };
  const run = await simulate(scenario({ hosts: { a: {} }, programs: { p: on("a", program) } }), { trace: "none" });
  assert.ok(Math.abs(run.results.p - 10_000) < 1e-3, `${run.results.p}`);
});

inBothWorlds(test, "an aborted compute ends with the signal's reason and frees the core", async (play, world) => {
  const program = async (host: Host) => {
    const controller = new AbortController();
    const other = host.spawn(async (own: Host) => own.compute(40).then(() => own.now()), { as: "thread" });
    const aborting = host.spawn(
      async (own: Host) => {
        await own.sleep(20);
        controller.abort(new Error("no longer wanted"));
      },
      { as: "thread" },
    );
    const failure = await failureOf(() => host.compute(1000, { signal: controller.signal }));
    await aborting.done();
    const exit = await other.done();
    return [failure, await failureOf(() => host.compute(5, { signal: controller.signal })), exit, host.load()];
  };
  const run = await play(scenario({ hosts: { a: {} }, programs: { p: on("a", program) } }));
  const [failure, again, exit, load] = run.results.p as [string, string, { how: string; value: number }, number];
  assert.equal([failure, again, exit.how, load], ["Error: no longer wanted", "Error: no longer wanted", "returned", 0]);
  if (world === "virtual") assert.is(exit.value, 50);
  const [aborted] = rowsOf(run, "compute").filter(({ workMs }) => workMs === 1000);
  assert.ok((aborted?.endMs ?? Infinity) < 500);
});

inBothWorlds(test, "load counts the jobs that want the CPU, for each core", async (play) => {
  const program = async (host: Host) => {
    const burn = (own: Host) => own.compute(40);
    const threads = [1, 2, 3].map(() => host.spawn(burn, { as: "thread" }));
    const before = host.load();
    await host.sleep(10);
    const loads = [before, host.load()];
    for (const thread of threads) await thread.done();
    return [...loads, host.load()];
  };
  const run = await play(scenario({ hosts: { a: { cores: 2 } }, programs: { p: on("a", program) } }));
  assert.equal(run.results.p, [0, 1.5, 0]);
});

inBothWorlds(test, "work for a client who reset the connection can stop", async (play) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    const failure = await failureOf(() => host.compute(2000, { signal: connection.signal }));
    return [failure, host.now() < 1000];
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    await host.sleep(20);
    connection.reset();
  };
  const run = await play(
    scenario({
      hosts: { server: {}, client: {} },
      programs: { server: on("server", server), client: on("client", client) },
    }),
  );
  assert.equal(run.results.server, ["ConnectionReset: client#1>server:7 was reset by client", true]);
});

inBothWorlds(test, "a message costs CPU time to send and to receive where the host says so", async (play, world) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    await connection.send(await connection.receive());
    connection.end();
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    const beganMs = host.now();
    await connection.send("x");
    await connection.receive();
    const tookMs = host.now() - beganMs;
    return [tookMs, await connection.receive()];
  };
  const hosts = { server: { costs: { messageMs: 20 } }, client: { costs: { messageMs: 5 } } };
  const run = await play(
    scenario({
      hosts,
      network: { latencyMs: 1 },
      programs: { server: on("server", server), client: on("client", client) },
    }),
  );
  const [tookMs, end] = run.results.client as [number, undefined];
  assert.is(end, undefined);
  assert.ok(world === "virtual" ? tookMs === 52 : tookMs > 15, `${tookMs}`);
  assert.equal(
    rowsOf(run, "compute").map(({ host, workMs }) => [host, workMs]),
    [
      ["client", 5],
      ["server", 20],
      ["server", 20],
      ["client", 5],
    ],
  );
});

inBothWorlds(test, "sleepUntil does not drift, and a time in the past returns at once", async (play, world) => {
  const program = async (host: Host) => {
    const late: number[] = [];
    for (let i = 1; i <= 40; i++) {
      await host.sleepUntil(i * 5);
      late.push(host.now() - i * 5);
    }
    await host.sleepUntil(0);
    await host.sleepUntil(-5);
    return { late, endMs: host.now() };
  };
  const run = await play(scenario({ hosts: { a: {} }, programs: { p: on("a", program) } }));
  const { late, endMs } = run.results.p;
  assert.ok(late.every((ms) => ms >= 0));
  if (world === "virtual") assert.equal([endMs, Math.max(...late)], [200, 0]);
  else assert.ok(([...late].sort((a, b) => a - b)[20] as number) < 5, `late by ${late}`);
});

inBothWorlds(test, "the disk does one access at a time, in order, at its speed", async (play, world) => {
  const program = async (host: Host) => {
    const at = async <T>(work: Promise<T>) => [await work, host.now()] as const;
    const all = await Promise.all([
      at(host.disk.write("b", new Uint8Array(980))),
      at(host.disk.write("a", { n: 1 })),
      at(host.disk.read("b")),
      at(host.disk.list()),
      at(host.disk.remove("b")),
      at(host.disk.read("b")),
      at(host.disk.list()),
    ]);
    return all;
  };
  const disk = { accessMs: 2, bytesPerS: 100_000 };
  const run = await play(scenario({ hosts: { a: { disk } }, programs: { p: on("a", program) } }));
  const values = run.results.p.map(([value]) => value);
  const times = run.results.p.map(([, timeMs]) => timeMs);
  assert.equal(values, [undefined, undefined, new Uint8Array(980), ["a", "b"], undefined, undefined, ["a"]]);
  if (world === "virtual") {
    // 980 bytes and 4 of encoding: 9.84 ms; { n: 1 } takes 7 bytes: 0.07 ms.
    const expected = [11.84, 13.91, 25.75, 27.75, 29.75, 31.75, 33.75];
    assert.ok(
      times.every((timeMs, i) => Math.abs(timeMs - (expected[i] as number)) < 1e-9),
      `${times}`,
    );
  } else
    assert.equal(
      times,
      [...times].sort((x, y) => x - y),
    );
  assert.equal(
    rowsOf(run, "disk").map(({ access }) => access),
    ["write b", "write a", "read b", "list", "remove b", "read b", "list"],
  );
});

inBothWorlds(
  test,
  "a queue of that capacity makes putters wait, offers refuse, and takers come first in first out",
  async (play) => {
    const program = async (host: Host) => {
      const queue = host.queue<string>(2);
      const seen: (string | number | boolean)[] = [];
      const putter = async () => {
        for (const value of ["a", "b", "c", "d"]) {
          await queue.put(value);
          seen.push(`put ${value}`);
        }
      };
      const thread = host.spawn(putter, { as: "thread" });
      await host.sleep(10);
      seen.push(queue.size, queue.offer("x"), queue.takers);
      for (let i = 0; i < 4; i++) {
        seen.push(await queue.take());
        await host.sleep(5);
      }
      await thread.done();
      const takers = ["one", "two"].map((name) =>
        host.spawn(async () => void seen.push(`${name} ${await queue.take()}`), { as: "thread", name }),
      );
      await host.sleep(5);
      seen.push(queue.takers, queue.offer("first"), queue.offer("second"), queue.takers);
      for (const taker of takers) await taker.done();
      seen.push(await failureOf(() => queue.take({ timeoutMs: 10 })), queue.takers, queue.size);
      return seen;
    };
    const run = await play(scenario({ hosts: { a: {} }, programs: { p: on("a", program) } }));
    assert.equal(run.results.p, [
      "put a",
      "put b",
      2,
      false,
      0,
      "a",
      "put c",
      "b",
      "put d",
      "c",
      "d",
      2,
      true,
      true,
      0,
      "one first",
      "two second",
      "TimedOut: take: nothing came in 10 ms",
      0,
      0,
    ]);
  },
);

inBothWorlds(test, "a taker that timed out or was cancelled takes nothing away", async (play) => {
  const program = async (host: Host) => {
    const queue = host.queue<number>();
    const gone = host.spawn(() => failureOf(() => queue.take()), { as: "thread" });
    const late = await failureOf(() => queue.take({ timeoutMs: 5 }));
    gone.cancel();
    await gone.done();
    const waiting = host.spawn(() => queue.take(), { as: "thread" });
    await host.sleep(5);
    await queue.put(1);
    const exit = await waiting.done();
    return [late, exit.how === "returned" && exit.value];
  };
  const run = await play(scenario({ hosts: { a: {} }, programs: { p: on("a", program) } }));
  assert.equal(run.results.p, ["TimedOut: take: nothing came in 5 ms", 1]);
});

inBothWorlds(test, "a mutex is given in the order asked for, and not to who was cancelled", async (play) => {
  const program = async (host: Host) => {
    const mutex = host.mutex();
    const seen: string[] = [];
    const user = async (own: Host, name: string) => {
      try {
        await mutex.lock();
      } catch {
        return void seen.push(`${name} gave up`);
      }
      seen.push(name);
      await own.sleep(5);
      mutex.unlock();
    };
    await mutex.lock();
    const threads = ["a", "b", "c"].map((name) => host.spawn(user, { as: "thread" }, name));
    await host.sleep(5);
    threads[1]?.cancel();
    await host.sleep(5);
    mutex.unlock();
    for (const thread of threads) await thread.done();
    await mutex.lock();
    mutex.unlock();
    return [...seen, await failureOf(() => mutex.unlock())];
  };
  const run = await play(scenario({ hosts: { a: {} }, programs: { p: on("a", program) } }));
  assert.equal(run.results.p, ["b gave up", "a", "c", "ParameterError: unlock: the mutex is not locked"]);
});

inBothWorlds(test, "log writes what it was told then, and trace keeps the kinds asked for", async (play) => {
  const program = async (host: Host) => {
    const fields = { n: 1 };
    host.log("one", fields);
    fields.n = 2;
    await host.sleep(1);
    host.log("two");
  };
  const plan = scenario({ hosts: { a: {} }, programs: { p: on("a", program) } });
  const all = await play(plan);
  assert.equal(
    rowsOf(all, "log").map(({ event, fields, host, process, pid, thread }) => [
      event,
      fields,
      host,
      process,
      pid,
      thread,
    ]),
    [
      ["one", { n: 1 }, "a", "p", 1, "p"],
      ["two", {}, "a", "p", 1, "p"],
    ],
  );
  assert.equal(
    all.rows.map(({ kind }) => kind),
    ["start", "log", "wait", "wake", "log", "exit"],
  );
  assert.equal((await play(plan, { trace: "none" })).rows, []);
  assert.equal(
    (await play(plan, { trace: ["exit", "log"] })).rows.map(({ kind }) => kind),
    ["log", "log", "exit"],
  );
  assert.equal(logged(await play(plan, { trace: ["log"] })), ["one", "two"]);
});

test.run();
