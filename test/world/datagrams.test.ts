import {
  AddressInUse,
  type DatagramRow,
  type Datagrams,
  type Host,
  on,
  randomStream,
  scenario,
  simulate,
  TimedOut,
  type TraceRow,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf, inBothWorlds, rowsOf } from "./both-worlds.js";

const test = suite("datagrams");

const hosts = { server: {}, client: {} };

/** Sends back whatever comes. */
const echo = async (host: Host, port = 7) => {
  const open = await host.datagrams(port);
  for await (const { from, message } of open) await open.send(from, message);
};

/** Keeps what comes until nothing has come for that long. */
const collect = async (host: Host, quietMs: number, port = 7) => {
  const open = await host.datagrams(port);
  const got: unknown[] = [];
  for (;;) {
    try {
      got.push((await open.receive({ timeoutMs: quietMs })).message);
    } catch (error) {
      if (error instanceof TimedOut) return got;
      throw error;
    }
  }
};

/** Sends numbers, counted from 0, so many ms apart. */
const count = async (host: Host, numbers: number, gapMs = 0, to = "server") => {
  const open = await host.datagrams();
  for (let i = 0; i < numbers; i++) {
    await open.send({ host: to, port: 7 }, i);
    if (gapMs > 0) await host.sleep(gapMs);
  }
};

const of = (run: { readonly rows: readonly TraceRow[] }, what: DatagramRow["what"]) =>
  rowsOf(run, "datagram").filter((row) => row.what === what);
const reasons = (run: { readonly rows: readonly TraceRow[] }) => of(run, "lost").map(({ reason }) => reason);

inBothWorlds(test, "an answer finds the port from which the question came", async (play) => {
  const ask = async (host: Host) => {
    const [open, other] = [await host.datagrams(), await host.datagrams()];
    await open.send({ host: "server", port: 7 }, { question: [1, "ação", null] });
    const { from, message } = await open.receive({ timeoutMs: 1000 });
    return { from, message, differ: other.port !== open.port };
  };
  const run = await play(
    scenario({
      hosts,
      network: { latencyMs: 2 },
      programs: { echo: on("server", echo).daemon(), ask: on("client", ask) },
    }),
  );
  const answer = { from: { host: "server", port: 7 }, message: { question: [1, "ação", null] }, differ: true };
  assert.equal(run.results.ask, answer);
});

inBothWorlds(test, "ports for datagrams are apart from those of connections, and each is open once", async (play) => {
  const program = async (host: Host) => {
    const listener = await host.listen(7);
    const open = await host.datagrams(7);
    const second = await failureOf(() => host.datagrams(7));
    open.close();
    const again = await host.datagrams(7);
    listener.close();
    again.close();
    return { port: again.port, second };
  };
  const run = await play(scenario({ hosts: { a: {} }, programs: { p: on("a", program) } }));
  assert.equal(run.results.p, { port: 7, second: "AddressInUse: datagrams: port 7 of a is open" });
  assert.is(new AddressInUse("").name, "AddressInUse");
});

inBothWorlds(test, "datagrams() gives ports from 49152 up, in order, whatever listen has given", async (play) => {
  const program = async (host: Host) => {
    await host.listen(0);
    return [(await host.datagrams()).port, (await host.datagrams(0)).port, (await host.listen(0)).port];
  };
  const run = await play(scenario({ hosts: { a: {} }, programs: { p: on("a", program) } }));
  assert.equal(run.results.p, [49152, 49153, 49153]);
});

inBothWorlds(test, 'host "*" is that port on every other host, and not on this one', async (play) => {
  const call = async (host: Host) => {
    const [open, own] = [await host.datagrams(), await host.datagrams(7)];
    await open.send({ host: "*", port: 7 }, "who?");
    const answers: string[] = [];
    for (let i = 0; i < 2; i++) answers.push((await open.receive({ timeoutMs: 1000 })).from.host);
    return { answers: answers.sort(), own: await failureOf(() => own.receive({ timeoutMs: 20 })) };
  };
  const run = await play(
    scenario({
      hosts: { a: {}, b: {}, c: {} },
      programs: { b: on("b", echo).daemon(), c: on("c", echo).daemon(), call: on("a", call) },
    }),
  );
  assert.equal(run.results.call, {
    answers: ["b", "c"],
    own: "TimedOut: receive on a:7: nothing came in 20 ms",
  });
});

inBothWorlds(test, "close ends what waits, later calls and iterations, and nothing else", async (play) => {
  const program = async (host: Host) => {
    const open = await host.datagrams(7);
    const waits = failureOf(() => open.receive());
    const iterates = async () => {
      let received = 0;
      for await (const _ of open) received++;
      return received;
    };
    const iterating = iterates();
    await host.sleep(5);
    open.close();
    open.close();
    const late = [await failureOf(() => open.receive()), await failureOf(() => open.send({ host: "a", port: 7 }, 1))];
    return { waits: await waits, iterating: await iterating, late, after: await iterates() };
  };
  const run = await play(scenario({ hosts: { a: {} }, programs: { p: on("a", program) } }));
  assert.equal(run.results.p, {
    waits: "Closed: receive: datagram port 7 was closed",
    iterating: 0,
    late: ["Closed: receive: datagram port 7 is closed", "Closed: send: datagram port 7 is closed"],
    after: 0,
  });
});

inBothWorlds(test, "a message of 8 KiB passes whole, and one byte more is refused", async (play) => {
  const program = async (host: Host) => {
    const open = await host.datagrams(7);
    const full = new Uint8Array(8192).map((_, i) => i);
    const refused = await failureOf(() => open.send({ host: "a", port: 7 }, new Uint8Array(8193)));
    const noText = await failureOf(() => open.send({ host: "a", port: 7 }, () => 1));
    await open.send({ host: "a", port: 7 }, full);
    full.fill(0);
    const { message } = await open.receive({ timeoutMs: 1000 });
    return {
      refused,
      noText,
      length: message.length,
      byte: message[8191],
      isPlain: message.constructor === Uint8Array,
    };
  };
  const run = await play(scenario({ hosts: { a: {} }, programs: { p: on("a", program) } }));
  const { noText, ...rest } = run.results.p;
  assert.match(noText, /^MessageError: send on a:7: .*function/);
  assert.equal(rest, {
    refused: "MessageError: send on a:7: the message takes 8193 bytes; a datagram holds 8192",
    length: 8192,
    byte: 255,
    isPlain: true,
  });
});

inBothWorlds(test, "an inbox keeps 64 KiB, drops what does not fit, and takes again when it was read", async (play) => {
  const slow = async (host: Host) => {
    const open = await host.datagrams(7);
    await host.sleep(100);
    const got: number[] = [];
    for (let i = 0; i < 9; i++) got.push((await open.receive({ timeoutMs: 200 })).message[0]);
    return got;
  };
  // With its header of 8 bytes each is an eighth of the inbox.
  const burst = async (host: Host) => {
    const open = await host.datagrams();
    for (let i = 0; i < 20; i++) await open.send({ host: "server", port: 7 }, new Uint8Array(8184).fill(i));
    await host.sleep(150);
    await open.send({ host: "server", port: 7 }, new Uint8Array(8184).fill(20));
  };
  const run = await play(scenario({ hosts, programs: { slow: on("server", slow), burst: on("client", burst) } }));
  assert.equal(run.results.slow, [0, 1, 2, 3, 4, 5, 6, 7, 20]);
  const lost = of(run, "lost").map(({ sequence, reason }) => `${sequence} ${reason}`);
  assert.equal(
    lost,
    Array.from({ length: 12 }, (_, i) => `${i + 9} inbox`),
  );
});

inBothWorlds(test, "what comes where no port is open is lost, and its sender hears nothing", async (play) => {
  const program = async (host: Host) => {
    const open = await host.datagrams();
    await open.send({ host: "server", port: 9 }, "nobody");
    return failureOf(() => open.receive({ timeoutMs: 20 }));
  };
  const run = await play(scenario({ hosts, programs: { p: on("client", program) } }));
  assert.match(run.results.p, /^TimedOut: receive on client:\d+: nothing came in 20 ms$/);
  const [row, ...others] = of(run, "lost");
  assert.equal(others, []);
  assert.is(row?.reason, "closed port");
  assert.is(row?.to, "server:9");
  assert.is(row?.host, "client");
});

inBothWorlds(test, "a cut loses datagrams, also those under way, and keeps none of them for its end", async (play) => {
  const plan = scenario({
    hosts,
    network: { latencyMs: 20 },
    faults: [
      { kind: "cut", between: ["client", "server"], atMs: 100 },
      { kind: "heal", between: ["client", "server"], atMs: 200 },
    ],
    programs: { got: on("server", collect, 300), count: on("client", count, 8, 30) },
  });
  // Sent at 0, 30, …, 210; there 20 ms later: 90 is under way at the cut, 180 comes when it has healed.
  const run = await play(plan);
  assert.equal(run.results.got, [0, 1, 2, 6, 7]);
  assert.equal(reasons(run), ["cut", "cut", "cut"]);
});

inBothWorlds(test, "a machine that is down loses what comes, and what was unread when it crashed", async (play) => {
  const idle = async (host: Host) => {
    const open = await host.datagrams(7);
    await host.sleep(100);
    return open.port;
  };
  const run = await play(
    scenario({
      hosts,
      network: { latencyMs: 5 },
      faults: [{ kind: "crash", host: "server", atMs: 50 }],
      programs: { idle: on("server", idle), count: on("client", count, 3, 30) },
      limitMs: 200,
    }),
  );
  assert.equal(reasons(run), ["down", "down", "down"]);
});

inBothWorlds(test, "a process that ends closes its ports, and what is unread there is lost", async (play) => {
  const leaves = async (host: Host) => {
    await host.datagrams(7);
    await host.sleep(50);
  };
  const opens = async (host: Host) => (await host.datagrams(7)).port;
  const run = await play(
    scenario({
      hosts,
      programs: { leaves: on("server", leaves), count: on("client", count, 2), opens: on("server", opens).at(80) },
    }),
  );
  assert.is(run.results.opens, 7);
  assert.equal(reasons(run), ["closed port", "closed port"]);
});

/** Of numbers that are drawn in the order of sending, by the draws alone. */
const drawn = (seed: number, purpose: string, n: number, way = "client>server"): number[] => {
  const next = randomStream(seed, `datagrams/${way}/${purpose}`);
  return Array.from({ length: n }, () => next());
};

inBothWorlds(test, "of 60 datagrams those arrive, once or twice, whose draws say so", async (play) => {
  const [n, seed, loss, duplicates] = [60, 5, 0.3, 0.2];
  const run = await play(
    scenario({
      hosts,
      network: { datagrams: { loss, duplicates } },
      programs: { got: on("server", collect, 100), count: on("client", count, n) },
    }),
    { seed },
  );
  const [lost, twice] = [drawn(seed, "loss", n), drawn(seed, "duplicates", n)];
  const expected = Array.from({ length: n }, (_, i) => i).flatMap((i) =>
    (lost[i] as number) < loss ? [] : (twice[i] as number) < duplicates ? [i, i] : [i],
  );
  assert.ok(expected.length < n && new Set(expected).size < expected.length, "some are lost and some come twice");
  assert.equal(run.results.got, expected);
  assert.equal(
    of(run, "received").map(({ sequence, copy }) => [sequence - 1, copy]),
    expected.map((number, i) => [number, expected[i - 1] === number ? 2 : 1]),
  );
  assert.equal(new Set(reasons(run)), new Set(["loss"]));
  assert.is(of(run, "sent").length, n);
});

inBothWorlds(test, "jitter lets datagrams pass each other exactly when the drawn delays say so", async (play) => {
  const [n, seed, jitterMs] = [8, 2, 400];
  const run = await play(
    scenario({
      hosts,
      network: { latencyMs: 10, datagrams: { jitterMs } },
      programs: { got: on("server", collect, 500), count: on("client", count, n, 30) },
    }),
    { seed },
  );
  const dueMs = drawn(seed, "delay", n).map((delay, i) => 30 * i + 10 + delay * jitterMs);
  const expected = dueMs.map((_, i) => i).sort((a, b) => (dueMs[a] as number) - (dueMs[b] as number));
  const gaps = expected.slice(1).map((i, k) => (dueMs[i] as number) - (dueMs[expected[k] as number] as number));
  assert.ok(Math.min(...gaps) > 5, "no two come so close together that a real clock could exchange them");
  assert.not.equal(expected, [...expected].sort(), "some pass others");
  assert.equal(run.results.got, expected);
});

inBothWorlds(
  test,
  "a link loses what it says, another pair what the network says, a machine to itself nothing",
  async (play) => {
    const plan = scenario({
      hosts: { a: {}, b: {}, c: {} },
      network: { datagrams: { loss: 1, duplicates: 1 }, links: [{ between: ["b", "a"], datagrams: { loss: 0 } }] },
      programs: {
        toA: on("a", collect, 100),
        toB: on("b", collect, 100),
        toC: on("c", collect, 100),
        counts: ["a", "b", "c"].map((to) => on("a", count, 2, 0, to)),
      },
    });
    const run = await play(plan);
    const { toA, toB, toC } = run.results;
    assert.equal([toA, toB, toC], [[0, 1], [0, 0, 1, 1], []]);
  },
);

inBothWorlds(
  test,
  "a datagram port passes over to a child with what is unread; who waits at it hears so",
  async (play) => {
    const child = async (host: Host, unread: Datagrams, waited: Datagrams) => {
      const { message } = await unread.receive({ timeoutMs: 1000 });
      await waited.send({ host: host.name, port: unread.port }, "mine now");
      return [message, (await unread.receive({ timeoutMs: 1000 })).from.port];
    };
    const parent = async (host: Host) => {
      const [unread, waited] = [await host.datagrams(7), await host.datagrams(8)];
      await waited.send({ host: "a", port: 7 }, "unread");
      const waits = failureOf(() => waited.receive());
      await host.sleep(20);
      const started = host.spawn(child, { as: "process", name: "child" }, unread, waited);
      return [await waits, await failureOf(() => waited.send({ host: "a", port: 7 }, 1)), await started.done()];
    };
    const run = await play(scenario({ hosts: { a: {} }, programs: { parent: on("a", parent) } }));
    const who = "child (pid 2 on a)";
    assert.equal(run.results.parent, [
      `Closed: datagram port 8 was handed over to ${who}`,
      `ParameterError: send: it was called by parent (pid 1 on a) on what belongs to ${who}; a process uses the host that its program got, and the connections and listeners that it opened or was given as arguments of spawn; queues and mutexes are memory of one process`,
      { how: "returned", value: ["unread", 8] },
    ]);
  },
);

inBothWorlds(test, "a bad address, port or option is refused by name", async (play) => {
  const program = async (host: Host) => {
    const open = await host.datagrams(7);
    const send = (to: unknown) => failureOf(() => open.send(to as never, 1));
    return [
      await failureOf(() => host.datagrams(-1)),
      await failureOf(() => host.datagrams(1.5)),
      await failureOf(() => host.datagrams(70000)),
      await send("server"),
      await send({ host: "nowhere", port: 7 }),
      await send({ host: "a", port: 0 }),
      await send({ host: "a", port: 7, path: "/" }),
      await failureOf(() => open.receive({ timeoutMs: -1 })),
      await failureOf(() => open.receive({ timeout: 1 } as never)),
    ];
  };
  const run = await play(scenario({ hosts: { a: {} }, programs: { p: on("a", program) } }));
  assert.equal(run.results.p, [
    "ParameterError: datagrams: port must be a whole number from 0 to 65535, got -1",
    "ParameterError: datagrams: port must be a whole number from 0 to 65535, got 1.5",
    "ParameterError: datagrams: port must be a whole number from 0 to 65535, got 70000",
    'ParameterError: send: to must be an address such as { host: "server", port: 7 }, got "server"',
    'ParameterError: send: host must be "*" or one of the hosts a, got "nowhere"',
    "ParameterError: send: port must be a whole number from 1 to 65535 (a service that nobody has registered has none), got 0",
    "ParameterError: send: path is not a field here; there are host, port",
    "ParameterError: receive: timeoutMs must be a finite number above 0, got -1",
    "ParameterError: receive: timeout is not a field here; there are timeoutMs",
  ]);
});

/** Asks again whenever no answer has come in time; says how often it asked. */
const retry = async (host: Host, calls: number, timeoutMs: number) => {
  const open = await host.datagrams();
  let tries = 0;
  for (let call = 0; call < calls; call++) {
    for (let isAnswered = false; !isAnswered; ) {
      tries++;
      await open.send({ host: "server", port: 7 }, call);
      try {
        isAnswered = (await open.receive({ timeoutMs })).message === call;
      } catch (error) {
        if (!(error instanceof TimedOut)) throw error;
      }
    }
  }
  await open.send({ host: "server", port: 8 }, "done");
  return tries;
};
/** Answers each try, until it is told on another port that all is done. */
const execute = async (host: Host) => {
  const [open, control] = [await host.datagrams(7), await host.datagrams(8)];
  let executions = 0;
  const serve = async () => {
    for await (const { from, message } of open) {
      executions++;
      await open.send(from, message);
    }
  };
  const serving = host.spawn(async () => serve(), { as: "thread" });
  await Promise.race([control.receive(), serving.done()]);
  open.close();
  await serving.done();
  return executions;
};

inBothWorlds(test, "tries and executions of calls that are tried again are those that the draws give", async (play) => {
  const [calls, loss, seed] = [12, 0.3, 4];
  const run = await play(
    scenario({
      hosts,
      network: { datagrams: { loss } },
      programs: { execute: on("server", execute), retry: on("client", retry, calls, 30) },
    }),
    { seed },
  );
  const there = drawn(seed, "loss", 200).map((draw) => draw < loss);
  const back = drawn(seed, "loss", 200, "server>client").map((draw) => draw < loss);
  let [tries, executions] = [0, 0];
  for (let call = 0; call < calls; call++) {
    for (;;) {
      if (there[tries++]) continue;
      if (!back[executions++]) break;
    }
  }
  assert.not.ok(there[tries], "the last word, that all is done, arrives");
  assert.ok(executions > calls && tries > executions, "some answers and some questions are lost");
  assert.equal([run.results.retry, run.results.execute], [tries, executions]);
});

test("with loss p each way a call that is tried again takes 1/(1−p)² tries and 1/(1−p) executions", async () => {
  const [p, calls, seeds] = [0.2, 200, 20];
  let [tries, executions, n] = [0, 0, 0];
  for (let seed = 1; seed <= seeds; seed++) {
    const plan = scenario({
      hosts,
      network: { latencyMs: 1, datagrams: { loss: p } },
      programs: { execute: on("server", execute).daemon(), retry: on("client", retry, calls, 5) },
    });
    const run = await simulate(plan, { seed, trace: ["datagram"] });
    tries += run.results.retry;
    executions += of(run, "received").filter(({ to }) => to === "server:7").length;
    n += calls;
  }
  // Tries are geometric with (1−p)², executions with 1−p; so are their variances.
  const within = (mean: number, success: number) => {
    const half = (3.29 * Math.sqrt(1 - success)) / success / Math.sqrt(n);
    assert.ok(Math.abs(mean - 1 / success) < half, `${mean} is not ${1 / success} ± ${half}`);
  };
  within(tries / n, (1 - p) * (1 - p));
  within(executions / n, 1 - p);
});

test("a datagram takes both interfaces and the latency, one that gets lost its sender's alone: computed by hand", async () => {
  const receive = async (host: Host) => {
    const open = await host.datagrams(7);
    for (let i = 0; i < 2; i++) await open.receive();
  };
  const send = async (host: Host) => {
    const open = await host.datagrams();
    await open.send({ host: "gone", port: 7 }, 1); // 8 bytes of header and 1: 9 ms
    await open.send({ host: "server", port: 7 }, "ab"); // 8 and 3: 11 ms
    await open.send({ host: "server", port: 7 }, 7); // 9 ms
  };
  const run = await simulate(
    scenario({
      hosts: { server: {}, client: {}, gone: {} },
      network: { latencyMs: 5, bytesPerS: 1000, links: [{ between: ["client", "gone"], datagrams: { loss: 1 } }] },
      programs: { receive: on("server", receive), send: on("client", send) },
    }),
  );
  const told = rowsOf(run, "datagram").map((row) => {
    const { timeMs, host, what, from, to, sequence, bytes, reason } = row;
    return [timeMs, host, what, from, to, sequence, bytes, row.arrivedMs ?? reason ?? row.message];
  });
  assert.equal(told, [
    [0, "client", "sent", "client:49152", "gone:7", 1, 9, "1"],
    [0, "client", "lost", "client:49152", "gone:7", 1, 9, "loss"],
    [0, "client", "sent", "client:49152", "server:7", 1, 11, '"ab"'],
    [0, "client", "sent", "client:49152", "server:7", 2, 9, "7"],
    [25, "server", "received", "client:49152", "server:7", 1, 11, 25], // leaves from 9 to 20; comes in from 14 to 25
    [34, "server", "received", "client:49152", "server:7", 2, 9, 34], // leaves from 20 to 29; comes in from 25 to 34
  ]);
  assert.is(run.endMs, 34);
});

test("more loss leaves the delays alone, and jitter leaves the losses alone", async () => {
  const arrivals = async (datagrams: object) => {
    const plan = scenario({
      hosts,
      network: { datagrams },
      programs: { got: on("server", collect, 200), count: on("client", count, 40) },
    });
    const run = await simulate(plan, { seed: 3 });
    return new Map(of(run, "received").map((row) => [`${row.sequence}.${row.copy}`, row.arrivedMs]));
  };
  const plain = await arrivals({ jitterMs: 50, duplicates: 0.4 });
  const lossy = await arrivals({ jitterMs: 50, duplicates: 0.4, loss: 0.4 });
  assert.ok(lossy.size > 10 && lossy.size < plain.size);
  for (const [name, arrivedMs] of lossy) assert.is(arrivedMs, plain.get(name), name);
  const still = await arrivals({ duplicates: 0.4, loss: 0.4 });
  assert.equal([...still.keys()].sort(), [...lossy.keys()].sort());
});

test("a paused machine takes what came when it goes on, in order; one that crashes meanwhile has lost it", async () => {
  const played = (ends: "goes on" | "crashes") =>
    simulate(
      scenario({
        hosts,
        faults: [
          { kind: "pause", host: "server", atMs: 10, forMs: 100 },
          ...(ends === "crashes" ? ([{ kind: "crash", host: "server", atMs: 50 }] as const) : []),
        ],
        programs: { got: on("server", collect, 300), count: on("client", count, 4, 15) },
        limitMs: 1000,
      }),
    );
  const goesOn = await played("goes on");
  assert.equal(goesOn.results.got, [0, 1, 2, 3]);
  assert.equal(
    of(goesOn, "received").map(({ arrivedMs }) => arrivedMs),
    [0, 110, 110, 110],
  );
  const crashes = await played("crashes");
  assert.equal(reasons(crashes), ["down", "down", "down"]);
});

test("sending and receiving a datagram cost CPU time where the host says so", async () => {
  const run = await simulate(
    scenario({
      hosts: { server: { costs: { messageMs: 3 } }, client: { costs: { messageMs: 2 } } },
      programs: { echo: on("server", echo).daemon(), retry: on("client", retry, 1, 50) },
    }),
  );
  // 2 to send, 3 to receive, 3 to send, 2 to receive; 2 more to say that all is done.
  assert.is(run.endMs, 12);
});

test("who waits for a datagram for ever is named in the deadlock's report", async () => {
  const waits = async (host: Host) => (await host.datagrams(7)).receive();
  const failure = await failureOf(() => simulate(scenario({ hosts: { a: {} }, programs: { waits: on("a", waits) } })));
  assert.match(failure, /Deadlock: .*waits \(pid 1 on a\): receive on datagram port 7, since t=0\.000/s);
});

test("a trace of datagrams alone has their messages in short", async () => {
  const plan = scenario({ hosts, programs: { got: on("server", collect, 10), count: on("client", count, 1) } });
  const run = await simulate(plan, { trace: ["datagram"] });
  assert.equal(
    run.rows.map((row) => row.kind === "datagram" && [row.what, row.message]),
    [
      ["sent", "0"],
      ["received", "0"],
    ],
  );
});

test("a loop of sends that never waits is found, as it would hold up the clock", async () => {
  const floods = async (host: Host) => {
    const open = await host.datagrams();
    for (;;) await open.send({ host: "nobody", port: 7 }, 1);
  };
  const plan = scenario({
    hosts: { a: {}, nobody: {} },
    network: { datagrams: { loss: 1 } },
    programs: { floods: on("a", floods) },
  });
  assert.match(await failureOf(() => simulate(plan, { trace: "none" })), /^Livelock: .*waited for nothing/);
});

test.run();
