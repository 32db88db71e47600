/**
 * Real peers in a network of their own: what `rpcbind`, `rpcinfo`, `openbsd-inetd` and programs made by `rpcgen` say, beside ours; in
 * `calendar/`, a real calendar server; in `hand-off/`, network stacks that hand a connection on; in `virtual-machine/`, QEMU; in `x/`, programs and a server of the X Window System. They need tools that not every machine has; a missing one is named by {@link ToolMissing}.
 *
 * @module
 */
export * from "./calendar/index.js";
export * from "./hand-off/index.js";
export { type InetdLabOptions, type InetdReplyRow, type InetdRequest, inetdLab } from "./inetd-lab.js";
export {
  type LabCommand,
  type PortmapperLabOptions,
  type PortmapperLabResult,
  portmapperLab,
} from "./portmapper-lab.js";
export { type RpcgenLabOptions, type RpcgenPeers, type RpcgenServer, rpcgenLab } from "./rpcgen-lab.js";
export * from "./virtual-machine/index.js";
export * from "./x/index.js";
