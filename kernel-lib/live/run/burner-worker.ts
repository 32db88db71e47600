import { parentPort, workerData } from "node:worker_threads";
import type { BurnerData, BurnRequest } from "./burner.js";

/** How much is burned between two looks at the stop flag, in iterations: some 20 µs. */
const { stop, iterationsPerLook } = workerData as BurnerData;
const flag = new Int32Array(stop);
let state = 1;

/** Work whose cost is known and which the compiler can't leave out. */
function spin(iterations: number): void {
  let x = state;
  for (let i = 0; i < iterations; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  state = x;
}

parentPort?.on("message", ({ ticket, iterations }: BurnRequest) => {
  let left = iterations;
  while (left > 0 && Atomics.load(flag, 0) < ticket) {
    const now = Math.min(left, iterationsPerLook);
    spin(now);
    left -= now;
  }
  parentPort?.postMessage({ ticket, burned: iterations - left });
});

// A thread that is ended while it loads its modules leaves their files open.
parentPort?.postMessage("ready");
