import { spawnSync } from "node:child_process";
import { randomStream, Scheduler } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

/** CPU seconds that some work takes. */
function cpuSeconds(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/**
 * The most memory, in MB, that a process of its own held while it ran a text with a Scheduler in it; where there is no
 * /proc, what it holds at the end. (What resourceUsage() says will not do: Linux hands a child the peak of its parent.)
 */
function mostMemoryMB(code: string): number {
  const text = `
    import { existsSync, readFileSync } from "node:fs";
    import { Scheduler, randomStream } from "kernel-lib/simulation/index";
    const scheduler = new Scheduler();
    const random = randomStream(1, "delays");
    const none = () => {};
    ${code}
    const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
    const peakKB = /VmHWM:\\s+(\\d+)/.exec(status)?.[1];
    console.log(String(peakKB ? peakKB / 1e3 : process.memoryUsage.rss() / 1e6));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", text], { encoding: "utf8" });
  assert.is(stderr, "");
  return Number(stdout);
}

const pending = 200_000;

/** Schedules 200,000 events, then runs as many that each schedule another, then empties the list. */
const hold = (delayMs: (random: number, i: number) => number) => (): void => {
  const scheduler = new Scheduler();
  const random = randomStream(1, "delays");
  let i = 0;
  let again = true;
  const next = (): void => {
    if (again) scheduler.after(delayMs(random(), i++), next);
  };
  for (let k = 0; k < pending; k++) next();
  scheduler.run({ maxEvents: pending });
  again = false;
  assert.is(scheduler.run().events, pending);
};

test("no hostile pattern of times costs 10 times what exponential delays cost, with 200,000 pending", () => {
  const friendly = hold((u) => -Math.log(1 - u));
  friendly();
  const usual = cpuSeconds(friendly);
  const hostile: Record<string, () => void> = {
    "all times equal": hold(() => 0),
    "one of two instants": hold((_, i) => i % 2),
    "whole ms": hold((u) => Math.floor(u * 10)),
    "12 orders of magnitude": hold((u) => 10 ** (12 * u - 6)),
    "halves down to the smallest number": hold((_, i) => 2 ** -(i % 1074)),
    "one in a thousand far away": hold((u, i) => (i % 1000 === 0 ? 1e12 * u : u)),
    "each before all others": hold((_, i) => 1e9 - i),
    "each after all others": hold((_, i) => i),
    "time scales that alternate": hold((u, i) => u * (i % 100_000 < 50_000 ? 1e-6 : 1e6)),
    "a block of ties, with a look at the clock and events before it": () => {
      const scheduler = new Scheduler();
      for (let k = 0; k < pending; k++) scheduler.at(5, () => {});
      for (let k = 0; k < pending; k++) {
        assert.is(scheduler.nextTimeMs, 5);
        scheduler.at(4 + k / pending, () => {});
        scheduler.step();
      }
      scheduler.run();
    },
    "a block of ties, with events put before and after it": () => {
      const scheduler = new Scheduler();
      for (let k = 0; k < pending; k++) scheduler.at(5, () => {});
      for (let k = 0; k < pending; k++) {
        if (k % 100 === 0) assert.ok(scheduler.nextTimeMs <= 5);
        scheduler.at(k % 2 ? 5 - k / pending : 5 + k / pending, () => {});
      }
      assert.is(scheduler.run().events, 2 * pending);
    },
    "all but one in a thousand cancelled": () => {
      const scheduler = new Scheduler();
      const random = randomStream(1, "delays");
      const ids = Array.from({ length: 2 * pending }, () => scheduler.after(random(), () => {}));
      for (const [k, id] of ids.entries()) if (k % 1000 > 0) assert.ok(scheduler.cancel(id));
      assert.is(scheduler.run().events, (2 * pending) / 1000);
    },
  };
  for (const [what, work] of Object.entries(hostile)) {
    const ratio = cpuSeconds(work) / usual;
    assert.ok(ratio < 10, `${what}: ${ratio.toFixed(1)} times`);
  }
});

test("1,000,000 pending events, of which each schedules another, keep the whole process below 180 MB", () => {
  // npm run bench holds the aim of 150; what the garbage collector leaves lying about varies by some 10 MB.
  const mb = mostMemoryMB(`
    const again = () => void scheduler.after(random(), again);
    for (let i = 0; i < 1e6; i++) again();
    scheduler.run({ maxEvents: 2e6 });`);
  assert.ok(mb < 180, `${mb} MB`);
});

test("10,000,000 events one after the other take no more memory than 1,000,000 do (within 15 MB)", () => {
  const run = (events: number): number =>
    mostMemoryMB(`
      const again = () => void scheduler.after(random(), again);
      for (let i = 0; i < 10; i++) again();
      scheduler.run({ maxEvents: ${events} });`);
  const [few, many] = [run(1e6), run(1e7)];
  assert.ok(many < few + 15, `${few} MB, then ${many} MB`);
});

test("5,000,000 timeouts that are set and cancelled at once leave no pile of dead events (below 100 MB)", () => {
  const mb = mostMemoryMB("for (let i = 0; i < 5e6; i++) scheduler.cancel(scheduler.after(1e6 + random(), none));");
  assert.ok(mb < 100, `${mb} MB`);
});

test("what an event carried can be collected once it ran or was cancelled", () => {
  const mb = mostMemoryMB(`
    for (let i = 0; i < 2000; i++) {
      const load = new Array(50_000).fill(i);
      if (i % 2) scheduler.cancel(scheduler.at(i, none, load));
      else { scheduler.at(i, () => load, load); scheduler.step(); }
    }`);
  assert.ok(mb < 300, `${mb} MB, of 800 MB that passed through`);
});

test.run();
