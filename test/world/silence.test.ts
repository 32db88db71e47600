import { execFile } from "node:child_process";
import { inspect, promisify } from "node:util";
import {
  type Connection,
  ConnectionReset,
  Deadlock,
  type Host,
  on,
  ProgramError,
  type Run,
  scenario,
  simulate,
  TimedOut,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hurried } from "../soak.js";
import { inBothWorlds } from "./both-worlds.js";

// What goes wrong in a program is told to those who suffer by it, and to whoever made the run.

const test = suite("silence");
const hosts = { server: {}, client: {} };
const network = { latencyMs: 1 };

/** Without its times, which differ live. */
const timeless = (text: unknown): string => String(text).replace(/t=\d+\.\d{3}/g, "t=…");
const caught = async (work: () => unknown): Promise<Error> => {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not fail");
};

/** A server with the classic mistake: what it gets is a promise, which it can't send on. */
const forgetsAwait = async (host: Host): Promise<void> => {
  const connection = await (await host.listen(7)).accept();
  const message = connection.receive();
  await connection.send(message);
};
const asks = async (host: Host): Promise<unknown> => {
  const connection = await host.connect("server", 7);
  await connection.send("hello");
  return await connection.receive();
};

inBothWorlds(
  test,
  "a client whose server has thrown is told what and when, also as the error's cause",
  async (play) => {
    const plan = scenario({
      hosts,
      network,
      programs: { server: on("server", forgetsAwait), client: on("client", asks) },
    });
    const run = await play(plan);
    const failure = await caught(() => run.results.client);
    assert.instance(failure, ProgramError);
    assert.instance(failure.cause, ConnectionReset);
    const { cause, message } = failure.cause as Error;
    const { outcomes } = run;
    assert.is(outcomes.server.how === "threw" && outcomes.server.error, cause);
    assert.is(
      timeless(message),
      `client#1>server:7 was reset by server: server (pid 1 on server) threw at t=… ms: MessageError: ${(cause as Error).message}`,
    );
    assert.match((cause as Error).message, /Promise; await it first$/);
  },
);

inBothWorlds(
  test,
  "a connection that a spawned process has got is reset for the reason of that process",
  async (play) => {
    const serve = async (host: Host, _connection: Connection): Promise<void> => {
      await host.sleep(5);
      throw new RangeError("no such block");
    };
    const server = async (host: Host): Promise<string> => {
      const connection = await (await host.listen(7)).accept();
      return (await host.spawn(serve, { as: "process", name: "serve" }, connection).done()).how;
    };
    const run = await play(
      scenario({ hosts, network, programs: { server: on("server", server), client: on("client", asks) } }),
    );
    assert.is(run.results.server, "threw");
    const { cause } = await caught(() => run.results.client);
    assert.match(
      (cause as Error).message,
      /was reset by server: serve \(pid 3 on server\) threw at t=\S+ ms: RangeError: no such block$/,
    );
  },
);

inBothWorlds(test, "a refused client is told who threw before it could listen, or while it did", async (play) => {
  const never = async (host: Host): Promise<void> => {
    await host.listen(70_000);
  };
  const listens = async (host: Host): Promise<void> => {
    await host.listen(8);
    await host.sleep(10);
    throw new Error("overslept");
  };
  const refused = (port: number) => async (host: Host) => (await caught(() => host.connect("server", port))).message;
  const run = await play(
    scenario({
      hosts,
      network,
      programs: {
        never: on("server", never).daemon(),
        listens: on("server", listens).daemon(),
        seven: on("client", refused(7)).at(40),
        eight: on("client", refused(8)).at(40),
        elsewhere: on("server", async (host: Host) => (await caught(() => host.connect("client", 7))).message).at(40),
      },
    }),
  );
  assert.is(
    timeless(run.results.seven),
    "connect client#1>server:7: nobody listens on port 7 of server: never (pid 1 on server) threw at t=… ms: " +
      "ParameterError: listen: port must be a whole number from 0 to 65535, got 70000",
  );
  assert.match(
    run.results.eight,
    /nobody listens on port 8 of server: listens \(pid 2 on server\) threw .* Error: overslept$/,
  );
  assert.match(run.results.elsewhere, /nobody listens on port 7 of client$/);
});

inBothWorlds(
  test,
  "a reset that a program asked for names no error, not even one that it throws afterwards",
  async (play) => {
    const server = async (host: Host): Promise<void> => {
      const connection = await (await host.listen(7)).accept();
      connection.reset();
      throw new Error("afterwards");
    };
    const client = async (host: Host) => {
      const connection = await host.connect("server", 7);
      const { message, cause } = await caught(() => connection.receive());
      return [message, cause];
    };
    const run = await play(
      scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
    );
    assert.equal(run.results.client, ["client#1>server:7 was reset by server", undefined]);
  },
);

test("who listens again is no reason any more: a later refusal does not name an error of before", async () => {
  const server = async (host: Host, fails: boolean): Promise<void> => {
    const listener = await host.listen(7);
    await host.sleep(5);
    if (fails) throw new Error("first");
    listener.close();
  };
  const client = async (host: Host) => (await caught(() => host.connect("server", 7))).message;
  const programs = {
    a: on("server", server, true),
    b: on("server", server, false).at(20),
    c: on("client", client).at(40),
  };
  const run = await simulate(scenario({ hosts, programs }));
  assert.is(run.results.c, "connect client#1>server:7: nobody listens on port 7 of server");
});

test("a receive that times out while the reset is still on its way tells of the error", async () => {
  const server = async (host: Host): Promise<void> => {
    await (await host.listen(7)).accept();
    await host.sleep(110);
    throw new Error("too far away");
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    const failure = await caught(() => connection.receive({ timeoutMs: 30 }));
    return [failure instanceof TimedOut, failure.message];
  };
  const plan = scenario({
    hosts,
    network: { latencyMs: 100 },
    programs: { server: on("server", server), client: on("client", client) },
  });
  const run = await simulate(plan);
  assert.equal(run.results.client, [
    true,
    "receive on client#1>server:7: nothing came in 30 ms: server (pid 1 on server) threw at t=210.000 ms: Error: too far away",
  ]);
});

inBothWorlds(test, "a deadlock tells of those who threw before it, the first as its cause", async (play) => {
  const server = async (host: Host): Promise<void> => {
    const queue = host.queue();
    const worker = async (): Promise<void> => {
      throw new TypeError("no worker");
    };
    host.spawn(worker, { as: "process", name: "worker" });
    await queue.take();
  };
  const failure = await caught(() => play(scenario({ hosts, programs: { server: on("server", server) } })));
  assert.instance(failure, Deadlock);
  assert.match(
    failure.message,
    /server \(pid 1 on server\): take on a queue .*\nbefore that,\n {2}worker \(pid 2 on server\) threw at t=\S+ ms: TypeError: no worker$/,
  );
  assert.is((failure.cause as Error).message, "no worker");
});

test("a program that the limit cut off tells of those who threw", async () => {
  const server = async (): Promise<void> => {
    throw new Error("gone");
  };
  const client = async (host: Host): Promise<void> => void (await host.queue().take());
  const run = await simulate(
    scenario({ hosts, limitMs: 50, programs: { server: on("server", server), client: on("client", client) } }),
  );
  const { message } = await caught(() => run.results.client);
  assert.is(
    message,
    "client (pid 2 on client) was unfinished when the run ended at t=50.000 ms; server (pid 1 on server) threw at t=0.000 ms: Error: gone",
  );
});

test("servers that fail one behind the other, and again, make no message without end", async () => {
  const relay = async (host: Host, port: number): Promise<void> => {
    const connection = await (await host.listen(port)).accept();
    const next = await host.connect("server", port + 1);
    await next.receive();
    connection.end();
  };
  const last = async (host: Host): Promise<void> => {
    await (await host.listen(140)).accept();
    throw new Error("the root");
  };
  const relays = Array.from({ length: 40 }, (_, i) => on("server", relay, 100 + i));
  const client = async (host: Host): Promise<void> => {
    await host.sleep(1);
    await (await host.connect("server", 100)).receive();
  };
  const run = await simulate(
    scenario({ hosts, programs: { relays, last: on("server", last), client: on("client", client) } }),
  );
  const failure = await caught(() => run.results.client);
  assert.ok(failure.message.length < 1000, `${failure.message.length}`);
  let root: unknown = failure;
  while ((root as Error).cause) root = (root as Error).cause;
  assert.is((root as Error).message, "the root");
});

// ---- operations that nobody awaited

inBothWorlds(test, "a process that returns with open waits says which in its exit's row", async (play) => {
  const client = async (host: Host): Promise<void> => {
    await host.sleep(2);
    host.sleep(1000);
    (await host.listen(9)).accept();
  };
  const run = await play(scenario({ hosts, programs: { client: on("client", client) } }));
  const exit = run.rows.find(({ kind }) => kind === "exit");
  assert.match(
    (exit as { pending?: string }).pending ?? "",
    /^sleep, since t=\d+\.\d{3}; accept on port 9, since t=\d+\.\d{3}$/,
  );
});

test("a process that awaited all, or was killed, or threw, has nothing pending in its row", async () => {
  const tidy = async (host: Host): Promise<void> => void (await Promise.all([host.sleep(1), host.sleep(2)]));
  const throws = async (host: Host): Promise<void> => {
    void host.sleep(10);
    throw new Error("no");
  };
  const forever = async (host: Host): Promise<void> => host.sleep(100);
  const programs = { tidy: on("client", tidy), throws: on("client", throws), forever: on("client", forever).daemon() };
  const run = await simulate(scenario({ hosts, programs }));
  const exits = run.rows.filter(({ kind }) => kind === "exit");
  assert.is(exits.length, 3);
  for (const exit of exits) assert.not("pending" in exit);
  void run.outcomes.throws;
});

// ---- what nobody looked at

/** Runs a script of its own, as a reader's, and gives what it warns of. */
async function warnings(lines: string): Promise<string> {
  const script = `
    import { on, runLive, scenario, simulate } from "kernel-lib";
    const hosts = { server: {}, client: {} };
    const server = async (host) => { await host.listen(7); await host.sleep(3); throw new RangeError("too small"); };
    const client = async (host) => { await host.sleep(5); return 42; };
    const child = async () => { throw new Error("a child's"); };
    const plan = (programs = { server: on("server", server).daemon(), client: on("client", client) }) => scenario({ hosts, programs });
    ${lines}`;
  const { stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    cwd: new URL("../..", import.meta.url),
  });
  return timeless(stderr).trim();
}

const silent = `simulate: programs threw, and nobody has looked at their outcomes (run.outcomes):
  server (pid 1 on server) threw at t=… ms: RangeError: too small`;

const cases: readonly [claim: string, lines: string, warned: string][] = [
  ["a program that threw in a run that nobody touched is told of", "await simulate(plan());", silent],
  [
    "a program that threw is told of when only rows were read",
    "const run = await simulate(plan()); run.rows.length;",
    silent,
  ],
  [
    "a program that threw is told of when only another's result was read",
    "const run = await simulate(plan()); run.results.client;",
    silent,
  ],
  [
    "a program that threw is told of when only another's outcome was read",
    "const run = await simulate(plan()); run.outcomes.client;",
    silent,
  ],
  [
    "a program that threw is not told of when its outcome was read",
    "const run = await simulate(plan()); run.outcomes.server;",
    "",
  ],
  [
    "a program that threw is not told of when its outcome was read later, in another turn",
    "const run = await simulate(plan()); await new Promise((r) => setTimeout(r, 50)); run.outcomes.server.error;",
    "",
  ],
  [
    "a program that threw is not told of when its result was asked for",
    "const run = await simulate(plan()); try { run.results.server } catch {}",
    "",
  ],
  [
    "a program that threw is not told of when all outcomes were printed",
    "const run = await simulate(plan()); console.log(run.outcomes);",
    "",
  ],
  [
    "a program that threw is not told of when the run was printed",
    "const run = await simulate(plan()); console.log(run);",
    "",
  ],
  [
    "a program that threw is not told of when the outcomes were copied",
    "const run = await simulate(plan()); ({ ...run.outcomes });",
    "",
  ],
  [
    "a program that threw is not told of when another's result threw by it",
    `const asks = async (host) => { const c = await host.connect("server", 7); return c.receive(); };
     const run = await simulate(plan({ server: on("server", server).daemon(), client: on("client", asks) }));
     try { run.results.client } catch {}`,
    "",
  ],
  [
    "a process that threw and was started by another program is told of, unless done() told how it ended",
    `const starts = async (host) => { host.spawn(child, { as: "process" }); await host.spawn(child, { as: "process", name: "awaited" }).done(); };
     const run = await simulate(plan({ starts: on("server", starts) })); run.results.starts;`,
    `simulate: programs threw, and nobody has looked at their outcomes (run.outcomes):
  child (pid 2 on server) threw at t=… ms: Error: a child's`,
  ],
  [
    "a process that threw because it was cancelled is not told of",
    `const waits = async (host) => host.sleep(100);
     const starts = async (host) => { const p = host.spawn(waits, { as: "process" }); await host.sleep(1); p.cancel(); await host.sleep(1); };
     const run = await simulate(plan({ starts: on("server", starts) })); run.results.starts;`,
    "",
  ],
  [
    "what threw in many runs, or on many places of a list, is told of once, with a number",
    `const many = [1, 2, 3].map(() => on("server", child));
     for (let i = 0; i < 2; i++) (await simulate(plan({ many }))).rows;`,
    `simulate: programs threw, and nobody has looked at their outcomes (run.outcomes):
  many[0] (pid 1 on server) threw at t=… ms: Error: a child's (and 5 more like it)`,
  ],
  [
    "what threw in a hundred runs leaves a short warning, and the number of the runs that it leaves out",
    "for (let i = 0; i < 100; i++) await simulate(plan());",
    `${silent} (and 19 more like it)\nand 80 more runs in which programs threw, or returned too early`,
  ],
  [
    "a program that threw live is told of once, not for the prediction too",
    "const run = await runLive(plan(), { timeScale: 1 }); run.rows;",
    silent.replace("simulate", "runLive"),
  ],
  [
    "a program that threw live is not told of when its outcome was read",
    "(await runLive(plan(), { timeScale: 1 })).outcomes.server;",
    "",
  ],
  [
    "a program that threw only in the prediction of a live run is told of as that",
    `let runs = 0;
     const once = async () => { if (runs++ === 0) throw new Error("first"); };
     await runLive(plan({ once: on("client", once) }));`,
    `runLive, in the predicted run: programs threw, and nobody has looked at their outcomes (run.outcomes):
  once (pid 1 on client) threw at t=… ms: Error: first`,
  ],
  [
    "a program that threw before a deadlock stands in that error, and is not told of again",
    `const waits = async (host) => { await host.queue().take(); };
     try { await simulate(plan({ server: on("server", server), waits: on("client", waits) })) } catch (e) { if (e.name !== "Deadlock") throw e; }`,
    "",
  ],
];
for (const [claim, lines, warned] of cases) {
  if (hurried && lines.includes("runLive(")) continue;
  test(claim, async () => assert.is(await warnings(lines), warned));
}

test("a forgotten await is told of: who returned, and what it left waiting", async () => {
  const forgets = `const forgets = async (host) => { host.sleep(10); };`;
  assert.is(
    await warnings(`${forgets} (await simulate(plan({ client: on("client", forgets) }))).results.client;`),
    `simulate: programs returned while operations that they had begun still waited; is an await missing?
  client (pid 1 on client) at t=… ms: sleep, since t=…`,
  );
});

test("outcomes are plain values to whoever lists, prints or compares them", async () => {
  const fails = async (): Promise<void> => {
    throw new Error("no");
  };
  const fine = async (): Promise<number> => 1;
  const run: Run = await simulate(
    scenario({ hosts, programs: { fails: on("client", fails), fine: on("client", fine) } }),
  );
  assert.equal(Object.keys(run.outcomes), ["fails", "fine"]);
  assert.match(inspect(run.outcomes), /fails: \{\s+how: 'threw',\s+error: Error: no/);
  assert.not.match(inspect(run, { depth: 3 }), /\[Getter\]/);
  assert.equal(structuredClone(run.outcomes).fine, { how: "returned", value: 1 });
});

test.run();
