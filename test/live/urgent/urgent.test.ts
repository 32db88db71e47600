import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import {
  dataset,
  executable,
  measureStops,
  type StopRow,
  selfContainedProgram,
  tcpPair,
  tcpProcess,
  type UrgentBehindRow,
  urgentBehind,
  urgentTrials,
  whyNoUrgentData,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf } from "../../world/both-worlds.js";

const test = suite("live: urgent data and signals of the operating system");

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const openFiles = () => (process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0);
/** Waits for something that must come about; how long it takes is not the claim. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 50));
};
/** The numbers of the Node processes that a process has started by `startChild`. */
const childrenOf = (pid: number | undefined): string[] =>
  spawnSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" })
    .stdout.split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, ...args]) => parent === String(pid) && args.join(" ").includes("child-runner"))
    .map(([number]) => number as string);
const isAlive = (pid: string): boolean => spawnSync("ps", ["-p", pid]).status === 0;

test("Linux and macOS have urgent data", () => {
  assert.is(whyNoUrgentData() === undefined, ["linux", "darwin"].includes(process.platform));
});

test("of three bytes sent as urgent the last alone is: two are in the stream, one beside it", async () => {
  const seen = await tcpPair(async (sender, receiver) => {
    assert.is(sender.send("abc", { urgent: true }), 3);
    assert.is(await receiver.urgentAnnounced(), true);
    return [text(await receiver.receive()), receiver.receiveUrgent(), receiver.receiveUrgent()];
  });
  assert.equal(seen, ["ab", "c".charCodeAt(0), "EINVAL"]);
});

test("a newer urgent byte puts the older one back into the stream; reads stop at the mark; inline, the byte stays", async () => {
  const rows = await urgentTrials();
  assert.equal(
    rows.map(({ sent, firstRead, atMark, secondRead, beside }) => [sent, firstRead, atMark, secondRead, beside]),
    [
      ["[abc]", "ab", true, "", "c"],
      ["[ab] [cd]", "abc", true, "", "d"],
      ["abc [X] def", "abc", true, "def", "X"],
      ["abc [X] def", "abc", true, "def", "EINVAL"],
      ["abc [X] def", "abc", true, "Xdef", "EINVAL"],
      ["abc def", "abcdef", false, "", "EINVAL"],
    ],
  );
});

test("the recorded trials, shown where there are no urgent data, are what they are here", async () => {
  assert.equal(dataset("urgent-data").trials, await urgentTrials());
});

/** RFC 9293 §3.1: the urgent pointer has 16 bits. */
const reachBytes = 65_535;

test("the news passes as many unread bytes as its pointer counts, 65,535, and not one more, whatever room there is", async () => {
  for (const receiveBufferBytes of [4096, 65_536]) {
    const [room] = (await urgentBehind([400_000], { receiveBufferBytes, patienceMs: 1 })) as [UrgentBehindRow];
    const acknowledged = room.bytesAhead + 1 - (room.markAheadBytes as number);
    const last = acknowledged + reachBytes - 1;
    const rows = await urgentBehind([last, last + 1], { receiveBufferBytes });
    const seen = rows.map((row) => [row.markAheadBytes, row.signalAfterMs !== undefined]);
    assert.equal(seen, [[reachBytes, true], [reachBytes + 1, false]], String(receiveBufferBytes)); // biome-ignore format: short
  }
});

test("behind a megabyte the news comes with the first segment for which there is room, long before the byte", async () => {
  const [row] = (await urgentBehind([1_000_000], { patienceMs: 100 })) as [UrgentBehindRow];
  assert.is(row.signalAfterMs, undefined);
  assert.ok((row.readBeforeSignalBytes as number) <= 2 * row.receiveBufferBytes, JSON.stringify(row));
  assert.ok((row.readBeforeByteBytes as number) > row.bytesTaken / 2, JSON.stringify(row));
});

test("the two instruments agree: what SIGURG announces, recv(MSG_OOB) calls announced, before the byte is here", async () => {
  const options = { receiveBufferBytes: 4096 };
  for (const bytesAhead of [30_000, 100_000]) {
    const [row] = (await urgentBehind([bytesAhead], options)) as [UrgentBehindRow];
    const [isAnnounced, byte] = await tcpPair(async (sender, receiver) => {
      for (let taken = 0; taken < bytesAhead; ) taken += sender.send(new Uint8Array(bytesAhead - taken));
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.is(sender.send("!", { urgent: true }), 1);
      return [await receiver.urgentAnnounced({ timeoutMs: 1000 }), receiver.receiveUrgent()] as const;
    }, options);
    assert.is(isAnnounced, row.signalAfterMs !== undefined, String(bytesAhead));
    assert.is(byte, isAnnounced ? "EAGAIN" : "EINVAL");
  }
});

test("the recorded run of urgent bytes behind others is what it is here", async () => {
  const shape = (rows: readonly UrgentBehindRow[]) =>
    rows.map(({ receiveBufferBytes, bytesAhead, signalAfterMs }) => [receiveBufferBytes, bytesAhead, !signalAfterMs]);
  const kept = dataset("urgent-data").behind as UrgentBehindRow[];
  const wide = kept.filter((row) => row.receiveBufferBytes === 65_536);
  assert.equal(shape(await urgentBehind(wide.map(({ bytesAhead }) => bytesAhead))), shape(wide));
});

test("both ends are closed when the function has ended, also by an error, and then refuse", async () => {
  await tcpPair(async () => undefined);
  const before = openFiles();
  let kept: { receive(): Promise<Uint8Array> } | undefined;
  await tcpPair(async (_, receiver) => {
    kept = receiver;
  });
  const failure = await failureOf(() =>
    tcpPair(async () => {
      throw new Error("on purpose");
    }),
  );
  assert.is(failure, "Error: on purpose");
  assert.is(openFiles(), before);
  assert.match(await failureOf(() => kept?.receive()), /^Closed: tcpPair: /);
});

test("a receive to which nothing comes ends by timeout, and bad options are refused by name", async () => {
  await tcpPair(async (sender, receiver) => {
    assert.match(await failureOf(() => receiver.receive({ timeoutMs: 5 })), /^TimedOut: receive: /);
    assert.match(await failureOf(() => receiver.receive({ atMost: 0 })), /^ParameterError: receive: atMost /);
    assert.match(await failureOf(() => receiver.receive({ timeoutMs: Number.NaN })), /receive: timeoutMs /);
    assert.match(await failureOf(() => sender.send(5 as never)), /^ParameterError: send: bytes /);
  });
  assert.match(await failureOf(() => urgentBehind([1.5])), /^ParameterError: urgentBehind: bytesAhead\[0\] /);
  assert.match(await failureOf(() => urgentBehind(5 as never)), /^ParameterError: urgentBehind: bytesAhead /);
  assert.match(await failureOf(() => urgentBehind([], { patienceMs: 0 })), /urgentBehind: patienceMs /);
  assert.match(await failureOf(() => tcpProcess(executable("cat"), 5 as never)), /^ParameterError: tcpProcess: use /);
  const none = async () => undefined;
  assert.match(await failureOf(() => tcpPair(none, { sendBufferBytes: 0 })), /^ParameterError: tcpPair: sendBuffer/);
  assert.match(await failureOf(() => tcpPair(5 as never)), /^ParameterError: tcpPair: use /);
  for (const [options, field] of [
    [{ way: "asks" }, "way"],
    [{ way: "urgent", repetitions: 0 }, "repetitions"],
    [{ way: "urgent", workMs: Number.NaN }, "workMs"],
    [{ way: "urgent", busyThreads: -1 }, "busyThreads"],
    [{ way: "urgent", progressMs: 0 }, "progressMs"],
  ] as const)
    assert.match(
      await failureOf(() => measureStops(options as never)),
      new RegExp(`ParameterError: measureStops: ${field} `),
    );
});

const long = { workMs: 3000, repetitions: 2 };
const noticed = (rows: readonly StopRow[]) => rows.map(({ noticedBy, isFinished }) => [noticedBy, isFinished]);

test("SIGURG, a message on a second port and the end of the connection each stop a server that reads", async () => {
  for (const [way, by] of [
    ["urgent", "signal"],
    ["second port", "second port"],
    ["dies", "end"],
  ] as const) {
    const rows = await measureStops({ way, ...long, reads: true });
    assert.equal(noticed(rows), Array(2).fill([by, false]), way);
    for (const { noticedAfterMs, stoppedAfterMs } of rows)
      assert.ok(noticedAfterMs > 0 && stoppedAfterMs > 0, `${way}: ${noticedAfterMs}, ${stoppedAfterMs}`);
  }
});

test("a server that neither reads nor writes works for a dead client to the end; one that writes hears of it", async () => {
  const silent = await measureStops({ way: "dies", workMs: 100, repetitions: 2 });
  assert.equal(noticed(silent), Array(2).fill(["nothing", true]));
  const telling = await measureStops({ way: "dies", ...long, progressMs: 20 });
  assert.equal(noticed(telling), Array(2).fill(["reset", false]));
});

test("behind ten megabytes that nobody reads, the signal does not come and the second port does", async () => {
  const bytesAhead = 10_000_000;
  const urgent = await measureStops({ way: "urgent", workMs: 100, repetitions: 1, bytesAhead });
  assert.equal(noticed(urgent), [["nothing", true]]);
  assert.ok((urgent[0] as StopRow).bytesTaken < bytesAhead);
  const port = await measureStops({ way: "second port", ...long, repetitions: 1, bytesAhead });
  assert.equal(noticed(port), [["second port", false]]);
});

const busyPython = `
import os, signal, time
class Stop(Exception): pass
def on_urgent(number, frame): raise Stop
signal.signal(signal.SIGURG, on_urgent)
end = time.monotonic() + 3
try:
    os.write(0, b"working")
    while time.monotonic() < end: pass
    os.write(0, b"finished")
except Stop: os.write(0, b"stopped")
`;
const busyJavaScript = async () => {
  const { writeSync } = await import("node:fs");
  let isStopped = false;
  process.on("SIGURG", () => {
    isStopped = true;
  });
  writeSync(0, "working");
  for (const endMs = performance.now() + 300; !isStopped && performance.now() < endMs; );
  writeSync(0, isStopped ? "stopped" : "finished");
};

test("SIGURG interrupts the only thread of a Python process in its loop, and of a JavaScript one never", async () => {
  for (const [program, how] of [
    [executable("python3", ["-c", busyPython]), "stopped"],
    [selfContainedProgram(busyJavaScript), "finished"],
  ] as const) {
    const before = openFiles();
    const said = await tcpProcess(
      program,
      async (client) => {
        assert.is(text(await client.receive({ timeoutMs: 20_000 })), "working");
        client.send("!", { urgent: true });
        return text(await client.receive({ timeoutMs: 20_000 }));
      },
      { takesSignals: true },
    );
    assert.is(said, how);
    assert.is(openFiles(), before);
  }
});

for (const way of ["dies", "second port"] as const) {
  test(`an abort ends the measurement and the server's process, and nothing fails unheard (${way})`, async () => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown) => unheard.push(reason);
    process.on("unhandledRejection", hear);
    const controller = new AbortController();
    const measuring = failureOf(() =>
      measureStops({ way, workMs: 60_000, afterMs: 1000, repetitions: 1, signal: controller.signal }),
    );
    setTimeout(() => controller.abort(new Error("enough")), 500);
    assert.is(await measuring, "Error: enough");
    await until(() => childrenOf(process.pid).length === 0);
    await new Promise((resolve) => setTimeout(resolve, 1000)); // past the moment of the stop
    process.off("unhandledRejection", hear);
    assert.equal(unheard, []);
  });
}

test("when the measuring process is killed, the server's process ends", async () => {
  const script = 'import { measureStops } from "kernel-lib"; await measureStops({ way: "dies", workMs: 1e6 });';
  const victim = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
  await until(() => childrenOf(victim.pid).length > 0);
  const [server] = childrenOf(victim.pid) as [string];
  victim.kill("SIGKILL");
  await until(() => !isAlive(server));
});

test.run();
