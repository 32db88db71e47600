import { checkOptions, checkPositive, checkWhole } from "../../errors.js";
import { Framebuffer, type FramebufferInput, keysyms, type PixelArea } from "../../protocol/index.js";
import type { TerminalApplication } from "./application.js";
import { isInk, isPrintable, letterWidth, lineHeight } from "./font.js";

/** Options of {@link Desk}. */
export interface DeskOptions {
  /** In pixels; 640 unless told. */
  readonly width?: number;
  /** In pixels; 400 unless told. */
  readonly height?: number;
  /** Pictures a second of the film in its corner; no film unless told. */
  readonly filmPerS?: number;
  /** The film's width in pixels; 160 unless told. */
  readonly filmWidth?: number;
  /** The film's height in pixels; 120 unless told. */
  readonly filmHeight?: number;
}

const colours = { ground: 0x2e5a88, paper: 0xfffff4, ink: 0x202020, title: 0xd9a441, caret: 0xd55e00, paint: 0xf4f4f4 };
const titleHeight = 17;
const margin = 4;

// Waves that run through each other, in 256 colours: hard to foresee for an encoding, and quick to draw. A wave is made of parabolas.
const rise = (place: number): number => (place * (128 - place)) >> 5;
const waves = Int16Array.from({ length: 256 }, (_v, i) => (i < 128 ? rise(i) : -rise(i - 128)));
const waveAt = (place: number): number => waves[place & 255] as number;
const filmColours = Uint32Array.from({ length: 256 }, (_v, i) => {
  const part = (phase: number) => 128 + (waveAt(8 * i + phase) * 127) / 128;
  return (part(0) << 16) | (part(85) << 8) | part(170);
});

/**
 * A small program with a screen: a window with a text, into which one types, and a ground, upon which one paints with the mouse. The window
 * is moved by its title; its lines scroll. There may be a film in the corner.
 *
 * All that it knows is in this object: text, place of the window, painting.
 */
export class Desk implements TerminalApplication {
  readonly framebuffer: Framebuffer;
  /** How often the film shows its next picture; undefined without one. */
  readonly tickMs: number | undefined;
  /** What has been painted, without the window. */
  readonly #ground: Framebuffer;
  #window: PixelArea;
  #lines: string[] = [""];
  #pointer: { readonly x: number; readonly y: number; readonly isPressed: boolean } = { x: 0, y: 0, isPressed: false };
  #isMoving = false;
  readonly #film: PixelArea;
  #picture = 0;

  /** @throws {@link ParameterError} if a size is not whole and at least 200. */
  constructor(options: DeskOptions = {}) {
    checkOptions("Desk", options);
    const { width = 640, height = 400, filmPerS, filmWidth = 160, filmHeight = 120 } = options;
    checkWhole("Desk", "width", width, 200, 4096);
    checkWhole("Desk", "height", height, 200, 4096);
    checkWhole("Desk", "filmWidth", filmWidth, 1, width - 8);
    checkWhole("Desk", "filmHeight", filmHeight, 1, height - 8);
    this.#film = { x: width - filmWidth - 8, y: height - filmHeight - 8, width: filmWidth, height: filmHeight };
    if (filmPerS !== undefined) this.tickMs = 1000 / checkPositive("Desk", "filmPerS", filmPerS);
    this.framebuffer = new Framebuffer(width, height);
    this.#ground = new Framebuffer(width, height);
    for (const each of [this.framebuffer, this.#ground]) each.fill(each.area, colours.ground);
    const [columns, lines] = [Math.floor((0.6 * width) / letterWidth), Math.floor((0.7 * height) / lineHeight)];
    const size = { width: columns * letterWidth + 2 * margin, height: lines * lineHeight + titleHeight + 2 * margin };
    this.#window = { x: 24, y: 24, ...size };
    this.#drawWindow();
    if (filmPerS !== undefined) this.tick();
  }

  /** What has been typed and is in the window. */
  get text(): string {
    return this.#lines.join("\n");
  }

  /** Where the window stands. */
  get window(): PixelArea {
    return this.#window;
  }

  input(input: FramebufferInput): void {
    if (input.kind === "key") {
      if (input.isDown) this.#key(input.key);
    } else if (input.kind === "pointer") this.#move(input.x, input.y, (input.buttons & 1) === 1);
    else
      for (const character of input.text)
        this.#key(character === "\n" ? keysyms.enter : (character.codePointAt(0) ?? 32));
  }

  /** The film shows its next picture. */
  tick(): void {
    const picture = this.#picture++;
    this.framebuffer.draw(this.#film, (x, y) => {
      const wave = waveAt(3 * x + 5 * picture) + waveAt(5 * y - 7 * picture) + waveAt(2 * (x + y) + 3 * picture);
      return filmColours[wave & 255];
    });
  }

  get #columns(): number {
    return (this.#window.width - 2 * margin) / letterWidth;
  }

  get #most(): number {
    return (this.#window.height - titleHeight - 2 * margin) / lineHeight;
  }

  #key(key: number): void {
    if (key === keysyms.enter) this.#newLine();
    else if (key === keysyms.backspace) this.#erase();
    else if (isPrintable(key)) {
      if (this.#lastLine.length === this.#columns) this.#newLine();
      this.#lines.push(this.#lines.pop() + String.fromCharCode(key));
      this.#drawFrom(this.#lastLine.length - 1);
    }
  }

  get #lastLine(): string {
    return this.#lines.at(-1) ?? "";
  }

  #newLine(): void {
    this.#drawCell(this.#lines.length - 1, this.#lastLine.length, " ", false);
    this.#lines.push("");
    if (this.#lines.length > this.#most) {
      this.#lines.shift();
      const { x, y, width, height } = this.#textArea;
      this.framebuffer.copy({ x, y: y + lineHeight, width, height: height - lineHeight }, 0, -lineHeight);
      this.framebuffer.fill({ x, y: y + height - lineHeight, width, height: lineHeight }, colours.paper);
    }
    this.#drawFrom(0);
  }

  #erase(): void {
    if (this.#lastLine === "") {
      if (this.#lines.length === 1) return;
      this.#drawCell(this.#lines.length - 1, 0, " ", false);
      this.#lines.pop();
    } else {
      this.#drawCell(this.#lines.length - 1, this.#lastLine.length, " ", false);
      this.#lines.push(this.#lastLine.slice(0, -1));
      this.#lines.splice(-2, 1);
    }
    this.#drawFrom(this.#lastLine.length);
  }

  get #textArea(): PixelArea {
    const { x, y, width, height } = this.#window;
    return {
      x: x + margin,
      y: y + titleHeight + margin,
      width: width - 2 * margin,
      height: height - titleHeight - 2 * margin,
    };
  }

  /** Draws the last line from a column on, and the caret behind it. */
  #drawFrom(column: number): void {
    const row = this.#lines.length - 1;
    for (let at = column; at < this.#lastLine.length; at++) this.#drawCell(row, at, this.#lastLine[at] ?? " ", false);
    if (this.#lastLine.length < this.#columns) this.#drawCell(row, this.#lastLine.length, " ", true);
  }

  #drawCell(row: number, column: number, character: string, isCaret: boolean): void {
    if (column >= this.#columns) return;
    const { x, y } = this.#textArea;
    // The caret is a line on the left of the next letter.
    const area = {
      x: x + column * letterWidth,
      y: y + row * lineHeight,
      width: isCaret ? 2 : letterWidth,
      height: lineHeight,
    };
    this.framebuffer.draw(area, (left, top) =>
      isCaret ? colours.caret : isInk(character, left, top) ? colours.ink : colours.paper,
    );
  }

  #drawWindow(): void {
    const { x, y, width } = this.#window;
    this.framebuffer.fill(this.#window, colours.paper);
    this.framebuffer.fill({ x, y, width, height: titleHeight }, colours.title);
    [..."notes: type here; move me by this bar; paint outside"].forEach((character, column) => {
      const left = margin + column * letterWidth;
      if (left + letterWidth > width) return;
      const area = { x: x + left, y: y + 2, width: letterWidth, height: lineHeight };
      this.framebuffer.draw(area, (dx, dy) => (isInk(character, dx, dy) ? colours.ink : undefined));
    });
    this.#drawFrom(0);
  }

  #move(x: number, y: number, isPressed: boolean): void {
    const before = this.#pointer;
    this.#pointer = { x, y, isPressed };
    if (!isPressed) {
      this.#isMoving = false;
      return;
    }
    const from = before.isPressed ? before : { x, y };
    if (!before.isPressed) this.#isMoving = isIn({ ...this.#window, height: titleHeight }, x, y);
    if (this.#isMoving) this.#moveWindow(x - from.x, y - from.y);
    else this.#paint(from, { x, y });
  }

  /** The window goes along, as far as the screen reaches. */
  #moveWindow(right: number, down: number): void {
    const { x, y, width, height } = this.#window;
    const within = (value: number, most: number) => Math.max(0, Math.min(most, value));
    const place = {
      x: within(x + right, this.framebuffer.width - width),
      y: within(y + down, this.framebuffer.height - height),
    };
    const [dx, dy] = [place.x - x, place.y - y];
    if (dx === 0 && dy === 0) return;
    this.framebuffer.copy(this.#window, dx, dy);
    const left = { x: dx > 0 ? x : x + width + dx, y, width: Math.abs(dx), height };
    const above = { x, y: dy > 0 ? y : y + height + dy, width, height: Math.abs(dy) };
    for (const area of [left, above])
      if (area.width > 0 && area.height > 0)
        this.framebuffer.draw(area, (column, row) => this.#ground.at(area.x + column, area.y + row));
    this.#window = { ...this.#window, ...place };
  }

  #paint(from: { readonly x: number; readonly y: number }, to: { readonly x: number; readonly y: number }): void {
    const steps = Math.max(1, Math.abs(to.x - from.x), Math.abs(to.y - from.y));
    for (let i = 0; i <= steps; i++) {
      const x = Math.round(from.x + ((to.x - from.x) * i) / steps);
      const y = Math.round(from.y + ((to.y - from.y) * i) / steps);
      const dot = { x: x - 1, y: y - 1, width: 3, height: 3 };
      this.#ground.fill(dot, colours.paint);
      this.framebuffer.draw(dot, (column, row) =>
        isIn(this.#window, dot.x + column, dot.y + row) ? undefined : colours.paint,
      );
    }
  }
}

const isIn = (area: PixelArea, x: number, y: number): boolean =>
  x >= area.x && y >= area.y && x < area.x + area.width && y < area.y + area.height;
