/**
 * Mobility: programs and processes that go from one host of a scenario to another. *Weak*: the code segment and initial data
 * ({@link programShipment}). *Strong*: the execution segment too ({@link processShipment}), as migration or as cloning. A
 * {@link place} takes them in, binds their resources ({@link bindingTable}) and sends them on: when they ask, when another place fetches one
 * ({@link fetchProcess}), or when its own host pushes one away ({@link pushProcess}). Whatever fails on the way, a process is at one
 * of the two places; it dies with the place that it is at, and whoever launched it is told in the time that they chose ({@link LaunchTimedOut}). Left out: security; a call of a resource that is under way can't move.
 *
 * @see Fuggetta, Picco and Vigna, "Understanding Code Mobility", IEEE TSE 24(5), 1998, for the terms.
 */
export {
  type BindingCase,
  type BindingOutcome,
  bindingCaseProgram,
  bindingCases,
  tryBinding,
} from "./binding-cases.js";
export { type BindingRow, bindingTable, type Handle, type Handles, type Strategy } from "./bindings.js";
export { type LaunchOptions, LaunchTimedOut, launch, type MissingProcess } from "./launch.js";
export { Clock, type LocalResource, Mailbox, NumberFile, Printer, ResourceError } from "./local-resources.js";
export { type PlaceOptions, type PlaceRules, place } from "./place.js";
export type { HopRow, Report } from "./reports.js";
export {
  deliver,
  type FetchOptions,
  fetchProcess,
  type ProcessRow,
  type PushOptions,
  processesAt,
  pushProcess,
  type TransferOptions,
} from "./requests.js";
export { inTime, type Pace, type RunOnOptions, runOn } from "./run-on.js";
export {
  type ProcessShipment,
  type ProgramShipment,
  processShipment,
  programShipment,
  type Shipment,
  unload,
} from "./shipment.js";
export { placePort } from "./travel.js";
