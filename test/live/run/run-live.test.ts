import { type Host, on, runLive, scenario, simulate } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { echo, failureOf } from "../../world/both-worlds.js";

const test = suite("run-live");

const hosts = { server: {}, client: {} };
const sleeper = (ms: number) => scenario({ hosts, programs: { p: on("client", (host: Host) => host.sleep(ms)) } });
const pinger = async (host: Host, count: number) => {
  const connection = await host.connect("server", 7);
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    const sentMs = host.now();
    await connection.send(i);
    assert.is(await connection.receive(), i);
    took.push(host.now() - sentMs);
  }
  return took;
};
const pings = (count: number, latencyMs: number) =>
  scenario({
    hosts,
    network: { latencyMs },
    programs: { echo: on("server", echo).daemon(), pings: on("client", pinger, count) },
  });

test("an abort at any moment, also before the first line runs, ends the run with its reason", async () => {
  await runLive(sleeper(1));
  for (const afterMs of [0, 1, 3, 10, 30, 60, 120]) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), afterMs);
    const beganMs = performance.now();
    const failure = await failureOf(() => runLive(sleeper(9000), { signal: controller.signal, maxRealMs: 9500 }));
    assert.is(failure, "Error: enough", `after ${afterMs} ms`);
    assert.ok(performance.now() - beganMs < 5000);
  }
});

test("timeScale stretches and shrinks the clock: 200 ms at 0.05 take a moment, 20 ms at 10 take 200 ms", async () => {
  for (const [ms, timeScale] of [
    [200, 0.05],
    [2000, 0.05],
    [20, 10],
  ] as const) {
    const beganMs = performance.now();
    const run = await runLive(sleeper(ms), { timeScale });
    const tookMs = performance.now() - beganMs;
    assert.is(run.timeScale, timeScale);
    assert.ok(tookMs >= ms * timeScale * 0.99, `took ${tookMs} real ms`);
    assert.ok(run.endMs >= ms && run.endMs < ms + 1500 / timeScale, `ended at ${run.endMs}`);
  }
});

test("a run ends with its last program, also if that comes back from a wait outside its host", async () => {
  const foreign = async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return "back";
  };
  const s = scenario({ hosts, programs: { p: on("client", foreign) }, limitMs: 5000 });
  const run = await runLive(s, { timeScale: 1 });
  assert.is(run.results.p, "back");
  assert.ok(run.endMs < 4000, `ended at ${run.endMs}`);
});

test("no round trip is shorter than the network's two latencies", async () => {
  const { results } = await runLive(pings(10, 8));
  assert.ok(Math.min(...results.pings) >= 16, `${results.pings}`);
});

test("the prediction is the virtual run of the same seed, row for row", async () => {
  const plan = pings(3, 1);
  const { predicted, rows, seed } = await runLive(plan, { seed: 5 });
  assert.is(seed, 5);
  assert.equal(JSON.stringify(predicted.rows), JSON.stringify((await simulate(plan, { seed: 5 })).rows));
  const shape = (all: typeof rows) => all.flatMap((row) => (row.kind === "send" ? [[row.host, row.bytes]] : []));
  assert.equal(shape(rows), shape(predicted.rows));
});

test("live runs at once do not disturb each other, nor a simulation beside them", async () => {
  const busy = async (host: Host) => {
    for (let i = 0; i < 100_000; i++) await host.sleep(1);
    return host.now();
  };
  const simulation = simulate(scenario({ hosts, programs: { busy: on("client", busy) } }), { trace: "none" });
  const failing = scenario({
    hosts,
    programs: { p: on("client", async () => void Promise.reject(new Error("floating"))) },
  });
  const [a, b, c, d] = await Promise.all([runLive(pings(20, 3)), runLive(pings(20, 3)), simulation, runLive(failing)]);
  assert.is(a.results.pings.length + b.results.pings.length, 40);
  assert.is(c.results.busy, 100_000);
  // It has returned before its rejection is told; either way nobody else hears of it.
  assert.ok(["returned", "threw"].includes(d.outcomes.p.how));
});

test.run();
