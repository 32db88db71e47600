import {
  concurrentServer,
  type Host,
  iterativeServer,
  on,
  openLoop,
  poolServer,
  scenario,
  serveOne,
  simulate,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

interface Request {
  readonly arrivalMs: number;
  readonly computeMs?: number;
  readonly waitMs?: number;
  readonly fails?: boolean;
}

const handle = async (host: Host, { computeMs = 0, waitMs = 0, fails }: Request) => {
  if (fails) throw new Error("a bug");
  await host.compute(computeMs);
  await host.sleep(waitMs);
  return "done";
};

type Server = (host: Host) => Promise<void>;

async function play(server: Server, plan: readonly Request[], options: { timeoutMs?: number; port?: number } = {}) {
  const played = scenario({
    hosts: { server: {}, clients: {} },
    programs: { server: on("server", server).daemon(), load: on("clients", openLoop, plan, options) },
    limitMs: 60_000,
  });
  const run = await simulate(played, { seed: 1 });
  return { run, rows: run.results.load, times: run.results.load.map((row) => row.responseMs) };
}

const mixed = (arrivalMs: number) => ({ arrivalMs, computeMs: 20, waitMs: 40 });
const waits = (n: number, waitMs = 10, arrivalMs = 0) => Array.from({ length: n }, () => ({ arrivalMs, waitMs }));
const outcomes = (rows: readonly { outcome: string }[]) => rows.map((row) => row.outcome);

test("an iterative server handles each request before the next", async () => {
  const { times } = await play((host) => iterativeServer(host, handle), [mixed(0), mixed(10), mixed(15)]);
  assert.equal(times, [60, 110, 165]);
});

test("a thread for each request overlaps waiting and shares the core", async () => {
  // Alone to 10 (10 left), shared to 30 (the first ends; the second has 10 left), alone to 40; then each waits 40.
  const { times } = await play((host) => concurrentServer(host, handle, "thread"), [mixed(0), mixed(10)]);
  assert.equal(times, [70, 70]);
});

test("a process for each request serves as fast as a thread when neither costs anything", async () => {
  const plan = [mixed(0), mixed(10), mixed(12)];
  const threads = await play((host) => concurrentServer(host, handle, "thread"), plan);
  const processes = await play((host) => concurrentServer(host, handle, "process"), plan);
  assert.equal(processes.times, threads.times);
  const pids = new Set(processes.run.rows.filter((row) => row.kind === "compute").map((row) => row.pid));
  assert.is(pids.size, 3);
});

test("a pool of two serves five requests two by two", async () => {
  const { times } = await play((host) => poolServer(host, handle, { threads: 2 }), waits(5));
  assert.equal(times, [10, 10, 20, 20, 30]);
});

test("a full pool that waits serves everybody in the end", async () => {
  const { rows, times } = await play((host) => poolServer(host, handle, { threads: 1, capacity: 1 }), waits(5));
  assert.equal(new Set(outcomes(rows)), new Set(["answered"]));
  assert.equal(times, [10, 20, 30, 40, 50]);
});

test("a full pool that says busy turns away those who find all places taken, at once", async () => {
  const { rows, times } = await play(
    (host) => poolServer(host, handle, { threads: 2, capacity: 1, whenFull: "busy" }),
    waits(5),
  );
  assert.equal(outcomes(rows), ["answered", "answered", "answered", "busy", "busy"]);
  assert.equal(times, [10, 10, 20, 0, 0]);
});

const kinds: Readonly<Record<string, Server>> = {
  iterative: (host) => iterativeServer(host, handle),
  thread: (host) => concurrentServer(host, handle, "thread"),
  process: (host) => concurrentServer(host, handle, "process"),
  pool: (host) => poolServer(host, handle, { threads: 2 }),
};
for (const [name, server] of Object.entries(kinds)) {
  test(`${name}: a client who leaves before the answer does no harm to the next`, async () => {
    const plan = [
      { arrivalMs: 0, waitMs: 100 },
      { arrivalMs: 200, waitMs: 10 },
    ];
    const { rows } = await play(server, plan, { timeoutMs: 50 });
    assert.equal(outcomes(rows), ["timed out", "answered"]);
  });

  test(`${name}: a client who ends without a request gets none answered and stops nobody`, async () => {
    const silent = async (host: Host) => {
      const connection = await host.connect("server", 80);
      connection.end();
      return connection.receive();
    };
    const played = scenario({
      hosts: { server: {}, clients: {} },
      programs: {
        server: on("server", server).daemon(),
        silent: on("clients", silent),
        load: on("clients", openLoop, waits(1, 10, 20)),
      },
      limitMs: 1000,
    });
    const { results } = await simulate(played, { seed: 1 });
    assert.is(results.silent, undefined);
    assert.equal(outcomes(results.load), ["answered"]);
  });
}

test("an error of the handler ends threads with their server, and a process alone", async () => {
  const plan: Request[] = [
    { arrivalMs: 0, waitMs: 50 },
    { arrivalMs: 10, fails: true },
    { arrivalMs: 100, waitMs: 10 },
  ];
  for (const name of ["iterative", "thread", "pool"]) {
    const { rows } = await play(kinds[name] as Server, plan);
    const first = name === "iterative" ? "answered" : "reset";
    assert.equal(outcomes(rows), [first, "reset", "refused"], name);
  }
  assert.equal(outcomes((await play(kinds.process as Server, plan)).rows), ["answered", "reset", "answered"]);
});

test("port and backlog are those asked for", async () => {
  const server = (host: Host) => iterativeServer(host, handle, { port: 81, backlog: 1 });
  const { times } = await play(server, waits(3, 100), { port: 81 });
  // One is being served, one is in the backlog; the third's SYN is dropped and repeated after 1 s.
  assert.equal(times, [100, 200, 1100]);
});

test("wrong options are refused by name", async () => {
  const refused = async (server: Server, message: string) => {
    const { run } = await play(server, []);
    const outcome = run.outcomes.server;
    assert.is(outcome.how === "threw" && `${outcome.error.name}: ${outcome.error.message}`, message);
  };
  await refused(
    (host) => iterativeServer(host, "no" as never),
    'ParameterError: iterativeServer: handle must be an async function of a host and a request, got "no"',
  );
  await refused(
    (host) => concurrentServer(host, handle, "fiber" as never),
    'ParameterError: concurrentServer: as must be "thread" or "process", got "fiber"',
  );
  await refused(
    (host) => poolServer(host, handle, { threads: 2.5 }),
    "ParameterError: poolServer: threads must be a whole number of at least 1, got 2.5",
  );
  await refused(
    (host) => poolServer(host, handle, { threads: 1, whenFull: "drop" as never }),
    'ParameterError: poolServer: whenFull must be "wait" or "busy", got "drop"',
  );
});

test("serveOne passes errors of the handler on", async () => {
  const server = async (host: Host) => {
    const listener = await host.listen(80);
    return serveOne(host, await listener.accept(), handle);
  };
  const { run } = await play(server, [{ arrivalMs: 0, fails: true }]);
  assert.is(run.outcomes.server.how === "threw" && run.outcomes.server.error.message, "a bug");
});

test.run();
