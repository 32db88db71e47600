import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";
import {
  ConnectionRefused,
  callRpc,
  decodeReply,
  encodeCall,
  encodeRecord,
  encodeReply,
  portmapperClient,
  RecordReader,
  type RpcProgram,
  type RpcServerOptions,
  serveRpc,
  startPortmapper,
  XdrReader,
  XdrWriter,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf } from "../../world/both-worlds.js";

const test = suite("rpc");

const counter: RpcProgram = {
  program: 0x20000001,
  version: 1,
  procedures: {
    1: (args, results) => void results.uint(args.uint() + 1),
    2: (_args, results) => void results.opaque(new Uint8Array(200_000)),
  },
};
const numbered = (value: number) => ({
  program: counter.program,
  version: 1,
  procedure: 1,
  args: new XdrWriter().uint(value).finish(),
});
const call = (xid: number, value = xid) => encodeCall({ xid, ...numbered(value) });
const nothing = new Uint8Array(0);

/** Serves the counter while `work` runs. */
async function serving(work: (port: number) => Promise<void>, options: RpcServerOptions = {}): Promise<void> {
  const server = await serveRpc([counter], options);
  try {
    await work(server.port);
  } finally {
    await server.close();
  }
}

/** A connection of our own, with what comes back as replies. */
async function open(port: number) {
  const socket = net.connect(port, "127.0.0.1");
  const replies: ReturnType<typeof decodeReply>[] = [];
  const reader = new RecordReader(1 << 20);
  let arrived = (): void => undefined;
  socket.on("data", (piece) => {
    for (const message of reader.push(piece)) replies.push(decodeReply(message));
    arrived();
  });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const waitFor = (count: number) =>
    new Promise<void>((resolve) => {
      arrived = () => {
        if (replies.length >= count) resolve();
      };
      arrived();
    });
  return { socket, replies, closed, waitFor };
}

for (const transport of ["tcp", "udp"] as const) {
  test(`a call over ${transport} brings the results, and what is not there is named`, () =>
    serving(async (port) => {
      const results = await callRpc({ port, transport, ...numbered(41) });
      assert.is(new XdrReader(results).uint(), 42);
      const failing = async (change: object) =>
        failureOf(() => callRpc({ port, transport, ...numbered(41), ...change }));
      assert.is(await failing({ program: 9 }), "RpcFailed: PROG_UNAVAIL");
      assert.is(await failing({ version: 7 }), "RpcFailed: PROG_MISMATCH, versions 1 to 1 are there");
      assert.is(await failing({ procedure: 9 }), "RpcFailed: PROC_UNAVAIL");
      assert.is(await failing({ args: nothing }), "RpcFailed: GARBAGE_ARGS");
      assert.is(await failing({ credential: { flavor: 6, body: nothing } }), "RpcFailed: AUTH_ERROR, reason 2");
    }));

  test(`over ${transport}, a port on which nobody listens refuses`, async () => {
    const server = await serveRpc([counter]);
    await server.close();
    const failure = await failureOf(() => callRpc({ port: server.port, transport, ...numbered(1) }));
    assert.match(failure, /^ConnectionRefused: callRpc: nobody listens on port \d+$/);
  });

  test(`over ${transport}, a server that says nothing is given up`, async () => {
    const silent = net.createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const deaf = dgram.createSocket("udp4");
    deaf.bind((silent.address() as net.AddressInfo).port, "127.0.0.1");
    await once(deaf, "listening");
    try {
      const failure = await failureOf(() =>
        callRpc({ port: deaf.address().port, transport, ...numbered(1), timeoutMs: 100, retryMs: 10 }),
      );
      assert.match(failure, /^TimedOut: callRpc: no reply from (tcp|udp) port \d+ within 100 ms$/);
    } finally {
      silent.close();
      deaf.close();
    }
  });
}

test("over UDP a call that was lost is sent again, and strange datagrams are not taken for its reply", async () => {
  const lossy = dgram.createSocket("udp4");
  let received = 0;
  lossy.on("message", (message, { port }) => {
    const xid = new DataView(message.buffer, message.byteOffset).getUint32(0);
    if (++received < 3) return;
    const reply = (of: number, value: number) =>
      encodeReply({ xid: of, status: "SUCCESS", results: new XdrWriter().uint(value).finish() });
    for (const datagram of [nothing, Buffer.from("hello"), reply((xid + 1) % 2 ** 32, 1), message, reply(xid, 42)])
      lossy.send(datagram, port, "127.0.0.1");
  });
  lossy.bind(0, "127.0.0.1");
  await once(lossy, "listening");
  try {
    const results = await callRpc({ port: lossy.address().port, transport: "udp", ...numbered(1), retryMs: 5 });
    assert.is(new XdrReader(results).uint(), 42);
    assert.ok(received >= 3);
  } finally {
    lossy.close();
  }
});

test("a stream of many calls, cut into single bytes and fragments of one, is answered call by call in order", () =>
  serving(async (port) => {
    const { socket, replies, waitFor } = await open(port);
    socket.setNoDelay(true);
    const xids = Array.from({ length: 50 }, (_, i) => i + 1);
    for (const byte of encodeRecord(call(1000), 1)) socket.write(Uint8Array.of(byte));
    for (const xid of xids) socket.write(encodeRecord(call(xid), 1 + (xid % 7)));
    await waitFor(51);
    assert.equal(
      replies.map(({ xid }) => xid),
      [1000, ...xids],
    );
    assert.ok(replies.every((reply) => reply.status === "SUCCESS"));
    socket.destroy();
  }));

test("a client that ends its side after its calls still gets every answer", () =>
  serving(async (port) => {
    const { socket, replies, closed } = await open(port);
    const large = encodeCall({ xid: 2, program: counter.program, version: 1, procedure: 2, args: nothing });
    socket.end(Buffer.concat([encodeRecord(call(1)), ...Array.from({ length: 20 }, () => encodeRecord(large))]));
    await closed;
    assert.is(replies.length, 21);
  }));

test("a message above the limit, or one that is no call, costs its client the connection and nobody else", () =>
  serving(
    async (port) => {
      const good = await open(port);
      const wrong = [
        Buffer.from("80001001", "hex"),
        encodeRecord(encodeReply({ xid: 1, status: "SYSTEM_ERR" })),
        encodeRecord(nothing),
        Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      ];
      for (const bytes of wrong) {
        const bad = await open(port);
        bad.socket.write(bytes);
        await bad.closed;
        assert.is(bad.replies.length, 0);
      }
      good.socket.write(encodeRecord(call(5)));
      await good.waitFor(1);
      good.socket.destroy();
    },
    { maxMessageBytes: 4096 },
  ));

test("a client that begins a message and goes on byte by byte is shown out, and one that says nothing too", () =>
  serving(
    async (port) => {
      const silent = await open(port);
      const slow = await open(port);
      slow.socket.write(Buffer.from("80000100", "hex"));
      const drip = setInterval(() => slow.socket.write(Uint8Array.of(0)), 20);
      try {
        await Promise.all([silent.closed, slow.closed]);
      } finally {
        clearInterval(drip);
      }
    },
    { patienceMs: 200 },
  ));

test("a client that reads no answers is not read from, so that they do not fill the server's memory", () =>
  serving(async (port) => {
    const { socket, replies } = await open(port);
    socket.pause();
    const large = encodeRecord(
      encodeCall({ xid: 1, program: counter.program, version: 1, procedure: 2, args: nothing }),
    );
    const before = process.memoryUsage();
    // Far more answers than the system's buffers hold: 4 GB.
    const calls = Buffer.concat(Array.from({ length: 1000 }, () => large));
    for (let i = 0; i < 20; i++) socket.write(calls);
    for (let i = 0; i < 20; i++) await callRpc({ port, ...numbered(i) });
    const after = process.memoryUsage();
    const grownBytes = after.external + after.arrayBuffers - before.external - before.arrayBuffers;
    assert.ok(grownBytes < 400e6, `${grownBytes} bytes more`);
    assert.is(replies.length, 0);
    socket.destroy();
  }));

test("connections above the limit are closed, and the rest are served", () =>
  serving(
    async (port) => {
      const clients = [await open(port), await open(port), await open(port)];
      await clients[2]?.closed;
      for (const { socket, waitFor } of clients.slice(0, 2)) {
        socket.write(encodeRecord(call(1)));
        await waitFor(1);
        socket.destroy();
      }
    },
    { maxConnections: 2 },
  ));

test("200 calls at once over both transports each get their own answer", () =>
  serving(async (port) => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const results = await callRpc({ port, transport: i % 2 ? "udp" : "tcp", ...numbered(i), timeoutMs: 30_000 });
        return new XdrReader(results).uint();
      }),
    );
    assert.equal(
      answers,
      answers.map((_, i) => i + 1),
    );
  }));

test("a server that is closed leaves its port free, also with clients in the middle of a message", async () => {
  const server = await serveRpc([counter]);
  const { socket, closed } = await open(server.port);
  socket.write(Uint8Array.of(0x80));
  await server.close();
  await closed;
  const again = await serveRpc([counter], { port: server.port });
  assert.match(await failureOf(() => serveRpc([], { port: server.port })), /EADDRINUSE/);
  await again.close();
});

test("bad options are named", async () => {
  const failures: [object, string][] = [
    [{ port: 65536 }, "serveRpc: port must be a whole number from 0 to 65535, got 65536"],
    [{ patienceMs: Number.NaN }, "serveRpc: patienceMs must be a finite number above 0, got NaN"],
    [{ maxConnections: 0 }, "serveRpc: maxConnections must be a whole number of at least 1, got 0"],
  ];
  for (const [options, message] of failures)
    assert.is(await failureOf(() => serveRpc([], options)), `ParameterError: ${message}`);
  const wrong = () => callRpc({ port: 1, ...numbered(1), transport: "sctp" as never });
  assert.is(await failureOf(wrong), 'ParameterError: callRpc: transport must be "tcp" or "udp", got "sctp"');
});

test("a portmapper and its client: set, look up, list, unset, over either transport", async () => {
  const daemon = await startPortmapper();
  const { port } = daemon;
  const service = { program: counter.program, version: 1, transport: "tcp" as const, port: 50000 };
  const own = (["tcp", "udp"] as const).map((transport) => ({ program: 100000, version: 2, transport, port }));
  try {
    for (const transport of ["tcp", "udp"] as const) {
      const client = portmapperClient({ port, transport });
      await client.ping();
      assert.is(await client.getPort(service), 0);
      assert.is(await client.set(service), true);
      assert.is(await client.set({ ...service, port: 50001 }), false);
      assert.is(await client.getPort(service), 50000);
      assert.equal(await client.dump(), [...own, service]);
      assert.equal(daemon.mappings, [...own, service]);
      assert.is(await client.unset(service.program, 1), true);
      assert.equal(await client.dump(), own);
    }
  } finally {
    await daemon.close();
  }
  assert.match(await failureOf(() => portmapperClient({ port }).ping()), new RegExp(`^${ConnectionRefused.name}`));
});

test.run();
