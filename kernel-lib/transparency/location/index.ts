/**
 * Location, migration and relocation transparency: a home that knows where a service is, sites that it can move between under load, and the
 * layer of a client's middleware that keeps track of it.
 *
 * @module
 */
export { Home, type HomeMethods, home, homePort, type Location, type MoveAnswer } from "./home.js";
export {
  type LeftBehind,
  type MovableServiceOptions,
  Moving,
  type MovingMethods,
  movableService,
  moveService,
} from "./movable-service.js";
export { holdersOf, type LocationCosts, locationCosts } from "./move-rows.js";
export { type TrackingOptions, tracking } from "./tracking.js";
