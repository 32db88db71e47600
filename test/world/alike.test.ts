import { type Host, on, scenario, simulate } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { differences, playAlike } from "./alike.js";
import { echo } from "./both-worlds.js";

const test = suite("both worlds compared");

const usual = { text: "x", event: "asked", answer: { tries: 1 }, sleepMs: 0, killMs: 5000 };

const runOf = (changed: Partial<typeof usual> = {}) => {
  const { text, event, answer, sleepMs, killMs } = { ...usual, ...changed };
  const client = async (host: Host) => {
    await host.sleep(1000 + sleepMs);
    host.log(event, { askedMs: host.now() });
    const connection = await host.connect("server", 7);
    await connection.send(text);
    await connection.receive();
    return { ...answer, doneMs: host.now() };
  };
  return simulate(
    scenario({
      hosts: { server: {}, client: {} },
      programs: { echo: on("server", echo).daemon(), client: on("client", client) },
      faults: [{ kind: "kill", program: "client", atMs: killMs }],
    }),
  );
};

for (const [what, changed, places] of [
  ["a result", { answer: { tries: 2 } }, ["outcome of client"]],
  ["an outcome", { killMs: 500 }, ["outcome of client", "log of client on client"]],
  ["a logged event", { event: "told" }, ["log of client on client"]],
  ["a message", { text: "y" }, ["sent out on client>server:7", "sent in on client>server:7"]],
] as const) {
  test(`${what} that differs is told, whatever the times`, async () => {
    const [other] = differences(await runOf(), await runOf(changed), 1);
    for (const place of places)
      assert.ok(
        other.some((text) => text.startsWith(place)),
        `${place}: ${other}`,
      );
  });
}

test("a run is like itself, a little later too, and neither much later nor earlier", async () => {
  const counts = async (sleepMs: number, timeScale: number) =>
    differences(await runOf(), await runOf({ sleepMs }), timeScale).map((list) => list.length);
  const times = 4; // the end, the row and the field of the log, the field of the result
  assert.equal(await counts(0, 1), [0, 0, 0]);
  assert.equal(await counts(399, 1), [0, 0, 0]);
  assert.equal(await counts(401, 1), [0, 0, times]);
  assert.equal(await counts(101, 4), [0, 0, times]);
  assert.equal(await counts(-3, 1), [0, times, 0]);
});

const placed = (programs: (host: Host) => Promise<unknown>) =>
  scenario({ hosts: { client: {} }, programs: { client: on("client", programs) } });

test("what differs in a live run is played again, three times at most", async () => {
  let livePlays = 0;
  const differsIn = (plays: number) => {
    livePlays = 0;
    return placed(async (host) => {
      await host.sleep(5);
      return host.now() !== 5 && ++livePlays <= plays ? "other" : "same"; // live, the clock shows fractions
    });
  };
  const run = await playAlike({}, differsIn(2));
  assert.equal([run.results.client, livePlays], ["same", 3]);
  const failure = await playAlike({}, differsIn(4)).catch((error: Error) => error.message);
  assert.match(failure as string, /live is not as virtual time/);
  assert.is(livePlays, 3);
});

test.run();
