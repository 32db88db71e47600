import {
  confidenceInterval,
  dataset,
  deterministic,
  exponential,
  fileServerModel,
  hyperexponential,
  meanValueAnalysis,
  mg1,
  mg1ps,
  mm1,
  mmc,
  type QueueModelOptions,
  queueModel,
  type RandomSource,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
const holds = (values: readonly number[], expected: number, what: string) => {
  const { low, high } = confidenceInterval(values, { confidence: 0.999 });
  assert.ok(low < expected && expected < high, `${what}: ${expected} is not within ${low} to ${high}`);
};
const memoryless = (source: RandomSource) => exponential({ mean: 10 }, source);
const heavy = (source: RandomSource) => hyperexponential({ mean: 10, scv: 4 }, source);
const base = { arrivalsPerS: 70, service: memoryless, requests: 10_000 };
const responses = (options: Partial<QueueModelOptions>) =>
  seeds.map((seed) => queueModel({ ...base, ...options, seed }).responseMs);

test("one server with exponential service agrees with M/M/1 (99.9 % interval, 20 seeds)", () =>
  holds(responses({}), mm1({ arrivalsPerS: 70, serviceMs: 10 }).responseMs, "M/M/1"));

test("constant and heavy-tailed service agree with Pollaczek–Khinchine", () => {
  const at = { arrivalsPerS: 70, serviceMs: 10 };
  holds(responses({ service: () => deterministic({ value: 10 }) }), mg1({ ...at, scv: 0 }).responseMs, "M/D/1");
  holds(responses({ service: heavy }), mg1({ ...at, scv: 4 }).responseMs, "M/H2/1");
});

test("four servers agree with M/M/c", () => {
  const at = { arrivalsPerS: 320, serviceMs: 10, servers: 4 };
  holds(responses({ arrivalsPerS: 320, servers: 4 }), mmc(at).responseMs, "M/M/4");
});

test("shared by all, heavy-tailed service responds as M/M/1 does", () =>
  holds(
    responses({ service: heavy, discipline: "sharing" }),
    mg1ps({ arrivalsPerS: 70, serviceMs: 10 }).responseMs,
    "M/G/1-PS",
  ));

test("at hardly any load a request takes its service", () => {
  const { responseMs, maxMs } = queueModel({
    arrivalsPerS: 0.01,
    service: () => deterministic({ value: 10 }),
    requests: 100,
    seed: 1,
  });
  assert.ok(Math.abs(responseMs - 10) < 1e-6 && Math.abs(maxMs - 10) < 1e-6);
});

test("the same seed gives the same result", () =>
  assert.equal(queueModel({ ...base, seed: 3 }), queueModel({ ...base, seed: 3 })));

test("a queue's wrong options are refused", () => {
  const wrong = (options: object) => () => queueModel({ ...base, seed: 1, ...options });
  assert.throws(wrong({ servers: 0 }), /queueModel: servers must be a whole number of at least 1, got 0/);
  assert.throws(wrong({ requests: 9 }), /queueModel: requests must be a whole number of at least 10/);
  assert.throws(wrong({ discipline: "lifo" }), /queueModel: discipline must be "queue" or "sharing", got "lifo"/);
  assert.throws(wrong({ arrivalsPerS: Number.NaN }), /queueModel: arrivalsPerS must be/);
});

const file = { cpuMs: 15, diskMs: 75, diskShare: 1 / 3, requests: 4000 };
const known = dataset<{ threads: number; oneDiskPerS: number; delayPerS: number }>("file-server-threads").rows;
const analysis = (kind: "queue" | "delay") => {
  const disk = { name: "disk", demandMs: 25, kind };
  return meanValueAnalysis({ stations: [{ name: "cpu", demandMs: 15 }, disk], customers: 16 }).rows;
};

test("mean value analysis of the file server gives the dataset's table to its last digit", () => {
  for (const { threads, oneDiskPerS, delayPerS } of known) {
    assert.ok(Math.abs((analysis("queue")[threads - 1]?.throughputPerS as number) - oneDiskPerS) < 0.00501);
    assert.ok(Math.abs((analysis("delay")[threads - 1]?.throughputPerS as number) - delayPerS) < 0.00501);
  }
});

for (const { threads, oneDiskPerS, delayPerS } of known.filter((row) => [1, 2, 4, 8].includes(row.threads))) {
  test(`the file server with ${threads} thread(s) agrees with the analysis, with one disk and with any number`, () => {
    const throughput = (disks: "one" | "unlimited") =>
      seeds.map((seed) => fileServerModel({ ...file, threads, disks, access: "exponential", seed }).throughputPerS);
    holds(throughput("one"), oneDiskPerS, "one disk");
    holds(throughput("unlimited"), delayPerS, "unlimited");
  });
}

test("constant accesses at one disk queue less than exponential ones", () => {
  const mean = (access: "constant" | "exponential") =>
    seeds.reduce(
      (sum, seed) => sum + fileServerModel({ ...file, threads: 2, disks: "one", access, seed }).throughputPerS,
      0,
    ) / 20;
  assert.ok(mean("constant") > mean("exponential") + 2);
});

test("without the disk the file server is bound by its CPU", () => {
  const { throughputPerS, cpuUtilization } = fileServerModel({
    ...file,
    diskShare: 0,
    threads: 3,
    disks: "one",
    access: "constant",
    seed: 1,
  });
  assert.ok(Math.abs(throughputPerS - 1000 / 15) < 0.2);
  assert.ok(Math.abs(cpuUtilization - 1) < 0.003);
});

test("a file server's wrong options are refused", () => {
  const right = { ...file, threads: 1, disks: "one", access: "constant", seed: 1 } as const;
  const wrong = (options: object) => () => fileServerModel({ ...right, ...options });
  assert.throws(wrong({ threads: 0 }), /fileServerModel: threads must be/);
  assert.throws(wrong({ diskShare: 1.1 }), /fileServerModel: diskShare must be from 0 to 1, got 1.1/);
  assert.throws(wrong({ disks: "two" }), /fileServerModel: disks must be "one" or "unlimited", got "two"/);
  assert.throws(wrong({ access: "random" }), /fileServerModel: access must be "constant" or "exponential"/);
  assert.throws(wrong({ cpuMs: 0 }), /fileServerModel: cpuMs must be a finite number above 0, got 0/);
});

test.run();
