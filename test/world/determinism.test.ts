import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { type Host, on, Simulation, scenario, simulate } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../scripts/setup/paths.mjs";
import { failureOf } from "./both-worlds.js";
import { busyScenario } from "./busy-scenario.js";

const test = suite("determinism");

const text = (rows: readonly unknown[]) => JSON.stringify(rows);
let reference = "";

test.before(async () => {
  reference = text((await simulate(busyScenario, { seed: 11 })).rows);
});

test("the busy scenario does something of everything", async () => {
  const run = await simulate(busyScenario, { seed: 11 });
  const kinds = new Set(run.rows.map(({ kind }) => kind));
  assert.equal([...kinds].sort(), [
    "compute",
    "disk",
    "exit",
    "fault",
    "log",
    "receive",
    "send",
    "start",
    "urgent",
    "wait",
    "wake",
  ]);
  const events = run.rows.flatMap((row) => (row.kind === "log" ? [row.event] : []));
  for (const event of ["TimedOut", "ConnectionReset", "urgent", "ConnectionRefused"])
    assert.ok(events.includes(event), event);
  assert.is(run.results.chain, 0);
});

test("the same seed gives the same rows, byte for byte, and another seed others", async () => {
  assert.ok(text((await simulate(busyScenario, { seed: 11 })).rows) === reference);
  assert.not.ok(text((await simulate(busyScenario, { seed: 12 })).rows) === reference);
});

test("the three drains give the same rows, byte for byte", async () => {
  for (const drain of ["tick", "immediate", "channel"] as const) {
    const simulation = new Simulation(busyScenario, { seed: 11 }, drain);
    await simulation.advance();
    assert.ok(text(simulation.run().rows) === reference, drain);
  }
});

test("a run in steps, with the event loop in between, gives the same rows, whatever the steps", async () => {
  for (const stepMs of [0.37, 5, 100, 1e6]) {
    for (const drain of [undefined, "immediate"] as const) {
      const simulation = new Simulation(busyScenario, { seed: 11 }, drain);
      for (let untilMs = 0; !simulation.isOver; untilMs += stepMs) {
        await simulation.advance(untilMs);
        assert.ok(simulation.nowMs <= untilMs || simulation.isOver);
      }
      assert.ok(text(simulation.run().rows) === reference, `${stepMs} ms by ${drain}`);
    }
  }
});

test("what is traced changes no other row", async () => {
  const logs = (await simulate(busyScenario, { seed: 11, trace: ["log"] })).rows;
  assert.is(text(logs), text(JSON.parse(reference).filter((row: { kind: string }) => row.kind === "log")));
});

test("another process, and one without WebAssembly or a compiler, give the same rows", async () => {
  const hash = createHash("sha256").update(reference).digest("hex");
  for (const flags of [[], ["--jitless"]]) {
    const args = [...flags, "--import", "tsx", inRoot("test/world/determinism-child.ts")];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    assert.match(stdout, hash, flags.join());
  }
});

test("an advance while another is under way is refused; of a run cut short the programs are unfinished", async () => {
  const simulation = new Simulation(busyScenario);
  const first = simulation.advance(2);
  let message = "";
  await simulation.advance(20).catch((error: Error) => {
    message = `${error.name}: ${error.message}`;
  });
  await first;
  assert.is(message, "ParameterError: advance: the simulation is advancing already; await that first");
  const run = simulation.run();
  assert.equal(run.outcomes.chain, { how: "unfinished" });
});

test("a loop that lets no time pass is named, however long the limit is", async () => {
  const spinner = async (host: Host) => {
    for (;;) await host.sleep(0);
  };
  const spinning = scenario({ hosts: { a: {} }, programs: { spinner: on("a", spinner) }, limitMs: 10 });
  const message = await failureOf(() => simulate(spinning, { trace: "none" }));
  assert.match(message, /^Livelock: time stands still at t=0\.000 ms.*the last was one of spinner \(pid 1 on a\)/);
});

/** A connection whose peer has ended, all read. */
async function endedByPeer(host: Host) {
  const listener = await host.listen(7);
  const connection = await host.connect("a", 7);
  (await listener.accept()).end();
  await connection.receive();
  return connection;
}

const atOnce: Readonly<Record<string, (host: Host) => (() => unknown) | Promise<() => unknown>>> = {
  "sleepUntil(0)": (host) => () => host.sleepUntil(0),
  "compute(0)": (host) => () => host.compute(0),
  "a free lock": (host) => {
    const mutex = host.mutex();
    return async () => {
      await mutex.lock();
      mutex.unlock();
    };
  },
  "a queue with room": (host) => {
    const queue = host.queue();
    return async () => {
      await queue.put(1);
      await queue.take();
    };
  },
  "a connection whose peer has ended": async (host) => {
    const connection = await endedByPeer(host);
    return () => connection.receive();
  },
  "an urgent byte that can't come any more": async (host) => {
    const connection = await endedByPeer(host);
    return () => connection.receiveUrgent();
  },
  "a connection that was reset": async (host) => {
    await host.listen(7);
    const connection = await host.connect("a", 7);
    connection.reset();
    return () => failureOf(() => connection.send(1));
  },
  "a message that can't be sent": async (host) => {
    await host.listen(7);
    const connection = await host.connect("a", 7);
    return () => failureOf(() => connection.send(undefined));
  },
  "a port that is taken": async (host) => {
    await host.listen(7);
    return () => failureOf(() => host.listen(7));
  },
  "a port that is closed": async (host) => {
    const listener = await host.listen(7);
    listener.close();
    return () => failureOf(() => listener.accept());
  },
  "a signal that is aborted": (host) => {
    const signal = AbortSignal.abort(new Error("no"));
    return () => failureOf(() => host.compute(1, { signal }));
  },
  "the end of a child that has ended": (host) => {
    const child = host.spawn(async () => 1, { as: "process" });
    return () => child.done();
  },
};
for (const [what, prepare] of Object.entries(atOnce)) {
  test(`a loop over ${what}, which waits for nothing, is named`, async () => {
    const spinner = async (host: Host) => {
      await host.sleep(5);
      const operation = await prepare(host);
      for (;;) await operation();
    };
    const spinning = scenario({ hosts: { a: {} }, programs: { spinner: on("a", spinner) }, limitMs: 10 });
    const message = await failureOf(() => simulate(spinning, { trace: "none" }));
    assert.match(
      message,
      /^Livelock: time stands still at t=5\.000 ms: 50{4}(0{2})? operations in a row have waited for nothing; the last was one of spinner/,
    );
  });
}

test("a simulation stands where it was taken, also when nothing happens there", async () => {
  const sleeper = async (host: Host) => host.sleep(5);
  const simulation = new Simulation(scenario({ hosts: { a: {} }, programs: { sleeper: on("a", sleeper) } }));
  await simulation.advance(3);
  assert.is(simulation.nowMs, 3);
  await simulation.advance(2);
  assert.is(simulation.nowMs, 3, "it does not go back");
  await simulation.advance(4);
  assert.is(simulation.nowMs, 4);
  await simulation.advance();
  assert.is(simulation.nowMs, 5);
  const cutShort = new Simulation(scenario({ hosts: { a: {} }, programs: { sleeper: on("a", sleeper) } }));
  await cutShort.advance(3);
  assert.is(cutShort.run().endMs, 3);
});

test.run();
