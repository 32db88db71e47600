/**
 * Places for moving programs in real processes and in a browser's page: frozen machines pass over sockets. {@link sendThrough}
 * sends a program by a route; {@link withPlaceProcesses} runs the places of `migration/`, which hand over on request.
 *
 * @module
 */
export {
  type PlaceProcesses,
  type PlaceProcessOptions,
  withPlaceProcesses,
} from "./place-processes.js";
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
