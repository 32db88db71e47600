/**
 * Places for moving programs in real processes and in a browser's page: hand-over of frozen machines over sockets and WebSockets.
 *
 * @module
 */
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
