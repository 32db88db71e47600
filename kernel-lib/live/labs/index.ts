/**
 * Real peers in a network of their own: what `rpcbind`, `rpcinfo` and `openbsd-inetd` say, beside ours. They need system tools; a missing one is
 * named by {@link ToolMissing}.
 *
 * @module
 */
export { type InetdLabOptions, type InetdReplyRow, type InetdRequest, inetdLab } from "./inetd-lab.js";
export {
  type LabCommand,
  type PortmapperLabOptions,
  type PortmapperLabResult,
  portmapperLab,
} from "./portmapper-lab.js";
