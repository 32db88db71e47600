import { checkWhole, refuse } from "../../errors.js";

/** A rectangle of pixels: its upper left corner, and how large it is. */
export interface PixelArea {
  /** Pixels from the left. */
  readonly x: number;
  /** Pixels from the top. */
  readonly y: number;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** The part of two areas that is in both, or undefined if there is none. @internal */
export function common(a: PixelArea, b: PixelArea): PixelArea | undefined {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}

/** A change of a framebuffer: an area has new colours, or holds what stood elsewhere, or all has another size. @internal */
export type FramebufferChange =
  | { readonly kind: "drawn"; readonly area: PixelArea }
  | { readonly kind: "copied"; readonly area: PixelArea; readonly dx: number; readonly dy: number }
  | { readonly kind: "resized" };

/** More pixels no framebuffer has: 64 MiB. */
const mostPixels = 2 ** 24;

/**
 * A picture in memory: a colour (0xRRGGBB) a pixel, row by row. Whoever sends it on follows its changes. What would be drawn outside
 * is cut off.
 */
export class Framebuffer {
  #width: number;
  #height: number;
  #pixels: Uint32Array;
  readonly #followers = new Set<(change: FramebufferChange) => void>();

  /** A black one. @throws {@link ParameterError} if it would have no pixel or more than 2²⁴. */
  constructor(width: number, height: number) {
    this.#width = checkWhole("Framebuffer", "width", width, 1, 65535);
    this.#height = checkWhole("Framebuffer", "height", height, 1, 65535);
    if (width * height > mostPixels) refuse("Framebuffer", "width · height", `at most ${mostPixels}`, width * height);
    this.#pixels = new Uint32Array(width * height);
  }

  /** In pixels. */
  get width(): number {
    return this.#width;
  }

  /** In pixels. */
  get height(): number {
    return this.#height;
  }

  /** All of it, as an area. */
  get area(): PixelArea {
    return { x: 0, y: 0, width: this.#width, height: this.#height };
  }

  /** The colours, row by row. They are its own: to be read. */
  get pixels(): Uint32Array {
    return this.#pixels;
  }

  /** The colour of a pixel; undefined outside. */
  at(x: number, y: number): number | undefined {
    return x >= 0 && y >= 0 && x < this.#width && y < this.#height ? this.#pixels[y * this.#width + x] : undefined;
  }

  /** Gives an area one colour. */
  fill(area: PixelArea, colour: number): void {
    const inside = common(area, this.area);
    if (!inside) return;
    for (let y = inside.y; y < inside.y + inside.height; y++) {
      const at = y * this.#width + inside.x;
      this.#pixels.fill(colour, at, at + inside.width);
    }
    this.#tell({ kind: "drawn", area: inside });
  }

  /** Draws colours, row by row, into an area; `undefined` in place of a colour leaves what is there. */
  draw(area: PixelArea, colourAt: (x: number, y: number) => number | undefined): void {
    const inside = common(area, this.area);
    if (!inside) return;
    for (let y = inside.y; y < inside.y + inside.height; y++)
      for (let x = inside.x; x < inside.x + inside.width; x++) {
        const colour = colourAt(x - area.x, y - area.y);
        if (colour !== undefined) this.#pixels[y * this.#width + x] = colour;
      }
    this.#tell({ kind: "drawn", area: inside });
  }

  /** Copies an area by `dx` to the right and `dy` down; where both are, it holds what stood there before. */
  copy(area: PixelArea, dx: number, dy: number): void {
    const target = { x: area.x + dx, y: area.y + dy, width: area.width, height: area.height };
    // What comes from outside, and what goes there, stays as it is.
    const source = common(area, this.area);
    const inside = source && common({ ...source, x: source.x + dx, y: source.y + dy }, this.area);
    if (!inside || (dx === 0 && dy === 0)) return;
    for (let i = 0; i < inside.height; i++) {
      const y = dy > 0 ? inside.y + inside.height - 1 - i : inside.y + i;
      const from = (y - dy) * this.#width + inside.x - dx;
      this.#pixels.copyWithin(y * this.#width + inside.x, from, from + inside.width);
    }
    this.#tell({ kind: "copied", area: common(target, inside) ?? inside, dx, dy });
  }

  /** The colours of an area that lies inside, row by row. @throws {@link ParameterError} if it does not. */
  read(area: PixelArea): Uint32Array {
    const inside = common(area, this.area);
    if (!inside || inside.width !== area.width || inside.height !== area.height)
      refuse("Framebuffer.read", "area", `inside of ${this.#width} × ${this.#height}`, area);
    const colours = new Uint32Array(area.width * area.height);
    for (let y = 0; y < area.height; y++) {
      const from = (area.y + y) * this.#width + area.x;
      colours.set(this.#pixels.subarray(from, from + area.width), y * area.width);
    }
    return colours;
  }

  /** Gives it another size; what lies in both stays. @throws {@link ParameterError} as the constructor. */
  resize(width: number, height: number): void {
    const larger = new Framebuffer(width, height);
    const kept = common(this.area, larger.area) as PixelArea;
    for (let y = 0; y < kept.height; y++)
      larger.#pixels.set(this.#pixels.subarray(y * this.#width, y * this.#width + kept.width), y * width);
    this.#pixels = larger.#pixels;
    this.#width = width;
    this.#height = height;
    this.#tell({ kind: "resized" });
  }

  /** Whether two have the same size and the same colour in each pixel. */
  equals(other: Framebuffer): boolean {
    if (other.#width !== this.#width || other.#height !== this.#height) return false;
    return this.#pixels.every((colour, i) => colour === other.#pixels[i]);
  }

  /** Calls back for each change. @returns what ends that. @internal */
  follow(follower: (change: FramebufferChange) => void): () => void {
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  #tell(change: FramebufferChange): void {
    for (const follower of this.#followers) follower(change);
  }
}
