import { checkOptions, checkWhole, refuse } from "../../errors.js";
import { MalformedMessage } from "../xdr.js";
import { ByteStream, ByteWriter, type Parse, skipBytes, u16, u32 } from "./byte-stream.js";
import { encodeClientMessage, type FramebufferInput, readText } from "./client-messages.js";
import { encodingOf, type FramebufferEncoding, framebufferEncodings, RectangleReader } from "./encodings.js";
import { Framebuffer, type PixelArea } from "./framebuffer.js";
import { checkSize, clientHandshake, type FramebufferVersion } from "./handshake.js";
import { checkPixelFormat, PixelCodec, type PixelFormat } from "./pixel-format.js";

/** Options of {@link FramebufferClient}. */
export interface FramebufferClientOptions {
  /** What it can read, best first; all unless told: ZRLE, Hextile, RRE, CopyRect, Raw, and another size. */
  readonly encodings?: readonly (FramebufferEncoding | "desktopSize")[];
  /** The pixel format to ask for; the server's unless told. */
  readonly format?: PixelFormat;
  /** The newest version that it speaks; 3.8 unless told. */
  readonly version?: FramebufferVersion;
  /** Whether others may stay connected; true unless told. */
  readonly isShared?: boolean;
  /** A server with more pixels is refused; 2²⁴ unless told. */
  readonly mostPixels?: number;
}

/** What came from a server. */
export type FramebufferServerEvent =
  | {
      /** The handshake is over. */
      readonly kind: "ready";
      /** The screen's name. */
      readonly name: string;
      /** The version that both speak. */
      readonly version: FramebufferVersion;
    }
  | ReceivedUpdate
  | {
      /** It wants to be heard. */
      readonly kind: "bell";
    }
  | {
      /** The server's clipboard has changed. */
      readonly kind: "cut text";
      /** What it has now. */
      readonly text: string;
    };

/** A part of the screen has come. */
export interface ReceivedUpdate {
  /** What it is, among the events. */
  readonly kind: "update";
  /** What it changed, in order, and how each came. */
  readonly rectangles: readonly ReceivedRectangle[];
  /** All of it, its header too. */
  readonly bytes: number;
}

/** A rectangle of an update. */
export interface ReceivedRectangle {
  /** How it was written. */
  readonly encoding: FramebufferEncoding | "desktopSize";
  /** Where it lies. */
  readonly area: PixelArea;
  /** Its bytes, its header of 12 too. */
  readonly bytes: number;
}

/** A few bytes can stand for a whole picture; one update may paint all of it so many times. */
const mostLayers = 4;

const allEncodings = ["zrle", "hextile", "rre", "copyRect", "raw", "desktopSize"] as const;

/**
 * The client's end of one connection, without a connection: bytes of the server go in, and its picture comes out. It asks for nothing by
 * itself: whoever wants to see the next change says {@link FramebufferClient.request}.
 *
 * @see RFC 6143
 */
export class FramebufferClient {
  readonly #options: FramebufferClientOptions;
  readonly #out = new ByteWriter(256);
  readonly #stream: ByteStream;
  readonly #reader = new RectangleReader();
  readonly #wanted: readonly (FramebufferEncoding | "desktopSize")[];
  readonly #mostPixels: number;
  #events: FramebufferServerEvent[] = [];
  #framebuffer: Framebuffer | undefined;
  #read = 0;

  /** @throws {@link ParameterError} if an option is none. */
  constructor(options: FramebufferClientOptions = {}) {
    checkOptions("FramebufferClient", options);
    const { encodings = allEncodings, format, version = "3.8", mostPixels = 2 ** 24 } = options;
    const unknown = encodings.find((encoding) => !(encoding in framebufferEncodings));
    if (unknown !== undefined) refuse("FramebufferClient", "encodings", "names of encodings", unknown);
    if (!["3.3", "3.7", "3.8"].includes(version))
      refuse("FramebufferClient", "version", '"3.3", "3.7" or "3.8"', version);
    if (format) checkPixelFormat("FramebufferClient", format);
    this.#mostPixels = checkWhole("FramebufferClient", "mostPixels", mostPixels, 1, 2 ** 24);
    this.#options = options;
    this.#wanted = encodings;
    this.#stream = new ByteStream(this.#counted(this.#session(version)));
  }

  /** The picture, as far as it has come; undefined until the handshake is over. */
  get framebuffer(): Framebuffer | undefined {
    return this.#framebuffer;
  }

  /**
   * Takes bytes of the server.
   *
   * @returns what they say.
   * @throws {@link MalformedMessage} if they are not the protocol's, or the server refuses: end the connection.
   */
  receive(bytes: Uint8Array): FramebufferServerEvent[] {
    this.#stream.push(bytes);
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** The bytes that are to be sent now; empty if there are none. */
  take(): Uint8Array {
    return this.#out.take();
  }

  /**
   * Asks for an update: an incremental one comes as soon as something in the area has changed since the last; else the whole area comes.
   *
   * @throws {@link ParameterError} before the handshake is over, or if the area is none.
   */
  request(what: { readonly isIncremental?: boolean; readonly area?: PixelArea } = {}): void {
    const { isIncremental = true, area = this.#ready("request").area } = what;
    this.#out.bytes(encodeClientMessage({ kind: "update request", isIncremental, area }));
  }

  /** Tells the server what its user does. @throws {@link ParameterError} before the handshake is over, or if it is no input. */
  input(input: FramebufferInput): void {
    this.#ready("input");
    this.#out.bytes(encodeClientMessage(input));
  }

  #ready(where: string): Framebuffer {
    return (
      this.#framebuffer ??
      refuse(`FramebufferClient.${where}`, "the handshake", "over; wait for the event `ready`", "no such event yet")
    );
  }

  *#counted(session: Parse<unknown>): Parse<unknown> {
    for (let step = session.next(); ; ) {
      if (step.done) return step.value;
      this.#read += step.value;
      step = session.next(yield step.value);
    }
  }

  *#session(newest: FramebufferVersion): Parse<never> {
    const { isShared = true, format } = this.#options;
    const { width, height, ...init } = yield* clientHandshake(this.#out, newest, isShared, this.#mostPixels);
    const codec = new PixelCodec(format ?? init.format);
    if (format) this.#out.bytes(encodeClientMessage({ kind: "set pixel format", format }));
    const encodings = this.#wanted.map((encoding) => framebufferEncodings[encoding]);
    this.#out.bytes(encodeClientMessage({ kind: "set encodings", encodings }));
    this.#framebuffer = new Framebuffer(width, height);
    this.#events.push({ kind: "ready", name: init.name, version: init.version });
    for (;;) {
      this.#read = 0;
      const [type] = yield 1;
      if (type === 0) yield* this.#update(this.#framebuffer, codec);
      else if (type === 1) yield* skipColours();
      else if (type === 2) this.#events.push({ kind: "bell" });
      else if (type === 3) this.#events.push({ kind: "cut text", text: yield* readText() });
      else throw new MalformedMessage(`a server's message of type ${type}, which is not spoken here`);
    }
  }

  *#update(framebuffer: Framebuffer, codec: PixelCodec): Parse<void> {
    const count = u16(yield 3, 1);
    const rectangles: ReceivedRectangle[] = [];
    let pixels = 0;
    for (let i = 0; i < count; i++) {
      const before = this.#read;
      const head = yield 12;
      const [x = 0, y = 0, width = 0, height = 0] = [0, 2, 4, 6].map((at) => u16(head, at));
      const number = u32(head, 8) | 0;
      const encoding = encodingOf(number);
      if (encoding === undefined || !(encoding === "raw" || this.#wanted.includes(encoding)))
        throw new MalformedMessage(`a rectangle in encoding ${number}, which was not asked for`);
      const area = { x, y, width, height };
      pixels += width * height;
      if (pixels > mostLayers * this.#mostPixels)
        throw new MalformedMessage(
          `an update of ${pixels} pixels or more, where at most ${mostLayers} times ${this.#mostPixels} may come`,
        );
      yield* this.#rectangle(framebuffer, codec, encoding, area);
      rectangles.push({ encoding, area, bytes: this.#read - before });
    }
    this.#events.push({ kind: "update", rectangles, bytes: this.#read });
  }

  *#rectangle(
    framebuffer: Framebuffer,
    codec: PixelCodec,
    encoding: FramebufferEncoding | "desktopSize",
    area: PixelArea,
  ): Parse<void> {
    const { x, y, width, height } = area;
    if (encoding === "desktopSize") {
      checkSize(width, height, this.#mostPixels);
      return framebuffer.resize(width, height);
    }
    const isInside = (left: number, top: number) =>
      left + width <= framebuffer.width && top + height <= framebuffer.height;
    if (!isInside(x, y))
      throw new MalformedMessage(
        `a rectangle of ${width} × ${height} at ${x}, ${y}, outside of ${framebuffer.width} × ${framebuffer.height}`,
      );
    if (encoding === "copyRect") {
      const from = yield 4;
      const [left, top] = [u16(from, 0), u16(from, 2)];
      if (!isInside(left, top))
        throw new MalformedMessage(`a copy of ${width} × ${height} from ${left}, ${top}, outside`);
      return framebuffer.copy({ ...area, x: left, y: top }, x - left, y - top);
    }
    const raster = { width, height, pixels: new Uint32Array(width * height) };
    yield* this.#reader.read(encoding, raster, codec);
    const { pixels } = raster;
    framebuffer.draw(area, (column, row) => codec.toColour(pixels[row * width + column] as number));
  }
}

/** Colours of a table, which formats with colours of their own have no use for. */
function* skipColours(): Parse<void> {
  const count = u16(yield 5, 3);
  yield* skipBytes(6 * count);
}
