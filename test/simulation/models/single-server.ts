import { exponential, randomStream, Scheduler } from "kernel-lib";

/** M/M/1 with mean service 1 ms: the mean wait of 2,000 customers. */
export function singleServer({ load }: { load: number }, seed: number): { waitMs: number; events: number } {
  const scheduler = new Scheduler();
  const gapMs = exponential({ mean: 1 / load }, randomStream(seed, "arrivals"));
  const serviceMs = exponential({ mean: 1 }, randomStream(seed, "service"));
  let freeAtMs = 0;
  let waitedMs = 0;
  let left = 2000;
  const arrive = (): void => {
    waitedMs += Math.max(0, freeAtMs - scheduler.nowMs);
    freeAtMs = Math.max(freeAtMs, scheduler.nowMs) + serviceMs();
    if (--left > 0) scheduler.after(gapMs(), arrive);
  };
  scheduler.after(gapMs(), arrive);
  return { events: scheduler.run().events, waitMs: waitedMs / 2000 };
}

/** Fails for some points and seeds, and takes its time for others. */
export async function failing({ from }: { from: number }, seed: number): Promise<{ x: number }> {
  await new Promise((resolve) => setTimeout(resolve, seed === from ? 150 : 5));
  if (seed >= from) throw new Error(`no luck with ${seed}`);
  return { x: 1 };
}

/** Never ends. */
export function endless(): never {
  for (;;);
}
