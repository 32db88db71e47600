import { type Connection, type Host, on, scenario } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inBothWorlds, rowsOf } from "./both-worlds.js";

const test = suite("peek");

const hosts = { server: {}, client: {} };
const network = { latencyMs: 2 };

/** A client that sends these, ends, and is there until the server has ended too. */
const sends = async (host: Host, messages: readonly unknown[]) => {
  const connection = await host.connect("server", 7);
  for (const message of messages) await connection.send(message);
  connection.end();
  await connection.receive();
};

const play2 = <R>(server: (host: Host) => Promise<R>, ...messages: unknown[]) =>
  scenario({ hosts, network, programs: { server: on("server", server), client: on("client", sends, messages) } });

const accepted = async (host: Host): Promise<Connection> => (await host.listen(7)).accept();

inBothWorlds(
  test,
  "peek gives the next message again and again until receive takes it, then the one after it",
  async (play) => {
    const server = async (host: Host) => {
      const connection = await accepted(host);
      const seen: unknown[] = [];
      for (let i = 0; i < 2; i++)
        seen.push(await connection.peek(), await connection.peek(), await connection.receive());
      seen.push(await connection.peek(), await connection.receive(), await connection.peek());
      return seen;
    };
    const run = await play(play2(server, { n: 1 }, new Uint8Array([2, 3])));
    const [first, second] = [{ n: 1 }, new Uint8Array([2, 3])];
    assert.equal(run.results.server, [first, first, first, second, second, second, undefined, undefined, undefined]);
  },
);

inBothWorlds(test, "what a program does to a value that it peeked at, no receiver sees", async (play) => {
  const server = async (host: Host) => {
    const connection = await accepted(host);
    const list = await connection.peek();
    list.push(2);
    const received = [await connection.receive()];
    const bytes = await connection.peek();
    bytes[0] = 9;
    received.push(await connection.peek(), await connection.receive());
    return received;
  };
  const run = await play(play2(server, [1], new Uint8Array([1])));
  assert.equal(run.results.server, [[1], new Uint8Array([1]), new Uint8Array([1])]);
});

inBothWorlds(
  test,
  "who waits gets in turn: a peek before a receive sees what that takes, one behind it the next",
  async (play) => {
    const server = async (host: Host) => {
      const connection = await accepted(host);
      return Promise.all([
        connection.peek(),
        connection.peek(),
        connection.receive(),
        connection.peek(),
        connection.receive(),
      ]);
    };
    const client = async (host: Host) => {
      const connection = await host.connect("server", 7);
      await host.sleep(20);
      await connection.send("a");
      await connection.send("b");
      await connection.receive();
    };
    const run = await play(
      scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
    );
    assert.equal(run.results.server, ["a", "a", "a", "b", "b"]);
  },
);

inBothWorlds(test, "a message that was only looked at gives its sender no room", async (play) => {
  const server = async (host: Host) => {
    const connection = await accepted(host);
    await host.sleep(50);
    for (let i = 0; i < 5; i++) await connection.peek();
    await host.sleep(50);
    let count = 0;
    for await (const _ of connection) count++;
    return count;
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    for (let i = 0; i < 7; i++) await connection.send(new Uint8Array(10_000)); // 70,035 bytes: the window of 65,536 is full
    const beganMs = host.now();
    await connection.send(new Uint8Array(10_000));
    connection.end();
    return host.now() - beganMs;
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.is(run.results.server, 8);
  assert.ok(run.results.client > 70, `waited ${run.results.client} ms, until the server received at 100 ms`);
});

inBothWorlds(
  test,
  "peek leaves no row of a message and costs no CPU time: both come with receive, once",
  async (play, world) => {
    const server = async (host: Host) => {
      const connection = await accepted(host);
      await connection.peek();
      await connection.peek();
      const peekedMs = host.now();
      await connection.receive();
      return host.now() - peekedMs;
    };
    const run = await play(
      scenario({
        hosts: { server: { costs: { messageMs: 20 } }, client: {} },
        network,
        programs: { server: on("server", server), client: on("client", sends, ["x"]) },
      }),
    );
    assert.equal(
      rowsOf(run, "receive").map(({ host, sequence, bytes }) => [host, sequence, bytes]),
      [["server", 1, 7]],
    );
    if (world === "virtual") assert.is(run.results.server, 20);
    else assert.ok(run.results.server >= 19, `${run.results.server} ms`);
    const costMs = rowsOf(run, "compute").reduce((sum, { workMs }) => sum + workMs, 0);
    assert.is(costMs, 20);
  },
);

inBothWorlds(
  test,
  "peek fails as receive does, in its own name: too late, reset, handed over, misused",
  async (play) => {
    const server = async (host: Host) => {
      const connection = await accepted(host);
      const errors = [await failed(connection.peek({ timeoutMs: 10 }))];
      await connection.send("go");
      errors.push(await failed(connection.peek()), await failed(connection.peek()));
      errors.push(await failed(Promise.resolve().then(() => connection.peek({ timeoutMs: Number.NaN }))));
      return errors;
    };
    const client = async (host: Host) => {
      const connection = await host.connect("server", 7);
      await connection.receive();
      connection.reset();
    };
    const run = await play(
      scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
    );
    assert.equal(run.results.server, [
      "TimedOut: peek on client#1>server:7: nothing came in 10 ms",
      "ConnectionReset: client#1>server:7 was reset by client",
      "ConnectionReset: client#1>server:7 was reset by client",
      "ParameterError: peek: timeoutMs must be a finite number above 0, got NaN",
    ]);
  },
);

inBothWorlds(
  test,
  "a peek that waits when its connection goes to a child fails, and the child finds every message",
  async (play) => {
    const child = async (_host: Host, connection: Connection) => [await connection.peek(), await connection.receive()];
    const server = async (host: Host) => {
      const connection = await accepted(host);
      const peeking = failed(connection.peek());
      await host.sleep(5);
      const started = host.spawn(child, { as: "process" }, connection);
      return [(await peeking).split(":")[0], await started.done()];
    };
    const client = async (host: Host) => {
      const connection = await host.connect("server", 7);
      await host.sleep(50);
      await connection.send("x");
      await connection.receive().catch(() => undefined);
    };
    const run = await play(
      scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
    );
    assert.equal(run.results.server, ["Closed", { how: "returned", value: ["x", "x"] }]);
  },
);

async function failed(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => `gave ${value}`,
    (error: Error) => `${error.name}: ${error.message}`,
  );
}

test.run();
