/**
 * The live driver: {@link runLive} plays a scenario with the real clock, real sockets on loopback and threads that burn CPU time. The meaning
 * of all that happens is the world's; here stand only clock, cores, byte pipes and files, and the refusal of what would take too long.
 *
 * @module
 */
export { type MachineInfo, measureMachine } from "./machine.js";
export { type LiveRun, type RunLiveOptions, runLive } from "./run-live.js";
