import { type Connection, type Host, type Listener, on, scenario } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { echo, failureOf, inBothWorlds, logged, rowsOf } from "./both-worlds.js";

const test = suite("processes");

const hosts = { server: {}, client: {} };
const network = { latencyMs: 2 };

inBothWorlds(
  test,
  "daemons start in the order written, each when the one before waits; then the others",
  async (play) => {
    const say = (event: string, work: (host: Host) => Promise<unknown>) => async (host: Host) => {
      host.log(`${event} begins`);
      await work(host);
    };
    const computesThenListens = say("first", async (host) => {
      await host.compute(5);
      host.log("first has computed");
      await (await host.listen(1)).accept();
    });
    const readsThenSleeps = say("second", async (host) => {
      await host.disk.write("x", 1);
      host.log("second has written");
      await host.sleep(1e6);
    });
    const fails = say("third", async () => {
      throw new Error("on purpose");
    });
    const takes = say("fourth", (host) => host.queue().take());
    const other = say("other", async () => undefined);
    const run = await play(
      scenario({
        hosts: { a: { disk: { accessMs: 3 } } },
        programs: {
          other: on("a", other),
          first: on("a", computesThenListens).daemon(),
          second: on("a", readsThenSleeps).daemon(),
          third: on("a", fails).daemon(),
          fourth: on("a", takes).daemon(),
        },
      }),
    );
    assert.equal(logged(run), [
      "first begins",
      "first has computed",
      "second begins",
      "second has written",
      "third begins",
      "fourth begins",
      "other begins",
    ]);
    assert.equal(
      [run.outcomes.first.how, run.outcomes.second.how, run.outcomes.third.how, run.outcomes.other.how],
      ["killed", "killed", "threw", "returned"],
    );
  },
);

inBothWorlds(test, "a run ends with the last program that is not a daemon, children included", async (play) => {
  const server = async (host: Host) => {
    for (;;) await host.sleep(5);
  };
  const parent = async (host: Host) => {
    const child = async (own: Host) => {
      await own.sleep(60);
      own.log("child ends");
    };
    host.spawn(child, { as: "process" });
    return "parent has ended";
  };
  const run = await play(
    scenario({ hosts, programs: { server: on("server", server).daemon(), parent: on("client", parent) } }),
  );
  assert.is(run.results.parent, "parent has ended");
  assert.equal(logged(run), ["child ends"]);
  assert.equal(run.outcomes.server, { how: "killed" });
  assert.not.ok(run.reachedLimit);
  assert.ok(run.endMs >= 60 && run.endMs < 160, `ended at ${run.endMs}`);
});

inBothWorlds(test, ".at(ms) starts a program at that time, and leaves a list's other jobs alone", async (play) => {
  const program = async (host: Host, name: string) => {
    host.log(name);
    return host.now();
  };
  const job = on("client", program, "late");
  const run = await play(
    scenario({ hosts, programs: { list: [job.at(40), on("client", program, "first"), job.at(20)] } }),
  );
  assert.equal(logged(run), ["first", "late", "late"]);
  const [late, first, middle] = run.results.list;
  assert.ok(first < 20 && middle >= 20 && late >= 40, `${run.results.list}`);
});

inBothWorlds(test, "each run and each process gets its arguments as a copy", async (play) => {
  const shared = { count: 0, when: new Date(5), map: new Map([["k", [1]]]), bytes: new Uint8Array([1]) };
  const child = async (_: Host, own: typeof shared) => {
    own.count += 10;
    own.map.get("k")?.push(2);
    own.bytes[0] = 9;
    return [own.count, own.map.get("k")?.length, own.when.getTime()];
  };
  const parent = async (host: Host, own: typeof shared) => {
    own.count++;
    const exit = await host.spawn(child, { as: "process" }, own).done();
    return [own.count, own.map.get("k")?.length, own.bytes[0], exit.how === "returned" && exit.value];
  };
  const plan = scenario({ hosts, programs: { a: on("client", parent, shared), b: on("client", parent, shared) } });
  const expected = [1, 1, 1, [11, 2, 5]];
  assert.equal((await play(plan)).results, { a: expected, b: expected });
  assert.equal((await play(plan)).results, { a: expected, b: expected });
  assert.equal(shared.count, 0);
});

inBothWorlds(test, "errors and regular expressions are copied as what they are", async (play) => {
  class Refused extends TypeError {
    override readonly name = "Refused";
    constructor(readonly reason: { code: number }) {
      super("no", { cause: /a(.)/i });
    }
  }
  const child = async (_: Host, own: Refused, pattern: RegExp) => {
    own.reason.code++;
    const cause = own.cause as RegExp;
    return [own instanceof Refused, `${own}`, own.reason.code, cause.exec("AB")?.[1], pattern.source, pattern.flags];
  };
  const parent = async (host: Host) => {
    const error = new Refused({ code: 1 });
    const exit = await host.spawn(child, { as: "process" }, error, /x/g).done();
    return [exit.how === "returned" && exit.value, error.reason.code];
  };
  const run = await play(scenario({ hosts, programs: { parent: on("client", parent) } }));
  assert.equal(run.results.parent, [[true, "Refused: no", 2, "B", "x", "g"], 1]);
});

inBothWorlds(test, "a key __proto__ of an argument is a key of its copy", async (play) => {
  const given: unknown = JSON.parse('{ "__proto__": { "isAdmin": true }, "n": 1 }');
  const child = async (_: Host, value: { isAdmin?: boolean }) => [value.isAdmin, JSON.stringify(value)];
  const run = await play(scenario({ hosts, programs: { child: on("client", child, given as object) } }));
  assert.equal(run.results.child, [undefined, JSON.stringify(given)]);
});

inBothWorlds(
  test,
  "what can't be copied is no argument of a process, nor of a program of the scenario",
  async (play) => {
    const child = async (_: Host, __: unknown) => undefined;
    let nested: unknown;
    for (let i = 0; i < 20_000; i++) nested = { nested };
    const failures = async (start: (value: unknown) => unknown, more: readonly unknown[]) => {
      const values = [
        Promise.resolve(1),
        { map: new WeakMap() },
        new SharedArrayBuffer(1),
        new AbortController().signal,
        [new AbortController()],
        new URL("http://a/"),
        new Map().values(),
        Object(1n),
        nested,
      ];
      const all = [...values, new Uint8Array(new SharedArrayBuffer(1)), ...more];
      return Promise.all(all.map((value) => failureOf(() => start(value))));
    };
    const parent = async (host: Host) => {
      const given = [host, [host.queue()], host.mutex(), host.disk, host.spawn(async () => {}, { as: "process" })];
      const spawned = await failures((value) => host.spawn(child, { as: "process" }, value), given);
      const passed = host.spawn(child, { as: "process" }, [await host.listen(7)]);
      return {
        spawned,
        passed: (await passed.done()).how,
        placed: await failures((value) => on("client", child, value), given),
      };
    };
    const run = await play(scenario({ hosts, programs: { parent: on("client", parent) } }));
    const refusals = [
      "a Promise; await it first",
      "a WeakMap; make it a Map",
      "a SharedArrayBuffer; processes share no memory",
      "an AbortSignal; it is memory of one process",
      "an AbortController; it is memory of one process",
      "a URL; make it an array, a text or a plain object",
      "a Map Iterator; make it an array",
      "a BigInt; take the value out of it",
      "what nests so deep",
      "a SharedArrayBuffer; processes share no memory",
      "a host; each process gets one of its own",
      "a queue, which is memory of one process",
      "a mutex, which is memory of one process",
      "a disk; each process has its host's",
      "the handle of a process, which belongs to whoever started it",
    ];
    const told = (where: string) =>
      refusals.map((what) => `ParameterError: ${where}: a process's arguments are copied, and can't hold ${what}`);
    assert.equal(run.results.parent, { spawned: told("spawn"), passed: "returned", placed: told("on") });
  },
);

inBothWorlds(test, "threads share memory and pid, processes do not share a pid", async (play) => {
  const program = async (host: Host) => {
    const pids: number[] = [];
    const note = async (own: Host) => void pids.push(own.pid);
    const thread = host.spawn(note, { as: "thread", name: "noter" });
    const exit = await thread.done();
    const child = host.spawn(async (own: Host) => own.pid, { as: "process" });
    const childExit = await child.done();
    return {
      sameInThread: pids[0] === host.pid && thread.pid === host.pid,
      childIsOther: childExit.how === "returned" && childExit.value === child.pid && child.pid !== host.pid,
      exit,
      name: thread.name,
    };
  };
  const run = await play(scenario({ hosts, programs: { program: on("client", program) } }));
  assert.equal(run.results.program, {
    sameInThread: true,
    childIsOther: true,
    exit: { how: "returned", value: undefined },
    name: "noter",
  });
});

inBothWorlds(
  test,
  "an error in a thread ends its whole process, resets its connections, and nobody else",
  async (play) => {
    const server = async (host: Host) => {
      const connection = await (await host.listen(7)).accept();
      const thread = async (own: Host) => {
        await own.sleep(20);
        throw new TypeError("in a thread");
      };
      host.spawn(thread, { as: "thread" });
      try {
        await connection.receive();
      } finally {
        host.log("finally must not run");
      }
    };
    const client = async (host: Host) => {
      const connection = await host.connect("server", 7);
      const failure = await failureOf(() => connection.receive());
      return [failure, await failureOf(() => host.connect("server", 7))];
    };
    const run = await play(
      scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
    );
    const exitMs = rowsOf(run, "exit").find((row) => row.as === "process" && row.process === "server")?.timeMs ?? NaN;
    const told = run.results.client.map((each) =>
      each.replace(/t=(\d+\.\d+)/, (_, at) => `${Math.abs(at - exitMs) < 5}`),
    );
    assert.equal(told, [
      "ConnectionReset: client#1>server:7 was reset by server: server (pid 1 on server) threw at true ms: TypeError: in a thread",
      "ConnectionRefused: connect client#2>server:7: nobody listens on port 7 of server: " +
        "server (pid 1 on server) threw at true ms: TypeError: in a thread",
    ]);
    assert.is(run.outcomes.server.how, "threw");
    assert.equal(logged(run), []);
    const failure = await failureOf(() => run.results.server);
    assert.match(
      failure,
      /^ProgramError: server \(pid 1 on server\) threw at t=\d+\.\d{3} ms: TypeError: in a thread$/,
    );
    const exits = rowsOf(run, "exit").map(({ process, as, how, error }) => [process, as, how, error]);
    assert.equal(exits.slice(0, 2), [
      ["server", "thread", "threw", "TypeError: in a thread"],
      ["server", "process", "threw", "TypeError: in a thread"],
    ]);
  },
);

inBothWorlds(test, "what is thrown anywhere in a program ends it and nothing else", async (play) => {
  const programs = {
    sync: () => {
      throw new RangeError("before the promise");
    },
    text: async () => {
      throw "just a text";
    },
    floating: async (host: Host) => {
      void (async () => {
        await host.sleep(1);
        throw new Error("nobody awaits me");
      })();
      await host.sleep(30);
    },
    rejection: async (host: Host) => {
      void Promise.reject(new Error("nor me"));
      await host.sleep(30);
    },
    listener: async (host: Host) => {
      const child = async (own: Host) => {
        own.signal.addEventListener("abort", () => {
          throw new Error("in a listener");
        });
        await failureOf(() => own.sleep(1e6));
        await own.sleep(30);
      };
      const started = host.spawn(child, { as: "process" });
      await host.sleep(1);
      started.cancel();
      const exit = await started.done();
      return exit.how === "threw" && exit.error.message;
    },
    microtask: async (host: Host) => {
      queueMicrotask(() => {
        throw new Error("in a microtask");
      });
      await host.sleep(30);
    },
    fine: async (host: Host) => {
      await host.sleep(40);
      return "fine";
    },
  };
  const run = await play(
    scenario({
      hosts,
      programs: {
        sync: on("client", programs.sync),
        text: on("client", programs.text),
        floating: on("client", programs.floating),
        rejection: on("client", programs.rejection),
        microtask: on("client", programs.microtask),
        listener: on("client", programs.listener),
        fine: on("client", programs.fine),
      },
    }),
  );
  const of = (outcome: { how: string; error?: Error }) => `${outcome.how} ${outcome.error?.message ?? ""}`.trim();
  assert.equal(Object.fromEntries(Object.entries(run.outcomes).map(([name, outcome]) => [name, of(outcome)])), {
    sync: "threw before the promise",
    text: 'threw threw "just a text", which is not an Error',
    floating: "threw nobody awaits me",
    rejection: "threw nor me",
    microtask: "threw in a microtask",
    listener: "returned",
    fine: "returned",
  });
  assert.is(run.results.listener, "in a listener");
});

inBothWorlds(test, "kill runs no line more, finally neither, and resets the connections", async (play) => {
  const victim = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    try {
      for (;;) {
        try {
          await connection.receive();
        } catch {
          host.log("caught");
        }
      }
    } finally {
      host.log("finally");
    }
  };
  const parent = async (host: Host) => {
    const child = host.spawn(victim, { as: "process", name: "victim" });
    await host.sleep(20);
    const connection = await host.connect("client", 7);
    await host.sleep(20);
    child.kill();
    child.kill();
    return [await child.done(), await failureOf(() => connection.receive()), connection.signal.aborted];
  };
  const run = await play(scenario({ hosts, programs: { parent: on("client", parent) } }));
  const reset = "ConnectionReset: client#1>client:7 was reset by client";
  assert.equal(run.results.parent, [{ how: "killed" }, reset, true]);
  assert.equal(logged(run), []);
});

inBothWorlds(test, "a fault kills a program, whose result says when", async (play) => {
  const victim = async (host: Host) => {
    try {
      await host.compute(1000);
    } finally {
      host.log("finally");
    }
  };
  const run = await play(
    scenario({
      hosts,
      programs: { many: [on("client", victim)] },
      faults: [{ kind: "kill", program: "many[0]", atMs: 30 }],
    }),
  );
  assert.equal(run.outcomes.many, [{ how: "killed" }]);
  assert.equal(logged(run), []);
  assert.match(
    await failureOf(() => run.results.many),
    /^ProgramError: many\[0\] \(pid 1 on client\) was killed at t=\d+\.\d{3} ms$/,
  );
});

inBothWorlds(test, "a program can kill itself, and a thread its process", async (play) => {
  const program = async (host: Host) => {
    const thread = host.spawn((own) => own.sleep(1e6), { as: "thread" });
    thread.kill();
    await host.sleep(1);
    host.log("never");
  };
  const run = await play(scenario({ hosts, programs: { program: on("client", program) } }));
  assert.equal(run.outcomes.program, { how: "killed" });
  assert.equal(logged(run), []);
});

inBothWorlds(
  test,
  "cancel rejects what is pending, aborts the signal as the child, and lets finally run",
  async (play) => {
    const child = async (host: Host) => {
      host.signal.addEventListener("abort", () => host.log(`signal: ${host.signal.reason.message}`));
      const waits = {
        sleep: () => host.sleep(1e6),
        compute: () => host.compute(1e6),
        take: () => host.queue().take(),
        accept: async () => (await host.listen(0)).accept(),
      };
      const thread = host.spawn(() => failureOf(waits.compute), { as: "thread" });
      try {
        await Promise.all([waits.sleep(), waits.take(), waits.accept()]);
      } catch (error) {
        host.log(`caught: ${(error as Error).message}`);
      } finally {
        await host.sleep(5);
        host.log("finally");
      }
      const exit = await thread.done();
      return [exit.how === "returned" && exit.value, host.load()];
    };
    const parent = async (host: Host) => {
      const started = host.spawn(child, { as: "process" });
      await host.sleep(20);
      started.cancel(new Error("enough"));
      host.log("asked");
      return started.done();
    };
    const run = await play(scenario({ hosts, programs: { parent: on("client", parent) } }));
    assert.equal(run.results.parent, { how: "returned", value: ["Error: enough", 0] });
    assert.equal(logged(run), ["asked", "signal: enough", "caught: enough", "finally"]);
  },
);

inBothWorlds(test, "cancel without a reason rejects with Cancelled, and only that thread", async (play) => {
  const program = async (host: Host) => {
    const sleeper = async (own: Host) => failureOf(() => own.sleep(30));
    const [one, other] = [host.spawn(sleeper, { as: "thread" }), host.spawn(sleeper, { as: "thread" })];
    await host.sleep(5);
    one.cancel();
    const exits = await Promise.all([one.done(), other.done()]);
    return exits.map((exit) => exit.how === "returned" && exit.value);
  };
  const run = await play(scenario({ hosts, programs: { program: on("client", program) } }));
  assert.equal(run.results.program, ["Cancelled: sleeper was cancelled", "nothing thrown"]);
});

inBothWorlds(test, "a connection passes to the process that accepts it or gets it as an argument", async (play) => {
  const child = async (host: Host, { connection }: { connection: Connection }) => {
    await connection.send(`child of ${host.name}`);
    await connection.receive();
    await connection.send("bye");
  };
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    host.spawn(child, { as: "process", name: "child" }, { connection });
    // The parent's end does not touch a connection that it has given away.
  };
  const client = async (host: Host) => {
    const connection = await host.connect("server", 7);
    const first = await connection.receive();
    await host.sleep(30);
    await connection.send("go on");
    return [first, await connection.receive(), await connection.receive()];
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.equal(run.results.client, ["child of server", "bye", undefined]);
  assert.equal(
    rowsOf(run, "send").map(({ process }) => process),
    ["child", "client", "child"],
  );
});

inBothWorlds(test, "a listener passes to a child process too", async (play) => {
  const child = async (_: Host, listener: Listener) => {
    const connection = await listener.accept();
    await connection.send("from the child");
  };
  const server = async (host: Host) => {
    host.spawn(child, { as: "process" }, await host.listen(7));
  };
  const client = async (host: Host) => {
    await host.sleep(20);
    return (await host.connect("server", 7)).receive();
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.is(run.results.client, "from the child");
});

inBothWorlds(test, "a process that returns ends its connections; one with unread data resets them", async (play) => {
  const server = async (host: Host) => {
    const listener = await host.listen(7);
    const handle = async (_own: Host, connection: Connection, reads: boolean) => {
      await connection.send("hello");
      await (reads ? connection.receive() : connection.receiveUrgent()); // "x" came before the urgent byte
    };
    for (const reads of [true, false]) host.spawn(handle, { as: "process" }, await listener.accept(), reads);
  };
  const client = async (host: Host) => {
    const seen: string[] = [];
    const connections = [await host.connect("server", 7), await host.connect("server", 7)] as const;
    for (const connection of connections) await connection.send("x");
    connections[1].sendUrgent(1);
    for (const connection of connections) {
      seen.push(await connection.receive());
      seen.push(await failureOf(async () => seen.push(`${await connection.receive()}`)));
    }
    return seen;
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server), client: on("client", client) } }),
  );
  assert.equal(run.results.client, [
    "hello",
    "undefined",
    "nothing thrown",
    "hello",
    "ConnectionReset: client#2>server:7 was reset by server",
  ]);
});

inBothWorlds(test, "a queue or mutex of another process can't be used, and the error says why", async (play) => {
  const parent = async (host: Host) => {
    const queue = host.queue<number>();
    const mutex = host.mutex();
    const child = async () => [await failureOf(() => queue.take()), await failureOf(() => mutex.lock())];
    const exit = await host.spawn(child, { as: "process", name: "child" }).done();
    return exit.how === "returned" && exit.value;
  };
  const run = await play(scenario({ hosts, programs: { parent: on("client", parent) } }));
  const why =
    "it was called by child (pid 2 on client) on what belongs to parent (pid 1 on client); a process uses the host";
  const [take = "", lock = ""] = run.results.parent as string[];
  assert.match(take, `ParameterError: take: ${why}`);
  assert.match(lock, `ParameterError: lock: ${why}`);
});

inBothWorlds(test, "the host, connections and listeners of another process can't be used either", async (play) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    await connection.send("m1");
    return connection.receive();
  };
  const parent = async (host: Host) => {
    const own = await host.listen(9);
    const queue = host.queue<number>();
    const byClosure = async () => [
      await failureOf(() => host.sleep(1)),
      await failureOf(() => host.log("x")),
      await failureOf(() => host.random()),
      await failureOf(() => host.spawn(async () => 1, { as: "thread" })),
      await failureOf(() => host.connect("server", 7)),
      await failureOf(() => host.listen(10)),
      await failureOf(() => own.accept()),
      await failureOf(() => queue.put(1)),
      await failureOf(() => queue.offer(1)),
    ];
    const exit = await host.spawn(byClosure, { as: "process", name: "child" }).done();
    const connection = await host.connect("server", 7);
    const keep = async (me: Host, handed: Connection) => {
      await me.sleep(10);
      return handed.receive();
    };
    const keeper = host.spawn(keep, { as: "process", name: "keeper" }, connection);
    await host.sleep(5);
    const afterwards = [
      await failureOf(() => connection.receive()),
      await failureOf(() => connection.send("x")),
      await failureOf(() => host.spawn(keep, { as: "process" }, connection)),
    ];
    return { inChild: exit.how === "returned" && exit.value, afterwards, kept: await keeper.done() };
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server).daemon(), parent: on("client", parent) } }),
  );
  const { inChild, afterwards, kept } = run.results.parent;
  const told = (texts: unknown) =>
    (texts as string[]).map(
      (text) => /^ParameterError: (.*) on client\); a process uses the host/.exec(text)?.[1] ?? text,
    );
  const byChild = "it was called by child (pid 3 on client) on what belongs to parent (pid 2";
  assert.equal(
    told(inChild),
    ["sleep", "log", "random", "spawn", "connect", "listen", "accept", "put", "offer"].map(
      (what) => `${what}: ${byChild}`,
    ),
  );
  const byParent = "it was called by parent (pid 2 on client) on what belongs to keeper (pid 4";
  assert.equal(
    told(afterwards),
    ["receive", "send", "spawn"].map((what) => `${what}: ${byParent}`),
  );
  assert.equal(kept, { how: "returned", value: "m1" });
});

inBothWorlds(test, "a connection that is handed over leaves nothing with the one that had it", async (play) => {
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    await host.sleep(20);
    connection.sendUrgent(9);
    await connection.send("hello");
  };
  const heir = async (host: Host, connection: Connection, listener: Listener) => {
    await host.sleep(40);
    await host.connect("client", 9);
    const accepted = await listener.accept();
    return [await connection.receiveUrgent(), await connection.receive(), accepted.peer];
  };
  const parent = async (host: Host) => {
    const connection = await host.connect("server", 7);
    const heard: unknown[] = [];
    connection.onUrgent((byte) => void heard.push(byte));
    const listener = await host.listen(9);
    const waiting = [failureOf(() => connection.receive()), failureOf(() => listener.accept())];
    const child = host.spawn(heir, { as: "process", name: "heir" }, connection, listener);
    return [await child.done(), ...(await Promise.all(waiting)), heard];
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server).daemon(), parent: on("client", parent) } }),
  );
  assert.equal(run.results.parent, [
    { how: "returned", value: [9, "hello", "client"] },
    "Closed: client#1>server:7 was handed over to heir (pid 3 on client)",
    "Closed: accept: port 9 was handed over to heir (pid 3 on client)",
    [],
  ]);
});

inBothWorlds(
  test,
  "a listener passes over with the connections that wait to be accepted or are arriving",
  async (play) => {
    const worker = async (_: Host, listener: Listener) => {
      for (let i = 0; i < 3; i++) {
        const connection = await listener.accept();
        await connection.send(`hello ${await connection.receive()}`);
        connection.end();
      }
    };
    const parent = async (host: Host) => {
      const listener = await host.listen(7);
      await host.sleep(11);
      host.spawn(worker, { as: "process" }, listener);
    };
    const client = async (host: Host, name: string) => {
      const connection = await host.connect("server", 7);
      await connection.send(name);
      return connection.receive();
    };
    const run = await play(
      scenario({
        hosts,
        network: { latencyMs: 4 },
        programs: {
          server: on("server", parent).daemon(),
          clients: [
            on("client", client, "waiting"),
            on("client", client, "arriving").at(5),
            on("client", client, "late").at(20),
          ],
        },
      }),
    );
    assert.equal(run.results.clients, ["hello waiting", "hello arriving", "hello late"]);
  },
);

inBothWorlds(
  test,
  "sends of the one that had a connection end with the hand-over, and hold nothing up",
  async (play) => {
    const heir = async (host: Host, connection: Connection) => {
      await host.sleep(10);
      await connection.send("from the heir");
      connection.end();
    };
    const parent = async (host: Host) => {
      const connection = await host.connect("server", 7);
      for (const bytes of [40_001, 40_002]) await connection.send(new Uint8Array(bytes));
      const sends = [failureOf(() => connection.send("waiting for room"))];
      await host.sleep(60);
      sends.push(failureOf(() => connection.send("being prepared")));
      const child = host.spawn(heir, { as: "process", name: "heir" }, connection);
      await child.done();
      return Promise.all(sends);
    };
    const server = async (host: Host) => {
      const connection = await (await host.listen(7)).accept();
      await host.sleep(200);
      const got: unknown[] = [];
      for await (const message of connection) got.push(message instanceof Uint8Array ? message.length : message);
      return got;
    };
    const run = await play(
      scenario({
        hosts: { server: {}, client: { costs: { messageMs: 2 } } },
        network,
        programs: { server: on("server", server), parent: on("client", parent) },
      }),
    );
    const closed = "Closed: client#1>server:7 was handed over to heir (pid 3 on client)";
    assert.equal(run.results.parent, [closed, closed]);
    assert.equal(run.results.server, [40_001, 40_002, "from the heir"]);
  },
);

inBothWorlds(test, "who had a connection can't end it, and its signal's listeners hear no more of it", async (play) => {
  const heir = async (host: Host, connection: Connection, listener: Listener) => {
    const failure = await failureOf(() => connection.receive());
    await host.connect("client", 9);
    return [failure, (await listener.accept()).peer];
  };
  const parent = async (host: Host) => {
    const connection = await host.connect("server", 7);
    const listener = await host.listen(9);
    connection.signal.addEventListener("abort", () => host.log("heard"));
    const child = host.spawn(heir, { as: "process", name: "heir" }, connection, listener);
    const failures = [
      await failureOf(() => connection.end()),
      await failureOf(() => connection.reset()),
      await failureOf(() => listener.close()),
    ];
    return [await child.done(), ...failures.map((text) => text.split(":").slice(0, 2).join(":"))];
  };
  const server = async (host: Host) => {
    const connection = await (await host.listen(7)).accept();
    await host.sleep(20);
    connection.reset();
  };
  const run = await play(
    scenario({ hosts, network, programs: { server: on("server", server).daemon(), parent: on("client", parent) } }),
  );
  assert.equal(run.results.parent, [
    { how: "returned", value: ["ConnectionReset: client#1>server:7 was reset by server", "client"] },
    "ParameterError: end",
    "ParameterError: reset",
    "ParameterError: close",
  ]);
  assert.equal(logged(run), []);
});

inBothWorlds(
  test,
  "what a dead program does up to its next await has no effect, and nobody else notices",
  async (play) => {
    const dies = async (host: Host) => {
      host.spawn(async () => undefined, { as: "thread" }).kill();
      const child = host.spawn(async (me: Host) => me.log("a child"), { as: "process" });
      child.kill();
      child.cancel();
      host
        .queue()
        .take({ timeoutMs: 99_999 })
        .catch(() => undefined);
      host.connect("server", 7).catch(() => undefined);
      host.log("unheard");
      await host.sleepUntil(0);
      host.log("not reached");
    };
    const waitsForChild = async (host: Host) => {
      host.spawn(async () => undefined, { as: "thread" }).kill();
      await host.spawn(async () => undefined, { as: "process" }).done();
      host.log("not reached");
    };
    const other = async (host: Host) => {
      await host.sleep(1);
      return 1;
    };
    const run = await play(
      scenario({
        hosts,
        network,
        programs: { dies: on("client", dies), waits: on("client", waitsForChild), other: on("server", other) },
      }),
    );
    assert.equal(run.outcomes, {
      dies: { how: "killed" },
      waits: { how: "killed" },
      other: { how: "returned", value: 1 },
    });
    assert.equal(logged(run), []);
    assert.ok(run.endMs < 100, `the run ends with its last program, not at ${run.endMs}`);
  },
);

inBothWorlds(
  test,
  "a daemon that first waits for others, in whatever way, keeps nobody from starting",
  async (play) => {
    const waysToWait: ((host: Host) => Promise<unknown>)[] = [
      (host) => host.spawn((me) => echo(me, 1), { as: "process" }).done(),
      async (host) => {
        const mutex = host.mutex();
        await mutex.lock();
        await mutex.lock();
      },
      async (host) => {
        const queue = host.queue(1);
        await queue.put(1);
        await queue.put(2);
      },
    ];
    for (const wait of waysToWait) {
      const run = await play(
        scenario({
          hosts,
          network,
          programs: {
            waits: on("server", async (host: Host) => void (await wait(host))).daemon(),
            echo: on("server", (host: Host) => echo(host, 7)).daemon(),
            client: on("client", async (host: Host) => {
              const connection = await host.connect("server", 7);
              await connection.send("hello");
              return connection.receive();
            }),
          },
        }),
      );
      assert.is(run.results.client, "hello");
    }
  },
);

inBothWorlds(test, "an error whose name or message can't be read ends its program like any other", async (play) => {
  const odd = async () => {
    throw Object.assign(new Error("m"), { name: Symbol("n") });
  };
  const worse = async () => {
    const error = new Error("m");
    Object.defineProperty(error, "message", {
      get: () => {
        throw new Error("no");
      },
    });
    throw error;
  };
  const run = await play(scenario({ hosts, programs: { odd: on("client", odd), worse: on("client", worse) } }));
  assert.is(run.outcomes.odd.how, "threw");
  assert.is(run.outcomes.worse.how, "threw");
  const unreadable = "an error whose name or message can't be read";
  assert.match(await failureOf(() => run.results.odd), unreadable);
  assert.match(await failureOf(() => run.results.worse), unreadable);
});

inBothWorlds(test, "limitMs ends the run; what still runs is unfinished, daemons too", async (play) => {
  const program = async (host: Host) => {
    try {
      for (;;) await host.sleep(5);
    } finally {
      host.log("finally");
    }
  };
  const run = await play(
    scenario({ hosts, programs: { program: on("client", program), echo: on("server", echo).daemon() }, limitMs: 50 }),
  );
  assert.ok(run.reachedLimit);
  assert.is(run.endMs, 50);
  assert.equal(run.outcomes, { program: { how: "unfinished" }, echo: { how: "unfinished" } });
  assert.equal(logged(run), []);
  assert.is(
    await failureOf(() => run.results.program),
    "ProgramError: program (pid 2 on client) was unfinished when the run ended at t=50.000 ms",
  );
});

inBothWorlds(test, "starting a thread or a process costs CPU time, paid before its first line", async (play, world) => {
  const program = async (host: Host) => {
    const beganMs = host.now();
    const say = async (own: Host) => own.now() - beganMs;
    const thread = await host.spawn(say, { as: "thread" }).done();
    const process = await host.spawn(say, { as: "process" }).done();
    return [thread, process].map((exit) => (exit.how === "returned" ? exit.value : Number.NaN));
  };
  const costs = { threadMs: 10, processMs: 40 };
  const run = await play(scenario({ hosts: { client: { costs } }, programs: { program: on("client", program) } }));
  const [thread, process] = run.results.program as [number, number];
  if (world === "virtual") assert.equal([thread, process], [10, 50]);
  else assert.ok(thread > 2 && process - thread > 8, `${thread} ${process}`);
  assert.equal(
    rowsOf(run, "compute").map(({ workMs }) => workMs),
    [10, 40],
  );
});

inBothWorlds(test, "programs draw the same numbers in both worlds, each thread its own", async (play) => {
  const draws = async (host: Host) => {
    const own = [host.random(), host.random()];
    const thread = await host.spawn(async (h: Host) => h.random(), { as: "thread" }).done();
    const child = await host.spawn(async (h: Host) => h.random(), { as: "process" }).done();
    return [...own, thread.how === "returned" && thread.value, child.how === "returned" && child.value];
  };
  const plan = scenario({ hosts, programs: { many: [on("client", draws), on("client", draws)] } });
  const run = await play(plan, { seed: 7 });
  const { simulate } = await import("kernel-lib");
  assert.equal(run.results, (await simulate(plan, { seed: 7 })).results);
  assert.is(new Set(run.results.many.flat()).size, 8);
  assert.not.equal(run.results, (await simulate(plan, { seed: 8 })).results);
});

inBothWorlds(test, "an argument that can't be copied any more fails its program alone", async (play) => {
  const program = async (_: Host, argument: unknown) => typeof argument;
  const argument: { x: unknown } = { x: 1 };
  const plan = scenario({
    hosts,
    programs: { changed: on("client", program, argument).at(5), other: on("client", program, 1) },
  });
  argument.x = Promise.resolve(1);
  const { outcomes } = await play(plan);
  assert.equal(outcomes.other, { how: "returned", value: "number" });
  assert.is(outcomes.changed.how, "threw");
  const { error } = outcomes.changed as { error: Error };
  assert.match(error.message, "on: a process's arguments are copied, and can't hold a Promise; await it first");
});

test.run();
