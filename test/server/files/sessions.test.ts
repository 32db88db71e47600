import {
  type FileSession,
  fileServer,
  fileSessions,
  fileWorkload,
  on,
  ParameterError,
  scenario,
  simulate,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const options = {
  users: 2,
  sessionsEach: 2000,
  files: 50,
  popularity: 0.75,
  writeShare: 0.3,
  largestBlocks: 10_000,
  thinkMs: 100,
  seed: 1,
};
const near = (actual: number, wanted: number, share: number, what: string) =>
  assert.ok(Math.abs(actual / wanted - 1) < share, `${what} is ${actual}, not near ${wanted}`);

test("the same seed draws the same workload, another seed another", () => {
  assert.equal(fileWorkload(options), fileWorkload(options));
  assert.not.equal(fileWorkload(options).sessions, fileWorkload({ ...options, seed: 2 }).sessions);
});

test("changing who writes leaves sizes, popularity and times alone", () => {
  const [some, none] = [fileWorkload(options), fileWorkload({ ...options, writeShare: 0 })];
  const withoutOp = ({ op: _op, ...rest }: FileSession) => rest;
  assert.equal(some.files, none.files);
  assert.equal(some.sessions.flat().map(withoutOp), none.sessions.flat().map(withoutOp));
});

test("half of the files are no larger than the median of SURGE's sizes, 13.1 KB: 4 blocks", () => {
  const sizes = Object.values(fileWorkload({ ...options, files: 20_000, sessionsEach: 1 }).files).sort((a, b) => a - b);
  // P(size ≤ x) = 0.93·Φ((ln x − 9.357)/1.318) + 0.07·P(tail ≤ x) is 0.5 at 13.1 KB, in the fourth block.
  assert.is(sizes[10_000], 4);
  const beyond = sizes.filter((blocks) => blocks > 250).length / sizes.length;
  assert.ok(beyond > 0.005 && beyond < 0.03, `${beyond} of the files are larger than 1 MB`);
});

test("the most popular of 50 files is used as often as Zipf's law with 0.75 says, and sessions write as often as told", () => {
  const all = fileWorkload(options).sessions.flat();
  let sum = 0;
  for (let rank = 1; rank <= 50; rank++) sum += rank ** -0.75;
  const first = all.filter(({ file }) => file === "shared/1").length;
  near(first / all.length, 1 / sum, 0.15, "its share");
  near(all.filter(({ op }) => op === "write").length / all.length, 0.3, 0.1, "the share of writes");
  near(all.reduce((total, { thinkMs }) => total + thinkMs, 0) / all.length, 100, 0.08, "the mean time to think");
});

test("a session uses all of its file, and no file is larger than told", () => {
  const { files, sessions } = fileWorkload({ ...options, largestBlocks: 3, sharedShare: 0.5 });
  assert.is(Math.max(...Object.values(files)), 3);
  for (const { file, blocks } of sessions.flat()) assert.is(blocks, files[file]);
  const own = sessions[0]?.filter(({ file }) => file.startsWith("user1/")).length ?? 0;
  near(own / 2000, 0.5, 0.1, "the share of own files");
  assert.not.ok(sessions[0]?.some(({ file }) => file.startsWith("user2/")));
});

test("options that can't be are refused by name", () => {
  const refused = (more: object, message: RegExp) =>
    assert.throws(
      () => fileWorkload({ ...options, ...more }),
      (error: Error) => error instanceof ParameterError && message.test(error.message),
    );
  refused({ users: 0 }, /fileWorkload: users must be/);
  refused({ sessionsEach: 1.5 }, /fileWorkload: sessionsEach must be/);
  refused({ files: Number.NaN }, /fileWorkload: files must be/);
  refused({ largestBlocks: 0 }, /fileWorkload: largestBlocks must be/);
  refused({ writeShare: 2 }, /fileWorkload: writeShare must be from 0 to 1/);
  refused({ sharedShare: Number.NaN }, /fileWorkload: sharedShare must be from 0 to 1/);
  refused({ thinkMs: 0 }, /fileWorkload: thinkMs must be/);
});

test("each operation of a session leaves a row, with its time", async () => {
  const service = { kind: "stateless", files: { x: 2 } } as const;
  const sessions: FileSession[] = [
    { file: "x", blocks: 2, op: "read", thinkMs: 100 },
    { file: "x", blocks: 1, op: "write", thinkMs: 0 },
  ];
  const played = scenario({
    hosts: { server: { disk: { accessMs: 8 } }, ana: {} },
    network: { latencyMs: 5 },
    programs: { server: on("server", fileServer, service).daemon(), ana: on("ana", fileSessions, service, sessions) },
  });
  const { results } = await simulate(played);
  assert.equal(
    results.ana.map(({ session, op, beganMs, tookMs, outcome }) => [session, op, beganMs, tookMs, outcome]),
    [
      [0, "open", 100, 28, "done"], // with the connection
      [0, "read", 128, 26, "done"],
      [0, "read", 154, 26, "done"],
      [0, "close", 180, 0, "done"],
      [1, "open", 180, 18, "done"],
      [1, "write", 198, 26, "done"],
      [1, "close", 224, 0, "done"],
    ],
  );
});

test("a session that fails is given up, and the next begins", async () => {
  const service = { kind: "stateful", files: { x: 3 }, timeoutMs: 100 } as const;
  const sessions: FileSession[] = Array.from({ length: 2 }, () => ({ file: "x", blocks: 3, op: "write", thinkMs: 0 }));
  const played = scenario({
    hosts: { server: { disk: { accessMs: 8 } }, ana: {} },
    network: { latencyMs: 5 },
    faults: [
      { kind: "crash", host: "server", atMs: 60 },
      { kind: "restart", host: "server", atMs: 70 },
    ],
    programs: { server: on("server", fileServer, service).daemon(), ana: on("ana", fileSessions, service, sessions) },
  });
  const { results } = await simulate(played);
  assert.is(results.ana.filter(({ session, outcome }) => session === 0 && outcome === "state lost").length, 1);
  assert.equal(
    results.ana.filter(({ session }) => session === 1).map(({ op, outcome }) => `${op} ${outcome}`),
    ["open done", "write done", "write done", "write done", "close done"],
  );
});

test.run();
