/**
 * inetd's work for real: {@link startSuperserver} listens for many services and starts a process for who comes; with its measurements and its
 * command. The configuration's form is read in `server/`.
 *
 * @module
 */
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
