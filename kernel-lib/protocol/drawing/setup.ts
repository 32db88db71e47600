import { MalformedMessage } from "../xdr.js";
import {
  type ByteOrder,
  counted,
  type FieldsOf,
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

/** What a display says of itself, and which identifiers the client may give its own things. */
export interface XSetupSuccess extends FieldsOf<typeof head>, FieldsOf<typeof middle> {
  /** Who made the display. */
  readonly vendor: string;
  /** The longest request, in units of four bytes. */
  readonly maximumRequestLength: number;
  /** How pixels of each depth lie in images. */
  readonly formats: readonly { readonly depth: number; readonly bitsPerPixel: number; readonly scanlinePad: number }[];
  /** The screens, each with its root window. */
  readonly screens: readonly FieldsOf<typeof screen>[];
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
