/**
 * A display that is the server of the X protocol ({@link XDisplay}), and programs on a {@link Host} that put it, and its clients, into a
 * network.
 *
 * @module
 */

export { type ShownWindow, XDisplay, type XDisplayClient, type XDisplayOptions } from "./display.js";
export {
  openXDisplay,
  serveXDisplay,
  XClientConnection,
  type XClientOptions,
  type XServiceOptions,
} from "./programs.js";
