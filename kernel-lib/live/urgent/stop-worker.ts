import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import {
  burn,
  iterationsPerMs,
  machineNowMs,
  type StopThread,
  stepMs,
  type WorkOrder,
  type WorkReport,
} from "./stop-work.js";

/** A thread of the server process: it does requests' work, or keeps a core busy for good. It never looks at sockets. */
const { shared, isLow } = workerData as StopThread;
const words = new Int32Array(shared);

// On Linux the calling thread's alone; where it is the whole process's, all threads sink together.
if (isLow) setPriority(0, 19);

const perStep = Math.round(iterationsPerMs() * stepMs);

parentPort?.on("message", ({ workMs, heeds }: WorkOrder) => {
  const wanted = Math.ceil(workMs / stepMs);
  let steps = 0;
  while (steps < wanted && !(heeds && Atomics.load(words, 0) === 1)) {
    burn(perStep);
    steps++;
  }
  const report: WorkReport = { steps, isFinished: steps === wanted, endedMs: machineNowMs() };
  parentPort?.postMessage(report);
});
parentPort?.postMessage("ready");
