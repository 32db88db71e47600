/**
 * The thread that takes orders from the launcher while the main thread may be busy for ever.
 *
 * Interrupt, in rising order of force: ask the main thread, which suffices when it only waits; terminate the JavaScript
 * that it runs; end the child process that it waits for synchronously.
 */
import { execFile } from "node:child_process";
import { Session } from "node:inspector";
import { Socket } from "node:net";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { jsonLines, type Order, orderFd } from "../messages.js";
import { acknowledged, answered, busyInKernel, interruptions } from "./interruption.js";

/** What this thread starts with. */
export interface OrdersData {
  /** Of `counters`, shared with the main thread. */
  readonly flags: Int32Array;
  /** Takes orders to the main thread. */
  readonly giver: MessagePort;
  /** Takes answers to a main thread that waits for them. */
  readonly answerer: MessagePort;
}

const { flags, giver, answerer } = workerData as OrdersData;
/** Children that run beside the main thread; others are those it waits for. */
const asynchronous = new Set<number>();
let sequence = 0;

const askEveryMs = 25;
const patienceMs = 150;

parentPort?.on("message", ({ pid, alive }: { pid: number; alive: boolean }) => {
  if (alive) asynchronous.add(pid);
  else asynchronous.delete(pid);
});

const orders = new Socket({ fd: orderFd, readable: true, writable: false });
orders.on(
  "data",
  jsonLines<Order>((order) => {
    if (order.do === "interrupt") interrupt(order.unanswered);
    else if (order.do === "exit") leave();
    else if (order.do === "input" && order.waits) answer(order);
    else giver.postMessage(order);
  }),
);
// The launcher is gone: nobody could stop this process or what it started.
orders.on("close", () => process.kill(0, "SIGKILL"));

function answer(order: Order): void {
  answerer.postMessage(order);
  wake();
}

/** Wakes the main thread if it waits for an answer. */
function wake(): void {
  Atomics.add(flags, answered, 1);
  Atomics.notify(flags, answered);
}

async function interrupt(unanswered: readonly string[]): Promise<void> {
  const mine = ++sequence;
  Atomics.add(flags, interruptions, 1);
  const isDone = () => Atomics.load(flags, acknowledged) >= mine || mine !== sequence;
  const ask = () => giver.postMessage({ do: "interrupt", unanswered, sequence: mine });
  ask();
  wake();
  for (let waitedMs = 0; waitedMs < 60_000; waitedMs += patienceMs) {
    if (await eventually(isDone)) return;
    if (Atomics.load(flags, busyInKernel) === 0) {
      terminate();
      if (await eventually(isDone)) return;
      // Native code can't be terminated: most likely the main thread waits for a child (execSync).
      endAwaitedChildren(waitedMs > 500 ? "SIGKILL" : "SIGINT");
    }
    // A termination may have hit the very turn that took the question.
    ask();
  }
}

async function eventually(isDone: () => boolean): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < patienceMs && !isDone(); waitedMs += askEveryMs) {
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
  return isDone();
}

function terminate(): void {
  const session = new Session();
  session.connectToMainThread();
  session.post("Runtime.terminateExecution", () => session.disconnect());
  setTimeout(() => session.disconnect(), 1000).unref();
}

/** Signals what the main thread waits for, with all that it has started: the wait ends when their pipes close. */
function endAwaitedChildren(signal: NodeJS.Signals): void {
  const listing = execFile(
    "ps",
    ["-A", "-o", "pid=,ppid="],
    { env: { ...process.env, LC_ALL: "C" } },
    (_error, table) => {
      const parents = new Map(
        table.split("\n").map((line) => line.trim().split(/\s+/).map(Number) as [number, number]),
      );
      const isAwaited = (pid: number): boolean => {
        const parent = parents.get(pid);
        if (parent === undefined || pid === listing.pid || asynchronous.has(pid)) return false;
        return parent === process.pid || isAwaited(parent);
      };
      for (const pid of [...parents.keys()].filter(isAwaited)) {
        try {
          process.kill(pid, signal);
        } catch {
          // It has ended meanwhile.
        }
      }
    },
  );
}

/** Lets the main thread run its exit handlers, if it can. */
function leave(): void {
  giver.postMessage({ do: "exit" });
  interrupt([]);
}
