import { checkWhole } from "../../errors.js";
import {
  type ByteOrder,
  decodeXRequest,
  decodeXSetup,
  encodeXError,
  encodeXEvent,
  encodeXReply,
  encodeXSetupReply,
  Framebuffer,
  MalformedMessage,
  type XClientMessage,
  XClientStream,
  type XEventFields,
  type XEventName,
  type XReplyFields,
  type XReplyName,
  type XRequest,
  type XRequestFields,
  type XRequestName,
  xRequestName,
} from "../../protocol/index.js";
import { Atoms } from "./atoms.js";
import { drawingRequests } from "./drawing-requests.js";
import { type InputState, pointerMoved, press } from "./input.js";
import { queries } from "./queries.js";
import { RequestFailed, type Resource, XWindow } from "./resources.js";
import type { Surface } from "./surface.js";
import { windowRequests } from "./window-requests.js";

/** See {@link XDisplay}. */
export interface XDisplayOptions {
  /** The screen's width in pixels; 640 unless told. */
  readonly width?: number;
  /** Its height; 480 unless told. */
  readonly height?: number;
  /** Only clients that show this secret (MIT-MAGIC-COOKIE-1) are let in; everybody unless told. */
  readonly cookie?: Uint8Array;
  /** A clock in milliseconds, for the times of events; one that stands still unless told. */
  readonly now?: () => number;
}

/** A window that can be seen. */
export interface ShownWindow {
  /** What its client calls it. */
  readonly name: string;
  /** Its upper left corner on the screen, without its border: pixels from the left. */
  readonly x: number;
  /** Pixels from the top. */
  readonly y: number;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** The numbers that this display gives to what it has from the start. @internal */
export const own = { root: 0x40, colormap: 0x41, visual: 0x42 } as const;

/** How many identifiers a client has, and so where those of the next begin. */
const idMask = 0x1f_ffff;
const mostClients = 255;
/** More pixels all windows and pixmaps together can't have. */
const mostPixels = 2 ** 24;
/** More windows, pixmaps, contexts and so on there can't be. */
const mostResources = 50_000;
const bigRequests = { majorOpcode: 128, maximumLength: 2 ** 20 } as const;

/** What a client sends and gets, at the display. */
export interface XDisplayClient {
  /**
   * Takes the next bytes from the client, carries out what they ask, and sends what there is to be answered and told, to others too.
   * A request that fails is answered by an error.
   *
   * @throws {@link MalformedMessage} if they can't be X: the display has closed this client then.
   */
  push(bytes: Uint8Array): void;
  /** The client is gone: all that it made goes too. */
  close(): void;
}

/** A request that is being carried out. @internal */
export interface Call<N extends XRequestName = XRequestName> {
  readonly display: XDisplay;
  readonly client: Client;
  readonly fields: XRequestFields<N>;
  /** Answers it. */
  reply<R extends XReplyName>(name: R, fields: XReplyFields<R>): void;
}

/** What the display does for each request that it knows. @internal */
export type Handlers = { readonly [N in XRequestName]?: (call: Call<N>) => void };

const handlers: Handlers = { ...queries, ...windowRequests, ...drawingRequests };

/** One client of a display. @internal */
export class Client implements XDisplayClient {
  readonly number: number;
  readonly #display: XDisplay;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #needsCookie: boolean;
  readonly #stream = new XClientStream(4 * bigRequests.maximumLength);
  #out: Uint8Array[] = [];
  order: ByteOrder = "little";
  /** The number of the last request, and its opcode. */
  sequence = 0;
  majorOpcode = 0;
  isClosed = false;

  constructor(display: XDisplay, number: number, send: (bytes: Uint8Array) => void, needsCookie: boolean) {
    this.#display = display;
    this.number = number;
    this.#send = send;
    this.#needsCookie = needsCookie;
  }

  /** Where its identifiers begin. */
  get idBase(): number {
    return this.number * (idMask + 1);
  }

  push(bytes: Uint8Array): void {
    if (this.isClosed) return;
    try {
      for (const message of this.#stream.push(bytes)) {
        if (this.isClosed) break;
        this.#receive(message);
      }
    } catch (error) {
      this.close();
      throw error;
    } finally {
      this.#display.flush();
    }
  }

  close(): void {
    this.isClosed = true;
    this.#display.forget(this);
  }

  say(bytes: Uint8Array): void {
    this.#out.push(bytes);
  }

  tell<N extends XEventName>(name: N, fields: XEventFields<N>): void {
    this.say(encodeXEvent(name, this.sequence, fields, this.order));
  }

  /** Sends all that was said, in one piece. */
  flush(): void {
    const said = this.#out;
    this.#out = [];
    if (said.length === 0) return;
    const whole = new Uint8Array(said.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of said) {
      whole.set(part, at);
      at += part.length;
    }
    this.#send(whole);
  }

  #receive({ kind, bytes, order, sequence }: XClientMessage): void {
    if (kind === "set-up") return this.#setUp(bytes, order);
    this.sequence = sequence;
    this.majorOpcode = bytes[0] as number;
    try {
      if (this.majorOpcode === bigRequests.majorOpcode) {
        const { maximumLength } = bigRequests;
        this.say(encodeXReply("BigRequestsEnable", sequence, { maximumLength }, order));
        return;
      }
      this.#carryOut(decodedRequest(bytes, order));
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      const { code, badValue } = error;
      const minorOpcode = 0;
      this.say(encodeXError(code, { sequence, badValue, minorOpcode, majorOpcode: this.majorOpcode }, order));
    }
  }

  #setUp(bytes: Uint8Array, order: ByteOrder): void {
    this.order = order;
    const { authorizationData } = decodeXSetup(bytes);
    const { cookie } = this.#display;
    const isKnown =
      cookie === undefined ||
      !this.#needsCookie ||
      (cookie.length === authorizationData.length && cookie.every((byte, i) => byte === authorizationData[i]));
    if (isKnown) this.say(encodeXSetupReply(this.#display.description(this), order));
    else {
      this.say(encodeXSetupReply({ status: "failed", reason: "wrong or no MIT-MAGIC-COOKIE-1" }, order));
      this.flush();
      this.close();
    }
  }

  #carryOut({ name, fields }: XRequest): void {
    const handle = handlers[name] as ((call: Call) => void) | undefined;
    if (handle === undefined) throw new RequestFailed("Implementation");
    handle({
      display: this.#display,
      client: this,
      fields,
      reply: (answer, values) => this.say(encodeXReply(answer, this.sequence, values, this.order)),
    });
  }
}

function decodedRequest(bytes: Uint8Array, order: ByteOrder): XRequest {
  try {
    const request = decodeXRequest(bytes, order);
    if (request !== undefined) return request;
  } catch (error) {
    if (error instanceof MalformedMessage) throw new RequestFailed("Length");
    throw error;
  }
  const isKnown = !xRequestName(bytes[0] as number).startsWith("request ");
  throw new RequestFailed(isKnown ? "Implementation" : "Request");
}

/**
 * A display: the *server* of the X protocol. Programs elsewhere are its clients; they ask for windows in it, draw in them, and hear of
 * keys and of the mouse. It is a pure function of what comes in: bytes of clients, and the user's moves.
 *
 * Modelled: windows in windows, contents, pixmaps, drawing with all functions, masks, tiles and stipples, one font, true colour, properties,
 * atoms, pointer, buttons and keys, and the extension BIG-REQUESTS. Every window has contents of its own, as with a compositor, so nothing
 * that was drawn is lost when another window lies above it. Left out: the window manager's part, passive grabs, selections' contents,
 * dashes and the joins of wide lines, pictures of pointers, and other extensions, shaped windows among them. A request that is not here is
 * answered by the error Implementation.
 *
 * @see R. W. Scheifler, "X Window System Protocol, X Version 11, Release 6.8".
 */
export class XDisplay {
  /** @internal */
  readonly atoms = new Atoms();
  /** The window behind all others. @internal */
  readonly root: XWindow;
  /** @internal */
  readonly resources = new Map<number, Resource>();
  /** @internal */
  readonly input: InputState;
  /** @internal */
  readonly cookie: Uint8Array | undefined;
  /** @internal */
  readonly selections = new Map<number, number>();
  readonly #clients = new Map<number, Client>();
  readonly #now: () => number;
  readonly #screen: Framebuffer;
  #nextClient = 1;

  /** @throws {@link ParameterError} if the size is not whole, or out of range. */
  constructor({ width = 640, height = 480, cookie, now = () => 0 }: XDisplayOptions = {}) {
    checkWhole("XDisplay", "width", width, 1, 4096);
    checkWhole("XDisplay", "height", height, 1, 4096);
    this.cookie = cookie;
    this.#now = now;
    this.#screen = new Framebuffer(width, height);
    this.root = new XWindow(own.root, undefined, { x: 0, y: 0, width, height, borderWidth: 0 }, false);
    this.root.background = 0xc8d0d8;
    this.root.isMapped = true;
    this.root.clear(0, 0, width, height);
    this.resources.set(own.root, this.root);
    this.resources.set(own.colormap, { kind: "colormap" });
    this.input = {
      x: width >> 1,
      y: height >> 1,
      buttons: 0,
      inside: this.root,
      grabbedBy: undefined,
      focus: undefined,
    };
  }

  /**
   * A new client.
   *
   * @param send gets the bytes for it.
   * @param options `needsCookie: false` lets it in whatever it shows: one that is no stranger, as a recorded one.
   */
  connect(send: (bytes: Uint8Array) => void, options: { readonly needsCookie?: boolean } = {}): XDisplayClient {
    let number = this.#nextClient;
    for (let tries = 0; this.#clients.has(number) && tries < mostClients; tries++) number = (number % mostClients) + 1;
    this.#nextClient = (number % mostClients) + 1;
    const client = new Client(this, number, send, options.needsCookie ?? true);
    if (this.#clients.has(number)) client.isClosed = true;
    else this.#clients.set(number, client);
    return client;
  }

  /** How many clients there are. */
  get clients(): number {
    return this.#clients.size;
  }

  /** The windows right in the root that can be seen: where they are, and what their clients call them. */
  get windows(): ShownWindow[] {
    const nameAtom = this.atoms.intern("WM_NAME", true) as number;
    return this.root.children
      .filter(({ isMapped }) => isMapped)
      .map((window) => ({
        name: String.fromCharCode(...(window.properties.get(nameAtom)?.value.subarray(0, 200) ?? [])),
        ...window.origin,
        width: window.width,
        height: window.height,
      }));
  }

  /** What is to be seen now. Whoever follows this framebuffer hears what has changed when this is asked for. */
  get screen(): Framebuffer {
    const { width, height } = this.#screen;
    const pixels = new Uint32Array(width * height);
    compose(this.root, 0, 0, { left: 0, top: 0, right: width, bottom: height }, pixels, width);
    let [top, bottom] = [height, -1];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        if (pixels[y * width + x] !== this.#screen.pixels[y * width + x]) {
          top = Math.min(top, y);
          bottom = y;
          break;
        }
    if (bottom >= top)
      this.#screen.draw({ x: 0, y: top, width, height: bottom - top + 1 }, (x, y) => pixels[(top + y) * width + x]);
    return this.#screen;
  }

  /** The mouse is moved to a place on the screen. */
  movePointer(x: number, y: number): void {
    pointerMoved(this, Math.round(x), Math.round(y));
    this.flush();
  }

  /** A button of the mouse, 1 to 5, goes down or up. */
  pressButton(button: number, isDown: boolean): void {
    checkWhole("XDisplay.pressButton", "button", button, 1, 5);
    press(this, { button }, isDown);
    this.flush();
  }

  /** A key goes down or up: a character, or the name of a key (`Return`, `BackSpace`, `Escape`, `Tab`). Others do nothing. */
  pressKey(key: string, isDown: boolean): void {
    press(this, { key }, isDown);
    this.flush();
  }

  /** The time for events. @internal */
  get time(): number {
    return Math.floor(this.#now()) >>> 0;
  }

  /** Sends what was said to clients. @internal */
  flush(): void {
    for (const client of this.#clients.values()) client.flush();
  }

  /** Puts something under an identifier that a client chose. @internal */
  add(client: Client, id: number, resource: Resource): void {
    const isOwn = id - (id & idMask) === client.idBase;
    if (!isOwn || this.resources.has(id)) throw new RequestFailed("IDChoice", id);
    if (this.resources.size >= mostResources) throw new RequestFailed("Alloc");
    this.resources.set(id, resource);
  }

  /** Whether there is room for so many pixels more; else the request fails. @internal */
  makeRoom(width: number, height: number): void {
    let pixels = width * height;
    for (const resource of this.resources.values())
      if ("surface" in resource) pixels += resource.surface?.pixels.length ?? 0;
    if (pixels > mostPixels) throw new RequestFailed("Alloc");
  }

  /** @internal */
  window(id: number): XWindow {
    const found = this.resources.get(id);
    if (found?.kind !== "window") throw new RequestFailed("Window", id);
    return found;
  }

  /** What can be drawn on. @internal */
  surface(id: number): Surface {
    const found = this.resources.get(id);
    if (found?.kind === "window" && found.surface === undefined) throw new RequestFailed("Match", id);
    if (found?.kind !== "window" && found?.kind !== "pixmap") throw new RequestFailed("Drawable", id);
    return found.surface as Surface;
  }

  /** What is to be seen of a window if nothing lies above it: its contents, and what lies in it. @internal */
  contents(window: XWindow): Uint32Array {
    const { width, height } = window;
    const pixels = new Uint32Array(width * height);
    const plain = { left: 0, top: 0, right: width, bottom: height };
    compose(window, 0, 0, plain, pixels, width);
    return pixels;
  }

  /** Tells an event to all clients that want it of this window. @internal */
  tell<N extends XEventName>(window: XWindow, mask: number, name: N, fields: XEventFields<N>): boolean {
    let isHeard = false;
    for (const [number, wanted] of window.wanted) {
      if ((wanted & mask) === 0) continue;
      this.#clients.get(number)?.tell(name, fields);
      isHeard = true;
    }
    return isHeard;
  }

  /** A client is gone. @internal */
  forget(client: Client): void {
    this.#clients.delete(client.number);
    for (const [id, resource] of this.resources) {
      if (id - (id & idMask) !== client.idBase) continue;
      if (resource.kind === "window") this.destroy(resource);
      this.resources.delete(id);
    }
    for (const resource of this.resources.values())
      if (resource.kind === "window") resource.wanted.delete(client.number);
  }

  /** Takes a window away, and all in it. @internal */
  destroy(window: XWindow): void {
    for (const child of [...window.children]) this.destroy(child);
    const { parent } = window;
    if (parent === undefined) return;
    parent.children.splice(parent.children.indexOf(window), 1);
    this.resources.delete(window.id);
    const { input } = this;
    if (input.inside === window) input.inside = parent;
    if (input.grabbedBy?.window === window) input.grabbedBy = undefined;
    if (input.focus === window) input.focus = undefined;
    for (const [selection, owner] of this.selections) if (owner === window.id) this.selections.delete(selection);
    this.tell(window, masks.structure, "DestroyNotify", { event: window.id, window: window.id });
    this.tell(parent, masks.substructure, "DestroyNotify", { event: parent.id, window: window.id });
  }

  /** What a client is told of this display. @internal */
  description(client: Client): Parameters<typeof encodeXSetupReply>[0] {
    const { width, height } = this.root;
    const visual = {
      id: own.visual,
      visualClass: 4, // TrueColor
      bitsPerColor: 8,
      colormapEntries: 256,
      redMask: 0xff0000,
      greenMask: 0xff00,
      blueMask: 0xff,
    };
    const millimetres = (pixels: number) => Math.round((pixels * 25.4) / 96);
    return {
      status: "success",
      release: 1,
      idBase: client.idBase,
      idMask,
      motionBufferSize: 0,
      vendor: "Handoff",
      maximumRequestLength: 0xffff,
      imageByteOrder: 0,
      bitmapBitOrder: 0,
      scanlineUnit: 32,
      bitmapScanlinePad: 32,
      minKeycode: 8,
      maxKeycode: 255,
      formats: [
        { depth: 1, bitsPerPixel: 1, scanlinePad: 32 },
        { depth: 24, bitsPerPixel: 32, scanlinePad: 32 },
      ],
      screens: [
        {
          root: own.root,
          colormap: own.colormap,
          whitePixel: 0xffffff,
          blackPixel: 0,
          eventMask: 0,
          width,
          height,
          widthMm: millimetres(width),
          heightMm: millimetres(height),
          minMaps: 1,
          maxMaps: 1,
          rootVisual: own.visual,
          backingStores: 2,
          saveUnders: 0,
          rootDepth: 24,
          depths: [
            { depth: 24, visuals: [visual] },
            { depth: 1, visuals: [] },
          ],
        },
      ],
    };
  }
}

/** Which events clients ask for, by the bit of their mask. @internal */
export const masks = {
  keyPress: 1 << 0,
  keyRelease: 1 << 1,
  buttonPress: 1 << 2,
  buttonRelease: 1 << 3,
  enter: 1 << 4,
  leave: 1 << 5,
  motion: 1 << 6,
  buttonMotion: 1 << 13,
  exposure: 1 << 15,
  structure: 1 << 17,
  substructure: 1 << 19,
  property: 1 << 22,
} as const;

interface Clip {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Puts a window and what is in it, from the lowest to the highest, into the picture. */
function compose(window: XWindow, left: number, top: number, clip: Clip, pixels: Uint32Array, rowLength: number): void {
  const { surface, width, height, borderWidth: border, borderPixel } = window;
  const inside = common(clip, { left, top, right: left + width, bottom: top + height });
  const outside = common(clip, {
    left: left - border,
    top: top - border,
    right: left + width + border,
    bottom: top + height + border,
  });
  if (surface !== undefined && border > 0)
    for (let y = outside.top; y < outside.bottom; y++)
      for (let x = outside.left; x < outside.right; x++) pixels[y * rowLength + x] = borderPixel;
  if (surface !== undefined && inside.left < inside.right)
    for (let y = inside.top; y < inside.bottom; y++) {
      const from = (y - top) * surface.width + (inside.left - left);
      pixels.set(surface.pixels.subarray(from, from + inside.right - inside.left), y * rowLength + inside.left);
    }
  for (const child of window.children)
    if (child.isMapped)
      compose(child, left + child.x + child.borderWidth, top + child.y + child.borderWidth, inside, pixels, rowLength);
}

const common = (a: Clip, b: Clip): Clip => ({
  left: Math.max(a.left, b.left),
  top: Math.max(a.top, b.top),
  right: Math.min(a.right, b.right),
  bottom: Math.min(a.bottom, b.bottom),
});
