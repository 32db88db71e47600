/**
 * The process that compiles and runs cells. Orders come in through a thread of their own (`orders.ts`), which a busy
 * cell can't hold up; frames go out by synchronous writes, so that what a cell prints before it hangs is seen.
 */
import { executionAsyncId } from "node:async_hooks";
import { MessageChannel, Worker } from "node:worker_threads";
import type { Order } from "../messages.js";
import { Input } from "./input.js";
import { acknowledged, busyInKernel, counters, interruptions } from "./interruption.js";
import type { OrdersData } from "./orders.js";
import { captureStreams, watchChildren } from "./output.js";

const flags = counters();
// Up to the first order: until then a termination would break the kernel.
Atomics.store(flags, busyInKernel, 1);
// Orders come by a port of their own, which holds them until somebody listens: a Worker's own messages are lost before that.
const { port1: orders, port2: giver } = new MessageChannel();
const { port1: answers, port2: answerer } = new MessageChannel();
const taker = new Worker(new URL("./orders.js", import.meta.url), {
  workerData: { flags, giver, answerer } satisfies OrdersData,
  transferList: [giver, answerer],
});
watchChildren((pid, alive) => taker.postMessage({ pid, alive }));
// Without it no cell would ever come.
taker.on("exit", () => process.exit(1));

/** Marks a stretch in which terminating JavaScript would break the kernel instead of the cell. */
function guarded<T>(work: () => T): T {
  Atomics.add(flags, busyInKernel, 1);
  try {
    return work();
  } finally {
    Atomics.sub(flags, busyInKernel, 1);
  }
}

let usualAsyncId: number | undefined;

/**
 * A terminated callback leaves its asynchronous context on Node's stack, and with it a foreign store in every
 * AsyncLocalStorage. Node empties that stack when an exception has reached the top, so one is thrown.
 */
function mendAsyncContext(): void {
  if (executionAsyncId() !== usualAsyncId) throw new Interrupted("the cell was stopped");
}

// The compiler takes a second to load; the thread above starts beside it.
const [{ Cells }, { Interrupted }] = await Promise.all([import("./cells.js"), import("kernel-lib/errors")]);
const cells = new Cells(guarded, () => Atomics.load(flags, interruptions), new Input(flags, answers));
captureStreams(() => cells.currentId);

orders.on("message", (order: Order & { sequence?: number }) => {
  usualAsyncId ??= executionAsyncId();
  // No stretch is marked between turns; a termination that came just as one began has skipped its end.
  Atomics.store(flags, busyInKernel, 0);
  switch (order.do) {
    case "execute":
      cells.execute(order);
      break;
    case "interrupt":
      cells.interrupt(order.unanswered);
      Atomics.store(flags, acknowledged, order.sequence ?? 0);
      mendAsyncContext();
      break;
    case "input":
      cells.input(order);
      break;
    case "exit":
      process.exit(0);
      break;
    default:
      guarded(() => cells.answer(order));
  }
});
