/**
 * What makes a browser page a terminal: it gets the remote framebuffer protocol by a fetch that does not end, draws it on a canvas, and sends
 * keys and mouse by short fetches, in order. It is built as one file with all that it imports, since a page finds no packages.
 */
import {
  FramebufferClient,
  type FramebufferEncoding,
  type FramebufferInput,
  keysyms,
  type PixelArea,
} from "../protocol/framebuffer/index.js";

/** The parts of a page that are used here; the library is compiled without the types of the DOM. @internal */
export interface TerminalElement {
  textContent: string | null;
  value: string;
  hidden: boolean;
  width: number;
  height: number;
  readonly style: { cursor: string };
  querySelector(selector: string): TerminalElement | null;
  getContext(kind: "2d"): Context;
  getBoundingClientRect(): {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
  addEventListener(kind: string, listener: (event: TerminalEvent) => void): void;
  setPointerCapture(pointerId: number): void;
  focus(options: { readonly preventScroll: boolean }): void;
}

interface Context {
  createImageData(width: number, height: number): { readonly data: Uint8ClampedArray };
  putImageData(image: unknown, x: number, y: number): void;
}

interface TerminalEvent {
  readonly key: string;
  readonly isComposing: boolean;
  readonly buttons: number;
  readonly clientX: number;
  readonly clientY: number;
  readonly pointerId: number;
  preventDefault(): void;
  stopPropagation(): void;
}

const named: Readonly<Record<string, number>> = {
  Backspace: keysyms.backspace,
  Tab: keysyms.tab,
  Enter: keysyms.enter,
  Escape: keysyms.escape,
  Home: keysyms.home,
  ArrowLeft: keysyms.left,
  ArrowUp: keysyms.up,
  ArrowRight: keysyms.right,
  ArrowDown: keysyms.down,
  PageUp: keysyms.pageUp,
  PageDown: keysyms.pageDown,
  End: keysyms.end,
  Delete: keysyms.delete,
  Shift: keysyms.shift,
  Control: keysyms.control,
  Alt: keysyms.alt,
};

/** X's number of a key that a page names; undefined for one that has none here. */
function keysymOf(key: string): number | undefined {
  const code = key.codePointAt(0) as number;
  if ([...key].length !== 1) return named[key];
  // Beyond ISO 8859-1 a keysym is the character's number with a bit set.
  return code < 256 ? code : 0x1000000 + code;
}

const known = ["zrle", "hextile", "rre", "raw"] as const;

/**
 * Opens a terminal in an element that the notebook made. It never throws: what goes wrong is said in the page.
 *
 * @internal
 */
export function openPageTerminal(root: TerminalElement, { url }: { readonly url: string }): void {
  const part = (name: string) => root.querySelector(`[data-${name}]`) as TerminalElement;
  const [canvas, keys, say, choice] = [part("screen"), part("keys"), part("say"), part("encoding")];
  let session: PageSession | undefined;
  const open = () => {
    session?.end();
    const encoding = known.find((name) => name === choice.value) ?? "zrle";
    session = new PageSession(url, encoding, canvas, (text) => {
      say.textContent = text;
    });
    void session.run(() => {
      part("still").hidden = true;
      part("live").hidden = false;
    });
  };
  const send = (input: FramebufferInput) => session?.send(input);
  const key = (event: TerminalEvent, isDown: boolean) => {
    const keysym = keysymOf(event.key);
    event.stopPropagation();
    if (keysym === undefined || event.isComposing) return;
    event.preventDefault();
    send({ kind: "key", isDown, key: keysym });
  };
  keys.addEventListener("keydown", (event) => key(event, true));
  keys.addEventListener("keyup", (event) => key(event, false));
  // What is composed of several keys, such as ã, or pasted, comes as a text.
  const text = (event: TerminalEvent) => {
    if (event.isComposing) return;
    for (const character of keys.value)
      for (const isDown of [true, false])
        send({ kind: "key", isDown, key: character === "\n" ? keysyms.enter : (keysymOf(character) ?? 32) });
    keys.value = "";
  };
  for (const kind of ["input", "compositionend"]) keys.addEventListener(kind, text);
  const point = (event: TerminalEvent) => {
    const box = canvas.getBoundingClientRect();
    const along = (at: number, from: number, long: number, pixels: number) =>
      Math.max(0, Math.min(pixels - 1, Math.floor(((at - from) / long) * pixels)));
    // A page counts the right button as 2 and the middle one as 4; the protocol the other way round.
    const buttons = (event.buttons & 1) | ((event.buttons & 4) >> 1) | ((event.buttons & 2) << 1);
    const x = along(event.clientX, box.left, box.width, canvas.width);
    const y = along(event.clientY, box.top, box.height, canvas.height);
    send({ kind: "pointer", buttons, x, y });
  };
  keys.addEventListener("pointerdown", (event) => {
    keys.focus({ preventScroll: true });
    keys.setPointerCapture(event.pointerId);
    event.preventDefault();
    point(event);
  });
  for (const kind of ["pointermove", "pointerup"]) keys.addEventListener(kind, point);
  keys.addEventListener("contextmenu", (event) => event.preventDefault());
  choice.addEventListener("change", open);
  part("kill").addEventListener("click", () => {
    session?.end();
    say.textContent = "Killed. Nothing was here: run the cell again, and look.";
  });
  open();
}

/** One connection of the page. */
class PageSession {
  readonly #url: string;
  readonly #id: string;
  readonly #canvas: TerminalElement;
  readonly #say: (text: string) => void;
  readonly #client: FramebufferClient;
  readonly #leave = new AbortController();
  #isSending = false;
  #isTouched = false;
  #updates = 0;
  #bytes = 0;
  #lastBytes = 0;
  #touchedMs: number | undefined;
  #answerMs: number | undefined;

  constructor(url: string, encoding: FramebufferEncoding, canvas: TerminalElement, say: (text: string) => void) {
    this.#url = url;
    this.#canvas = canvas;
    this.#say = say;
    this.#client = new FramebufferClient({ encodings: [encoding, "copyRect", "desktopSize"] });
    this.#id = [...crypto.getRandomValues(new Uint8Array(16))]
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join("");
  }

  end(): void {
    this.#leave.abort();
  }

  send(input: FramebufferInput): void {
    if (!this.#client.framebuffer || this.#leave.signal.aborted) return;
    this.#client.input(input);
    this.#isTouched = true;
    if (input.kind === "key") this.#touchedMs ??= performance.now();
    void this.#flush();
  }

  /** @param onReady called when the picture is about to come */
  async run(onReady: () => void): Promise<void> {
    const { signal } = this.#leave;
    try {
      const answer = await fetch(`${this.#url}/down/${this.#id}`, { signal });
      if (!answer.ok || !answer.body)
        return this.#say("The server of this terminal is not there any more: run the cell again.");
      for await (const bytes of chunksOf(answer.body)) {
        for (const event of this.#client.receive(bytes)) {
          if (event.kind === "ready") {
            this.#resize();
            onReady();
            this.#client.request({ isIncremental: false });
          } else if (event.kind === "update") {
            if (event.rectangles.some(({ encoding }) => encoding === "desktopSize")) this.#resize();
            for (const { area } of event.rectangles) this.#draw(area);
            this.#client.request();
            this.#count(event.bytes);
          }
        }
        void this.#flush();
      }
      this.#say("The connection to the server has ended: run the cell again.");
    } catch (error) {
      if (!signal.aborted) this.#say(`The connection to the server has ended: ${(error as Error).message}`);
    } finally {
      this.#leave.abort();
    }
  }

  #count(bytes: number): void {
    this.#updates++;
    this.#bytes += bytes;
    this.#lastBytes = bytes;
    if (this.#touchedMs !== undefined) {
      this.#answerMs = performance.now() - this.#touchedMs;
      this.#touchedMs = undefined;
    }
    const n = (value: number) => value.toLocaleString("en-US");
    const answer = this.#answerMs === undefined ? "" : ` Last key to pixel: ${this.#answerMs.toFixed(0)} ms.`;
    this.#say(`${n(this.#updates)} updates, ${n(this.#bytes)} bytes; the last had ${n(this.#lastBytes)}.${answer}`);
  }

  #resize(): void {
    const { width = 1, height = 1 } = this.#client.framebuffer ?? {};
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#draw({ x: 0, y: 0, width, height });
  }

  #draw(area: PixelArea): void {
    const context = this.#canvas.getContext("2d");
    const colours = this.#client.framebuffer?.read(area) ?? new Uint32Array(0);
    if (colours.length === 0) return;
    const image = context.createImageData(area.width, area.height);
    // These bytes do not wrap around, they stop at 255.
    colours.forEach((colour, i) => {
      image.data[4 * i] = colour >> 16;
      image.data[4 * i + 1] = (colour >> 8) & 255;
      image.data[4 * i + 2] = colour & 255;
      image.data[4 * i + 3] = 255;
    });
    context.putImageData(image, area.x, area.y);
  }

  /** One fetch at a time goes up, so that nothing overtakes; what comes meanwhile goes with the next. */
  async #flush(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let body = this.#client.take(); body.length > 0; body = this.#client.take()) {
        // Text is what may cross from page to server without a question beforehand.
        const headers = { "content-type": "text/plain" };
        const init = { method: "POST", body: body as never, headers, signal: this.#leave.signal };
        const kind = this.#isTouched ? "input" : "requests";
        this.#isTouched = false;
        const answer = await fetch(`${this.#url}/up/${this.#id}/${kind}`, init);
        if (!answer.ok) throw new Error(`the server took no input: ${answer.status}`);
      }
    } catch (error) {
      if (!this.#leave.signal.aborted) this.#say(`The connection to the server has ended: ${(error as Error).message}`);
      this.#leave.abort();
    } finally {
      this.#isSending = false;
    }
  }
}

async function* chunksOf(body: NonNullable<Response["body"]>): AsyncGenerator<Uint8Array> {
  // Not every browser can iterate over a stream.
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
