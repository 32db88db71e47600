import type { Font } from "./fonts.js";
import type { XContext } from "./resources.js";
import { type Arc, arcCorners, type Corner, fillArc, fillPolygon, thinLine, wideLine } from "./shapes.js";
import type { Surface } from "./surface.js";

/** What becomes of a pixel, by the function of a context: `s` is drawn, `d` is there. */
const functions: readonly ((s: number, d: number) => number)[] = [
  () => 0,
  (s, d) => s & d,
  (s, d) => s & ~d,
  (s) => s,
  (s, d) => ~s & d,
  (_s, d) => d,
  (s, d) => s ^ d,
  (s, d) => s | d,
  (s, d) => ~s & ~d,
  (s, d) => ~s ^ d,
  (_s, d) => ~d,
  (s, d) => s | ~d,
  (s) => ~s,
  (s, d) => ~s | d,
  (s, d) => ~s | ~d,
  () => ~0,
];

const [tiled, stippled, opaqueStippled] = [1, 2, 3];

/** Draws on a surface as a context says. */
export class Pen {
  readonly #surface: Surface;
  readonly #context: XContext;
  readonly #mask: number;

  constructor(surface: Surface, context: XContext) {
    this.#surface = surface;
    this.#context = context;
    this.#mask = surface.depth === 1 ? 1 : 0xffffff;
  }

  #value(name: string): number {
    return this.#context.values[name] as number;
  }

  /** Gives one pixel a colour, unless it is cut off. */
  set(x: number, y: number, colour: number): void {
    const { clip, values } = this.#context;
    if (!this.#surface.has(x, y)) return;
    if (clip !== undefined) {
      const [atX, atY] = [x - ((values.clipX as number) | 0), y - ((values.clipY as number) | 0)];
      const isInside = Array.isArray(clip)
        ? clip.some((r) => atX >= r.x && atX < r.x + r.width && atY >= r.y && atY < r.y + r.height)
        : (clip as Surface).has(atX, atY) && (clip as Surface).at(atX, atY) !== 0;
      if (!isInside) return;
    }
    const at = y * this.#surface.width + x;
    const before = this.#surface.pixels[at] as number;
    const after = (functions[values.function as number] as (s: number, d: number) => number)(colour, before);
    const planes = this.#mask & (values.planeMask as number);
    this.#surface.pixels[at] = ((after & planes) | (before & ~planes & this.#mask)) >>> 0;
  }

  /** Gives one pixel what the context fills with. */
  #paint = (x: number, y: number): void => {
    const { tile, stipple, values } = this.#context;
    const style = values.fillStyle as number;
    const texture = style === tiled ? tile : style === stippled || style === opaqueStippled ? stipple : undefined;
    if (texture === undefined) return this.set(x, y, values.foreground as number);
    const around = (at: number, size: number) => ((at % size) + size) % size;
    const found = texture.at(
      around(x - ((values.tileStippleX as number) | 0), texture.width),
      around(y - ((values.tileStippleY as number) | 0), texture.height),
    );
    if (style === tiled) this.set(x, y, found);
    else if (found !== 0) this.set(x, y, values.foreground as number);
    else if (style === opaqueStippled) this.set(x, y, values.background as number);
  };

  #span = (y: number, from: number, to: number): void => this.#surface.span(y, from, to, this.#paint);

  point(x: number, y: number): void {
    this.#span(y, x, x + 1);
  }

  rectangle(x: number, y: number, width: number, height: number): void {
    for (let row = Math.max(0, y); row < Math.min(this.#surface.height, y + height); row++)
      this.#span(row, x, x + width);
  }

  polygon(corners: readonly Corner[]): void {
    fillPolygon(corners, this.#value("fillRule") === 1, this.#surface, this.#span);
  }

  arc(arc: Arc): void {
    fillArc(arc, this.#value("arcMode") === 1, this.#surface, this.#span);
  }

  /** Lines from point to point. */
  lines(corners: readonly Corner[]): void {
    const width = this.#value("lineWidth");
    const withEnd = this.#value("capStyle") !== 0;
    corners.forEach((a, i) => {
      const b = corners[i + 1];
      if (b === undefined) {
        if (corners.length === 1 && withEnd) this.point(a.x, a.y);
        return;
      }
      const isLast = i === corners.length - 2;
      if (width > 1) wideLine(a, b, width, corners.length > 2, this.#surface, this.#span);
      else thinLine(a, b, isLast && withEnd, this.#span);
    });
  }

  /** The outline of an arc. */
  outline(arc: Arc): void {
    const corners = arcCorners(arc);
    const width = this.#value("lineWidth");
    if (width > 1) return this.lines(corners);
    for (const { x, y } of corners) this.point(Math.round(x), Math.round(y));
  }

  /** A text whose first character begins at x and stands on y; `isOpaque` if what lies behind it gets the background. */
  text(font: Font, x: number, y: number, codes: Uint8Array, isOpaque: boolean): void {
    const { foreground, background } = this.#context.values as { foreground: number; background: number };
    codes.forEach((code, i) => {
      const left = x + i * font.width;
      if (left + font.width < 0 || left > this.#surface.width) return;
      const rows = font.rows(code);
      for (let row = 0; row < font.ascent + font.descent; row++) {
        const bits = rows?.[row] ?? 0;
        for (let column = 0; column < font.width; column++) {
          const isInk = (bits >> (font.width - 1 - column)) & 1;
          if (isInk && !isOpaque) this.#paint(left + column, y - font.ascent + row);
          else if (isOpaque) this.set(left + column, y - font.ascent + row, isInk ? foreground : background);
        }
      }
    });
  }
}
