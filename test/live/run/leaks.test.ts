import { Deadlock, type Host, Interrupted, on, type RunLiveOptions, runLive, scenario } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf } from "../../world/both-worlds.js";
import { busyScenario, difference, type Ending, held } from "./leaks-support.js";

const test = suite("live: nothing is left");

const fast: RunLiveOptions = { timeScale: 1, maxRealMs: 5000 };

// The threads of Node's pool and all modules are there before anything is compared.
test.before(async () => void (await runLive(busyScenario("returns"), fast)));

/** Asked by a timer each time: Node counts what calls back as active until the callback has returned. */
const heldNow = (): Promise<string[]> => new Promise((resolve) => setTimeout(() => resolve(held()), 1));

async function leavesNothing(work: () => Promise<unknown>): Promise<unknown> {
  const before = await heldNow();
  let failure: unknown;
  await work().catch((error: unknown) => {
    failure = error;
  });
  assert.equal(difference(before, await heldNow()), []);
  return failure;
}

test("a run that ends holds nothing the moment its promise settles", async () => {
  assert.is(await leavesNothing(() => runLive(busyScenario("returns"), fast)), undefined);
});

test("a run holds ports, sockets, files and threads while it lasts, so the other tests can fail", async () => {
  const before = held();
  const during: string[] = [];
  const onProgress = (): void => void during.push(...difference(before, held()));
  await runLive(busyScenario("goes on", 1000), { ...fast, onProgress });
  for (const kind of [
    "TCPServerWrap",
    "TCPSocketWrap",
    "UDPWrap",
    "MessagePort",
    "Timeout",
    "threads",
    "handoff|/tmp|#N",
  ]) {
    if (process.platform !== "linux" && /threads|handoff/.test(kind)) continue;
    assert.ok(
      during.some((line) => new RegExp(kind).test(line)),
      `no ${kind} in ${during.join(", ")}`,
    );
  }
});

test("a program's error leaves nothing", async () => {
  const threw = async (): Promise<void> => {
    const { outcomes } = await runLive(busyScenario("throws"), fast);
    assert.match(JSON.stringify(outcomes.clients), /"returned".*"threw"/);
  };
  assert.is(await leavesNothing(threw), undefined);
});

test("a Deadlock leaves nothing", async () => {
  assert.instance(await leavesNothing(() => runLive(busyScenario("waits for ever"), fast)), Deadlock);
});

test("the limit leaves nothing", async () => {
  const limited = async (): Promise<void> =>
    assert.ok((await runLive(busyScenario("goes on", 120), fast)).reachedLimit);
  assert.is(await leavesNothing(limited), undefined);
});

test("a refusal leaves nothing", async () => {
  const failure = await leavesNothing(() => runLive(busyScenario("goes on", 20_000), fast));
  assert.match(String(failure), /ParameterError.*maxRealMs/s);
});

test("an aborted run rejects with the reason and leaves nothing, whenever it is aborted", async () => {
  for (const afterMs of [0, 1, 5, 15, 30, 50, 80, 120, 200, 400]) {
    const controller = new AbortController();
    const reason = new Error(`enough after ${afterMs} ms`);
    const aborted = (): Promise<unknown> => {
      const run = runLive(busyScenario("goes on", 4000), { ...fast, signal: controller.signal });
      setTimeout(() => controller.abort(reason), afterMs);
      return run;
    };
    assert.is(await leavesNothing(aborted), reason);
  }
});

test("a signal that is aborted already starts nothing", async () => {
  const failure = await leavesNothing(() =>
    runLive(busyScenario("returns"), { ...fast, signal: AbortSignal.abort("no") }),
  );
  assert.is(failure, "no");
});

/** Stands for the notebook's kernel: keeps the callbacks, and calls each once. */
function fakeKernel(): { interrupt(): void; readonly callbacks: Set<() => void>; remove(): void } {
  const callbacks = new Set<() => void>();
  const scope = globalThis as unknown as Record<symbol, unknown>;
  const key = Symbol.for("handoff.jupyter");
  scope[key] = {
    onInterrupt(callback: () => void) {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
  };
  const interrupt = (): void => {
    for (const callback of [...callbacks]) {
      callbacks.delete(callback);
      callback();
    }
  };
  return { interrupt, callbacks, remove: () => delete scope[key] };
}

test("an interrupted run rejects and leaves nothing, not even a callback, whenever it is interrupted", async () => {
  const kernel = fakeKernel();
  try {
    for (const afterMs of [0, 1, 5, 15, 30, 50, 80, 120, 200, 400]) {
      const interrupted = (): Promise<unknown> => {
        const run = runLive(busyScenario("goes on", 4000), fast);
        setTimeout(kernel.interrupt, afterMs);
        return run;
      };
      assert.instance(await leavesNothing(interrupted), Interrupted, `after ${afterMs} ms`);
      assert.is(kernel.callbacks.size, 0);
    }
  } finally {
    kernel.remove();
  }
});

test("a run that waits its turn can be aborted, and the one before it goes on", async () => {
  const both = async (): Promise<void> => {
    const controller = new AbortController();
    const first = runLive(busyScenario("goes on", 200), fast);
    const second = failureOf(() => runLive(busyScenario("returns"), { ...fast, signal: controller.signal }));
    const third = runLive(busyScenario("returns"), fast);
    controller.abort(new Error("not any more"));
    assert.is(await second, "Error: not any more");
    assert.ok((await first).reachedLimit);
    assert.not.ok((await third).reachedLimit);
  };
  assert.is(await leavesNothing(both), undefined);
});

test("a progress callback that throws ends the run with its error, and leaves nothing", async () => {
  const onProgress = (): void => {
    throw new RangeError("no such bar");
  };
  const failure = await leavesNothing(() => runLive(busyScenario("goes on", 3000), { ...fast, onProgress }));
  assert.instance(failure, RangeError);
});

test("a run that takes far longer than predicted is ended, names who waits, and leaves nothing", async () => {
  let isLive = false;
  const stubborn = async (host: Host): Promise<void> => {
    await host.sleep(1);
    if (isLive) await new Promise(() => undefined);
    isLive = true;
  };
  const s = scenario({ hosts: { a: {} }, programs: { stubborn: on("a", stubborn) } });
  const failure = await leavesNothing(() => runLive(s, { maxRealMs: 100 }));
  assert.match(
    String(failure),
    /runLive: the run took more than 2150 real ms.*stubborn \(pid 1 on a\): no host operation/,
  );
});

test("twenty runs of all endings in a row leave nothing", async () => {
  const many = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      const ending = (["returns", "throws", "goes on"] as const satisfies readonly Ending[])[i % 3] as Ending;
      await runLive(busyScenario(ending, 60), { ...fast, trace: "none" });
    }
  };
  assert.is(await leavesNothing(many), undefined);
});

test.run();
