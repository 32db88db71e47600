/**
 * X for real: our display on loopback, on which unmodified programs of the system draw ({@link startXScreen}); and a tap of ours between such
 * programs and a real X server, Xvfb, which counts requests, replies, bytes and round trips, delays and limits ({@link withXLab}).
 *
 * @module
 */
export { withXLab, type XLab, type XStart } from "./starts.js";
export type { XTapOptions } from "./tap.js";
export { startXScreen, type XScreen, type XScreenClient } from "./x-screen.js";
