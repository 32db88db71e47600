/**
 * One file service, four servers: they differ in what they keep between two requests, from nothing to a table of open files and
 * a list of who holds which copies. One client interface in front of all.
 *
 * Modelled: requests and their sizes, disk accesses, memory, reading ahead, copies at clients, leases, calling back, crashes of
 * either side and what is left over, a time of grace in which clients reclaim. Left out: directories, access rights, the CPU time of
 * requests, bytes on the disk beyond one access a block, and servers that share files.
 *
 * @see Sandberg et al., "Design and Implementation of the Sun Network Filesystem", USENIX 1985, for the stateless server; Nelson, Welch
 * and Ousterhout, "Caching in the Sprite Network File System", ACM TOCS 6(1), 1988, for the stateful one; RFC 8881 for
 * grace and reclaiming.
 *
 * @module
 */
export { crashPoints } from "./crash-points.js";
export { type FileClient, fileClient } from "./file-client.js";
export { fileServer } from "./file-server.js";
export {
  checkFiles,
  type FileCheck,
  type FileOperation,
  type FileViolation,
  fileHistory,
} from "./history.js";
export { blockOf, FileError, type FileServerStatus, textOf } from "./protocol.js";
export {
  type FileOperationRow,
  type FileSession,
  type FileWorkload,
  type FileWorkloadOptions,
  fileSessions,
  fileWorkload,
} from "./sessions.js";
export { type FileServerKind, type FileServiceOptions, fileServerKinds } from "./settings.js";
