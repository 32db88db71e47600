import { once } from "node:events";
import { connect, createServer } from "node:net";
import { type Host, type Listener, TimedOut } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ProcessHost } from "../../../kernel-lib/dist/live/process/process-host.js";
import { failureOf } from "../../world/both-worlds.js";

const processes = suite("hosts of real processes, and whoever comes to their ports");

/** A server that echoes on a port of the system's choice, and a client's host. */
async function echoing(use: (client: ProcessHost, port: number, server: ProcessHost) => Promise<void>) {
  let systemPort = 0;
  const server = new ProcessHost({ name: "server", pid: 1, portOf: () => 0, onListen: (port) => (systemPort = port) });
  const client = new ProcessHost({ name: "client", pid: 2, portOf: () => systemPort });
  const opened = new Promise<Listener>((resolve) => {
    void server.run(async (host: Host) => {
      const listener = await host.listen(7);
      resolve(listener);
      for await (const connection of listener)
        host.spawn(
          async () => {
            for await (const message of connection) await connection.send(message);
            connection.end();
          },
          { as: "thread" },
        );
    });
  });
  await opened;
  try {
    await use(client, systemPort, server);
  } finally {
    client.close();
    server.close();
  }
}

processes("strangers who say nothing, speak another language or announce a giant message harm nobody", () =>
  echoing(async (client, port) => {
    const strangers = [
      "",
      "GET / HTTP/1.1\r\n\r\n",
      Buffer.from([255, 255, 255, 255, 0]),
      Buffer.from([0, 0, 0, 1, 0, 193]),
    ].map((bytes) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      if (bytes.length > 0) socket.write(bytes);
      return socket;
    });
    const connection = await client.connect("server", 7);
    await connection.send("hello");
    assert.is(await connection.receive(), "hello");
    for (const socket of strangers.slice(1)) if (!socket.closed) await once(socket, "close");
    for (const socket of strangers) socket.destroy();
  }),
);

processes("a giant frame in the middle of a connection resets it, and keeps no memory for it", () =>
  echoing(async (client) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => {
        socket.write(Buffer.from([0, 0, 0, 0, 7])); // the welcome
        socket.write(Buffer.from([127, 255, 255, 255, 0]));
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const other = new ProcessHost({ name: "other", pid: 3, portOf: () => port });
    const connection = await other.connect("giant", 7);
    assert.match(await failureOf(() => connection.receive()), /^ConnectionReset/);
    other.close();
    server.close();
    assert.ok(client);
  }),
);

processes("a listener that answers nothing is no connection: connect times out", async () => {
  const server = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const host = new ProcessHost({ name: "client", pid: 1, portOf: () => port });
  const error = await host.connect("mute", 7, { timeoutMs: 100 }).catch((each: unknown) => each);
  assert.instance(error, TimedOut);
  host.close();
  server.close();
});

processes("a second receive after the peer's end gives the end again", () =>
  echoing(async (client) => {
    const connection = await client.connect("server", 7);
    connection.end();
    for (let i = 0; i < 3; i++) {
      assert.is(await connection.receive(), undefined);
      await client.sleep(20);
    }
  }),
);

processes("a loop over a listener ends when its port is closed, and the process with it", async () => {
  const host = new ProcessHost({ name: "a", pid: 1, portOf: () => 0 });
  const exit = await host.run(async (own: Host) => {
    const listener = await own.listen(7);
    own.spawn(async (closer) => closer.sleep(20).then(() => listener.close()), { as: "thread" });
    for await (const _connection of listener) assert.unreachable("nobody came");
    return [await failureOf(() => listener.accept())];
  });
  assert.equal(exit, { how: "returned", value: ["Closed: accept: port 7 is closed"] });
});

processes("an error in a thread ends its process, whose run says so, and its peers are reset", () =>
  echoing(async (client, port) => {
    const host = new ProcessHost({ name: "b", pid: 3, portOf: (wanted) => (wanted === 7 ? port : 0) });
    const exit = await host.run(async (own: Host) => {
      own.spawn(async () => Promise.reject(new RangeError("in a thread")), { as: "thread" });
      await own.sleep(1e9);
    });
    assert.is(exit.how === "threw" && exit.error.name, "RangeError");
    const connection = await client.connect("server", 7);
    await connection.send("still served");
    assert.is(await connection.receive(), "still served");
  }),
);

processes("a closed port refuses, and one whose process hangs up resets", async () => {
  const rude = createServer((socket) => void socket.resetAndDestroy()).listen(0, "127.0.0.1");
  await once(rude, "listening");
  const { port } = rude.address() as { port: number };
  const host = new ProcessHost({ name: "a", pid: 1, portOf: () => port });
  assert.match(await failureOf(() => host.connect("rude", 7)), /^ConnectionReset: a#1>rude:7 was reset by rude/);
  rude.close();
  await once(rude, "close");
  assert.is(
    await failureOf(() => host.connect("rude", 7)),
    "ConnectionRefused: connect a#2>rude:7: nobody listens on port 7 of rude",
  );
  host.close();
});

processes("whoever waits when its host is closed waits for ever, and nothing keeps the process alive", async () => {
  const host = new ProcessHost({ name: "a", pid: 1, portOf: () => 0 });
  let went = "";
  for (const [name, wait] of [
    ["sleep", host.sleep(1e12)],
    ["take", host.queue().take()],
    ["accept", host.listen(7).then((listener) => listener.accept())],
  ] as const)
    void wait.then(
      () => (went += name),
      () => (went += name),
    );
  await new Promise((resolve) => setTimeout(resolve, 50));
  host.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.is(went, "");
});

processes.run();
