import { fileURLToPath } from "node:url";
import { dataset, frontEndCosts, type HandOffRow, handOffLab, runInOwnNetwork } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf } from "../../world/both-worlds.js";
import { withTools } from "../tools.js";

const test = suite("live: a TCP connection changes its machine");
const MiB = 2 ** 20;
let rows: HandOffRow[] = [];
const testWithTools = await withTools(
  test,
  handOffLab().then((all) => (rows = all)),
);

const row = (way: HandOffRow["way"]): HandOffRow => rows.find((row) => row.way === way) as HandOffRow;

testWithTools(
  "a relay and address translation carry a reply twice, a descriptor once, hand-off and direct return never",
  () => {
    const carried = ({ frontInBytes, frontOutBytes }: HandOffRow) =>
      [frontInBytes, frontOutBytes].map((bytes) => (bytes < 5000 ? "under 5 kB" : Math.round(bytes / MiB)));
    assert.equal(
      rows.map((row) => [row.way, ...carried(row)]),
      [
        ["relay", 1, 1],
        ["descriptor passed", "under 5 kB", 1],
        ["NAT", 1, 1],
        ["direct return", "under 5 kB", "under 5 kB"],
        ["hand-off", "under 5 kB", "under 5 kB"],
      ],
    );
  },
);

testWithTools("each way gives the whole reply on one connection, with the service's address alone", () => {
  for (const { way, replies, connections, peerOfClient } of rows)
    assert.equal([way, replies, connections, peerOfClient], [way, 1, 1, "the service"]);
});

testWithTools("a back end sees the client itself, except behind a relay", () => {
  assert.equal(
    rows
      .filter(({ peerOfBackEnd }) => peerOfBackEnd !== "the client")
      .map(({ way, peerOfBackEnd }) => [way, peerOfBackEnd]),
    [["relay", "the front end"]],
  );
});

testWithTools(
  "after a hand-off the back end puts the frames on the cable; the front end put the handshake there",
  () => {
    const { framesFromFront, framesFromBackEnd, stateBytes = 0 } = row("hand-off");
    // SYN+ACK, and the acknowledgement of the request.
    assert.is(framesFromFront, 2);
    assert.ok(framesFromBackEnd >= 17, `1 MiB came in ${framesFromBackEnd} frames of 64 kB at most`);
    assert.ok(stateBytes > 100 && stateBytes < 1000, `a connection of ${stateBytes} B`);
    assert.is(row("direct return").framesFromFront, 0);
    for (const way of ["relay", "descriptor passed", "NAT"] as const) assert.is(row(way).framesFromBackEnd, 0);
  },
);

testWithTools("later requests on a connection that was handed off go to the same back end", async () => {
  const again = (await handOffLab({ requests: 3, replyBytes: 50_000 })).find(({ way }) => way === "hand-off");
  assert.equal([again?.replies, again?.connections, again?.framesFromFront], [3, 1, 2]);
});

testWithTools(
  "a connection is thawed with all that was written, unacknowledged and unread, at any moment of a stream",
  async () => {
    const inside = fileURLToPath(new URL("./frozen-streams-inside.ts", import.meta.url));
    const end = await runInOwnNetwork([process.execPath, "--import", "tsx", inside], { limitMs: 60_000 });
    assert.is(end.stderr, "");
    const { moves, withUnread, withUnacknowledged, differences } = JSON.parse(end.stdout) as Record<string, number>;
    assert.equal([moves, differences], [40, 0]);
    assert.ok((withUnread ?? 0) > 5 && (withUnacknowledged ?? 0) > 5, end.stdout);
  },
);

testWithTools("it ends when it is told to, and leaves nothing", async () => {
  const controller = new AbortController();
  const running = failureOf(() => handOffLab({ signal: controller.signal }));
  setTimeout(() => controller.abort(new Error("enough")), 500);
  assert.is(await running, "Error: enough");
});

const withRelays = await withTools(test, frontEndCosts({ replySizes: [1], requests: 1 }));
withRelays(
  "relays of other makes, and both ways to pass a connection on, give every reply; each took some of the processor",
  async () => {
    const rows = await frontEndCosts({ replySizes: [1, 200_000], requests: 5 });
    assert.equal(
      rows.map(({ way, replyBytes, replies }) => [way, replyBytes, replies]),
      ["relay", "nginx", "haproxy", "descriptor passed", "hand-off"].flatMap((way) => [
        [way, 1, 5],
        [way, 200_000, 5],
      ]),
    );
    for (const { way, cpuUs } of rows) assert.ok(cpuUs > 0 && cpuUs < 1e6, `${way}: ${cpuUs} µs`);
  },
);

test("options are checked", async () => {
  assert.match(await failureOf(() => handOffLab({ replyBytes: 0 })), /^ParameterError: handOffLab: replyBytes/);
  assert.match(
    await failureOf(() => frontEndCosts({ replySizes: [-1] })),
    /^ParameterError: frontEndCosts: replySizes/,
  );
  assert.match(await failureOf(() => handOffLab({ requests: 1.5 })), /^ParameterError: handOffLab: requests/);
});

test("the recorded run has the same shape", () => {
  const recorded = dataset("hand-off-lab").rows as unknown as HandOffRow[];
  assert.equal(
    recorded.map(({ way, peerOfBackEnd }) => [way, peerOfBackEnd]),
    [
      ["relay", "the front end"],
      ["descriptor passed", "the client"],
      ["NAT", "the client"],
      ["direct return", "the client"],
      ["hand-off", "the client"],
    ],
  );
});

test.run();
