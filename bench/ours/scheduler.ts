/** Workloads on the callback Scheduler. usage: hold PENDING EVENTS | queue SERVERS LOAD CUSTOMERS */
import { exponential, randomStream, Scheduler } from "kernel-lib/simulation/index";
import { main, type Timed, timed } from "./timed.js";

/** Each event schedules another: the classic test of an event list at a steady size. Its delays are drawn beforehand. */
function holding(pending: number): Scheduler {
  const scheduler = new Scheduler();
  const delaysMs = Float64Array.from({ length: 1 << 16 }, exponential({ mean: 1 }, randomStream(1, "delays")));
  let turn = 0;
  const again = (): void => {
    scheduler.after(delaysMs[turn++ & 0xffff] as number, again);
  };
  for (let i = 0; i < pending; i++) again();
  return scheduler;
}

function hold(pending: number, events: number): Promise<Timed> {
  const scheduler = holding(pending);
  scheduler.run({ maxEvents: pending });
  return timed(events, () => {
    scheduler.run({ maxEvents: events });
    return scheduler.nowMs;
  });
}

/** M/M/c: the mean wait of all customers. */
function queue(servers: number, load: number, customers: number): Promise<Timed> {
  const scheduler = new Scheduler();
  const gapMs = exponential({ mean: 1 / (load * servers) }, randomStream(1, "arrivals"));
  const serviceMs = exponential({ mean: 1 }, randomStream(1, "service"));
  const waiting = new Float64Array(1 << 16); // a ring
  let head = 0;
  let tail = 0;
  let busy = 0;
  let arrived = 0;
  let waitedMs = 0;
  const leave = (): void => {
    if (head === tail) busy--;
    else {
      waitedMs += scheduler.nowMs - (waiting[head++ & 0xffff] as number);
      scheduler.after(serviceMs(), leave);
    }
  };
  const arrive = (): void => {
    if (++arrived < customers) scheduler.after(gapMs(), arrive);
    if (busy < servers) {
      busy++;
      scheduler.after(serviceMs(), leave);
    } else {
      if (tail - head === waiting.length) throw new Error("the ring of waiting customers is full");
      waiting[tail++ & 0xffff] = scheduler.nowMs;
    }
  };
  return timed(customers, () => {
    scheduler.after(gapMs(), arrive);
    scheduler.run();
    return waitedMs / customers;
  });
}

await main({ hold, queue });
