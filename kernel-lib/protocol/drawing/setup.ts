import { MalformedMessage } from "../xdr.js";
import {
  type ByteOrder,
  counted,
  fields,
  latin1Bytes,
  padding,
  text,
  u8,
  u16,
  u32,
  unused,
  XReader,
  XWriter,
} from "./wire.js";

/** What a client says first. */
export interface XSetupRequest {
  /** The order of the bytes of all its numbers, and of those that it is sent. */
  readonly order: ByteOrder;
  /** The protocol's version; 11.0 it is. */
  readonly version: readonly [number, number];
  /** How it proves who it is: `MIT-MAGIC-COOKIE-1`, or nothing. */
  readonly authorizationName: string;
  /** The proof. */
  readonly authorizationData: Uint8Array;
}

/** A client's set-up as bytes: 12, and the proof of who it is. */
export function encodeXSetup({
  order = "little",
  authorizationName = "",
  authorizationData = new Uint8Array(0),
}: Partial<Omit<XSetupRequest, "version">> = {}): Uint8Array {
  const to = new XWriter(order);
  to.u8(order === "little" ? 0x6c : 0x42);
  to.skip(1);
  to.u16(11);
  to.u16(0);
  to.u16(authorizationName.length);
  to.u16(authorizationData.length);
  to.skip(2);
  to.bytes(latin1Bytes(authorizationName));
  to.pad();
  to.bytes(authorizationData);
  to.pad();
  return to.finish();
}

/** The byte order that a set-up's first byte chooses: `l` or `B`. @throws {@link MalformedMessage} for any other. @internal */
export function orderOf(first: number): ByteOrder {
  if (first === 0x6c) return "little";
  if (first === 0x42) return "big";
  throw new MalformedMessage(`a client of X begins with "l" or "B", not with byte ${first}`);
}

/** What a client's set-up says. @throws {@link MalformedMessage} if it is none. */
export function decodeXSetup(bytes: Uint8Array): XSetupRequest {
  const order = orderOf(bytes[0] ?? 0);
  const from = new XReader(bytes, order, 2);
  const version = [from.u16(), from.u16()] as const;
  const [nameLength, dataLength] = [from.u16(), from.u16()];
  from.skip(2);
  const authorizationName = text(from, nameLength);
  return { order, version, authorizationName, authorizationData: from.bytes(dataLength) };
}

const visual = fields({
  id: u32,
  visualClass: u8,
  bitsPerColor: u8,
  colormapEntries: u16,
  redMask: u32,
  greenMask: u32,
  blueMask: u32,
  gap: unused(4),
});
const depth = fields({ depth: u8, gap: unused(1), visuals: counted(visual, 24, u16, 4) });
const screen = {
  root: u32,
  colormap: u32,
  whitePixel: u32,
  blackPixel: u32,
  eventMask: u32,
  width: u16,
  height: u16,
  widthMm: u16,
  heightMm: u16,
  minMaps: u16,
  maxMaps: u16,
  rootVisual: u32,
  backingStores: u8,
  saveUnders: u8,
  rootDepth: u8,
  depths: counted(depth, 8, u8, 0),
} as const;
const format = fields({ depth: u8, bitsPerPixel: u8, scanlinePad: u8, gap: unused(5) });

const head = {
  release: u32,
  idBase: u32,
  idMask: u32,
  motionBufferSize: u32,
} as const;
const middle = {
  imageByteOrder: u8,
  bitmapBitOrder: u8,
  scanlineUnit: u8,
  bitmapScanlinePad: u8,
  minKeycode: u8,
  maxKeycode: u8,
  gap: unused(4),
} as const;
const headCodec = fields(head);
const middleCodec = fields(middle);
const screenCodec = fields(screen);

/** How the numbers of pixels mean colours. */
export interface XVisual {
  /** Its identifier. */
  readonly id: number;
  /** Its kind; 4 is TrueColor: a pixel's bits are the colour. */
  readonly visualClass: number;
  /** Bits a channel. */
  readonly bitsPerColor: number;
  /** How many colours a map has. */
  readonly colormapEntries: number;
  /** Which bits of a pixel say how red it is. */
  readonly redMask: number;
  /** How green. */
  readonly greenMask: number;
  /** How blue. */
  readonly blueMask: number;
}

/** A screen, and the window behind all others on it. */
export interface XScreenDescription {
  /** That window. */
  readonly root: number;
  /** Its map of colours. */
  readonly colormap: number;
  /** The pixel that is white. */
  readonly whitePixel: number;
  /** The pixel that is black. */
  readonly blackPixel: number;
  /** Which events others have asked of the root. */
  readonly eventMask: number;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** In millimetres. */
  readonly widthMm: number;
  /** In millimetres. */
  readonly heightMm: number;
  /** How many maps of colours can be used at once, at least. */
  readonly minMaps: number;
  /** And at most. */
  readonly maxMaps: number;
  /** How the root's pixels mean colours. */
  readonly rootVisual: number;
  /** Whether it keeps what is hidden: 0 never, 1 when mapped, 2 always. */
  readonly backingStores: number;
  /** Whether it keeps what lies under a window: 0 or 1. */
  readonly saveUnders: number;
  /** Bits a pixel of the root that mean something. */
  readonly rootDepth: number;
  /** The depths that windows and pixmaps can have, each with its visuals. */
  readonly depths: readonly XDepth[];
}

/** Bits a pixel, and how they mean colours. */
export interface XDepth {
  /** The bits. */
  readonly depth: number;
  /** Their meanings. */
  readonly visuals: readonly XVisual[];
}

/** How the pixels of a depth lie in images. */
export interface XPixmapFormat {
  /** Bits of a pixel that mean something. */
  readonly depth: number;
  /** Bits that it takes. */
  readonly bitsPerPixel: number;
  /** To a multiple of how many bits a row is filled up. */
  readonly scanlinePad: number;
}

/** What a display says of itself, and which identifiers the client may give its own things. */
export interface XSetupSuccess {
  /** The maker's number. */
  readonly release: number;
  /** Where the client's own identifiers begin. */
  readonly idBase: number;
  /** Which bits it may set in them. */
  readonly idMask: number;
  /** How many moves of the pointer it remembers. */
  readonly motionBufferSize: number;
  /** The order of bytes in images: 0 little-endian, 1 big-endian. */
  readonly imageByteOrder: number;
  /** The order of bits in bitmaps: 0 the least significant is on the left. */
  readonly bitmapBitOrder: number;
  /** Bits of a unit of a bitmap's row. */
  readonly scanlineUnit: number;
  /** To a multiple of how many bits a bitmap's row is filled up. */
  readonly bitmapScanlinePad: number;
  /** The first code of a key. */
  readonly minKeycode: number;
  /** The last. */
  readonly maxKeycode: number;
  /** Who made the display. */
  readonly vendor: string;
  /** The longest request, in units of four bytes. */
  readonly maximumRequestLength: number;
  /** How pixels of each depth lie in images. */
  readonly formats: readonly XPixmapFormat[];
  /** The screens, each with its root window. */
  readonly screens: readonly XScreenDescription[];
}

/** A display's answer to a set-up. */
export type XSetupReply =
  | ({
      /** The client is let in. */
      readonly status: "success";
    } & XSetupSuccess)
  | {
      /** It is not. */
      readonly status: "failed" | "authenticate";
      /** Why. */
      readonly reason: string;
    };

/** A display's answer to a set-up as bytes. */
export function encodeXSetupReply(reply: XSetupReply, order: ByteOrder): Uint8Array {
  const to = new XWriter(order);
  if (reply.status !== "success") {
    to.u8(reply.status === "failed" ? 0 : 2);
    to.u8(reply.status === "failed" ? reply.reason.length : 0);
    to.u16(11);
    to.u16(0);
    to.u16((reply.reason.length + padding(reply.reason.length)) / 4);
    to.bytes(latin1Bytes(reply.reason));
    to.pad();
    return to.finish();
  }
  to.u8(1);
  to.skip(1);
  to.u16(11);
  to.u16(0);
  to.skip(2);
  headCodec.write(to, reply);
  to.u16(reply.vendor.length);
  to.u16(reply.maximumRequestLength);
  to.u8(reply.screens.length);
  to.u8(reply.formats.length);
  middleCodec.write(to, reply);
  to.bytes(latin1Bytes(reply.vendor));
  to.pad();
  for (const each of reply.formats) format.write(to, each);
  for (const each of reply.screens) screenCodec.write(to, each);
  const bytes = to.finish();
  new DataView(bytes.buffer).setUint16(6, (bytes.length - 8) / 4, order === "little");
  return bytes;
}

/** What a display's answer to a set-up says. @throws {@link MalformedMessage} if it is shorter than what it announces. */
export function decodeXSetupReply(bytes: Uint8Array, order: ByteOrder): XSetupReply {
  const from = new XReader(bytes, order);
  const status = from.u8();
  const reasonLength = from.u8();
  from.skip(6);
  if (status !== 1) {
    const reason = text(from, status === 0 ? reasonLength : from.left);
    return { status: status === 0 ? "failed" : "authenticate", reason: reason.replace(/\0+$/, "") };
  }
  const start = headCodec.read(from);
  const [vendorLength, maximumRequestLength, screenCount, formatCount] = [from.u16(), from.u16(), from.u8(), from.u8()];
  const numbers = middleCodec.read(from);
  const vendor = text(from, vendorLength);
  const formats = Array.from({ length: formatCount }, () => format.read(from));
  const screens = Array.from({ length: screenCount }, () => screenCodec.read(from));
  return { status: "success", ...start, ...numbers, vendor, maximumRequestLength, formats, screens };
}
