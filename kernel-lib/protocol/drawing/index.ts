/**
 * The X protocol, version 11, by which programs draw on a display that may be elsewhere, as pure functions of bytes: set-up, requests,
 * replies, events and errors in either order of bytes; incremental readers of a stream in each direction; and {@link XTraffic}, which
 * counts what passes between a client and a display, and how often somebody had to wait.
 *
 * Modelled: of the core protocol what common clients without a window manager use, with the sizes of Xproto.h, and requests of any length
 * (BIG-REQUESTS). Left out: what other requests of the core say (their names and sizes are known), and extensions.
 *
 * A request is bytes, and it says how long it is:
 *
 * ```ts
 * import { encodeXRequest } from "kernel-lib";
 *
 * const points = Array.from({ length: 2 }, (_, i) => ({ x: 10 * i, y: 0 }));
 * const request = encodeXRequest("PolyLine", { relative: false, drawable: 1, gc: 2, points });
 * console.log(request.length); // 12 + 4 for each point: 20
 * ```
 *
 * @see R. W. Scheifler, "X Window System Protocol, X Version 11, Release 6.8"; the headers X.h and Xproto.h; "Big Requests Extension".
 */
export { decodeXEvent, encodeXEvent, type XEvent, type XEventFields, type XEventName } from "./events.js";
export { hasXReply, xRequestName } from "./names.js";
export { decodeXReply, encodeXReply, type XReplyFields, type XReplyName } from "./replies.js";
export {
  decodeXRequest,
  encodeXRequest,
  type TextItem,
  textItem,
  textItems,
  type XRequest,
  type XRequestFields,
  type XRequestName,
} from "./requests.js";
export {
  decodeXSetup,
  decodeXSetupReply,
  encodeXSetup,
  encodeXSetupReply,
  type XDepth,
  type XPixmapFormat,
  type XScreenDescription,
  type XSetupReply,
  type XSetupRequest,
  type XSetupSuccess,
  type XVisual,
} from "./setup.js";
export { type XClientMessage, XClientStream, type XDisplayMessage, XDisplayStream } from "./streams.js";
export { XTraffic, type XTrafficCount, type XTrafficRow } from "./traffic.js";
export type { ByteOrder, XBytes } from "./wire.js";
export { decodeXError, encodeXError, type XErrorFields, type XErrorName, xErrorCodes } from "./x-errors.js";
