import { runInNewContext } from "node:vm";
import { type Connection, type Host, on, scenario } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { echo, failureOf, inBothWorlds, logged, rowsOf } from "./both-worlds.js";

const test = suite("messages");

const hosts = { server: {}, client: {} };
const network = { latencyMs: 2 };

inBothWorlds(test, "values arrive as they were sent, and -0, maps and classes as documented", async (play) => {
  class Point {
    constructor(readonly x = 1) {}
  }
  const sent = [
    0,
    1.5,
    Number.NaN,
    Infinity,
    "ação",
    true,
    null,
    2n ** 63n,
    new Date(86_400_000),
    [1, [2, []]],
    { a: { b: [null] } },
    new Uint8Array([1, 2, 3]),
    { bytes: new Uint8Array([9]) },
    "",
    [],
    {},
    { nothing: undefined },
  ];
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    const got: unknown[] = [];
    for (const value of [...sent, -0, new Map([["k", 1]]), new Point()]) {
      await connection.send(value);
      got.push(await connection.receive());
    }
    return got;
  };
  const run = await play(
    scenario({ hosts, network, programs: { echo: on("server", echo).daemon(), got: on("client", client) } }),
  );
  assert.equal(run.results.got, [...sent, 0, { k: 1 }, { x: 1 }]);
  assert.not.ok(Object.is(run.results.got[sent.length], -0), "-0 arrives as 0");
  assert.ok((run.results.got[12] as { bytes: unknown }).bytes instanceof Uint8Array);
  assert.is((run.results.got[12] as { bytes: object }).bytes.constructor, Uint8Array, "not a Buffer");
});

inBothWorlds(test, "sender and receiver share no object", async (play) => {
  const client = async (host: Host) => {
    const kept = { list: [1] };
    const bytes = new Uint8Array([1, 1]);
    const connection = await host.connect("server", 7);
    await connection.send(kept);
    await connection.send(bytes);
    kept.list.push(2);
    bytes[0] = 9;
    const first = await connection.receive();
    return [first, await connection.receive(), first.list === kept.list];
  };
  const run = await play(
    scenario({ hosts, network, programs: { echo: on("server", echo).daemon(), got: on("client", client) } }),
  );
  assert.equal(run.results.got, [{ list: [1] }, new Uint8Array([1, 1]), false]);
});

inBothWorlds(test, "a message weighs its encoded value and 5 bytes, counted when receive takes it", async (play) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    await connection.receive();
    await connection.receive();
    await host.sleep(20);
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    await connection.send(1);
    await connection.send(new Uint8Array(1000));
    await connection.send("never read");
    await host.sleep(40);
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.equal(
    rowsOf(run, "send").map(({ bytes }) => bytes),
    [6, 1005, 16],
  );
  assert.equal(
    rowsOf(run, "receive").map(({ bytes, sequence, message }) => [bytes, sequence, message]),
    [
      [6, 1, "1"],
      [1005, 2, "1000 bytes"],
    ],
  );
});

inBothWorlds(
  test,
  "a sender waits when 64 KiB are unread, and for whole half windows, the same in both worlds",
  async (play) => {
    const server = async (host: Host) => {
      const connection = await (await host.listen(7)).accept();
      await host.sleep(100);
      let count = 0;
      for await (const _ of connection) if (++count === 6) await host.sleep(100);
      return count;
    };
    const client = async (host: Host) => {
      const connection = await host.connect("server", 7);
      const waited: boolean[] = [];
      for (let i = 0; i < 20; i++) {
        const beganMs = host.now();
        await connection.send(new Uint8Array(10_000));
        waited.push(host.now() - beganMs > 40);
      }
      connection.end();
      return waited;
    };
    const run = await play(
      scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
    );
    assert.is(run.results.server, 20);
    // 7 messages (70,035 bytes) fill the window. The server takes 6: the fourth makes half a window, and gives 40,020 back. So
    // 30,015 bytes are unread, 4 more messages bring them to 70,035, and the twelfth waits for the server's second rest.
    const stops = run.results.client.flatMap((waited, i) => (waited ? [i] : []));
    assert.equal(stops, [7, 11]);
  },
);

inBothWorlds(
  test,
  "what can't be encoded fails in the program's own terms, and the connection goes on",
  async (play) => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    const client = async (host: Host) => {
      const connection = await host.connect("server", 7);
      const failures: string[] = [];
      const unsendable = [undefined, () => 1, { f: test }, Symbol("s"), cyclic, 2n ** 64n, new Uint8Array(100_000_000)];
      for (const value of [...unsendable, [new Float64Array(2)], new Error("x")])
        failures.push(await failureOf(() => connection.send(value)));
      await connection.send("still here");
      return [...failures, await connection.receive()];
    };
    const run = await play(
      scenario({ hosts, network, programs: { echo: on("server", echo).daemon(), client: on("client", client) } }),
    );
    const where = "MessageError: send on client#1>server:7:";
    assert.equal(run.results.client, [
      `${where} undefined can't be sent; send null instead`,
      `${where} a function can't be encoded: it holds a function`,
      `${where} { f: a function } can't be encoded: it holds a function`,
      `${where} Symbol(s) can't be encoded: it holds a symbol`,
      `${where} { self: {…} } can't be encoded: it refers to itself, or nests too deep`,
      `${where} 18446744073709551616n can't be encoded: it is too large for 64 bits`,
      `${where} the message has 100000000 bytes when encoded; 16777216 is the most`,
      `${where} [{…}] can't be encoded: it holds a Float64Array; make it an array or a Uint8Array`,
      `${where} {} can't be encoded: it holds an Error; send its text`,
      "still here",
    ]);
  },
);

inBothWorlds(
  test,
  "what would arrive as an empty object is refused at the sender, with what to do instead",
  async (play) => {
    class Cache extends Map<string, unknown> {}
    const client = async (host: Host) => {
      const connection = await host.connect("server", 7);
      const failures: string[] = [];
      const numbers = function* () {
        yield 1;
      };
      class Tagged {
        readonly [Symbol.toStringTag] = "Tagged";
      }
      for (const value of [
        { block: Promise.resolve(1) },
        [new WeakMap()],
        numbers(),
        { n: new Number(5) },
        new Map([["f", () => 1]]),
        new Map([[{}, 1]]),
        [new Cache([["k", new WeakSet()]])],
        new Map([[Symbol("s"), 1]]),
        host.queue(),
        { connection },
        host.spawn(async () => {}, { as: "process" }),
        { values: new Map().values() },
        [[].entries()],
        new AbortController(),
        new Headers(),
        Object(1n),
        Object(Symbol("s")),
        new Intl.NumberFormat(),
        new URLSearchParams("a=1"),
        Math,
        new Tagged(),
        runInNewContext("new Set([1])"),
        Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, i])),
      ])
        failures.push((await failureOf(() => connection.send(value))).replace(/^.*: it holds /, ""));
      class Named {
        n = 1;
        get [Symbol.toStringTag]() {
          return "Named";
        }
      }
      const nothing = Object.assign(Object.create(null), { a: 1 });
      await connection.send([new Cache([["k", 1]]), new Named(), new URL("http://a/"), nothing, [new ArrayBuffer(1)]]);
      return [...failures, await connection.receive()];
    };
    const run = await play(
      scenario({ hosts, network, programs: { echo: on("server", echo).daemon(), client: on("client", client) } }),
    );
    assert.equal(run.results.client, [
      "a Promise; await it first",
      "a WeakMap; make it a Map",
      "a Generator; make it an array",
      "a Number; take the value out of it",
      "a function",
      "a Map whose keys are objects; make them texts",
      "a WeakSet; make it an array",
      "a symbol",
      "a queue, which is memory of one process",
      "a connection, which belongs to a process",
      "the handle of a process, which belongs to whoever started it",
      "a Map Iterator; make it an array",
      "an Array Iterator; make it an array",
      "an AbortController; it is memory of one process",
      "a Headers; make it an array, a text or a plain object",
      "a BigInt; take the value out of it",
      "a Symbol; take the value out of it",
      "an Intl.NumberFormat; make it an array, a text or a plain object",
      "a URLSearchParams; make it an array, a text or a plain object",
      "a Math; make it an array, a text or a plain object",
      "a Tagged; make it an array, a text or a plain object",
      "a Set; make it an array, a text or a plain object",
      "an object of more than 65,535 fields; make it a Map or an array",
      [{ k: 1 }, { n: 1 }, "http://a/", { a: 1 }, [new Uint8Array(1)]],
    ]);
  },
);

inBothWorlds(test, "what can't be read again from a disk can't be written, and the disk goes on", async (play) => {
  const program = async (host: Host) => {
    const failure = await failureOf(() => host.disk.write("x", new Map([[{}, 1]])));
    await host.disk.write("y", new Map([["k", 1]]));
    return [failure, await host.disk.read("x"), await host.disk.read("y")];
  };
  const run = await play(scenario({ hosts, programs: { program: on("client", program) } }));
  assert.match(run.results.program[0], /^MessageError: disk\.write of "x": .* it holds a Map whose keys are objects/);
  assert.equal(run.results.program.slice(1), [undefined, { k: 1 }]);
});

inBothWorlds(test, "a message of 16 MiB passes, whole", async (play) => {
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    await connection.send(new Uint8Array(16 * 1024 * 1024).fill(7));
    const back: Uint8Array = await connection.receive();
    return [back.length, back[0], back.at(-1)];
  };
  const run = await play(
    scenario({ hosts, network, programs: { echo: on("server", echo).daemon(), client: on("client", client) } }),
  );
  assert.equal(run.results.client, [16 * 1024 * 1024, 7, 7]);
});

inBothWorlds(test, "receive gives undefined when the peer has ended, who can still be answered", async (play) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    let sum = 0;
    for await (const value of connection) sum += value;
    await connection.send(sum);
    connection.end();
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    for (const value of [1, 2, 3]) await connection.send(value);
    connection.end();
    const late = await failureOf(() => connection.send(4));
    return [await connection.receive(), await connection.receive(), await connection.receive(), late];
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.equal(run.results.client, [6, undefined, undefined, "Closed: send: this side of client#1>server:7 has ended"]);
});

inBothWorlds(test, "the end goes behind messages that wait for credit", async (play) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    await host.sleep(30);
    let bytes = 0;
    for await (const message of connection) bytes += message.length;
    return bytes;
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    const sends = Array.from({ length: 20 }, () => connection.send(new Uint8Array(10_000)));
    connection.end();
    await Promise.all(sends);
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.is(run.results.server, 200_000);
});

inBothWorlds(test, "a reset drops what is unread and wakes receive, send and signal at both ends", async (play) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    connection.signal.addEventListener("abort", () => host.log(`signal ${connection.signal.reason.name}`));
    host.spawn(async () => host.log(await failureOf(() => sendForEver(connection))), { as: "thread" });
    await host.sleep(60);
    return [await failureOf(() => connection.receive()), await failureOf(() => connection.send(1))];
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    const waiting = failureOf(async () => {
      for (;;) await connection.receive();
    });
    await connection.send("unread");
    await host.sleep(20);
    connection.reset();
    connection.reset();
    return [await waiting, await failureOf(() => connection.receive()), connection.signal.aborted];
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  const byPeer = "ConnectionReset: client#1>server:7 was reset by client";
  const byUs = "ConnectionReset: client#1>server:7 was reset by this side";
  assert.equal(run.results.server, [byPeer, byPeer]);
  assert.equal(run.results.client, [byUs, byUs, true]);
  assert.equal(logged(run).sort(), [byPeer, "signal ConnectionReset"].sort());
});

async function sendForEver(connection: Connection): Promise<void> {
  for (;;) await connection.send(new Uint8Array(20_000));
}

inBothWorlds(
  test,
  "receive({ timeoutMs }) throws TimedOut, and the message that comes later is not lost",
  async (play) => {
    const server = async (host: Host) => {
      const connection = await (await host.listen(7)).accept();
      await host.sleep(60);
      await connection.send("late");
      await connection.receive();
    };
    const client = async (host: Host) => {
      const connection = await host.connect("server", 7);
      const beganMs = host.now();
      const failure = await failureOf(() => connection.receive({ timeoutMs: 20 }));
      const waitedMs = host.now() - beganMs;
      const message = await connection.receive({ timeoutMs: 1000 });
      return { failure, waitedMs, message };
    };
    const run = await play(
      scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
    );
    const { failure, waitedMs, message } = run.results.client;
    assert.is(failure, "TimedOut: receive on client#1>server:7: nothing came in 20 ms");
    assert.is(message, "late");
    assert.ok(waitedMs >= 20 && waitedMs < 60, `waited ${waitedMs} ms`);
  },
);

inBothWorlds(test, "an urgent byte passes what the peer has not read", async (play) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    const seen: string[] = [];
    connection.onUrgent((byte) => seen.push(`urgent ${byte}`));
    await host.sleep(40);
    for await (const message of connection) seen.push(message);
    return seen;
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    for (const message of ["a", "b", "c"]) await connection.send(message);
    connection.sendUrgent(3);
    await connection.send("d");
    connection.sendUrgent(255);
    connection.end();
    await connection.receive();
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.equal(run.results.server, ["urgent 3", "urgent 255", "a", "b", "c", "d"]);
  assert.equal(
    rowsOf(run, "urgent").map(({ sent, byte, sequence, direction }) => [sent, byte, sequence, direction]),
    [
      [true, 3, 1, "out"],
      [true, 255, 2, "out"],
      [false, 3, 1, "out"],
      [false, 255, 2, "out"],
    ],
  );
});

inBothWorlds(test, "urgent bytes pass a full credit window, and wait for onUrgent", async (play) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    await host.sleep(40);
    const bytes: number[] = [];
    connection.onUrgent((byte) => bytes.push(byte));
    await host.sleep(5);
    return bytes;
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    const failed = failureOf(() => sendForEver(connection));
    await host.sleep(1);
    connection.sendUrgent(1);
    connection.sendUrgent(2);
    return [await failed, await failureOf(() => connection.sendUrgent(256))];
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.equal(run.results.server, [1, 2]);
  assert.equal(run.results.client, [
    "ConnectionReset: client#1>server:7 was reset by server",
    "ParameterError: sendUrgent: byte must be a whole number from 0 to 255, got 256",
  ]);
});

inBothWorlds(
  test,
  "a connection whose two directions have ended takes no more calls, and its signal stays",
  async (play) => {
    const server = async (host: Host) => {
      const connection = await (await host.listen(7)).accept();
      for await (const message of connection) await connection.send(message);
      connection.end();
      await host.sleep(30);
      return connection.signal.aborted;
    };
    const client = async (host: Host) => {
      const connection = await host.connect("server", 7);
      await connection.send("x");
      const got = [await connection.receive()];
      connection.end();
      got.push(await connection.receive());
      return got;
    };
    const run = await play(
      scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
    );
    assert.equal(run.results, { server: false, client: ["x", undefined] });
  },
);

inBothWorlds(test, "a send that was cancelled while it waited for room takes nothing else with it", async (play) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    await host.sleep(50);
    const first = (await connection.receive()) as Uint8Array;
    return [first.length, await connection.receive()];
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    await connection.send(new Uint8Array(70_000));
    const second = host.spawn(() => failureOf(() => connection.send("second")), { as: "thread", name: "second" });
    await host.sleep(5);
    second.cancel();
    const exit = await second.done();
    return exit.how === "returned" && exit.value;
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.is(run.results.client, "Cancelled: second was cancelled");
  assert.equal(run.results.server, [70_000, undefined]);
});

inBothWorlds(test, "an end comes behind the message that is still being sent, whatever that costs", async (play) => {
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    const sent = connection.send("last words");
    connection.end();
    await sent;
    return failureOf(() => connection.send("more"));
  };
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    return [await connection.receive(), await connection.receive()];
  };
  for (const messageMs of [0, 10]) {
    const run = await play(
      scenario({
        hosts: { server: {}, client: { costs: { messageMs } } },
        network,
        programs: { server: on("server", server), client: on("client", client) },
      }),
    );
    assert.equal(run.results.server, ["last words", undefined], `${messageMs} ms a message`);
    assert.is(run.results.client, "Closed: send: this side of client#1>server:7 has ended");
  }
});

test.run();
