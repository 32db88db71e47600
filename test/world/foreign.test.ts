import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { setTimeout as setTimeoutAsync } from "node:timers/promises";
import { type Host, on, runLive, Simulation, scenario, simulate } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf, inBothWorlds } from "./both-worlds.js";

const test = suite("foreign waits");

const drains = ["tick", "immediate", "channel"] as const;

/** Simulates one program on host `a`, after 5 ms, by one of the drains. */
async function run<R>(program: (host: Host) => Promise<R>, drain?: (typeof drains)[number]): Promise<R> {
  const late = async (host: Host) => {
    await host.sleep(5);
    return program(host);
  };
  const simulation = new Simulation(scenario({ hosts: { a: {} }, programs: { p: on("a", late) } }), {}, drain);
  await simulation.advance();
  return simulation.run().results.p;
}

const real = {
  setTimeout: globalThis.setTimeout,
  Date: globalThis.Date,
  random: Math.random,
  hrtime: process.hrtime,
  now: Object.getOwnPropertyDescriptor(performance, "now"),
  timeout: AbortSignal.timeout,
  write: process.stdout.write,
  listeners: process.listeners("unhandledRejection").length + process.listeners("uncaughtException").length,
};

function assertGlobalsAreBack(): void {
  assert.is(globalThis.setTimeout, real.setTimeout);
  assert.is(globalThis.Date, real.Date);
  assert.is(Math.random, real.random);
  assert.is(process.hrtime, real.hrtime);
  assert.equal(Object.getOwnPropertyNames(crypto), []);
  assert.equal(Object.getOwnPropertyDescriptor(performance, "now"), real.now);
  assert.is(AbortSignal.timeout, real.timeout);
  assert.is(process.stdout.write, real.write);
  assert.is(
    process.listeners("unhandledRejection").length + process.listeners("uncaughtException").length,
    real.listeners,
  );
  assert.ok(Date.now() > 0 && new Date().getFullYear() > 2000 && Math.random() < 1);
}

const who = "by p (pid 1 on a) at t=5.000 ms: it is outside the simulation;";
const calls: Readonly<Record<string, [call: () => unknown, advice: string]>> = {
  setTimeout: [() => setTimeout(() => undefined, 1), "use host.sleep"],
  setInterval: [() => setInterval(() => undefined, 1), "use host.sleep in a loop"],
  setImmediate: [() => setImmediate(() => undefined), "use host.sleep(0)"],
  fetch: [() => fetch("http://127.0.0.1:1"), "use host.connect"],
  "Math.random": [() => Math.random(), "use host.random"],
  "AbortSignal.timeout": [() => AbortSignal.timeout(5), "use receive({ timeoutMs }) or host.sleep"],
  "performance.now": [() => performance.now(), "use host.now"],
  "process.hrtime": [() => process.hrtime.bigint(), "use host.now"],
  "crypto.randomUUID": [() => crypto.randomUUID(), "use host.random"],
  "crypto.getRandomValues": [() => crypto.getRandomValues(new Uint8Array(1)), "use host.random"],
  "Date.now": [() => Date.now(), "use host.now"],
  "new Date()": [() => new Date(), "use host.now"],
  "Date()": [() => Date(), "use host.now"],
};
for (const [name, [call, advice]] of Object.entries(calls)) {
  test(`${name} stops a simulation, also when the program catches the error`, async () => {
    for (const drain of drains) {
      const expected = `ForeignWait: ${name} was called ${who} ${advice}`;
      assert.is(await failureOf(() => run(async () => void call(), drain)), expected, drain);
      const catching = async (host: Host) => {
        try {
          call();
        } catch {}
        await host.sleep(1);
      };
      assert.is(await failureOf(() => run(catching, drain)), expected, drain);
      assertGlobalsAreBack();
    }
  });
}

test("dates of given times, their methods and instanceof work inside programs", async () => {
  const result = await run(async () => {
    const date = new Date(86_400_000);
    class Sub extends Date {}
    return [
      date.toISOString(),
      date instanceof Date,
      Date.UTC(1970, 0, 2),
      Date.parse("1970-01-02"),
      new Sub(5).getTime(),
      typeof Date,
    ];
  });
  assert.equal(result, ["1970-01-02T00:00:00.000Z", true, 86_400_000, 86_400_000, 5, "function"]);
});

const outside =
  "ForeignWait: p (pid 1 on a) waits on something outside its host at t=5.000 ms: in virtual time every await must end in an " +
  "operation of the program's own host (sleep, receive, take, done …), never in a real timer, file or network, nor in what " +
  "belongs to another process: its host, its connections, a promise that it settles";

test("an await outside the host stops the simulation at once, by every drain", async () => {
  const before = new Promise((resolve) => setTimeout(resolve, 30));
  for (const drain of drains) {
    assert.is(await failureOf(() => run(() => before, drain)), outside, `a real timer, ${drain}`);
    assert.is(await failureOf(() => run(() => readFile("package.json"), drain)), outside, `a file, ${drain}`);
    assert.is(await failureOf(() => run(() => new Promise(() => undefined), drain)), outside, `never, ${drain}`);
    const both = (host: Host) => Promise.all([host.sleep(1), new Promise(() => undefined)]);
    const later = outside.replace("5.000", "6.000");
    assert.is(await failureOf(() => run(both, drain)), later, `sleep and never, ${drain}`);
    assertGlobalsAreBack();
  }
  await before;
});

test("a race between a sleep and a real timer is no way out: the timer can't be made", async () => {
  for (const drain of drains) {
    const race = (host: Host) => Promise.race([host.sleep(50), new Promise((resolve) => setTimeout(resolve, 1))]);
    assert.match(await failureOf(() => run(race, drain)), /^ForeignWait: setTimeout was called by p/);
  }
});

const whenWoken: Readonly<Record<string, (host: Host) => unknown>> = {
  sleeps: (host) => host.sleep(1),
  logs: (host) => host.log("awake"),
  "hands a value over": (host) => host.queue().offer(1),
  spawns: (host) => host.spawn(async () => 1, { as: "process" }),
  returns: () => 1,
  throws: () => {
    throw new Error("on purpose");
  },
};
for (const [what, act] of Object.entries(whenWoken)) {
  test(`a program that real time wakes stops the simulation when it ${what}, though it waits on its host as well`, async () => {
    const program = async (host: Host) => {
      await Promise.race([host.sleep(1e12), setTimeoutAsync(20)]);
      return act(host);
    };
    const ticking = async (host: Host) => {
      for (;;) await host.sleep(1);
    };
    const both = scenario({ hosts: { a: {} }, programs: { p: on("a", program), ticking: on("a", ticking) } });
    assert.match(
      await failureOf(() => simulate(both)),
      /^ForeignWait: p \(pid 1 on a\) was woken by something outside its host at t=\d+\.000 ms: in virtual time/,
    );
    assertGlobalsAreBack();
  });
}

const fromOutside: Readonly<Record<string, (host: Host) => unknown>> = {
  "aborts a signal given to compute": (host) => {
    const controller = new AbortController();
    void setTimeoutAsync(20).then(() => controller.abort(new Error("stop")));
    return host.compute(1e12, { signal: controller.signal });
  },
  "wakes a floating promise that logs": (host) => {
    void setTimeoutAsync(20).then(() => host.log("awake"));
    return host.sleep(1e12);
  },
  "wakes a floating promise that kills a child": (host) => {
    const child = host.spawn((me) => me.sleep(1e12), { as: "process" });
    void setTimeoutAsync(20).then(() => child.kill());
    return child.done();
  },
  "wakes a floating promise that cancels a child": (host) => {
    const child = host.spawn((me) => me.sleep(1e12), { as: "process" });
    void setTimeoutAsync(20).then(() => child.cancel());
    return child.done();
  },
  "wakes a floating promise that ends a connection": async (host) => {
    const listener = await host.listen(7);
    const connection = await host.connect("a", 7);
    void setTimeoutAsync(20).then(() => connection.end());
    await (await listener.accept()).receive();
  },
  "wakes a floating promise that closes a port": async (host) => {
    const listener = await host.listen(7);
    void setTimeoutAsync(20).then(() => listener.close());
    await listener.accept();
  },
  "wakes a floating promise that draws a number": (host) => {
    void setTimeoutAsync(20).then(() => host.random());
    return host.sleep(1e12);
  },
};
for (const [what, act] of Object.entries(fromOutside)) {
  test(`a simulation in which real time ${what} is stopped, and nothing of it reaches Node`, async () => {
    const ticking = async (host: Host) => {
      for (;;) await host.sleep(1);
    };
    const both = scenario({
      hosts: { a: {} },
      programs: { p: on("a", async (host: Host) => void (await act(host))), ticking: on("a", ticking) },
    });
    assert.match(
      await failureOf(() => simulate(both)),
      /^ForeignWait: .* was woken by something outside its host at t=\d+\.000 ms: in virtual time/,
    );
    assertGlobalsAreBack();
    await setTimeoutAsync(10);
  });
}

test("an interrupt also stops a simulation that waits for its turn", async () => {
  const listeners = new Set<() => void>();
  const onInterrupt = (callback: () => void) => {
    listeners.add(callback);
    return () => void listeners.delete(callback);
  };
  const kernel = globalThis as unknown as Record<symbol, unknown>;
  const hook = Symbol.for("handoff.jupyter");
  kernel[hook] = { onInterrupt };
  try {
    let begun = 0;
    const plan = scenario({ hosts: { a: {} }, programs: { p: on("a", async () => void begun++) } });
    const runs = [failureOf(() => simulate(plan)), failureOf(() => simulate(plan))];
    for (const interrupt of listeners) interrupt();
    for (const failure of await Promise.all(runs))
      assert.is(failure, "Interrupted: simulate was interrupted at t=0.000 ms");
    await setTimeoutAsync(20);
    assert.is(begun, 0);
    assert.is(listeners.size, 0);
  } finally {
    delete kernel[hook];
  }
});

test("what a program that has ended does when real time wakes it reaches nobody", async () => {
  let isAwake = false;
  const program = async (host: Host) => {
    host.spawn(
      async () => {
        await setTimeoutAsync(20);
        isAwake = true;
        await host.sleep(1);
      },
      { as: "thread" },
    );
    await host.sleep(1);
    host.spawn(async () => undefined, { as: "thread" }).kill();
  };
  const { outcomes } = await simulate(scenario({ hosts: { a: {} }, programs: { p: on("a", program) } }));
  assert.equal(outcomes.p, { how: "killed" });
  await setTimeoutAsync(40);
  assert.ok(isAwake);
});

inBothWorlds(test, "a program can't start a run", async (play) => {
  const inner = scenario({ hosts: { a: {} }, programs: { q: on("a", (host) => host.sleep(1)) } });
  const program = async (host: Host) => {
    await host.sleep(1);
    return [await failureOf(() => simulate(inner)), await failureOf(() => runLive(inner))];
  };
  const run = await play(scenario({ hosts: { a: {} }, programs: { p: on("a", program) } }));
  const why = "it was called by a program of a run; call it outside, before or after";
  assert.equal(run.results.p, [`ParameterError: simulate: ${why}`, `ParameterError: runLive: ${why}`]);
  assert.is(await failureOf(() => simulate(inner)), "nothing thrown");
});

test("two processes that wait on each other's hand-made promises are told apart from a deadlock", async () => {
  let tell: (value: unknown) => void = () => undefined;
  const promise = new Promise((resolve) => {
    tell = resolve;
  });
  const waiter = async (_: Host) => promise;
  const teller = async (host: Host) => {
    await host.sleep(5);
    tell(1);
  };
  const plan = scenario({ hosts: { a: {} }, programs: { waiter: on("a", waiter), teller: on("a", teller) } });
  assert.match(await failureOf(() => simulate(plan)), /^ForeignWait: waiter \(pid 1 on a\) waits on something outside/);
});

test("console.log, streams and async generators work inside programs, and print in order", async () => {
  const lines: string[] = [];
  const write = process.stdout.write;
  process.stdout.write = ((text: string) =>
    lines.push(`${new Date().getFullYear() > 2000} ${text}`) > 0) as typeof write;
  try {
    const sum = await run(async (host) => {
      console.log("one");
      let total = 0;
      for await (const part of Readable.from([1, 2, 3])) total += part;
      await host.sleep(1);
      console.log("two");
      return total;
    });
    assert.is(sum, 6);
  } finally {
    process.stdout.write = write;
  }
  assert.equal(lines, ["true one\n", "true two\n"]);
});

test("the rest of the process has its own timers while a long simulation runs", async () => {
  let ticks = 0;
  const interval = setInterval(() => {
    ticks += Math.random() < 2 && Date.now() > 0 ? 1 : 0;
  }, 5);
  const busy = async (host: Host) => {
    for (let i = 0; i < 400_000; i++) await host.sleep(1);
  };
  const seen: number[] = [];
  const began = performance.now();
  try {
    const plan = scenario({ hosts: { a: {} }, programs: { p: on("a", busy) } });
    await simulate(plan, { trace: "none", onProgress: (nowMs) => seen.push(nowMs) });
  } finally {
    clearInterval(interval);
  }
  const tookMs = performance.now() - began;
  assert.ok(ticks >= Math.floor(tookMs / 200), `${ticks} ticks in ${tookMs} ms`);
  assert.equal(
    seen,
    [...seen].sort((a, b) => a - b),
  );
  assert.ok(seen.length >= Math.floor(tookMs / 200), `${seen.length} calls`);
});

test("an abort of the caller's signal ends the simulation and leaves nothing behind", async () => {
  for (const drain of drains) {
    const controller = new AbortController();
    const endless = async (host: Host) => {
      for (;;) await host.sleep(1);
    };
    const options = { signal: controller.signal, trace: "none" as const };
    const simulation = new Simulation(
      scenario({ hosts: { a: {} }, programs: { p: on("a", endless) } }),
      options,
      drain,
    );
    setTimeout(() => controller.abort(new Error("enough")), 20);
    assert.is(await failureOf(() => simulation.advance()), "Error: enough");
    assert.ok(simulation.isOver);
    assertGlobalsAreBack();
  }
});

test("simulations at once do not disturb each other, by any drain", async () => {
  const program = async (host: Host, n: number) => {
    const seen: number[] = [];
    for (let i = 0; i < 3000; i++) {
      await host.sleep(host.random() * n);
      if (i % 1000 === 0) seen.push(host.now());
    }
    return seen;
  };
  const plan = scenario({ hosts: { a: {} }, programs: { p: [on("a", program, 1), on("a", program, 2)] } });
  const failing = scenario({
    hosts: { a: {} },
    programs: {
      p: on("a", async (host: Host) => {
        await host.sleep(1);
        void Promise.reject(new Error("floating"));
        await host.sleep(1);
      }),
    },
  });
  const alone = (await simulate(plan, { seed: 3 })).rows;
  for (const kinds of [
    ["tick", "tick"],
    ["immediate", "channel"],
    ["channel", "channel"],
    ["tick", "channel"],
  ] as const) {
    const all = kinds.map((kind) => new Simulation(plan, { seed: 3 }, kind));
    const bad = kinds.map((kind) => new Simulation(failing, {}, kind));
    await Promise.all([...all, ...bad].map((simulation) => simulation.advance()));
    for (const simulation of all)
      assert.equal(JSON.stringify(simulation.run().rows), JSON.stringify(alone), kinds.join());
    for (const simulation of bad) assert.match(await failureOf(() => simulation.run().results.p), /Error: floating$/);
    assertGlobalsAreBack();
  }
});

test.run();
