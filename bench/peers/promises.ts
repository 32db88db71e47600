/**
 * The floor of async programs: promises on the Scheduler with nothing around them, and the microtasks run after each event.
 * usage: queue SERVERS LOAD CUSTOMERS | sleeps PROGRAMS SLEEPS
 */
import { exponential, randomStream, Scheduler } from "kernel-lib/simulation/index";
import { main, type Timed, timed } from "../ours/timed.js";

const nodeProcess = process as unknown as { _tickCallback(): void };
const scheduler = new Scheduler();
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void scheduler.after(ms, resolve));

/** Takes event after event, in a macrotask: inside a microtask no other would run. */
const run = (units: number, begin: () => void, result: () => number): Promise<Timed> => {
  const work = (resolve: (value: number) => void): void => {
    begin();
    do nodeProcess._tickCallback();
    while (scheduler.step());
    resolve(result());
  };
  return timed(units, () => new Promise<number>((resolve) => setImmediate(work, resolve)));
};

/** Who comes first is served first, at one desk. */
function queue(servers: number, load: number, customers: number): Promise<Timed> {
  if (servers !== 1) throw new Error("there is one desk");
  const gapMs = exponential({ mean: 1 / load }, randomStream(1, "arrivals"));
  const serviceMs = exponential({ mean: 1 }, randomStream(1, "service"));
  const waiting: ((value: undefined) => void)[] = [];
  let head = 0;
  let isBusy = false;
  let waitedMs = 0;
  const customer = async (): Promise<void> => {
    const arrivedMs = scheduler.nowMs;
    if (isBusy) await new Promise((resolve) => void waiting.push(resolve));
    isBusy = true;
    waitedMs += scheduler.nowMs - arrivedMs;
    await sleep(serviceMs());
    const next = waiting[head];
    if (next) {
      head++;
      next(undefined);
    } else {
      isBusy = false;
      waiting.length = 0;
      head = 0;
    }
  };
  const source = async (): Promise<void> => {
    for (let i = 0; i < customers; i++) {
      await sleep(gapMs());
      void customer();
    }
  };
  return run(
    customers,
    () => void source(),
    () => waitedMs / customers,
  );
}

function sleeps(programs: number, count: number): Promise<Timed> {
  const sleeper = async (i: number): Promise<void> => {
    for (let k = 0; k < count; k++) await sleep(1 + ((i * 7 + k * 13) % 10));
  };
  const begin = (): void => {
    for (let i = 0; i < programs; i++) void sleeper(i);
  };
  return run(programs * count, begin, () => scheduler.nowMs);
}

await main({ queue, sleeps });
