import { type Host, on, scenario, simulate } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf, inBothWorlds, rowsOf } from "./both-worlds.js";

const test = suite("receiveUrgent");

const hosts = { server: {}, client: {} };
const network = { latencyMs: 2 };

inBothWorlds(test, "a program that has nothing else to do waits for urgent bytes until the peer ends", async (play) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    const bytes: number[] = [];
    for (;;) {
      const byte = await connection.receiveUrgent();
      if (byte === undefined) break;
      bytes.push(byte);
    }
    return [bytes, await connection.receive(), await connection.receive(), await connection.receiveUrgent()];
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    connection.sendUrgent(1);
    await connection.send("unread");
    await host.sleep(10);
    connection.sendUrgent(2);
    connection.sendUrgent(3);
    connection.end();
    await connection.receive();
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.equal(run.results.server, [[1, 2, 3], "unread", undefined, undefined]);
  const taken = rowsOf(run, "urgent").filter(({ sent }) => !sent);
  assert.equal(
    taken.map(({ host, byte, sequence, direction }) => [host, byte, sequence, direction]),
    [
      ["server", 1, 1, "out"],
      ["server", 2, 2, "out"],
      ["server", 3, 3, "out"],
    ],
  );
});

inBothWorlds(test, "a byte goes to one place: who waits first, else the callback, else it is kept", async (play) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    await connection.receive();
    const seen = [`kept ${await connection.receiveUrgent()}`];
    const first = connection.receiveUrgent().then((byte) => seen.push(`first ${byte}`));
    const second = connection.receiveUrgent().then((byte) => seen.push(`second ${byte}`));
    connection.onUrgent((byte) => seen.push(`callback ${byte}`));
    await connection.send("ready");
    await Promise.all([first, second]);
    await connection.receive();
    return seen;
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    connection.sendUrgent(1);
    await connection.send("one");
    await connection.receive();
    for (const byte of [2, 3, 4]) connection.sendUrgent(byte);
    await connection.send("all");
    await connection.receive();
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.equal(run.results.server, ["kept 1", "first 2", "second 3", "callback 4"]);
});

inBothWorlds(
  test,
  "receiveUrgent({ timeoutMs }) throws TimedOut, and the byte that comes later is kept",
  async (play) => {
    const server = async (host: Host) => {
      const connection = await (await host.listen(7)).accept();
      const late = await failureOf(() => connection.receiveUrgent({ timeoutMs: 20 }));
      await connection.send("now");
      await connection.receive();
      return [late, await connection.receiveUrgent({ timeoutMs: 10 })];
    };
    const client = async (host: Host) => {
      const connection = await host.connect("server", 7);
      await connection.receive();
      connection.sendUrgent(9);
      await connection.send("sent");
      const noTime = await failureOf(() => connection.receiveUrgent({ timeoutMs: 0 }));
      await connection.receive();
      return noTime;
    };
    const run = await play(
      scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
    );
    assert.equal(run.results.server, ["TimedOut: receiveUrgent on client#1>server:7: nothing came in 20 ms", 9]);
    assert.is(run.results.client, "ParameterError: receiveUrgent: timeoutMs must be a finite number above 0, got 0");
  },
);

inBothWorlds(test, "a reset rejects receiveUrgent at both ends, now and later", async (play) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    return [await failureOf(() => connection.receiveUrgent()), await failureOf(() => connection.receiveUrgent())];
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    const waiting = failureOf(() => connection.receiveUrgent());
    await host.sleep(10);
    connection.reset();
    return waiting;
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  const byPeer = "ConnectionReset: client#1>server:7 was reset by client";
  assert.equal(run.results.server, [byPeer, byPeer]);
  assert.is(run.results.client, "ConnectionReset: client#1>server:7 was reset by this side");
});

inBothWorlds(
  test,
  "a peer that is killed resets receiveUrgent; one that falls silent is found by keepalive",
  async (play) => {
    const server = async (host: Host) => {
      const failures: string[] = [];
      const listener = await host.listen(7, { keepAlive: { idleMs: 40, intervalMs: 20, probes: 2 } });
      for (let i = 0; i < 2; i++) {
        const connection = await listener.accept();
        failures.push(await failureOf(() => connection.receiveUrgent()));
      }
      return failures;
    };
    const silent = async (host: Host) => {
      await (await host.connect("server", 7)).receiveUrgent();
    };
    const run = await play(
      scenario({
        hosts: { ...hosts, other: {} },
        network,
        programs: {
          server: on("server", server),
          killed: on("client", silent),
          crashed: on("other", silent).at(100),
        },
        faults: [
          { kind: "kill", program: "killed", atMs: 60 },
          { kind: "crash", host: "other", atMs: 200 },
        ],
      }),
    );
    assert.equal(run.results.server, [
      "ConnectionReset: client#1>server:7 was reset by client",
      "TimedOut: other#1>server:7: keepalive got no answer to 2 probes",
    ]);
  },
);

inBothWorlds(test, "cancel rejects receiveUrgent, kill drops it, and the next waiter gets the byte", async (play) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    const wait = async () => failureOf(() => connection.receiveUrgent());
    const cancelled = host.spawn(wait, { as: "thread", name: "cancelled" });
    const process = host.spawn(
      async (own: Host, mine) => {
        const kept = own.spawn(async () => mine.receiveUrgent(), { as: "thread" });
        await own.sleep(1000);
        await kept.done();
      },
      { as: "process" },
      await host.connect("client", 8),
    );
    await host.sleep(10);
    cancelled.cancel(new Error("enough"));
    process.kill();
    const how = [(await process.done()).how, await cancelled.done()];
    await connection.send("now");
    return [...how, await connection.receiveUrgent()];
  };
  const client = async (host: Host) => {
    const listener = await host.listen(8);
    const connection = await host.connect("server", 7);
    const killed = await listener.accept();
    const reset = await failureOf(() => killed.receive());
    await connection.receive();
    connection.sendUrgent(5);
    await connection.receive();
    return reset;
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.equal(run.results.server, ["killed", { how: "returned", value: "Error: enough" }, 5]);
  assert.is(run.results.client, "ConnectionReset: server#1>client:8 was reset by server");
});

inBothWorlds(
  test,
  "who waits for an urgent byte that never comes stands in the report of the deadlock",
  async (play) => {
    const server = async (host: Host) => {
      await (await (await host.listen(7)).accept()).receiveUrgent();
    };
    const client = async (host: Host) => {
      await (await host.connect("server", 7)).receive();
    };
    const failure = await failureOf(() =>
      play(scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } })),
    );
    assert.match(
      failure,
      /^Deadlock: .*\n {2}server \(pid 1 on server\): receiveUrgent on client#1>server:7 from client, since/,
    );
  },
);

test("receiveUrgent waits and wakes in the trace as receive does", async () => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    await connection.receiveUrgent();
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    await host.sleep(6);
    connection.sendUrgent(3);
  };
  const { rows } = await simulate(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  const ofServer = rows.filter(({ host, timeMs }) => host === "server" && timeMs > 0);
  assert.equal(
    ofServer.map((row) => `${row.timeMs} ${row.kind} ${"on" in row ? row.on : ""}`.trim()),
    [
      "2 wake accept on port 7",
      "2 wait receiveUrgent on client#1>server:7 from client",
      // Sent at 10, when the client had been connected for 6 ms.
      "12 urgent",
      "12 wake receiveUrgent on client#1>server:7 from client",
      "12 exit",
    ],
  );
});

test.run();
