/**
 * X for real: our display on loopback, on which unmodified programs of the system draw ({@link startXScreen}); and a tap of ours between such
 * programs and a real X server, Xvfb, which counts requests, replies, bytes and round trips, delays and limits ({@link withXLab}).
 *
 * @module
 */
export { type CodeInMemoryRow, codeInMemory } from "./code-in-memory.js";
export { measureXStarts, type XStartRow, type XStartsOptions } from "./measure-starts.js";
export { withXLab, type XLab, type XStart } from "./starts.js";
export type { XTapOptions } from "./tap.js";
export { startXScreen, type XScreen, type XScreenClient, type XScreenOptions, type XSent } from "./x-screen.js";
