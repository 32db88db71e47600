import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import {
  type Host,
  measureMachine,
  on,
  ParameterError,
  type RunLiveOptions,
  runLive,
  scenario,
  simulate,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { echoForEach, failureOf } from "../../world/both-worlds.js";

const test = suite("live: this machine, and what a run may take of it");

const sleeper = async (host: Host, ms: number): Promise<number> => {
  await host.sleep(ms);
  return ms;
};
const sleeping = (ms: number, limitMs = Infinity) =>
  scenario({ hosts: { a: {} }, programs: { sleeper: on("a", sleeper, ms) }, limitMs });

const worker = async (host: Host, jobs: number, ms: number): Promise<void> => {
  const burn = async (own: Host): Promise<void> => own.compute(ms);
  const threads = Array.from({ length: jobs }, () => host.spawn(burn, { as: "thread" }));
  for (const thread of threads) await thread.done();
};
const working = (cores: number, jobs: number, ms: number) =>
  scenario({ hosts: { a: { cores } }, programs: { worker: on("a", worker, jobs, ms) } });

/** The message of the refusal. */
const refusalOf = async (ms: number, options: RunLiveOptions): Promise<string> => {
  const failure = await failureOf(() => runLive(sleeping(ms), options));
  assert.match(failure, /^ParameterError: runLive: /);
  return failure;
};

const numberAfter = (text: string, words: string): number => {
  const found = new RegExp(`${words}([0-9.]+)`).exec(text);
  assert.ok(found, `no "${words}" in ${text}`);
  return Number(found?.[1]);
};

test("a run that would take too long is refused, and each proposal fits when it is followed", async () => {
  const options = { timeScale: 7, maxRealMs: 400 };
  const refusal = await refusalOf(123, options);
  const timeScale = numberAfter(refusal, "timeScale: ");
  assert.is((await runLive(sleeping(123), { ...options, timeScale })).results.sleeper, 123);
  const maxRealMs = numberAfter(refusal, "maxRealMs: ");
  assert.is((await runLive(sleeping(123), { ...options, maxRealMs })).results.sleeper, 123);
  const shorterMs = (numberAfter(refusal, "a scenario of ") / 100) * 123;
  assert.is((await runLive(sleeping(shorterMs), options)).results.sleeper, shorterMs);
  assert.ok((await runLive(sleeping(123, shorterMs), options)).reachedLimit);
});

test("each proposal is close to what fits: a tenth more does not", async () => {
  const refusal = await refusalOf(123, { timeScale: 7, maxRealMs: 400 });
  const timeScale = 1.1 * numberAfter(refusal, "timeScale: ");
  await refusalOf(123, { timeScale, maxRealMs: 400 });
  await refusalOf(1.1 * 1.23 * numberAfter(refusal, "a scenario of "), { timeScale: 7, maxRealMs: 400 });
});

test("at the default scale no smaller one is proposed, as it is 1 already", async () => {
  const refusal = await refusalOf(60_000, {});
  assert.match(refusal, /60000 ms here at timeScale 1, and maxRealMs is 10000/);
  assert.not.match(refusal, /timeScale: /);
  assert.match(refusal, /16\.6 % of this length.*maxRealMs: 60000/);
});

test("a scenario that never ends is refused at once, with a limit that fits", async () => {
  const forEver = async (host: Host): Promise<void> => {
    for (;;) await host.sleep(10);
  };
  const endless = (limitMs?: number) =>
    scenario({ hosts: { a: {} }, programs: { x: on("a", forEver) }, ...(limitMs && { limitMs }) });
  const options = { maxRealMs: 200, timeScale: 2 };
  const refusal = await failureOf(() => runLive(endless(), options));
  const limitMs = numberAfter(refusal, "never ends; limitMs: ");
  assert.ok((await runLive(endless(limitMs), options)).reachedLimit);
});

test("an options field out of range is refused before anything starts", async () => {
  const s = sleeping(1);
  assert.match(await failureOf(() => runLive(s, { timeScale: Number.NaN })), /runLive: timeScale must be .* got NaN/);
  assert.match(await failureOf(() => runLive(s, { timeScale: 0 })), /runLive: timeScale must be .* got 0/);
  assert.match(await failureOf(() => runLive(s, { maxRealMs: -1 })), /runLive: maxRealMs must be .* got -1/);
  assert.match(
    await failureOf(() => runLive(s, { maxRealMs: Infinity })),
    /runLive: maxRealMs must be .* got Infinity/,
  );
  assert.match(await failureOf(() => runLive(s, { seed: 1.5 })), /^ParameterError: runLive: seed must be/);
  assert.match(await failureOf(() => runLive({} as never)), /^ParameterError: runLive: its first argument/);
});

test("a maxRealMs beyond the reach of Node's timers is no reason to give up at once", async () => {
  assert.is((await runLive(sleeping(30), { maxRealMs: 1e11 })).results.sleeper, 30);
});

test("the default scale makes the mean CPU time 20 ms", async () => {
  const run = await runLive(working(1, 4, 2));
  assert.is(run.timeScale, 10);
  assert.not.match(run.limits.join(), /on average here/);
});

test("the default scale is never below 1, and 1 where nothing computes", async () => {
  assert.is((await runLive(working(1, 1, 50))).timeScale, 1);
  assert.is((await runLive(sleeping(5))).timeScale, 1);
});

test("the default scale takes no more than half of maxRealMs, and says that jobs are short then", async () => {
  const run = await runLive(working(1, 50, 2), { maxRealMs: 1000 });
  assert.ok(Math.abs(run.timeScale - 1000 / 2 / run.predicted.endMs) < 1e-9, `${run.timeScale}`);
  assert.match(run.limits.join("\n"), /a job takes 10 ms on average here/);
});

test("a time scale below 1 runs faster than the scenario's clock", async () => {
  const startMs = performance.now();
  const run = await runLive(sleeping(20_000), { timeScale: 0.01 });
  const tookMs = performance.now() - startMs;
  assert.ok(run.endMs >= 20_000, `ended at ${run.endMs}`);
  assert.ok(tookMs > 200 && tookMs < 8000, `took ${tookMs} real ms`);
});

test("a time scale below 1 burns that much less CPU time", async () => {
  const run = await runLive(working(1, 2, 500), { timeScale: 0.05 });
  assert.ok(run.endMs >= 900 && run.endMs < 40_000, `ended at ${run.endMs}`);
});

test("a scenario that computes on more cores than there are warns, and says how many it gets", async () => {
  const { effectiveCores } = await measureMachine();
  const run = await runLive(working(8, 8, 5), { timeScale: 1 });
  const expected = new RegExp(`compute on up to 8 cores at once, and worker threads get ${effectiveCores} of this`);
  if (effectiveCores < 7.75) assert.match(run.limits[0] ?? "", expected);
  else assert.not.match(run.limits.join(), /cores at once/);
});

test("cores that are never busy at once need no warning and no thread", async () => {
  const run = await runLive(working(1024, 1, 20));
  // A machine so busy that its threads do not get even one core says so of that one.
  assert.not.match(run.limits.join(), /compute on up to ([2-9]|1\d)/);
});

test("cores are measured once per process", async () => {
  const first = measureMachine();
  const machine = await first;
  assert.is(measureMachine(), first);
  assert.is((await runLive(sleeping(1))).machine, machine);
  assert.ok(machine.effectiveCores > 0 && machine.effectiveCores <= machine.logicalCores, `${machine.effectiveCores}`);
  assert.ok(machine.iterationsPerMs > 1000, `${machine.iterationsPerMs}`);
});

test("live runs that are called at once take turns, and each returns its own", async () => {
  let running = 0;
  let most = 0;
  const alone = async (host: Host, name: number): Promise<number[]> => {
    most = Math.max(most, ++running);
    const drawn = [name, host.random()];
    await host.sleep(20);
    running--;
    return drawn;
  };
  const one = (name: number) => scenario({ hosts: { a: {} }, programs: { x: on("a", alone, name) } });
  const runs = await Promise.all([1, 2, 3].map((name) => runLive(one(name), { seed: name })));
  assert.is(most, 1);
  assert.equal(
    runs.map(({ results }) => results.x),
    await Promise.all([1, 2, 3].map(async (name) => (await simulate(one(name), { seed: name })).results.x)),
  );
});

test("a foreign wait is no deadlock live: the run goes on when it is over, and says that the virtual run broke off", async () => {
  const foreign = async (host: Host): Promise<string> => {
    await host.sleep(5);
    await new Promise((resolve) => setTimeout(resolve, 400));
    await host.sleep(5);
    return `went on, ${host.now() >= 400}`;
  };
  const s = scenario({ hosts: { a: {} }, programs: { x: on("a", foreign) } });
  const run = await runLive(s);
  assert.is(run.results.x, "went on, true");
  assert.match(run.limits[0] ?? "", /the virtual run broke off.*setTimeout was called by x/);
});

test("simulating a scenario whose time stands still ends by itself, and says so", async () => {
  const busy = async (host: Host): Promise<void> => {
    while (host.now() < 100) await host.sleep(0);
  };
  const s = scenario({ hosts: { a: {} }, programs: { x: on("a", busy) } });
  const failure = await failureOf(() => runLive(s, { maxRealMs: 500 }));
  assert.match(failure, /t=0\.000/);
});

/** The ports that live runs of this process have open. */
function openPorts(): number[] {
  const handles = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles();
  const servers = handles.filter((handle): handle is Server => handle instanceof Server);
  return servers.map((server) => (server.address() as { port: number }).port);
}

test("a stranger on a port of the run, who talks, hangs up or stays, disturbs nobody", async () => {
  const caller = async (host: Host): Promise<number> => {
    for (let i = 0; i < 60; i++) {
      const connection = await host.connect("server", 7);
      await connection.send(i);
      assert.is(await connection.receive(), i);
      connection.end();
      await host.sleep(5);
    }
    return 60;
  };
  const s = scenario({
    hosts: { server: {}, client: {} },
    programs: { server: on("server", echoForEach).daemon(), caller: on("client", caller) },
  });
  const strangers: Socket[] = [];
  const visit = (): void => {
    for (const port of openPorts()) {
      for (const say of [Buffer.alloc(5000, 255), Buffer.from("GET / HTTP/1.0\r\n\r\n"), undefined]) {
        const stranger = connect(port, "127.0.0.1", () => (say ? stranger.write(say) : stranger.end()));
        stranger.on("error", () => undefined);
        strangers.push(
          stranger,
          connect(port, "127.0.0.1").on("error", () => undefined),
        );
      }
    }
  };
  const run = await runLive(s, { onProgress: visit });
  assert.is(run.results.caller, 60);
  assert.ok(strangers.length > 0, "nobody came");
  const gone = strangers.map(
    (stranger) => stranger.destroyed || new Promise((resolve) => stranger.once("close", resolve)),
  );
  await Promise.all(gone);
});

for (const [what, which] of [
  ["when this machine is measured", "1"],
  ["when the run begins", "later"],
  ["in the middle of the run", "dies"],
] as const) {
  test(`a thread that fails ${what} rejects with what happened, and leaves nothing`, async () => {
    const file = fileURLToPath(new URL("./machine-without-threads.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", file, which], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    const [code] = await once(child, "close");
    assert.match(output, /a worker thread for CPU time failed: (no more threads, says the test|.*it is null)/);
    assert.is(code, 0, output);
  });
}

test("a refusal is a ParameterError, for whoever catches it by its class", async () => {
  try {
    await runLive(sleeping(1e5));
    assert.unreachable();
  } catch (error) {
    assert.instance(error, ParameterError);
  }
});

test.run();
