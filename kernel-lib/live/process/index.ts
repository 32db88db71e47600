/**
 * A `Host` for one real process: the same programs over Node's sockets, with no scenario and no virtual cores around them; and the file server
 * that runs on one, in a process that a test or a reader may kill.
 *
 * @module
 */
export { type FileServerProcess, withFileServerProcess } from "./file-server-process.js";
