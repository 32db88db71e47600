/**
 * Calls of the operating system that Node does not have (sockets by their descriptors, users, native code), and what measurements
 * share. Nothing here knows of hosts, programs or scenarios.
 *
 * @module
 */
export { type NativeAddon, nativeAddons } from "./native-addons.js";
export { type NativeContextRow, nativeContext } from "./native-context.js";
export type { Timings } from "./timings.js";
