/**
 * The world outside: {@link runLive} runs a scenario on this machine, over real sockets, with the real clock, on real cores.
 *
 * Real: sockets on loopback, time, files, and the CPU time that `compute` asks for. Put in by the library: latency, bandwidth
 * and faults, by holding each frame until it is due. Simulated: that a process has a memory of its own (all programs are
 * tasks of one Node process, so that closures of notebook cells work). Where a part of the lecture needs processes of the operating
 * system, {@link startChild} starts them, and none is ever left behind.
 *
 * @module
 */
export {
  type Child,
  type ChildEnd,
  ChildEnded,
  ChildNotStarted,
  type ChildOptions,
  type ChildStream,
  startChild,
  withChildren,
} from "./child.js";
export {
  type ChildProgram,
  type ExecutableProgram,
  type ExportedCode,
  executable,
  exportedProgram,
  type NodeProgram,
  type SourceCode,
  selfContainedProgram,
} from "./child-programs.js";
export * from "./endings/index.js";
export { type FileServerProcess, withFileServerProcess } from "./file-server-process.js";
export { type InetdLabOptions, type InetdReplyRow, type InetdRequest, inetdLab } from "./inetd-lab.js";
export { type MachineInfo, measureMachine } from "./machine.js";
export { type NativeContextRow, nativeContext } from "./native-context.js";
export { type OwnNetworkOptions, runInOwnNetwork, ToolMissing } from "./own-network.js";
export {
  type Portmapper,
  type PortmapperClient,
  type PortmapperOptions,
  portmapperClient,
  startPortmapper,
} from "./portmapper.js";
export {
  type LabCommand,
  type PortmapperLabOptions,
  type PortmapperLabResult,
  portmapperLab,
} from "./portmapper-lab.js";
export {
  type Journey,
  JourneyBroken,
  type Leg,
  type LegRow,
  type ProcessPlace,
  type ProcessPlaceOptions,
  sendThrough,
  startProcessPlace,
} from "./process-place.js";
export { callRpc, type RpcCallOptions, RpcFailed } from "./rpc-client.js";
export { type RpcServer, type RpcServerOptions, serveRpc } from "./rpc-server.js";
export { type LiveRun, type RunLiveOptions, runLive } from "./run-live.js";
export { measureStartCosts, type StartCostOptions, type StartCostRow } from "./start-costs.js";
export { type Superserver, type SuperserverOptions, startSuperserver } from "./superserver.js";
export {
  type FirstByteOptions,
  type FirstByteRow,
  type IdleMemoryOptions,
  type IdleMemoryRow,
  measureFirstByte,
  measureIdleMemory,
} from "./superserver-measures.js";
export type { SuperserverRow } from "./superserver-rows.js";
export { exportedModel, selfContainedModel } from "./sweep-models.js";
export type { Timings } from "./timings.js";
export * from "./urgent/index.js";
