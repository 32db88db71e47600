import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dataset, measureStops, type StopRow, tcpPair, urgentBehind, urgentTrials, whyNoUrgentData } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf } from "../world/both-worlds.js";

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

test("an urgent byte is announced past 10 kB that nobody reads, and not past a megabyte", async () => {
  const near = await urgentBehind(10_000);
  assert.equal(near, {
    bytesAhead: 10_000,
    bytesTaken: 10_000,
    urgentTaken: true,
    announcedUnread: true,
    readBeforeBytes: 0,
  });
  const far = await urgentBehind(1_000_000);
  assert.is(far.announcedUnread, false);
  // How much the operating system takes is its own affair; the news comes when the mark is within reach.
  if (far.urgentTaken) assert.ok((far.readBeforeBytes as number) > far.bytesTaken / 2, JSON.stringify(far));
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
  assert.match(await failureOf(() => urgentBehind(1.5)), /^ParameterError: urgentBehind: bytesAhead /);
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
