/** Our side of the Scheduler workloads: one workload a process; prints seconds, events and a result, as the peers do. */
import { exponential, randomStream, Scheduler } from "kernel-lib";

/** Each event schedules another: the classic test of an event list at a steady size. Its delays are drawn beforehand. */
export function hold(pending: number, events: number): { seconds: number; events: number; result: number } {
  const scheduler = new Scheduler();
  const delayMs = exponential({ mean: 1 }, randomStream(1, "delays"));
  const delaysMs = Float64Array.from({ length: 1 << 16 }, delayMs);
  let turn = 0;
  const again = (): void => {
    scheduler.after(delaysMs[turn++ & 0xffff] as number, again);
  };
  for (let i = 0; i < pending; i++) again();
  scheduler.run({ maxEvents: pending });
  const start = process.hrtime.bigint();
  scheduler.run({ maxEvents: events });
  return { seconds: Number(process.hrtime.bigint() - start) / 1e9, events, result: scheduler.nowMs };
}

/** M/M/c: the mean wait of all customers. */
export function queue(servers: number, load: number, customers: number): ReturnType<typeof hold> {
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
  const start = process.hrtime.bigint();
  scheduler.after(gapMs(), arrive);
  const { events } = scheduler.run();
  return { seconds: Number(process.hrtime.bigint() - start) / 1e9, events, result: waitedMs / customers };
}

const [kind, ...numbers] = process.argv.slice(2);
const [a = 0, b = 0, c = 0] = numbers.map(Number);
if (kind === "hold" || kind === "queue") {
  const { seconds, events, result } = kind === "hold" ? hold(a, b) : queue(a, b, c);
  console.log(`${seconds.toFixed(9)} ${events} ${result.toFixed(6)}`);
}
