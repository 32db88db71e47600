import { MalformedMessage } from "../xdr.js";
import { ByteWriter, latin1, type Parse, readBytes, u16, u32 } from "./byte-stream.js";
import { decodePixelFormat, encodePixelFormat, type PixelFormat } from "./pixel-format.js";

/** The versions of the protocol that are in use. */
export type FramebufferVersion = "3.3" | "3.7" | "3.8";

/** What a server says of itself when the handshake is over. */
export interface FramebufferServerInit {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** The pixel format that the server likes best, in use until the client asks for another. */
  readonly format: PixelFormat;
  /** What to call it. */
  readonly name: string;
}

const noSecurity = 1;
const mostReasonBytes = 65_536;
const mostNameBytes = 65_536;

/** The line with which both sides open. @internal */
export const versionLine = (version: FramebufferVersion): string => `RFB 003.00${version.slice(2)}\n`;

function* readVersion(): Parse<FramebufferVersion> {
  const line = latin1(yield 12);
  const [, major, minor] = /^RFB (\d{3})\.(\d{3})\n$/.exec(line) ?? [];
  if (major === undefined) throw new MalformedMessage(`not a line of RFB: ${JSON.stringify(line)}`);
  if (Number(major) < 3) throw new MalformedMessage(`RFB ${Number(major)}.${Number(minor)}, which is older than 3.3`);
  // What is not one of the three counts as the next lower; the standard says so of 3.5, and newer ones speak 3.8 too.
  if (Number(major) > 3 || Number(minor) >= 8) return "3.8";
  return Number(minor) === 7 ? "3.7" : "3.3";
}

const older = (a: FramebufferVersion, b: FramebufferVersion): FramebufferVersion => (a < b ? a : b);

/** The server's part, up to and with ServerInit. @returns the version, and whether the client lets others stay. @internal */
export function* serverHandshake(
  out: ByteWriter,
  newest: FramebufferVersion,
  init: () => FramebufferServerInit,
): Parse<{ readonly version: FramebufferVersion; readonly isShared: boolean }> {
  out.latin1(versionLine(newest));
  const version = older(newest, yield* readVersion());
  if (version === "3.3") out.u32(noSecurity);
  else {
    out.u8(1).u8(noSecurity);
    const [chosen] = yield 1;
    if (chosen !== noSecurity) {
      const reason = "only security type 1 (none) is offered";
      if (version === "3.8") out.u32(1).u32(reason.length).latin1(reason);
      throw new MalformedMessage(`a client that chose security type ${chosen}: ${reason}`);
    }
    if (version === "3.8") out.u32(0);
  }
  const [shared] = yield 1;
  out.bytes(encodeServerInit(init()));
  return { version, isShared: shared !== 0 };
}

/** ServerInit: 24 bytes and the name. @see RFC 6143 §7.3.2 @internal */
export function encodeServerInit({ width, height, format, name }: FramebufferServerInit): Uint8Array {
  const text = new ByteWriter().latin1(name).take();
  return new ByteWriter().u16(width).u16(height).bytes(encodePixelFormat(format)).u32(text.length).bytes(text).take();
}

/** The client's part. @internal */
export function* clientHandshake(
  out: ByteWriter,
  newest: FramebufferVersion,
  isShared: boolean,
  mostPixels: number,
): Parse<FramebufferServerInit & { readonly version: FramebufferVersion }> {
  const version = older(newest, yield* readVersion());
  out.latin1(versionLine(version));
  if (version === "3.3") {
    const type = u32(yield 4, 0);
    if (type === 0) throw yield* refused();
    if (type !== noSecurity)
      throw new MalformedMessage(`a server that asks for security type ${type}; only 1 (none) is spoken here`);
  } else {
    const [count = 0] = yield 1;
    if (count === 0) throw yield* refused();
    const offered = (yield count).slice();
    if (!offered.includes(noSecurity))
      throw new MalformedMessage(
        `a server that offers security types ${offered.join(", ")}; only 1 (none) is spoken here`,
      );
    out.u8(noSecurity);
    if (version === "3.8" && u32(yield 4, 0) !== 0) throw yield* refused();
  }
  out.u8(isShared ? 1 : 0);
  const head = yield 24;
  const [width, height] = [u16(head, 0), u16(head, 2)];
  checkSize(width, height, mostPixels);
  const format = decodePixelFormat(head.slice(4, 20));
  const length = u32(head, 20);
  if (length > mostNameBytes) throw new MalformedMessage(`a server's name of ${length} bytes`);
  return { version, width, height, format, name: latin1(yield* readBytes(length)) };
}

/** @internal */
export function checkSize(width: number, height: number, mostPixels: number): void {
  if (width < 1 || height < 1 || width * height > mostPixels)
    throw new MalformedMessage(`a framebuffer of ${width} × ${height} pixels, where at most ${mostPixels} may come`);
}

function* refused(): Parse<MalformedMessage> {
  const length = u32(yield 4, 0);
  if (length > mostReasonBytes) return new MalformedMessage(`refused, for a reason of ${length} bytes`);
  return new MalformedMessage(`the server refused: ${latin1(yield* readBytes(length))}`);
}
