import {
  confidenceInterval,
  deterministic,
  erlang,
  exponential,
  hyperexponential,
  type RandomSource,
  type RandomVariable,
  randomStream,
  Scheduler,
  TimeWeightedAverage,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

interface Measures {
  readonly meanWaitMs: number;
  readonly meanWaiting: number;
  readonly utilisation: number;
  readonly arrivalsPerMs: number;
}

/** One queue, `servers` servers, first come first served; measured after `warmUp` customers. */
function queue(
  seed: number,
  options: { servers: number; gap: (s: RandomSource) => RandomVariable; service: (s: RandomSource) => RandomVariable },
): Measures {
  const warmUp = 5_000;
  const customers = 45_000;
  const scheduler = new Scheduler();
  const gapMs = options.gap(randomStream(seed, "arrivals"));
  const serviceMs = options.service(randomStream(seed, "service"));
  const arrivedAt: number[] = [];
  let started = 0;
  const waiting = new TimeWeightedAverage();
  const busy = new TimeWeightedAverage();
  let measuredFromMs = 0;
  let waitedMs = 0;
  const start = (): void => {
    const waitMs = scheduler.nowMs - (arrivedAt[started++] as number);
    if (started > warmUp) waitedMs += waitMs;
    scheduler.after(serviceMs(), leave);
  };
  const leave = (): void => {
    if (started < arrivedAt.length) {
      waiting.change(scheduler.nowMs, -1);
      start();
    } else busy.change(scheduler.nowMs, -1);
  };
  const arrive = (): void => {
    arrivedAt.push(scheduler.nowMs);
    if (arrivedAt.length === warmUp) {
      measuredFromMs = scheduler.nowMs;
      waiting.restart(scheduler.nowMs);
      busy.restart(scheduler.nowMs);
    }
    if (busy.level < options.servers) {
      busy.change(scheduler.nowMs, 1);
      start();
    } else waiting.change(scheduler.nowMs, 1);
    if (arrivedAt.length === warmUp + customers) scheduler.stop();
    else scheduler.after(gapMs(), arrive);
  };
  scheduler.after(gapMs(), arrive);
  scheduler.run();
  return {
    meanWaitMs: waitedMs / (started - warmUp),
    meanWaiting: waiting.meanUntil(scheduler.nowMs),
    utilisation: busy.meanUntil(scheduler.nowMs) / options.servers,
    arrivalsPerMs: customers / (scheduler.nowMs - measuredFromMs),
  };
}

/** The chance that a customer of M/M/c has to wait (Erlang's C), from the recursion of Erlang's B. */
function erlangC(servers: number, offered: number): number {
  let blocked = 1;
  for (let c = 1; c <= servers; c++) blocked = (offered * blocked) / (c + offered * blocked);
  const load = offered / servers;
  return blocked / (1 - load + load * blocked);
}

function holds(what: string, wanted: number, values: number[]): void {
  const { low, high } = confidenceInterval(values, { confidence: 0.999 });
  assert.ok(low <= wanted && wanted <= high, `${what}: theory ${wanted} is outside ${low} … ${high}`);
}

const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
const gap = (mean: number) => (s: RandomSource) => exponential({ mean }, s);

for (const [servers, load] of [
  [1, 0.5],
  [1, 0.8],
  [2, 0.7],
  [8, 0.9],
] as const) {
  test(`M/M/${servers} at load ${load}: mean wait, mean queue and utilisation are Erlang's (99.9 %, 20 replications, seeds 1–20)`, () => {
    const service = (s: RandomSource) => exponential({ mean: 1 }, s);
    const rows = seeds.map((seed) => queue(seed, { servers, gap: gap(1 / (load * servers)), service }));
    const waitMs = erlangC(servers, load * servers) / (servers * (1 - load));
    holds(
      "mean wait",
      waitMs,
      rows.map((row) => row.meanWaitMs),
    );
    holds(
      "mean queue",
      waitMs * load * servers,
      rows.map((row) => row.meanWaiting),
    );
    holds(
      "utilisation",
      load,
      rows.map((row) => row.utilisation),
    );
  });
}

const services: Record<string, (s: RandomSource) => RandomVariable> = {
  D: () => deterministic({ value: 1 }),
  E4: (s) => erlang({ mean: 1, stages: 4 }, s),
  "H2 with SCV 4": (s) => hyperexponential({ mean: 1, scv: 4 }, s),
};
for (const [name, service] of Object.entries(services)) {
  test(`M/G/1 at load 0.7 with service ${name}: the mean wait is Pollaczek and Khinchine's (99.9 %, 20 replications, seeds 1–20)`, () => {
    const load = 0.7;
    const { mean, variance } = service(randomStream(1, "moments"));
    const waitMs = ((load / mean) * (variance + mean * mean)) / (2 * (1 - load));
    const rows = seeds.map((seed) => queue(seed, { servers: 1, gap: gap(mean / load), service }));
    holds(
      "mean wait",
      waitMs,
      rows.map((row) => row.meanWaitMs),
    );
  });
}

test("Little's law holds in each single run: customers in the queue = arrivals per ms · mean wait, within 2 %", () => {
  for (const seed of seeds) {
    const row = queue(seed, { servers: 1, gap: gap(2), service: (s) => exponential({ mean: 1 }, s) });
    const ratio = row.meanWaiting / (row.arrivalsPerMs * row.meanWaitMs);
    assert.ok(Math.abs(ratio - 1) < 0.02, `${ratio}`);
  }
});

test("the same seed gives the same figures, another seed gives others", () => {
  const options = { servers: 2, gap: gap(1), service: (s: RandomSource) => exponential({ mean: 1 }, s) };
  assert.equal(queue(1, options), queue(1, options));
  assert.not.equal(queue(1, options), queue(2, options));
});

test.run();
