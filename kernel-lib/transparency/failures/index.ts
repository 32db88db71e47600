/**
 * Failure transparency: retries and their pauses, losses, filters of duplicates, what must be written for a crash to be harmless, and the
 * table of server crashes as scenarios.
 *
 * @module
 */
export { type BackOff, type BackOffOptions, backOff } from "./back-off.js";
export { CallTable, type CallTableRow } from "./call-table.js";
export {
  type CrashOptions,
  type CrashOrder,
  type CrashPrograms,
  crashOrderOf,
  crashOrders,
  crashScenario,
  type PrintClient,
  type Printed,
  type PrintServer,
  printClient,
  printed,
  printServer,
  type Reissue,
  reissues,
} from "./crash-table.js";
export { type DurableService, durableService, type Keeping, keepings } from "./durable-service.js";
export { type LossOptions, lossy } from "./lossy.js";
export { type OnceOnly, onceOnly } from "./once-only.js";
export { isLoss, type RetryOptions, retrying } from "./retrying.js";
export type { StatefulMethods, StatefulObject } from "./stateful.js";
