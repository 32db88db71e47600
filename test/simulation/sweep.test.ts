import { readFileSync } from "node:fs";
import {
  confidenceInterval,
  exportedModel,
  grid,
  ParameterError,
  replicate,
  selfContainedModel,
  sweep,
} from "kernel-lib";
import ts from "typescript";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { singleServer } from "./models/single-server.js";

/** The models as a module that a worker of plain Node can import: TypeScript's types taken off, the library found. */
const source = readFileSync(new URL("./models/single-server.ts", import.meta.url), "utf8");
const plain = ts.transpileModule(source, { compilerOptions: { target: 9, module: 99 } }).outputText;
const found = plain.replace('"kernel-lib"', JSON.stringify(import.meta.resolve("kernel-lib")));
const models = `data:text/javascript,${encodeURIComponent(found)}`;
const points = grid({ load: [0.3, 0.6, 0.9] });
const failure = (run: Promise<unknown>): Promise<Error> =>
  run.then(
    () => assert.unreachable("no error"),
    (error) => error,
  );
const workers = (): number => (process.report.getReport() as unknown as { workers: unknown[] }).workers.length;

test("a grid has every combination, the last parameter fastest", () => {
  assert.equal(grid({ a: [1, 2], b: ["x", "y"] }), [
    { a: 1, b: "x" },
    { a: 1, b: "y" },
    { a: 2, b: "x" },
    { a: 2, b: "y" },
  ]);
  assert.throws(() => grid({ a: 3 as never }), /^grid: a must be an array of values, got 3$/);
});

test("a sweep in this thread, on 1 worker and on 3 gives the same rows, and its workers are gone afterwards", async () => {
  const before = workers();
  const options = { replications: 4, firstSeed: 7 };
  const here = await sweep(points, singleServer, options);
  const model = exportedModel<{ load: number }, { waitMs: number; events: number }>(models, "singleServer");
  assert.equal(await sweep(points, model, { ...options, workers: 1 }), here);
  let during = 0;
  const onProgress = (): void => {
    during = Math.max(during, workers());
  };
  assert.equal(await sweep(points, model, { ...options, workers: 3, onProgress }), here);
  assert.is(during, before + 3);
  assert.is(workers(), before);
  assert.equal(
    here.rows.map((row) => [row.load, row.seed]),
    points.flatMap(({ load }) => [7, 8, 9, 10].map((seed) => [load, seed])),
  );
});

test("a sweep's rows are the model's own results, and its summary their intervals", async () => {
  const { rows, summary } = await sweep(points, singleServer, { replications: 3, confidence: 0.9 });
  assert.equal(rows[4], { load: 0.6, seed: 2, ...singleServer({ load: 0.6 }, 2) });
  const waits = rows.filter((row) => row.load === 0.9).map((row) => row.waitMs);
  assert.equal(
    summary.find((row) => row.load === 0.9 && row.measure === "waitMs"),
    {
      load: 0.9,
      measure: "waitMs",
      ...confidenceInterval(waits, { confidence: 0.9 }),
    },
  );
  const replicated = await replicate((seed) => singleServer({ load: 0.3 }, seed), { replications: 3 });
  assert.equal(
    replicated.rows.map((row) => row.waitMs),
    rows.slice(0, 3).map((row) => row.waitMs),
  );
});

test("a self-contained function crosses to workers with the library as its argument and gives what it gives here", async () => {
  const model = (point: { meanMs: number }, seed: number, library: typeof import("kernel-lib")) => {
    const draw = library.exponential({ mean: point.meanMs }, library.randomStream(seed, "x"));
    return { sum: draw() + draw() };
  };
  const library = await import("kernel-lib");
  const options = { replications: 3, workers: 2 };
  const there = await sweep(grid({ meanMs: [1, 5] }), selfContainedModel(model), options);
  assert.equal(there, await sweep(grid({ meanMs: [1, 5] }), (point, seed) => model(point, seed, library), options));
});

test("a self-contained function that uses a name from outside fails with a message that says what to do", async () => {
  const outside = 3;
  const error = await failure(
    sweep(
      [{ a: 1 }],
      selfContainedModel(({ a }) => ({ x: a * outside })),
      { workers: 1 },
    ),
  );
  assert.match(error.message, /^sweep: the model failed for a 1, seed 1: outside is not defined.*pass it in the point/);
  assert.throws(
    () => selfContainedModel(Math.max as never),
    (e: Error) => e instanceof ParameterError,
  );
});

test("the first failing run in the order of rows is reported, whatever the number of workers and whichever fails first", async () => {
  const model = exportedModel<{ from: number }, { x: number }>(models, "failing");
  for (const workers of [1, 4]) {
    const error = await failure(sweep([{ from: 3 }], model, { workers, replications: 8 }));
    assert.is(error.message, "sweep: the model failed for from 3, seed 3: no luck with 3");
    assert.ok(error.cause instanceof Error);
  }
  const missing = await failure(sweep([{ a: 1 }], exportedModel(models, "nobody"), { workers: 1 }));
  assert.match(missing.message, /exports no function nobody/);
});

test("an aborted sweep ends at once, also while a worker spins for ever", async () => {
  const start = performance.now();
  const signal = AbortSignal.timeout(400);
  const error = await failure(sweep([{ a: 1 }], exportedModel(models, "endless"), { workers: 1, signal }));
  assert.is(error.name, "TimeoutError");
  assert.ok(performance.now() - start < 5000);
  assert.is((await failure(sweep([{ a: 1 }], () => ({ x: 1 }), { signal }))).name, "TimeoutError");
});

test("progress counts every run once, up to the total", async () => {
  const seen: string[] = [];
  const onProgress = ({ done, total }: { done: number; total: number }): void => void seen.push(`${done}/${total}`);
  await sweep(points, singleServer, { replications: 2, onProgress });
  assert.equal(seen, ["1/6", "2/6", "3/6", "4/6", "5/6", "6/6"]);
});

test("a sweep in this thread hands the event loop over: a timer fires while 20 runs of 15 ms go on", async () => {
  let fired = 0;
  const timer = setInterval(() => fired++, 10);
  const spin = (): { x: number } => {
    for (const start = performance.now(); performance.now() - start < 15; );
    return { x: 1 };
  };
  await sweep([{ a: 1 }], spin, { replications: 20 });
  clearInterval(timer);
  assert.ok(fired >= 3, `${fired} times`);
});

test("a model that changes its point changes no other run's", async () => {
  const greedy = (point: { list: number[] }) => ({ x: point.list.push(1) });
  const { rows } = await sweep([{ list: [1, 2] }], greedy, { replications: 3 });
  assert.equal(
    rows.map((row) => row.x),
    [3, 3, 3],
  );
});

test("bad points, options and results are ParameterErrors", async () => {
  const bad: [() => Promise<unknown>, RegExp][] = [
    [() => sweep([], singleServer), /^sweep: points must be an array of at least one point, got \[\]$/],
    [() => sweep(points, 5 as never), /^sweep: model must be a function of a point and a seed, or made by .*, got 5$/],
    [() => sweep(points, null as never), /^sweep: model must be .*, got null$/],
    [() => sweep([{ seed: 1 }], () => ({ x: 1 })), /points\[0\] must be without a parameter named seed/],
    [() => sweep([{ f: () => 1 }], () => ({ x: 1 })), /points\[0\] must be plain data that can be copied/],
    [
      () => sweep([{ x: 1 }], () => ({ x: 1 })),
      /points\[0\] must be without a parameter named like a measure, got "x"/,
    ],
    [
      () => sweep([{ a: 1 }], () => ({ x: NaN })),
      /x \(the model's result for a 1, seed 1\) must be a finite number, got NaN/,
    ],
    [() => sweep([{ a: 1 }], (_, seed) => (seed === 1 ? { x: 1 } : { y: 1 }) as { x: number }), /must be/],
    [
      () => sweep(points, singleServer, { replications: 1 }),
      /replications must be a whole number of at least 2, got 1/,
    ],
    [() => sweep(points, singleServer, { workers: 0 }), /workers must be a whole number from 1 to 1024, got 0/],
    [() => sweep(points, singleServer, { confidence: 2 }), /confidence/],
  ];
  for (const [call, message] of bad) {
    const error = await failure(call());
    assert.ok(error instanceof ParameterError, String(error));
    assert.match(error.message, message);
  }
  assert.throws(() => exportedModel("no address", "x"), /^exportedModel: module must be a URL, got "no address"$/);
  assert.throws(() => exportedModel(models, ""), /name/);
});

test.run();
