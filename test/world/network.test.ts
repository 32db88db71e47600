import { type Host, on, scenario, simulate } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { alikeInBoth } from "./alike.js";
import { echo, echoForEach, failureOf, inBothWorlds, logged, rowsOf } from "./both-worlds.js";

const test = suite("network");

const hosts = { server: {}, client: {} };
const network = { latencyMs: 2 };

inBothWorlds(test, "a closed port refuses at once, an open one is in use", async (play) => {
  const server = async (host: Host) => {
    const listener = await host.listen(7);
    const inUse = await failureOf(() => host.listen(7));
    const other = await host.listen(8);
    listener.close();
    listener.close();
    const closed = await failureOf(() => listener.accept());
    const again = await host.listen(7);
    await again.accept();
    await other.accept();
    return [inUse, closed, again.port, other.port];
  };
  const client = async (host: Host) => {
    await host.sleep(100); // until the server's ports are open
    const refused = await failureOf(() => host.connect("server", 9));
    return [refused, (await host.connect("server", 7)).id, (await host.connect("server", 8)).peer];
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.equal(run.results.server, [
    "AddressInUse: listen: port 7 of server is open already",
    "Closed: accept: port 7 is closed",
    7,
    8,
  ]);
  assert.equal(run.results.client, [
    "ConnectionRefused: connect client#1>server:9: nobody listens on port 9 of server",
    "client#2>server:7",
    "server",
  ]);
});

inBothWorlds(test, "listen(0) gives ports from 49152 up, in order, on each host of its own", async (play) => {
  const program = async (host: Host) => {
    const ports: number[] = [];
    for (let i = 0; i < 3; i++) ports.push((await host.listen(0)).port);
    await host.listen(49156);
    for (let i = 0; i < 3; i++) ports.push((await host.listen(0)).port);
    return ports;
  };
  const run = await play(scenario({ hosts, programs: { a: on("server", program), b: on("client", program) } }));
  const expected = [49152, 49153, 49154, 49155, 49157, 49158];
  assert.equal(run.results, { a: expected, b: expected });
});

test("dynamic ports start again after 65535, and run out with AddressInUse", async () => {
  const program = async (host: Host) => {
    const first = await host.listen(0);
    for (let port = 49153; port <= 65535; port++) await host.listen(0);
    const failure = await failureOf(() => host.listen(0));
    first.close();
    return [failure, (await host.listen(0)).port];
  };
  const run = await simulate(scenario({ hosts, programs: { program: on("client", program) } }), { trace: "none" });
  assert.equal(run.results.program, ["AddressInUse: listen: every dynamic port of client is open", 49152]);
});

inBothWorlds(
  test,
  "closing a port resets who waits in its backlog, and ends a loop over the listener",
  async (play) => {
    const server = async (host: Host) => {
      const [listener, control] = [await host.listen(7), await host.listen(8)];
      const isClosed = host.queue<true>();
      const loop = async (own: Host) => {
        for await (const connection of listener) {
          own.log(`accepted ${connection.id}`);
          await isClosed.take();
        }
        own.log("loop ended");
      };
      const thread = host.spawn(loop, { as: "thread" });
      const fromClient = await control.accept();
      await fromClient.receive();
      listener.close();
      await isClosed.put(true);
      await thread.done();
      await fromClient.send("closed");
      await fromClient.receive();
    };
    const client = async (host: Host) => {
      const accepted = await host.connect("server", 7);
      const waiting = await host.connect("server", 7);
      const control = await host.connect("server", 8);
      await control.send("close");
      const failure = await failureOf(() => waiting.receive());
      return [failure, await control.receive(), accepted.signal.aborted];
    };
    const run = await play(
      scenario({ hosts, network, programs: { server: on("server", server).daemon(), client: on("client", client) } }),
    );
    assert.equal(run.results.client, ["ConnectionReset: client#2>server:7 was reset by server", "closed", false]);
    assert.equal(logged(run), ["accepted client#1>server:7", "loop ended"]);
  },
);

alikeInBoth(
  test,
  "a full backlog drops the SYN, which is repeated after 1, 3 and 7 s",
  async (play, world) => {
    const server = async (host: Host) => {
      const listener = await host.listen(7, { backlog: 1 });
      await host.sleep(5000);
      for await (const connection of listener) await connection.receive();
    };
    const client = async (host: Host) => {
      const connection = await host.connect("server", 7);
      const connectedMs = host.now();
      connection.end();
      return { connectedMs };
    };
    const hasty = async (host: Host) => {
      await host.sleep(200);
      const failure = await failureOf(() => host.connect("server", 7, { timeoutMs: 2000 }));
      return { failure, atMs: host.now() };
    };
    const run = await play(
      scenario({
        hosts,
        network: { latencyMs: 10 },
        programs: {
          server: on("server", server).daemon(),
          first: on("client", client),
          second: on("client", client).at(100),
          hasty: on("client", hasty),
        },
      }),
    );
    const { first, second, hasty: last } = run.results;
    const timesMs = [first.connectedMs, second.connectedMs, last.atMs];
    if (world === "virtual") assert.equal(timesMs, [20, 100 + 7000 + 20, 2200]);
    assert.is(run.results.hasty.failure, "TimedOut: connect client#3>server:7: no answer in 2000 ms");
    const drops = rowsOf(run, "log").map(({ event, fields }) => `${event} ${fields.connection}`);
    assert.equal(
      drops.filter((drop) => drop.endsWith("client#2>server:7")),
      Array(3).fill("SYN dropped: the backlog is full client#2>server:7"),
    );
    assert.is(drops.filter((drop) => drop.endsWith("client#3>server:7")).length, 2);
  },
  { timeScale: 0.2 },
);

inBothWorlds(test, "a backlog holds as many as it says, and those who wait in accept besides", async (play) => {
  const server = async (host: Host) => {
    const listener = await host.listen(7, { backlog: 2 });
    const acceptor = (own: Host) => failureOf(() => listener.accept().then(() => own.sleep(300)));
    const threads = [1, 2, 3].map(() => host.spawn(acceptor, { as: "thread" }));
    await host.sleep(5);
    threads[0]?.cancel();
    await host.sleep(250);
  };
  const client = async (host: Host) => {
    const failure = await failureOf(() => host.connect("server", 7, { timeoutMs: 150 }));
    return failure === "nothing thrown";
  };
  const clients = Array.from({ length: 6 }, () => on("client", client).at(20));
  const run = await play(scenario({ hosts, programs: { server: on("server", server).daemon(), clients } }));
  assert.is(run.results.clients.filter((isIn) => isIn).length, 4);
});

inBothWorlds(test, "a machine reaches itself at once", async (play, world) => {
  const client = async (host: Host) => {
    const beganMs = host.now();
    const connection = await host.connect("server", 7);
    await connection.send("x");
    return [await connection.receive(), host.now() - beganMs];
  };
  const run = await play(
    scenario({
      hosts,
      network: { latencyMs: 50, bytesPerS: 10 },
      programs: { echo: on("server", echo).daemon(), client: on("server", client) },
    }),
  );
  const [answer, tookMs] = run.results.client as [string, number];
  assert.is(answer, "x");
  assert.ok(world === "virtual" ? tookMs === 0 : tookMs < 50, `took ${tookMs}`);
});

// ---- exact arithmetic, in virtual time

const bytes = (count: number) => new Uint8Array(count - 5);

async function sink(host: Host): Promise<void> {
  for await (const connection of await host.listen(7)) {
    const take = async (own: Host) => {
      for await (const message of connection) own.log("got", { bytes: message.length + 5, atMs: own.now() });
    };
    host.spawn(take, { as: "thread" });
  }
}

const gotAt = (run: Parameters<typeof logged>[0]) => rowsOf(run, "log").map(({ fields }) => fields.atMs);

test("connect takes a round trip, a message latency and its bytes over the rate", async () => {
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    const connectedMs = host.now();
    await connection.send(bytes(1000));
    await host.sleep(100);
    return connectedMs;
  };
  const run = await simulate(
    scenario({
      hosts,
      network: { latencyMs: 3, bytesPerS: 100_000 },
      programs: { sink: on("server", sink).daemon(), client: on("client", client) },
    }),
  );
  assert.is(run.results.client, 6);
  assert.equal(gotAt(run), [6 + 3 + 10]);
});

test("all connections share the sender's interface, first in first out", async () => {
  const client = async (host: Host) => {
    const [a, b] = [await host.connect("server", 7), await host.connect("other", 7)];
    await a.send(bytes(1000));
    await b.send(bytes(500));
    await a.send(bytes(1000));
    await host.sleep(100);
  };
  const run = await simulate(
    scenario({
      hosts: { server: {}, other: {}, client: {} },
      network: { bytesPerS: 100_000 },
      programs: { sink: on("server", sink).daemon(), o: on("other", sink).daemon(), client: on("client", client) },
    }),
  );
  assert.equal(gotAt(run), [10, 15, 25]);
});

test("all connections share the receiver's interface, and a fast server serves slow clients at once", async () => {
  const server = async (host: Host) => {
    for await (const connection of await host.listen(7)) await connection.send(bytes(1000));
  };
  const client = async (host: Host) => {
    await (await host.connect("server", 7)).receive();
    return host.now();
  };
  const slow = { bytesPerS: 10_000 };
  const run = await simulate(
    scenario({
      hosts: { server: { bytesPerS: 1_000_000 }, a: slow, b: slow },
      programs: { server: on("server", server).daemon(), a: [on("a", client), on("a", client)], b: on("b", client) },
    }),
  );
  // 1 ms each to leave the server, 100 ms each to come in: both of a's share one interface.
  assert.equal([run.results.a, run.results.b], [[100, 200], 102]);
});

test("a link overrides latency and rate for its pair, both ways, and the last one written holds", async () => {
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    const times = [host.now()];
    await connection.send(bytes(1000));
    await connection.receive();
    return [...times, host.now()];
  };
  const run = await simulate(
    scenario({
      hosts: { server: {}, near: {}, far: {} },
      network: {
        latencyMs: 1,
        bytesPerS: 1_000_000,
        links: [
          { between: ["server", "far"], latencyMs: 5 },
          { between: ["far", "server"], latencyMs: 50, bytesPerS: 10_000 },
        ],
      },
      programs: {
        echo: on("server", echoForEach).daemon(),
        near: on("near", client),
        far: on("far", client),
      },
    }),
  );
  assert.equal(
    [run.results.near, run.results.far],
    [
      [2, 2 + 1 + 1 + 1 + 1],
      [100, 100 + 50 + 100 + 50 + 100],
    ],
  );
});

test("frames of one connection never pass each other, control frames neither", async () => {
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    await connection.send(bytes(1000));
    connection.sendUrgent(1);
    await connection.send(bytes(6));
    connection.end();
    await host.sleep(100);
  };
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    const seen: [string, number][] = [];
    connection.onUrgent(() => seen.push(["urgent", host.now()]));
    for await (const message of connection) seen.push([`${message.length + 5} bytes`, host.now()]);
    return [...seen, ["end", host.now()]];
  };
  const run = await simulate(
    scenario({
      hosts,
      network: { bytesPerS: 1000 },
      programs: { server: on("server", server), client: on("client", client) },
    }),
  );
  assert.equal(run.results.server, [
    ["1000 bytes", 1000],
    ["urgent", 1006],
    ["6 bytes", 1012],
    ["end", 1012],
  ]);
});

test.run();
