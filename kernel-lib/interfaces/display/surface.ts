/** Colours, or the bits of a mask, that requests draw into: a window's contents or a pixmap. */
export class Surface {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly pixels: Uint32Array;

  constructor(width: number, height: number, depth: number) {
    this.width = width;
    this.height = height;
    this.depth = depth;
    this.pixels = new Uint32Array(width * height);
  }

  at(x: number, y: number): number {
    return this.pixels[y * this.width + x] as number;
  }

  has(x: number, y: number): boolean {
    return x >= 0 && y >= 0 && x < this.width && y < this.height;
  }

  /** The part of a row that lies inside, as its first pixel and the one behind its last; the pen decides what becomes of it. */
  span(y: number, from: number, to: number, set: (x: number, y: number) => void): void {
    if (y < 0 || y >= this.height) return;
    const end = Math.min(to, this.width);
    for (let x = Math.max(0, from); x < end; x++) set(x, y);
  }
}

/** What a shape calls for each row of pixels that it covers: from `from` up to and without `to`. */
export type Span = (y: number, from: number, to: number) => void;

/** The rows of a surface that can be drawn at all, so that a shape far outside costs nothing. */
export interface Rows {
  readonly height: number;
}
