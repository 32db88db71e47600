import { base64, loaded } from "../platform.js";
import { png } from "./png.js";

interface ImageData {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

interface Colour {
  readonly r: number;
  readonly g: number;
  readonly b: number;
  readonly opacity: number;
}

/** What a canvas element must have to be painted on. */
export interface CanvasElement {
  readonly width: number;
  readonly height: number;
  getContext(kind: string): unknown;
  toDataURL(type?: string): string;
}

/**
 * Gives a canvas element of a document outside a browser what Observable Plot asks of one: single pixels, filled rectangles,
 * and a PNG. Lines, text and pictures can't be drawn on it.
 */
export function paintable<T extends CanvasElement>(canvas: T): T {
  let pixels = new Uint8ClampedArray(0);
  // As in a browser, a canvas that gets another size is empty.
  const current = (): Uint8ClampedArray => {
    const length = 4 * canvas.width * canvas.height;
    if (pixels.length !== length) pixels = new Uint8ClampedArray(length);
    return pixels;
  };
  const createImageData = (width: number, height: number): ImageData => ({
    width,
    height,
    data: new Uint8ClampedArray(4 * width * height),
  });
  const context = {
    canvas,
    fillStyle: "#000",
    createImageData,
    /** Every pixel in the rectangle that lies on the canvas, with its place in `data`. */
    putImageData({ width, height, data }: ImageData, left: number, top: number): void {
      eachPixel(canvas, left, top, width, height, (at, x, y) => {
        const from = 4 * ((y - top) * width + (x - left));
        current().set(data.subarray(from, from + 4), at);
      });
    },
    fillRect(left: number, top: number, width: number, height: number): void {
      const { color } = loaded("d3-color") as { color(text: string): { rgb(): Colour } | null };
      const { r, g, b, opacity } = color(String(this.fillStyle))?.rgb() ?? { r: 0, g: 0, b: 0, opacity: 1 };
      eachPixel(canvas, left, top, width, height, (at) => current().set([r, g, b, 255 * opacity], at));
    },
  };
  canvas.getContext = (kind) => (kind === "2d" ? context : null);
  canvas.toDataURL = () =>
    `data:image/png;base64,${base64(png(canvas.width, canvas.height, new Uint8Array(current().buffer)))}`;
  return canvas;
}

function eachPixel(
  canvas: CanvasElement,
  left: number,
  top: number,
  width: number,
  height: number,
  visit: (at: number, x: number, y: number) => void,
): void {
  for (let y = Math.max(0, top); y < Math.min(canvas.height, top + height); y++)
    for (let x = Math.max(0, left); x < Math.min(canvas.width, left + width); x++)
      visit(4 * (y * canvas.width + x), x, y);
}
