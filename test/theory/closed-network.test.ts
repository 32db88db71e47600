import { closedNetwork, meanValueAnalysis, ParameterError } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const near = (actual: number | undefined, wanted: number, error = 1e-9) =>
  assert.ok(Math.abs((actual ?? Number.NaN) - wanted) <= error, `${actual} is not near ${wanted}`);

// The file server: 15 ms of CPU, and for one request in three 75 ms of disk.
const cpu = { name: "cpu", demandMs: 15 };
const oneDisk = { name: "disk", demandMs: 25 };
const manyDisks = { ...oneDisk, kind: "delay" as const };
const threads = [1, 2, 3, 4, 6, 8, 16];

test("the file server with one disk does 25, 32.65, 36.03, 37.75, 39.23, 39.73, 40.00 requests/s", () => {
  const { rows } = meanValueAnalysis({ stations: [cpu, oneDisk], customers: 16 });
  const wanted = [25, 32.65, 36.03, 37.75, 39.23, 39.73, 40.0];
  threads.forEach((n, i) => {
    near(rows[n - 1]?.throughputPerS, wanted[i] as number, 0.0051);
  });
});

test("the file server with the disk as pure delay does 25, 43.84, 56.01, 62.50, 66.29, 66.65, 66.67 requests/s", () => {
  const { rows } = meanValueAnalysis({ stations: [cpu, manyDisks], customers: 16 });
  const wanted = [25, 43.84, 56.01, 62.5, 66.29, 66.65, 66.67];
  threads.forEach((n, i) => {
    near(rows[n - 1]?.throughputPerS, wanted[i] as number, 0.0051);
  });
});

test("two equal stations of 10 ms share n customers evenly: throughput n/(n+1) of 100/s", () => {
  const { rows, stations } = meanValueAnalysis({
    stations: [
      { name: "a", demandMs: 10 },
      { name: "b", demandMs: 10 },
    ],
    customers: 5,
  });
  for (const row of rows) near(row.throughputPerS, (100 * row.customers) / (row.customers + 1));
  for (const row of stations) near(row.inStation, row.customers / 2);
});

test("convolution and mean value analysis agree on queues, delays and think time", () => {
  const options = {
    stations: [cpu, oneDisk, { name: "net", demandMs: 7, kind: "delay" as const }],
    customers: 60,
    thinkMs: 300,
  };
  const [a, b] = [meanValueAnalysis(options), closedNetwork(options)];
  a.rows.forEach((row, i) => {
    near(b.rows[i]?.throughputPerS, row.throughputPerS, 1e-8);
    near(b.rows[i]?.responseMs, row.responseMs, 1e-6);
  });
  a.stations.forEach((row, i) => {
    near(b.stations[i]?.inStation, row.inStation, 1e-8);
    near(b.stations[i]?.utilization, row.utilization, 1e-10);
    near(b.stations[i]?.residenceMs, row.residenceMs, 1e-6);
  });
});

test("a station with as many servers as customers is a delay", () => {
  const many = closedNetwork({ stations: [cpu, { ...oneDisk, servers: 16 }], customers: 16 });
  const { rows } = meanValueAnalysis({ stations: [cpu, manyDisks], customers: 16 });
  rows.forEach((row, i) => {
    near(many.rows[i]?.throughputPerS, row.throughputPerS, 1e-9);
  });
});

test("two servers of 20 ms beside 10 ms, 2 customers: the six states by hand give 62.5/s", () => {
  // Weights of k at the pair: 1, 20, 200; at the other 1, 10, 100: G(1) = 30, G(2) = 200 + 200 + 100 = 500; X = 30/500 per ms.
  const { rows } = closedNetwork({
    stations: [
      { name: "pair", demandMs: 20, servers: 2 },
      { name: "one", demandMs: 10 },
    ],
    customers: 2,
  });
  near(rows[1]?.throughputPerS, (1000 * 30) / 500);
});

test("a speed of min(n, 2) is two servers", () => {
  const one = { name: "one", demandMs: 10 };
  const a = closedNetwork({ stations: [{ name: "pair", demandMs: 20, servers: 2 }, one], customers: 30 });
  const b = closedNetwork({
    stations: [{ name: "pair", demandMs: 20, speed: (n) => Math.min(n, 2) }, one],
    customers: 30,
  });
  a.rows.forEach((row, i) => {
    near(b.rows[i]?.throughputPerS, row.throughputPerS, 1e-9);
  });
});

test("500 customers at 8 servers keep every digit: customers at all stations add up, no station above its capacity", () => {
  const { rows, stations } = closedNetwork({
    stations: [{ ...cpu, servers: 8 }, oneDisk],
    customers: 500,
    thinkMs: 4000,
  });
  const last = stations.filter((row) => row.customers === 500);
  const thinking = ((rows[499]?.throughputPerS ?? 0) / 1000) * 4000;
  near(last.reduce((sum, row) => sum + row.inStation, 0) + thinking, 500, 1e-6);
  near(rows[499]?.throughputPerS, 40, 1e-9);
});

test("bad parameters are refused by name", () => {
  const refused = (f: () => unknown, message: RegExp) =>
    assert.throws(f, (error: Error) => error instanceof ParameterError && message.test(error.message));
  refused(() => meanValueAnalysis({ stations: [], customers: 1 }), /^meanValueAnalysis: stations/);
  refused(() => meanValueAnalysis({ stations: [cpu], customers: 0 }), /customers must be a whole number/);
  refused(
    () => meanValueAnalysis({ stations: [{ name: "x", demandMs: Number.NaN }], customers: 1 }),
    /stations\[0\]\.demandMs .*NaN/,
  );
  refused(() => closedNetwork({ stations: [cpu], customers: 1, thinkMs: -1 }), /^closedNetwork: thinkMs/);
  refused(() => closedNetwork({ stations: [{ ...cpu, servers: 1.5 }], customers: 1 }), /servers/);
  refused(() => closedNetwork({ stations: [{ ...cpu, speed: () => 0 }], customers: 1 }), /speed\(1\)/);
});

test.run();
