import { type Connection, type Host, on, type Programs, type Run, scenario } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { alikeInBoth } from "./alike.js";
import { failureOf, logged, rowsOf } from "./both-worlds.js";

const test = suite("programs");

// The servers of the lecture, each with the result that it must have in both worlds.

const hosts = { server: { cores: 1, disk: { accessMs: 4 } }, client: {} };
const network = { latencyMs: 1 };

/** One request on a connection of its own, sent at a given time, whatever became of those before. */
const openLoop = async (host: Host, count: number, gapMs: number) => {
  const ask = async (own: Host, i: number) => {
    const connection = await own.connect("server", 7);
    await connection.send({ n: i });
    const answer = await connection.receive();
    connection.end();
    return answer;
  };
  const threads = [];
  for (let i = 0; i < count; i++) {
    await host.sleepUntil(i * gapMs);
    threads.push(host.spawn(ask, { as: "thread" }, i));
  }
  const exits = await Promise.all(threads.map((thread) => thread.done()));
  return exits.map((exit) => (exit.how === "returned" ? exit.value : exit.how));
};

const handle = async (host: Host, connection: Connection) => {
  for await (const { n } of connection) {
    await host.compute(3);
    await host.disk.read("block");
    await connection.send(n * n);
  }
  connection.end();
};

const servers: Readonly<Record<string, (host: Host) => Promise<void>>> = {
  "an iterative server": async (host) => {
    for await (const connection of await host.listen(7)) await handle(host, connection);
  },
  "a concurrent server with a thread for each request": async (host) => {
    for await (const connection of await host.listen(7)) host.spawn(handle, { as: "thread" }, connection);
  },
  "a concurrent server with a process for each request": async (host) => {
    for await (const connection of await host.listen(7)) host.spawn(handle, { as: "process" }, connection);
  },
  "a pool of three threads and a bounded queue": async (host) => {
    const queue = host.queue<Connection>(2);
    const work = async (own: Host) => {
      for (;;) await handle(own, await queue.take());
    };
    for (let i = 0; i < 3; i++) host.spawn(work, { as: "thread", name: "worker" });
    for await (const connection of await host.listen(7)) await queue.put(connection);
  },
};

/** Messages and bytes that were received, for each host. */
const traffic = <P extends Programs>(run: Run<P>) => {
  const sums: Record<string, [messages: number, bytes: number]> = {};
  for (const { host, bytes } of rowsOf(run, "receive")) {
    const [messages, sum] = sums[host] ?? [0, 0];
    sums[host] = [messages + 1, sum + bytes];
  }
  return sums;
};

for (const [name, server] of Object.entries(servers)) {
  alikeInBoth(test, `${name} answers every open-loop request, with the same messages and bytes`, async (play) => {
    const run = await play(
      scenario({
        hosts,
        network,
        programs: { server: on("server", server).daemon(), client: on("client", openLoop, 12, 6) },
      }),
    );
    const squares = Array.from({ length: 12 }, (_, i) => i * i);
    assert.equal(run.results.client, squares);
    // { n } is 6 bytes in MessagePack, a square up to 121 one byte; 5 bytes of header each.
    assert.equal(traffic(run), { server: [12, 12 * 11], client: [12, 12 * 6] });
  });
}

alikeInBoth(test, "a bounded queue sheds load: what it has no room for is refused, the rest answered", async (play) => {
  const server = async (host: Host) => {
    const queue = host.queue<Connection>(2);
    const work = async (own: Host) => {
      for (;;) {
        const connection = await queue.take();
        await own.sleep(150);
        await connection.send("done");
      }
    };
    host.spawn(work, { as: "thread" });
    for await (const connection of await host.listen(7)) if (!queue.offer(connection)) await connection.send("busy");
  };
  const client = async (host: Host) => (await host.connect("server", 7)).receive();
  const clients = [0, 20, 40, 60, 80].map((atMs) => on("client", client).at(atMs));
  const run = await play(scenario({ hosts, network, programs: { server: on("server", server).daemon(), clients } }));
  assert.equal(run.results.clients, ["done", "done", "done", "busy", "busy"]);
});

alikeInBoth(test, "a superserver listens on many ports and starts a process for each request", async (play) => {
  const services: Readonly<Record<number, (host: Host, connection: Connection) => Promise<void>>> = {
    7: async (_, connection) => {
      for await (const message of connection) await connection.send(message);
    },
    13: async (host, connection) => connection.send(`daytime of ${host.name}`),
  };
  const superserver = async (host: Host) => {
    for (const [port, service] of Object.entries(services)) {
      const watch = async (own: Host) => {
        for await (const connection of await own.listen(Number(port)))
          own.spawn(service, { as: "process", name: `service ${port}` }, connection);
      };
      host.spawn(watch, { as: "thread", name: `port ${port}` });
    }
    await host.sleep(1e6);
  };
  const client = async (host: Host) => {
    await host.sleep(30);
    const echo = await host.connect("server", 7);
    await echo.send("again");
    const daytime = await host.connect("server", 13);
    const seen = [await echo.receive(), await daytime.receive(), await daytime.receive()];
    echo.end();
    return [...seen, await echo.receive(), await failureOf(() => host.connect("server", 21))];
  };
  const run = await play(
    scenario({
      hosts,
      network,
      programs: { superserver: on("server", superserver).daemon(), client: on("client", client) },
    }),
  );
  assert.equal(run.results.client, [
    "again",
    "daytime of server",
    undefined,
    undefined,
    "ConnectionRefused: connect client#3>server:21: nobody listens on port 21 of server",
  ]);
  const started = rowsOf(run, "start").filter(({ parent }) => parent === 1);
  assert.equal(
    started.map(({ process, as }) => [process, as]),
    [
      ["service 7", "process"],
      ["service 13", "process"],
    ],
  );
});

alikeInBoth(test, "an endpoint daemon tells clients the dynamic port at which a server listens", async (play) => {
  const daemon = async (host: Host) => {
    const table = new Map<string, number>();
    for await (const connection of await host.listen(135)) {
      const { register, port, lookUp } = await connection.receive();
      if (register) table.set(register, port);
      await connection.send(lookUp ? (table.get(lookUp) ?? null) : "registered");
      connection.end();
    }
  };
  const server = async (host: Host, name: string) => {
    const listener = await host.listen(0);
    const toDaemon = await host.connect("server", 135);
    await toDaemon.send({ register: name, port: listener.port });
    await toDaemon.receive();
    for await (const connection of listener) await connection.send(`I am ${name} at ${listener.port}`);
  };
  const client = async (host: Host, name: string) => {
    const toDaemon = await host.connect("server", 135);
    await toDaemon.send({ lookUp: name });
    const port = await toDaemon.receive();
    return port === null ? "unknown" : (await host.connect("server", port)).receive();
  };
  const run = await play(
    scenario({
      hosts,
      network,
      programs: {
        daemon: on("server", daemon).daemon(),
        servers: ["mail", "news"].map((name) => on("server", server, name).daemon()),
        clients: ["news", "mail", "chat"].map((name) => on("client", client, name)),
      },
    }),
  );
  assert.equal(run.results.clients, ["I am news at 49153", "I am mail at 49152", "unknown"]);
});

alikeInBoth(test, "a client that dies mid-request: the server stops its work and serves the next", async (play) => {
  const server = async (host: Host) => {
    for await (const connection of await host.listen(7)) {
      const { name, ms } = await connection.receive();
      const failure = await failureOf(() => host.compute(ms, { signal: connection.signal }));
      host.log(`${name}: ${failure}`);
      if (!connection.signal.aborted) await connection.send(`${name} done`);
    }
  };
  const client = async (host: Host, name: string, ms: number) => {
    const connection = await host.connect("server", 7);
    await connection.send({ name, ms });
    return connection.receive();
  };
  const run = await play(
    scenario({
      hosts,
      network,
      programs: {
        server: on("server", server).daemon(),
        dies: on("client", client, "first", 3000),
        lives: on("client", client, "second", 5).at(20),
      },
      faults: [{ kind: "kill", program: "dies", atMs: 60 }],
    }),
  );
  assert.equal(run.outcomes.dies, { how: "killed" });
  assert.is(run.results.lives, "second done");
  assert.equal(logged(run), [
    "first: ConnectionReset: client#1>server:7 was reset by client",
    "second: nothing thrown",
  ]);
});

alikeInBoth(test, "urgent data interrupts a transfer on the same connection, and by a second port", async (play) => {
  const server = async (host: Host) => {
    const control = await host.listen(21);
    const data = await host.listen(20);
    const transfer = async (connection: Connection, stop: AbortSignal) => {
      let blocks = 0;
      const failure = await failureOf(async () => {
        for await (const _ of connection) {
          await host.compute(20, { signal: stop });
          blocks++;
        }
      });
      host.log(failure, { few: blocks < 20 });
    };
    const onOne = await data.accept();
    const one = new AbortController();
    onOne.onUrgent((byte) => one.abort(new Error(`urgent ${byte}`)));
    await transfer(onOne, one.signal);
    onOne.reset();
    const onTwo = await data.accept();
    const two = new AbortController();
    host.spawn(
      async () => {
        const command = await (await control.accept()).receive();
        two.abort(new Error(command));
      },
      { as: "thread", name: "control" },
    );
    await transfer(onTwo, two.signal);
    onTwo.reset();
  };
  const client = async (host: Host) => {
    const send = async (connection: Connection) => {
      for (let i = 0; i < 20; i++) await connection.send(new Uint8Array(100));
    };
    const one = await host.connect("server", 20);
    await send(one);
    await host.sleep(30);
    one.sendUrgent(1);
    const failures = [await failureOf(() => one.receive())];
    const two = await host.connect("server", 20);
    await send(two);
    await host.sleep(30);
    await (await host.connect("server", 21)).send("ABORT");
    failures.push(await failureOf(() => two.receive()));
    return failures;
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.equal(run.results.client, [
    "ConnectionReset: client#1>server:20 was reset by server",
    "ConnectionReset: client#2>server:20 was reset by server",
  ]);
  assert.equal(
    rowsOf(run, "log").map(({ event, fields }) => [event, fields.few]),
    [
      ["Error: urgent 1", true],
      ["Error: ABORT", true],
    ],
  );
});

alikeInBoth(
  test,
  "a stateless file server crashes and keeps its disk: the client's retries get all blocks",
  async (play) => {
    const server = async (host: Host) => {
      if ((await host.disk.list()).length === 0)
        for (let i = 0; i < 4; i++) await host.disk.write(`block ${i}`, `content ${i}`);
      let answered = 0;
      for await (const connection of await host.listen(7)) {
        const serve = async (own: Host) => {
          await failureOf(async () => {
            for await (const block of connection) {
              await connection.send({ content: await own.disk.read(`block ${block}`), answered: ++answered });
              if (answered === 2) own.log("two answered");
            }
          });
        };
        host.spawn(serve, { as: "thread" });
      }
    };
    const client = async (host: Host) => {
      const got: [string, number][] = [];
      let tries = 0;
      let connection: Connection | undefined;
      for (let block = 0; block < 4; block++) {
        if (block === 2) await host.sleepUntil(450);
        for (;;) {
          tries++;
          try {
            connection ??= await host.connect("server", 7, { timeoutMs: 150 });
            await connection.send(block);
            const { content, answered } = await connection.receive({ timeoutMs: 150 });
            got.push([content, answered]);
            break;
          } catch (error) {
            host.log((error as Error).name);
            connection?.reset();
            connection = undefined;
          }
        }
      }
      return { got, triedAgain: tries > 4 };
    };
    const run = await play(
      scenario({
        hosts,
        network,
        programs: { server: on("server", server).daemon(), client: on("client", client) },
        faults: [
          { kind: "crash", host: "server", atMs: 400 },
          { kind: "restart", host: "server", atMs: 700 },
        ],
      }),
    );
    const { got, triedAgain } = run.results.client;
    // The counter of the server was memory: it begins anew.
    assert.equal(got, [
      ["content 0", 1],
      ["content 1", 2],
      ["content 2", 1],
      ["content 3", 2],
    ]);
    assert.ok(triedAgain && logged(run).includes("TimedOut"));
  },
);

alikeInBoth(test, "a relay carries every byte twice", async (play) => {
  const backend = async (host: Host) => {
    for await (const connection of await host.listen(80)) {
      const { bytes } = await connection.receive();
      for (let sent = 0; sent < bytes; sent += 10_000) await connection.send(new Uint8Array(10_000));
      connection.end();
    }
  };
  const relay = async (host: Host) => {
    for await (const client of await host.listen(7)) {
      const server = await host.connect("server", 80);
      await server.send(await client.receive());
      for await (const part of server) await client.send(part);
      client.end();
    }
  };
  const client = async (host: Host) => {
    const connection = await host.connect("front", 7);
    await connection.send({ bytes: 200_000 });
    let bytes = 0;
    for await (const part of connection) bytes += part.length;
    return bytes;
  };
  const run = await play(
    scenario({
      hosts: { server: {}, front: {}, client: {} },
      network,
      programs: {
        backend: on("server", backend).daemon(),
        relay: on("front", relay).daemon(),
        client: on("client", client),
      },
    }),
  );
  assert.is(run.results.client, 200_000);
  // The request: 1 for the map's type, 2 its length, 6 "bytes", 5 the number, 5 the header.
  const [answer, request] = [200_000 + 20 * 5, 19];
  assert.equal(traffic(run), { server: [1, request], front: [21, answer + request], client: [20, answer] });
});

test.run();
