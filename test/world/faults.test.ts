import { type Connection, type Host, on, scenario, simulate } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { alikeInBoth } from "./alike.js";
import { echo, echoForEach, failureOf, inBothWorlds, logged, rowsOf } from "./both-worlds.js";

const test = suite("faults");

const hosts = { server: {}, client: {} };
const network = { latencyMs: 2 };

inBothWorlds(
  test,
  "a client that ends its side of a connection that the restarted server forgot is told by a reset",
  async (play) => {
    const client = async (host: Host) => {
      const connection = await host.connect("server", 7);
      await host.sleepUntil(100);
      connection.end();
      return failureOf(() => connection.receive({ timeoutMs: 1000 }));
    };
    const run = await play(
      scenario({
        hosts: { server: {}, client: {} },
        network: { latencyMs: 5 },
        programs: { server: on("server", echo).daemon(), client: on("client", client) },
        faults: [
          { kind: "crash", host: "server", atMs: 40 },
          { kind: "restart", host: "server", atMs: 60 },
        ],
      }),
    );
    assert.is(run.results.client, "ConnectionReset: client#1>server:7 was reset by server");
  },
);

inBothWorlds(
  test,
  "a crash is silent; after a restart the next frame is answered by a reset, and the disk is there",
  async (play) => {
    const server = async (host: Host) => {
      const starts = ((await host.disk.read("starts")) ?? 0) + 1;
      await host.disk.write("starts", starts);
      let inMemory = 0;
      const listener = await host.listen(7);
      host.log(`up ${starts}`);
      for await (const connection of listener)
        host.spawn(
          async () => {
            for await (const _ of connection) await connection.send({ starts, inMemory: ++inMemory });
          },
          { as: "thread" },
        );
    };
    const client = async (host: Host) => {
      const seen: unknown[] = [];
      let connection = await host.connect("server", 7);
      const ask = async (timeoutMs: number) => {
        await connection.send("?");
        return connection.receive({ timeoutMs });
      };
      seen.push(await ask(1000), await ask(1000));
      await host.sleepUntil(100);
      seen.push(await failureOf(() => ask(30)), connection.signal.aborted);
      seen.push(await failureOf(() => host.connect("server", 7, { timeoutMs: 30 })));
      await host.sleepUntil(260);
      seen.push(await failureOf(() => ask(1000)), connection.signal.aborted);
      connection = await host.connect("server", 7);
      seen.push(await ask(1000));
      return seen;
    };
    const run = await play(
      scenario({
        hosts,
        network,
        programs: { server: on("server", server).daemon(), client: on("client", client) },
        faults: [
          { kind: "crash", host: "server", atMs: 80 },
          { kind: "restart", host: "server", atMs: 200 },
        ],
      }),
    );
    assert.equal(run.results.client, [
      { starts: 1, inMemory: 1 },
      { starts: 1, inMemory: 2 },
      "TimedOut: receive on client#1>server:7: nothing came in 30 ms",
      false,
      "TimedOut: connect client#2>server:7: no answer in 30 ms",
      "ConnectionReset: client#1>server:7 was reset by server",
      true,
      { starts: 2, inMemory: 1 },
    ]);
    assert.equal(logged(run), ["up 1", "up 2"]);
    assert.equal(
      rowsOf(run, "fault").map(({ fault, host, pid }) => [fault, host, pid]),
      [
        ["crash", "server", 0],
        ["restart", "server", 0],
      ],
    );
  },
);

inBothWorlds(
  test,
  "a crash kills the machine's programs, finally does not run, and a half-done write is not done",
  async (play) => {
    const victim = async (host: Host) => {
      try {
        await host.disk.write("x", "old");
        await host.disk.write("x", "new");
        await host.sleep(1e6);
      } finally {
        host.log("finally");
      }
    };
    const reader = async (host: Host) => {
      await host.sleep(200);
      return host.disk.read("x");
    };
    const run = await play(
      scenario({
        hosts: { server: { disk: { accessMs: 60 } }, client: {} },
        programs: {
          victim: on("server", victim),
          reader: on("server", reader).at(150),
          other: on("client", (h: Host) => h.sleep(20)),
        },
        faults: [{ kind: "restart", host: "server", atMs: 100 }],
      }),
    );
    assert.equal(run.outcomes.victim, { how: "killed" });
    assert.is(run.results.reader, "old");
    assert.is(run.outcomes.other.how, "returned");
    assert.equal(logged(run), []);
  },
);

inBothWorlds(
  test,
  "a program due to start on a machine that is down is killed, and the run does not wait for it",
  async (play) => {
    const run = await play(
      scenario({
        hosts,
        programs: {
          late: on("server", async () => "never").at(40),
          other: on("client", (host: Host) => host.sleep(60)),
        },
        faults: [{ kind: "crash", host: "server", atMs: 20 }],
      }),
    );
    assert.equal(run.outcomes.late, { how: "killed" });
    assert.ok(run.endMs < 1000);
  },
);

/** Sends numbers, one each 5 ms; its peer notes when each came. */
const numbers = async (host: Host, count: number) => {
  const connection = await host.connect("server", 7);
  for (let i = 0; i < count; i++) {
    await connection.send(i);
    await host.sleep(5);
  }
  connection.end();
};
const collector = async (host: Host) => {
  const connection = await (await host.listen(7)).accept();
  const got: [number, number][] = [];
  for await (const value of connection) got.push([value, host.now()]);
  return got;
};

inBothWorlds(test, "a cut stalls a connection; when it heals everything comes, in order", async (play, world) => {
  const run = await play(
    scenario({
      hosts,
      network: { latencyMs: 5 },
      programs: { got: on("server", collector), client: on("client", numbers, 20) },
      faults: [
        { kind: "cut", between: ["client", "server"], atMs: 42 },
        { kind: "heal", between: ["server", "client"], atMs: 200 },
      ],
    }),
  );
  const { got } = run.results;
  assert.equal(
    got.map(([value]) => value),
    Array.from({ length: 20 }, (_, i) => i),
  );
  const stalled = got.filter(([, atMs]) => atMs > 50);
  assert.ok(
    stalled.every(([, atMs]) => atMs >= 205),
    `${got}`,
  );
  if (world === "virtual") assert.is(stalled.length, 14);
  else assert.ok(stalled.length > 5);
});

inBothWorlds(test, "during a cut connect times out, and receive({ timeoutMs }) too; nothing is reset", async (play) => {
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    await host.sleepUntil(60);
    await connection.send("x");
    const failures = [
      await failureOf(() => connection.receive({ timeoutMs: 20 })),
      await failureOf(() => host.connect("server", 7, { timeoutMs: 20 })),
    ];
    return [...failures, await connection.receive()];
  };
  const run = await play(
    scenario({
      hosts,
      network,
      programs: { echo: on("server", echo).daemon(), client: on("client", client) },
      faults: [
        { kind: "cut", between: ["client", "server"], atMs: 40 },
        { kind: "heal", between: ["client", "server"], atMs: 200 },
      ],
    }),
  );
  assert.equal(run.results.client, [
    "TimedOut: receive on client#1>server:7: nothing came in 20 ms",
    "TimedOut: connect client#2>server:7: no answer in 20 ms",
    "x",
  ]);
});

inBothWorlds(
  test,
  "a SYN that meets a cut is repeated after a second, an answer that meets one waits",
  async (play, world) => {
    const client = async (host: Host) => {
      await host.connect("server", 7);
      return host.now();
    };
    const run = await play(
      scenario({
        hosts,
        network: { latencyMs: 100 },
        programs: {
          echo: on("server", echoForEach).daemon(),
          syn: on("client", client).at(400),
          answer: on("client", client).at(250),
        },
        faults: [
          { kind: "cut", between: ["client", "server"], atMs: 400 },
          { kind: "heal", between: ["client", "server"], atMs: 800 },
        ],
      }),
    );
    const { syn, answer } = run.results;
    if (world === "virtual") assert.equal([answer, syn], [900, 1600]);
    else assert.ok(answer >= 900 && answer < 1300 && syn >= 1600, `${answer} ${syn}`);
  },
);

inBothWorlds(
  test,
  "a paused machine does nothing and hears nothing until it goes on, and nothing is lost",
  async (play, world) => {
    const server = async (host: Host) => {
      const connection = await (await host.listen(7)).accept();
      const ticks: number[] = [];
      const ticker = async (own: Host) => {
        for (let i = 1; i <= 40; i++) {
          await own.sleepUntil(i * 5);
          ticks.push(own.now());
        }
      };
      host.spawn(ticker, { as: "thread" });
      await host.compute(60);
      const computedMs = host.now();
      const got: number[] = [];
      for await (const value of connection) got.push(value);
      return { got, computedMs, ticks };
    };
    const run = await play(
      scenario({
        hosts,
        network,
        programs: { server: on("server", server), client: on("client", numbers, 10) },
        faults: [
          { kind: "pause", host: "server", atMs: 40, forMs: 100 },
          { kind: "pause", host: "server", atMs: 60, forMs: 20 },
        ],
      }),
    );
    const { got, computedMs, ticks } = run.results.server;
    assert.equal(got, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const inPause = ticks.filter((ms) => ms > 45 && ms < 135);
    assert.equal(inPause, []);
    assert.is(ticks.length, 40);
    if (world === "virtual") assert.is(computedMs, 2 + 60 + 100);
  },
);

const keepAlive = { idleMs: 40, intervalMs: 20, probes: 3 };

alikeInBoth(test, "keepalive finds a half-open connection, and leaves a living one alone", async (play) => {
  const server = async (host: Host) => {
    for await (const connection of await host.listen(7, { keepAlive })) {
      const serve = async (own: Host) => {
        const failure = await failureOf(async () => {
          for await (const _ of connection);
        });
        own.log(failure, { aborted: connection.signal.aborted, atMs: own.now() });
      };
      host.spawn(serve, { as: "thread" });
    }
  };
  const silent = async (host: Host) => {
    await host.connect("server", 7);
    await host.sleepUntil(600);
    return "still there";
  };
  const run = await play(
    scenario({
      hosts: { server: {}, client: {}, doomed: {} },
      network,
      programs: {
        server: on("server", server).daemon(),
        living: on("client", silent),
        doomed: on("doomed", silent),
      },
      faults: [{ kind: "crash", host: "doomed", atMs: 100 }],
    }),
  );
  assert.is(run.results.living, "still there");
  const rows = rowsOf(run, "log");
  assert.equal(
    rows.map(({ event, fields }) => [event, fields.aborted]),
    [["TimedOut: doomed#1>server:7: keepalive got no answer to 3 probes", true]],
  );
  const atMs = rows[0]?.fields.atMs as number;
  assert.ok(atMs >= 100 + 40 && atMs < 400, `found at ${atMs}`);
});

test("keepalive asks after idleMs and then each intervalMs: found idle + probes × interval after the last frame", async () => {
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7, { keepAlive });
    await failureOf(() => connection.receive());
    return host.now();
  };
  const run = await simulate(
    scenario({
      hosts,
      programs: { server: on("server", echo).daemon(), client: on("client", client) },
      faults: [{ kind: "crash", host: "server", atMs: 10 }],
    }),
  );
  assert.is(run.results.client, 40 + 3 * 20);
});

inBothWorlds(
  test,
  "keepalive sleeps with a paused machine, and a pause longer than its patience breaks it at the peer",
  async (play) => {
    const wait = async (host: Host) =>
      failureOf(() => host.connect("server", 7, { keepAlive }).then((c: Connection) => c.receive({ timeoutMs: 700 })));
    const run = await play(
      scenario({
        hosts: { server: {}, paused: {}, watching: {} },
        network,
        programs: { server: on("server", echoForEach).daemon(), paused: on("paused", wait) },
        faults: [{ kind: "pause", host: "paused", atMs: 60, forMs: 300 }],
      }),
    );
    assert.is(run.results.paused, "TimedOut: receive on paused#1>server:7: nothing came in 700 ms");
    const other = await play(
      scenario({
        hosts: { server: {}, paused: {}, watching: {} },
        network,
        programs: { server: on("server", echoForEach).daemon(), watching: on("watching", wait) },
        faults: [{ kind: "pause", host: "server", atMs: 60, forMs: 300 }],
      }),
    );
    assert.is(other.results.watching, "TimedOut: watching#1>server:7: keepalive got no answer to 3 probes");
  },
);

test("a crash during a pause forgets it: a machine that boots runs, and can be paused anew", async () => {
  const ticker = async (host: Host) => {
    await host.listen(7);
    for (;;) {
      await host.sleep(10);
      host.log(`${host.now()}`);
    }
  };
  const run = await simulate(
    scenario({
      hosts,
      programs: { ticker: on("server", ticker).daemon(), other: on("client", (host: Host) => host.sleep(61)) },
      faults: [
        { kind: "pause", host: "server", atMs: 5, forMs: 1000 },
        { kind: "restart", host: "server", atMs: 10 },
        { kind: "pause", host: "server", atMs: 25, forMs: 10 },
      ],
    }),
  );
  assert.equal(logged(run), ["20", "35", "45", "55"]);
});

inBothWorlds(test, "a deadlock is reported with who waits on what, since when", async (play, world) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(5)).accept();
    host.spawn(async (own: Host) => own.queue<number>(3).take(), { as: "thread", name: "worker" });
    await connection.receive();
  };
  const client = async (host: Host) => {
    const connection = await host.connect("b", 5);
    await connection.receive();
  };
  const failure = await failureOf(() =>
    play(
      scenario({
        hosts: { a: {}, b: {} },
        network: { latencyMs: 3.5 },
        programs: { b: on("b", server).daemon(), a: on("a", client) },
      }),
    ),
  );
  const exact = [
    "Deadlock: nothing can happen any more at t=7.000 ms, and these wait:",
    "  a (pid 2 on a): receive on a#1>b:5 from b, since t=7.000",
    "  b (pid 1 on b): receive on a#1>b:5 from a, since t=3.500",
    "  b (pid 1 on b), thread worker: take on a queue (0 of 3), since t=3.500",
  ];
  if (world === "virtual") assert.is(failure, exact.join("\n"));
  else
    assert.equal(
      failure.replace(/t=\d+\.\d{3}/g, "t=T").split("\n"),
      exact.map((line) => line.replace(/t=\d+\.\d{3}/g, "t=T")),
    );
});

inBothWorlds(
  test,
  "faults at the same time strike in the order written; a kill of what has not started does nothing",
  async (play) => {
    const run = await play(
      scenario({
        hosts,
        programs: { late: on("client", async () => "ran").at(30), other: on("server", (h: Host) => h.sleep(60)) },
        faults: [
          { kind: "kill", program: "late", atMs: 10 },
          { kind: "crash", host: "client", atMs: 20 },
          { kind: "restart", host: "client", atMs: 20 },
        ],
      }),
    );
    assert.is(run.results.late, "ran");
  },
);

inBothWorlds(test, "a daemon that was due while its machine was down starts with the machine", async (play) => {
  const late = async (host: Host) => {
    host.log(`starts at ${host.now() < 40 ? "its time" : "the restart"}`);
    await host.sleep(1e6);
  };
  const run = await play(
    scenario({
      hosts,
      programs: {
        due: on("server", late).daemon().at(20),
        notYet: on("server", late).daemon().at(100),
        other: on("client", (host) => host.sleep(60)),
      },
      faults: [
        { kind: "crash", host: "server", atMs: 5 },
        { kind: "restart", host: "server", atMs: 40 },
      ],
    }),
  );
  assert.equal(logged(run), ["starts at the restart"]);
});

test.run();
