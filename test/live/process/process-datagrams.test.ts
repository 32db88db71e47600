import { createSocket } from "node:dgram";
import fc from "fast-check";
import { Closed, MessageError, TimedOut } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ProcessHost } from "../../../kernel-lib/dist/live/process/process-host.js";
import { soaked } from "../../soak.js";
import { failureOf } from "../../world/both-worlds.js";

/** Hosts of real processes that can send each other datagrams, and where the system has their ports. */
function neighbours(...names: string[]) {
  const ports = new Map<string, number>();
  const hosts = names.map(
    (name, i) =>
      new ProcessHost({
        name,
        pid: i + 1,
        portOf: () => 0,
        neighbours: {
          hosts: names,
          portOf: (port, host) => ports.get(`${host}:${port}`),
          onOpen: (systemPort, port) => void ports.set(`${name}:${port}`, systemPort),
        },
      }),
  );
  return { hosts: hosts as [ProcessHost, ProcessHost], ports };
}

test("real processes send each other datagrams, whoever else may write to their ports", async () => {
  const { hosts, ports } = neighbours("a", "ação");
  const [a, b] = hosts;
  const [from, to] = [await a.datagrams(), await b.datagrams(7)];
  const stranger = createSocket("udp4");
  const systemPort = ports.get("ação:7") as number;
  const say = (bytes: Uint8Array) =>
    new Promise((resolve) => stranger.send(bytes, systemPort, "127.0.0.1", resolve as () => void));
  for (const bytes of [[], [0], [2, 0, 7, 0], [0, 0, 7, 200, 65]]) await say(Uint8Array.from(bytes));
  await from.send({ host: "ação", port: 7 }, { n: 1 });
  const { message, from: address } = await to.receive({ timeoutMs: 1000 });
  assert.equal([message, address], [{ n: 1 }, { host: "a", port: from.port }]);
  await to.send(address, new Uint8Array([1, 2]));
  assert.equal(await from.receive({ timeoutMs: 1000 }), {
    from: { host: "ação", port: 7 },
    message: new Uint8Array([1, 2]),
  });
  stranger.close();
  for (const host of hosts) host.close();
});

test("random packets at a port give messages or a MessageError, and the port goes on", async () => {
  const { hosts, ports } = neighbours("a", "b");
  const [a, b] = hosts;
  const [from, to] = [await a.datagrams(), await b.datagrams(7)];
  const stranger = createSocket("udp4");
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ maxLength: 40 }).map((rest) => Uint8Array.from([0, 0, 7, 1, 97, ...rest])),
  );
  for (const packet of fc.sample(bytes, { numRuns: soaked(10_000), seed: 1 })) {
    await new Promise((resolve) =>
      stranger.send(packet, ports.get("b:7") as number, "127.0.0.1", resolve as () => void),
    );
    await from.send({ host: "b", port: 7 }, "ours");
    for (let isOurs = false; !isOurs; )
      try {
        isOurs = (await to.receive({ timeoutMs: 2000 })).message === "ours";
      } catch (error) {
        assert.instance(error, MessageError, String(error));
      }
  }
  stranger.close();
  for (const host of hosts) host.close();
});

test("an inbox of a real process keeps 64 KiB and drops the rest", async () => {
  const { hosts } = neighbours("a", "b");
  const [a, b] = hosts;
  const [from, to] = [await a.datagrams(), await b.datagrams(7)];
  // With its header of 8 bytes each is an eighth of the inbox; one at a time, so that the system loses none.
  for (let i = 0; i < 10; i++) {
    await from.send({ host: "b", port: 7 }, new Uint8Array(8184).fill(i));
    await a.sleep(5);
  }
  const got: number[] = [];
  const rest = async () => {
    for (;;) got.push((await to.receive({ timeoutMs: 50 })).message[0]);
  };
  await rest().catch((error) => assert.instance(error, TimedOut));
  assert.equal(got, [0, 1, 2, 3, 4, 5, 6, 7]);
  for (const host of hosts) host.close();
});

test("a process that ends gives its UDP sockets back, and who waited there hears no more", async () => {
  const sockets = () => process.getActiveResourcesInfo().filter((name) => name === "UDPWrap").length;
  const closing = () => new Promise((resolve) => setTimeout(resolve, 20));
  await closing(); // those of the tests before
  const before = sockets();
  const { hosts } = neighbours("a", "b");
  const [a, b] = hosts;
  let woke = false;
  const open = await a.datagrams(7);
  const wake = () => {
    woke = true;
  };
  void open.receive().then(wake, wake);
  const closed = await b.datagrams(7);
  closed.close();
  assert.match(await failureOf(() => closed.receive()), /^Closed: /);
  assert.is(new Closed("").name, "Closed");
  a.close();
  b.close();
  await closing();
  assert.is(woke, false);
  assert.is(sockets(), before);
});

test("a host that knows no neighbours has no datagrams, and says so", async () => {
  const host = new ProcessHost({ name: "a", pid: 1, portOf: () => 0 });
  assert.match(
    await failureOf(() => host.datagrams()),
    /^NotInAProcess: a program in a real process has no datagrams$/,
  );
  host.close();
});

test.run();
