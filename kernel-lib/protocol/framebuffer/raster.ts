/**
 * A rectangle of pixels in the numbers of a pixel format, row by row: what an encoding turns into bytes, and what comes out again.
 *
 * @internal
 */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

/** A part of a raster, as a raster; what lies outside is left out. @internal */
export function partOf(raster: Raster, x: number, y: number, width: number, height: number): Raster {
  const [w, h] = [Math.min(width, raster.width - x), Math.min(height, raster.height - y)];
  const pixels = new Uint32Array(w * h);
  for (let row = 0; row < h; row++) {
    const from = (y + row) * raster.width + x;
    pixels.set(raster.pixels.subarray(from, from + w), row * w);
  }
  return { width: w, height: h, pixels };
}

/** Gives a part of a raster one pixel. @internal */
export function fillPart(raster: Raster, x: number, y: number, width: number, height: number, pixel: number): void {
  for (let row = y; row < y + height; row++) {
    const from = row * raster.width + x;
    raster.pixels.fill(pixel, from, from + width);
  }
}

/** Puts one raster into another. @internal */
export function putPart(raster: Raster, x: number, y: number, part: Raster): void {
  for (let row = 0; row < part.height; row++)
    raster.pixels.set(part.pixels.subarray(row * part.width, (row + 1) * part.width), (y + row) * raster.width + x);
}

/** How often each pixel occurs; undefined as soon as there are more than `most` different ones. @internal */
export function histogram(pixels: Uint32Array, most = Number.POSITIVE_INFINITY): Map<number, number> | undefined {
  const counts = new Map<number, number>();
  for (let i = 0; i < pixels.length; ) {
    const pixel = pixels[i] as number;
    let end = i + 1;
    while (end < pixels.length && pixels[end] === pixel) end++;
    const before = counts.get(pixel);
    if (before === undefined && counts.size >= most) return undefined;
    counts.set(pixel, (before ?? 0) + end - i);
    i = end;
  }
  return counts;
}

/** The pixel that occurs most; of several the one that comes first. @internal */
export function commonest(counts: ReadonlyMap<number, number>): number {
  let [best, most] = [0, 0];
  for (const [pixel, count] of counts) if (count > most) [best, most] = [pixel, count];
  return best;
}

/** A rectangle of one pixel, inside a raster. @internal */
export interface Subrectangle {
  readonly pixel: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Covers all that is not background with rectangles of one pixel each, none over another: each grows to the right, then downwards. Of
 * the many ways this is a quick one, not the one with the fewest.
 *
 * @internal
 */
export function subrectangles({ width, height, pixels }: Raster, background: number): Subrectangle[] {
  const found: Subrectangle[] = [];
  const isCovered = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = y * width + x;
      const pixel = pixels[from] as number;
      if (pixel === background || isCovered[from]) continue;
      let right = x + 1;
      while (right < width && pixels[y * width + right] === pixel && !isCovered[y * width + right]) right++;
      const isSame = (row: number) => {
        for (let at = row * width + x; at < row * width + right; at++)
          if (pixels[at] !== pixel || isCovered[at]) return false;
        return true;
      };
      let bottom = y + 1;
      while (bottom < height && isSame(bottom)) bottom++;
      for (let row = y; row < bottom; row++) isCovered.fill(1, row * width + x, row * width + right);
      found.push({ pixel, x, y, width: right - x, height: bottom - y });
    }
  return found;
}
