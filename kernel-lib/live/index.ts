/**
 * The world outside: {@link runLive} runs a scenario on this machine, over real sockets, with the real clock, on real cores.
 *
 * Real: sockets on loopback, time, files, and the CPU time that `compute` asks for. Put in by the library: latency, bandwidth
 * and faults, by holding each frame until it is due. Simulated: that a process has a memory of its own (all programs are
 * tasks of one Node process, so that closures of notebook cells work). Where a part of the lecture needs processes of the operating
 * system, {@link startChild} starts them, and none is ever left behind.
 *
 * Its rooms, from the bottom: `system`, `run`, `children`, `process`, `places`, `terminal`, `rpc`, `endings`, `urgent`, `superserver`, `sweeps`, `labs`; each
 * imports only those before it.
 *
 * What is measured stands beside what was predicted from the same draws:
 *
 * ```ts
 * import { type Host, on, runLive, scenario } from "kernel-lib";
 *
 * const nap = async (host: Host) => {
 *   await host.sleep(10);
 *   return host.now();
 * };
 * const run = await runLive(scenario({ hosts: { here: {} }, programs: { nap: on("here", nap) } }));
 * console.log(run.predicted.results.nap, run.results.nap); // 10, and a little more
 * ```
 *
 * @module
 */
export * from "./children/index.js";
export * from "./endings/index.js";
export * from "./labs/index.js";
export * from "./places/index.js";
export * from "./process/index.js";
export * from "./rpc/index.js";
export * from "./run/index.js";
export * from "./superserver/index.js";
export * from "./sweeps/index.js";
export * from "./system/index.js";
export * from "./terminal/index.js";
export * from "./urgent/index.js";
