import { checkOptions, refuse } from "../../errors.js";
import { ByteStream, ByteWriter, type Parse } from "./byte-stream.js";
import { Changes } from "./changes.js";
import { type FramebufferInput, readClientMessage, writeText } from "./client-messages.js";
import {
  encodingOf,
  type FramebufferEncoding,
  framebufferEncodings,
  type PixelEncoding,
  RectangleWriter,
} from "./encodings.js";
import { common, type Framebuffer, type FramebufferChange, type PixelArea } from "./framebuffer.js";
import { type FramebufferVersion, serverHandshake } from "./handshake.js";
import { checkPixelFormat, PixelCodec, type PixelFormat, pixelFormats } from "./pixel-format.js";

/** Options of {@link FramebufferServer}. */
export interface FramebufferServerOptions {
  /** What clients are told it is called; `terminal` unless told. */
  readonly name?: string;
  /** The newest version that is offered; 3.8 unless told. */
  readonly version?: FramebufferVersion;
  /** What it can write, besides Raw; all unless told. The client's order counts. */
  readonly encodings?: readonly FramebufferEncoding[];
  /** The pixel format until the client asks for another; `rgb888` unless told. */
  readonly format?: PixelFormat;
  /** Whether a rectangle is written as the client likes best even if Raw is shorter, as it may be with RRE; false unless told. */
  readonly evenIfLonger?: boolean;
}

/** What an update took. */
export interface SentUpdate {
  /** Its rectangles, in order. */
  readonly rectangles: readonly {
    /** How its pixels are written; `"desktopSize"` says that the screen has another size now. */
    readonly encoding: FramebufferEncoding | "desktopSize";
    /** Where it is. */
    readonly area: PixelArea;
  }[];
  /** All of it, its header too. */
  readonly bytes: number;
  /** How many pixels were encoded: none for what is only copied. */
  readonly pixels: number;
}

const sizeOf = ({ width, height }: PixelArea) => width * height;

/**
 * The server's end of one connection, without a connection: bytes of the client go in, what its user did comes out, and bytes for it. It
 * sends a part of the framebuffer when the client has asked and something in it is new, and not before: the client *pulls*.
 *
 * One request waits at a time. One that comes while another waits is put together with it, as most servers do.
 *
 * ```ts
 * import { Framebuffer, FramebufferClient, FramebufferServer } from "kernel-lib";
 *
 * const screen = new Framebuffer(64, 48);
 * const [server, client] = [new FramebufferServer(screen), new FramebufferClient()];
 * screen.fill({ x: 8, y: 8, width: 16, height: 16 }, 0xff0000);
 * for (let i = 0; i < 5; i++) {
 *   client.receive(server.take());
 *   if (client.framebuffer && i === 3) client.request({ isIncremental: false });
 *   server.receive(client.take());
 * }
 * console.log(client.framebuffer?.equals(screen)); // true
 * ```
 *
 * @see RFC 6143
 */
export class FramebufferServer {
  readonly #framebuffer: Framebuffer;
  readonly #options: FramebufferServerOptions;
  readonly #out = new ByteWriter(1024);
  readonly #stream: ByteStream;
  readonly #changes = new Changes();
  readonly #unfollow: () => void;
  readonly #writer = new RectangleWriter();
  #inputs: FramebufferInput[] = [];
  #codec: PixelCodec;
  #encoding: PixelEncoding = "raw";
  #canCopy = false;
  #canResize = false;
  #isResized = false;
  #known: { width: number; height: number } = { width: 0, height: 0 };
  #asked: PixelArea | undefined;
  #version: FramebufferVersion | undefined;
  #isShared = true;
  #updates: SentUpdate[] = [];

  /** @throws {@link ParameterError} if an option is none. */
  constructor(framebuffer: Framebuffer, options: FramebufferServerOptions = {}) {
    checkOptions("FramebufferServer", options);
    const { version = "3.8", encodings = [], format = pixelFormats.rgb888 } = options;
    if (!["3.3", "3.7", "3.8"].includes(version))
      refuse("FramebufferServer", "version", '"3.3", "3.7" or "3.8"', version);
    const unknown = encodings.find((encoding) => !(encoding in framebufferEncodings));
    if (unknown !== undefined) refuse("FramebufferServer", "encodings", "names of encodings", unknown);
    checkPixelFormat("FramebufferServer", format);
    this.#framebuffer = framebuffer;
    this.#options = options;
    this.#codec = new PixelCodec(format);
    this.#unfollow = framebuffer.follow((change) => this.#follow(change));
    this.#stream = new ByteStream(this.#session(version));
  }

  /** The version that both speak, as soon as it is known. */
  get version(): FramebufferVersion | undefined {
    return this.#version;
  }

  /** Whether the client lets others stay connected. */
  get isShared(): boolean {
    return this.#isShared;
  }

  /** How changed areas are written for this client, as it asked. */
  get encoding(): PixelEncoding {
    return this.#encoding;
  }

  /** Whether the client waits for an update, because nothing has changed since the last. */
  get isAsked(): boolean {
    return this.#asked !== undefined;
  }

  /**
   * Takes bytes of the client.
   *
   * @returns what its user did.
   * @throws {@link MalformedMessage} if they are not the protocol's: end the connection. What {@link take} gives then is still to be sent.
   */
  receive(bytes: Uint8Array): FramebufferInput[] {
    this.#stream.push(bytes);
    const inputs = this.#inputs;
    this.#inputs = [];
    return inputs;
  }

  /** The bytes that are to be sent now: answers, and an update if one was asked for and there is news. Empty if there is nothing. */
  take(): Uint8Array {
    if (this.#asked) this.#update(this.#asked);
    return this.#out.take();
  }

  /** The updates since the last call, in order. */
  takeUpdates(): readonly SentUpdate[] {
    const updates = this.#updates;
    this.#updates = [];
    return updates;
  }

  /** Rings the client's bell. */
  bell(): void {
    if (this.#version) this.#out.u8(2);
  }

  /** Sends a text to the client's clipboard. @throws {@link ParameterError} if it is too long. */
  cutText(text: string): void {
    if (this.#version) writeText(this.#out.u8(3), "cutText", text);
  }

  /** Follows the framebuffer no more. */
  close(): void {
    this.#unfollow();
    this.#asked = undefined;
  }

  *#session(version: FramebufferVersion): Parse<never> {
    const { name = "terminal" } = this.#options;
    const init = () => {
      const { width, height } = this.#framebuffer;
      this.#known = { width, height };
      this.#isResized = false;
      return { width, height, format: this.#codec.format, name };
    };
    const agreed = yield* serverHandshake(this.#out, version, init);
    this.#isShared = agreed.isShared;
    this.#version = agreed.version;
    for (;;) {
      const message = yield* readClientMessage();
      if (message.kind === "set pixel format") this.#codec = new PixelCodec(message.format);
      else if (message.kind === "set encodings") this.#choose(message.encodings);
      else if (message.kind === "update request") this.#ask(message.area, message.isIncremental);
      else this.#inputs.push(message);
    }
  }

  #choose(numbers: readonly number[]): void {
    const spoken = this.#options.encodings;
    const named = numbers.flatMap((number) => encodingOf(number) ?? []);
    const usable = named.filter((name) => name === "raw" || name === "desktopSize" || !spoken || spoken.includes(name));
    const isOfPixels = (name: (typeof named)[number]): name is PixelEncoding =>
      name !== "copyRect" && name !== "desktopSize";
    // A client that knows none of ours gets Raw, which all must know.
    this.#encoding = usable.find(isOfPixels) ?? "raw";
    this.#canCopy = usable.includes("copyRect");
    this.#canResize = usable.includes("desktopSize");
  }

  #ask(area: PixelArea, isIncremental: boolean): void {
    const inside = common(area, this.#framebuffer.area);
    if (!inside && !this.#isResized) return;
    const asked = inside ?? this.#framebuffer.area;
    if (!isIncremental) this.#changes.add({ kind: "drawn", area: asked });
    this.#asked = this.#asked ? around(this.#asked, asked) : asked;
  }

  #follow(change: FramebufferChange): void {
    if (change.kind !== "resized") return this.#changes.add(change);
    this.#isResized = true;
    // Nothing that was moved lies where it did.
    this.#changes.take(everything, false);
    this.#changes.add({ kind: "drawn", area: this.#framebuffer.area });
  }

  #update(asked: PixelArea): void {
    if (this.#isResized && this.#canResize) return this.#sendSize();
    // A client that can't take another size sees the part that it knows of.
    const visible = common(asked, { x: 0, y: 0, ...this.#known });
    if (this.#changes.isNone || !visible) return;
    const { moves, drawn } = this.#changes.take(visible, this.#canCopy);
    if (moves.length + drawn.length === 0) return;
    this.#asked = undefined;
    const before = this.#out.length;
    this.#out.u16(0).u16(moves.length + drawn.length);
    const rectangles: { encoding: FramebufferEncoding; area: PixelArea }[] = [];
    for (const { area, dx, dy } of moves) {
      this.#head(area, "copyRect")
        .u16(area.x - dx)
        .u16(area.y - dy);
      rectangles.push({ encoding: "copyRect", area });
    }
    for (const area of drawn) rectangles.push({ encoding: this.#pixels(area), area });
    const pixels = drawn.reduce((sum, area) => sum + sizeOf(area), 0);
    this.#updates.push({ rectangles, bytes: this.#out.length - before, pixels });
  }

  #sendSize(): void {
    this.#isResized = false;
    this.#asked = undefined;
    const { area, width, height } = this.#framebuffer;
    this.#known = { width, height };
    const before = this.#out.length;
    this.#out.u16(0).u16(1);
    this.#head(area, "desktopSize");
    const rectangles = [{ encoding: "desktopSize", area } as const];
    this.#updates.push({ rectangles, bytes: this.#out.length - before, pixels: 0 });
  }

  /** @returns the encoding that was taken. */
  #pixels(area: PixelArea): PixelEncoding {
    const pixels = this.#framebuffer.read(area).map((colour) => this.#codec.toPixel(colour));
    const raster = { width: area.width, height: area.height, pixels };
    const encoding = this.#encoding;
    if (encoding !== "rre") {
      this.#head(area, encoding);
      this.#writer.write(this.#out, encoding, raster, this.#codec);
      return encoding;
    }
    // The others are hardly ever longer than Raw, and what has gone through a zlib stream can't be taken back.
    const body = new ByteWriter(1024);
    this.#writer.write(body, encoding, raster, this.#codec);
    const isShorter = body.length <= sizeOf(area) * this.#codec.bytes;
    const chosen = isShorter || this.#options.evenIfLonger ? encoding : "raw";
    this.#head(area, chosen);
    if (chosen === "rre") this.#out.bytes(body.take());
    else this.#writer.write(this.#out, "raw", raster, this.#codec);
    return chosen;
  }

  #head({ x, y, width, height }: PixelArea, encoding: keyof typeof framebufferEncodings): ByteWriter {
    return this.#out.u16(x).u16(y).u16(width).u16(height).u32(framebufferEncodings[encoding]);
  }
}

const everything = { x: 0, y: 0, width: 65536, height: 65536 };

function around(a: PixelArea, b: PixelArea): PixelArea {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  const width = Math.max(a.x + a.width, b.x + b.width) - x;
  return { x, y, width, height: Math.max(a.y + a.height, b.y + b.height) - y };
}
