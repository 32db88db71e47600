import { createSocket } from "node:dgram";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UdpPort } from "../../../kernel-lib/dist/live/run/udp-port.js";
import type { DatagramFrame } from "../../../kernel-lib/dist/world/network/frame.js";

/** What a datagram of so many bytes becomes, as the network tells it. */
class Fate {
  how = "";
  readonly frame: DatagramFrame;
  constructor(bytes: number, toPort: number) {
    const told = { deliver: () => undefined, lost: (_: unknown, reason: string) => this.is(`lost: ${reason}`) };
    const payload = { bytes: new Uint8Array(bytes).fill(7), start: 0, end: bytes };
    this.frame = {
      to: { keepsOrder: false, ...told },
      path: { arrive: () => undefined },
      ...({
        type: "bytes",
        payload,
        note: 0,
        value: 0,
        bytes: bytes + 8,
        firstByteMs: 0,
        lastByteMs: 0,
        arrivedMs: 0,
      } as const),
      ...({ from: { host: "a", port: 1 }, toHost: "b", toPort, sequence: 1, copy: 1, delayMs: 0 } as const),
      thread: {} as DatagramFrame["thread"],
    };
  }
  is(how: string): void {
    this.how += how;
  }
}

/** Two ports, 1 and 2, and what becomes of what is sent. */
async function twoPorts() {
  const fates = new Map<number, Fate>();
  const ports = new Map<number, UdpPort>();
  const clock = {
    frameArrived: (frame: DatagramFrame) =>
      fates.get(frame.sequence)?.is(`arrived with ${frame.payload.end} bytes of ${frame.payload.bytes[0]}`),
    pump: () => undefined,
    portOf: (_host: string, port: number) => ports.get(port),
  };
  for (const port of [1, 2]) {
    const udp = new UdpPort(clock);
    await new Promise<void>((resolve, reject) => udp.open(resolve, reject, reject));
    ports.set(port, udp);
  }
  const [from, to] = [ports.get(1) as UdpPort, ports.get(2) as UdpPort];
  const send = (bytes: number, toPort = 2): Fate => {
    const fate = new Fate(bytes, toPort);
    const sequence = fates.size + 1;
    fates.set(sequence, fate);
    from.write({ ...fate.frame, sequence });
    return fate;
  };
  const close = () => {
    for (const port of ports.values()) port.close();
    return Promise.all([from.closed, to.closed]);
  };
  return { from, to, send, close };
}

const until = async (holds: () => boolean, withinMs = 5000) => {
  for (const end = performance.now() + withinMs; !holds(); await new Promise((resolve) => setTimeout(resolve, 5)))
    if (performance.now() > end) throw new Error("it did not come about");
};

for (const [n, bytes] of [
  [300, 100],
  [50, 8192],
] as const)
  test(`${n} datagrams of ${bytes} bytes at once all come through the system, with their bytes`, async () => {
    const { send, to, close } = await twoPorts();
    const sent = Array.from({ length: n }, () => send(bytes));
    await until(() => to.framesUnderWay === 0);
    await close();
    assert.equal([...new Set(sent.map(({ how }) => how))], [`arrived with ${bytes} bytes of 7`]);
  });

test("what the system throws away is told as lost, once, and what is sent then arrives", async () => {
  const { send, to, close } = await twoPorts();
  // Somebody else fills the room that the system gives the socket, before we read it.
  const flood = createSocket({ type: "udp4", lookup: (address, _options, found) => found(null, address, 4) });
  for (let i = 0; i < 100; i++) flood.send(Buffer.alloc(8000), to.systemPort, "127.0.0.1");
  try {
    const lost = send(8192);
    await until(() => lost.how !== "");
    const later = send(10);
    await until(() => later.how !== "");
    assert.is(lost.how, "lost: system");
    assert.is(later.how, "arrived with 10 bytes of 7");
  } finally {
    flood.close();
    await close();
  }
});

test("a stranger's datagrams are not heard, whatever they say", async () => {
  const { send, to, close } = await twoPorts();
  const stranger = createSocket("udp4");
  const said = Buffer.alloc(20);
  for (const bytes of [said, Buffer.alloc(3), Buffer.alloc(0)])
    await new Promise((resolve) => stranger.send(bytes, to.systemPort, "127.0.0.1", resolve));
  const sent = send(10); // it has the number 0, as the stranger's
  await until(() => sent.how !== "");
  stranger.close();
  await close();
  assert.is(sent.how, "arrived with 10 bytes of 7");
});

test("what is under way to a port that closes, or from one, takes the way through memory", async () => {
  const { send, from, to, close } = await twoPorts();
  const [queued, nobody] = [Array.from({ length: 40 }, () => send(8192)), send(10, 3)];
  assert.ok(to.framesUnderWay === 40);
  assert.match(nobody.how, /^arrived/, "where no port is open");
  from.close();
  await until(() => to.framesUnderWay === 0);
  await close();
  assert.equal([...new Set(queued.map(({ how }) => how))], ["arrived with 8192 bytes of 7"]);
});

test.run();
