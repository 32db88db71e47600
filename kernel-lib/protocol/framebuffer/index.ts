/**
 * The remote framebuffer protocol (RFB, known by VNC): a screen at the server, a terminal that shows it and sends back keys and mouse.
 *
 * Modelled, at both ends: versions 3.3, 3.7 and 3.8, the security type None, pixel formats of 8, 16 and 32 bits, requests, the encodings Raw,
 * CopyRect, RRE, Hextile and ZRLE, another size, bell and clipboard; streams in pieces of any size, with bounded memory. Left out: passwords
 * and encryption, tables of colours, the shape of the cursor, and all extensions.
 *
 * Sources: RFC 6143 (The Remote Framebuffer Protocol), RFC 1950 (zlib).
 */
export {
  encodeClientMessage,
  type FramebufferClientMessage,
  type FramebufferInput,
  keysyms,
} from "./client-messages.js";
export { type FramebufferEncoding, framebufferEncodings, type PixelEncoding } from "./encodings.js";
export { Framebuffer, type PixelArea } from "./framebuffer.js";
export {
  FramebufferClient,
  type FramebufferClientOptions,
  type FramebufferServerEvent,
  type ReceivedRectangle,
  type ReceivedUpdate,
} from "./framebuffer-client.js";
export { FramebufferServer, type FramebufferServerOptions, type SentUpdate } from "./framebuffer-server.js";
export type { FramebufferVersion } from "./handshake.js";
export {
  colourThrough,
  decodePixelFormat,
  encodePixelFormat,
  type PixelFormat,
  pixelFormats,
} from "./pixel-format.js";
