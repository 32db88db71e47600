import { readdirSync } from "node:fs";
import { connectionEnds, dataset, type LostMachineRow, lostMachine } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf } from "../../world/both-worlds.js";
import { withTools } from "../tools.js";

const test = suite("live: how connections of the operating system end");
const recorded = dataset("connection-ends");

test("only who writes tells a killed client from a half-closed one; a reset shows at once; all as recorded", async () => {
  const openFiles = () => (process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0);
  const rows = await connectionEnds();
  // RFC 9293 §3.6 and Linux's send(2): the end of a stream is no error; the answer to the first segment is a reset; then EPIPE.
  assert.equal(
    rows.map(({ client, read, firstSend, secondSend, clientHears }) => [
      client,
      read,
      firstSend,
      secondSend,
      clientHears,
    ]),
    [
      ["ends its half, and still reads", "end", "taken", "taken", true],
      ["closes", "end", "taken", "EPIPE", false],
      ["is killed", "end", "taken", "EPIPE", false],
      ["is killed, with unread bytes", "ECONNRESET", "ECONNRESET", "EPIPE", false],
      ["resets", "ECONNRESET", "ECONNRESET", "EPIPE", false],
    ],
  );
  assert.equal(recorded.rows, rows);
  const before = openFiles();
  const controller = new AbortController();
  const playing = failureOf(() => connectionEnds({ signal: controller.signal }));
  setTimeout(() => controller.abort(new Error("enough")), 100);
  assert.is(await playing, "Error: enough");
  assert.is(openFiles(), before);
});

const seen = (rows: readonly LostMachineRow[]) => rows.map(({ server, noticedBy }) => [server, noticedBy]);

const testWithTools = await withTools(test, lostMachine({ watchMs: 1 }));
testWithTools(
  "of a machine that is gone, keepalive tells who only reads; who writes needs TCP_USER_TIMEOUT or a clock of its own",
  async () => {
    const rows = await lostMachine({ watchMs: 6000 });
    assert.equal(seen(rows), [
      ["only reads", "nothing"],
      ["only reads, with keepalive", "ETIMEDOUT"],
      ["writes, with keepalive", "nothing"],
      ["writes, with TCP_USER_TIMEOUT", "ETIMEDOUT"],
      ["asks each second, and waits 3 s for an answer", "no answer"],
      ["writes, to a machine that comes back", "ECONNRESET"],
    ]);
    // All that it writes is taken, and goes nowhere.
    assert.ok((rows[2] as LostMachineRow).bytesTaken > 20, JSON.stringify(rows[2]));
    assert.equal(seen(recorded.lost as LostMachineRow[]), seen(rows));
  },
);

test("a time to watch that is none is refused", async () => {
  assert.match(await failureOf(() => lostMachine({ watchMs: 0 })), /^ParameterError: lostMachine: watchMs /);
});

test.run();
