import { checkWhole, refuse } from "../../errors.js";
import { MalformedMessage } from "../xdr.js";
import { ByteWriter, latin1, type Parse, readBytes, skipBytes, u16, u32 } from "./byte-stream.js";
import type { PixelArea } from "./framebuffer.js";
import { decodePixelFormat, encodePixelFormat, type PixelFormat } from "./pixel-format.js";

/** What a client asks for and tells, after the handshake. */
export type FramebufferClientMessage =
  | {
      /** From now on pixels shall come so. */
      readonly kind: "set pixel format";
      /** The form of a pixel. */
      readonly format: PixelFormat;
    }
  | {
      /** Which encodings it can read. */
      readonly kind: "set encodings";
      /** Their numbers, the best first. */
      readonly encodings: readonly number[];
    }
  | {
      /** It wants to see a part of the screen. */
      readonly kind: "update request";
      /** Only what has changed since it was last sent; else all of it. */
      readonly isIncremental: boolean;
      /** Which part. */
      readonly area: PixelArea;
    }
  | FramebufferInput;

/** What somebody does at a client. */
export type FramebufferInput =
  | {
      /** A key was pressed or let go. */
      readonly kind: "key";
      /** Pressed, or let go. */
      readonly isDown: boolean;
      /** The key's number in X (a *keysym*): for letters their code in ISO 8859-1. */
      readonly key: number;
    }
  | {
      /** The mouse was moved, or a button pressed or let go. */
      readonly kind: "pointer";
      /** Which buttons are pressed: 1 the left, 2 the middle, 4 the right, 8 and 16 the wheel. */
      readonly buttons: number;
      /** Pixels from the left. */
      readonly x: number;
      /** Pixels from the top. */
      readonly y: number;
    }
  | {
      /** The client's clipboard has changed. */
      readonly kind: "cut text";
      /** What it has now. */
      readonly text: string;
    };

/** A longer text of a clipboard is passed over. */
export const mostTextBytes = 1_000_000;

/** The keys that programs here know by name, as X numbers them. @see X Window System Protocol, appendix A */
export const keysyms: Readonly<
  Record<
    | "backspace"
    | "tab"
    | "enter"
    | "escape"
    | "home"
    | "left"
    | "up"
    | "right"
    | "down"
    | "pageUp"
    | "pageDown"
    | "end"
    | "delete"
    | "shift"
    | "control"
    | "alt",
    number
  >
> = {
  backspace: 0xff08,
  tab: 0xff09,
  enter: 0xff0d,
  escape: 0xff1b,
  home: 0xff50,
  left: 0xff51,
  up: 0xff52,
  right: 0xff53,
  down: 0xff54,
  pageUp: 0xff55,
  pageDown: 0xff56,
  end: 0xff57,
  delete: 0xffff,
  shift: 0xffe1,
  control: 0xffe3,
  alt: 0xffe9,
};

/** The bytes of a client's message. @throws {@link ParameterError} if a field does not fit into it. */
export function encodeClientMessage(message: FramebufferClientMessage): Uint8Array {
  const where = "encodeClientMessage";
  const out = new ByteWriter();
  switch (message?.kind) {
    case "set pixel format":
      return out.u32(0).bytes(encodePixelFormat(message.format)).take();
    case "set encodings":
      out
        .u8(2)
        .u8(0)
        .u16(checkWhole(where, "encodings.length", message.encodings.length, 0, 65535));
      for (const encoding of message.encodings)
        out.u32(checkWhole(where, "encodings", encoding, -(2 ** 31), 2 ** 31 - 1));
      return out.take();
    case "update request": {
      const { x, y, width, height } = message.area;
      out.u8(3).u8(message.isIncremental ? 1 : 0);
      for (const [field, value] of Object.entries({ x, y, width, height }))
        out.u16(checkWhole(where, field, value, 0, 65535));
      return out.take();
    }
    case "key":
      return out
        .u8(4)
        .u8(message.isDown ? 1 : 0)
        .u16(0)
        .u32(checkWhole(where, "key", message.key, 0, 2 ** 32 - 1))
        .take();
    case "pointer":
      return out
        .u8(5)
        .u8(checkWhole(where, "buttons", message.buttons, 0, 255))
        .u16(checkWhole(where, "x", message.x, 0, 65535))
        .u16(checkWhole(where, "y", message.y, 0, 65535))
        .take();
    case "cut text":
      return writeText(out.u8(6), where, message.text).take();
    default:
      return refuse(where, "message.kind", "a kind of message", (message as { kind?: unknown } | undefined)?.kind);
  }
}

/** The rest of a message that carries a text, behind its type. @internal */
export function writeText(out: ByteWriter, where: string, text: string): ByteWriter {
  if (typeof text !== "string" || [...text].length > mostTextBytes)
    refuse(where, "text", `a text of at most ${mostTextBytes} characters`, text);
  return out
    .u8(0)
    .u16(0)
    .u32([...text].length)
    .latin1(text);
}

/** @internal */
export function* readText(): Parse<string> {
  const length = u32(yield 7, 3);
  if (length > mostTextBytes)
    throw new MalformedMessage(`a text of ${length} bytes, where at most ${mostTextBytes} may come`);
  return latin1(yield* readBytes(length));
}

/** The next message of a client. @internal */
export function* readClientMessage(): Parse<FramebufferClientMessage> {
  const [type] = yield 1;
  switch (type) {
    case 0: {
      yield* skipBytes(3);
      return { kind: "set pixel format", format: decodePixelFormat((yield 16).slice()) };
    }
    case 2: {
      const count = u16(yield 3, 1);
      const encodings: number[] = [];
      for (let i = 0; i < count; i++) encodings.push(u32(yield 4, 0) | 0);
      return { kind: "set encodings", encodings };
    }
    case 3: {
      const bytes = yield 9;
      const [x = 0, y = 0, width = 0, height = 0] = [1, 3, 5, 7].map((at) => u16(bytes, at));
      return { kind: "update request", isIncremental: bytes[0] !== 0, area: { x, y, width, height } };
    }
    case 4: {
      const bytes = yield 7;
      return { kind: "key", isDown: bytes[0] !== 0, key: u32(bytes, 3) };
    }
    case 5: {
      const bytes = yield 5;
      return { kind: "pointer", buttons: bytes[0] as number, x: u16(bytes, 1), y: u16(bytes, 3) };
    }
    case 6:
      return { kind: "cut text", text: yield* readText() };
    default:
      throw new MalformedMessage(`a client's message of type ${type}, which is not spoken here`);
  }
}
