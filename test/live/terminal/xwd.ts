import { colourThrough, type PixelFormat } from "kernel-lib";

/**
 * The pixels of a picture that `xwd` took of a screen of 24 bits, as they look in a pixel format.
 *
 * @see X11/XWDFile.h: a head of numbers of 32 bits, its length first; colours of 12 bytes; rows of pixels
 */
export function readXwd(bytes: Buffer, format?: PixelFormat): { width: number; height: number; rgb: Uint8Array } {
  const field = (i: number) => bytes.readUInt32BE(4 * i);
  const [headBytes, width, height] = [field(0), field(4), field(5)];
  const [isBigEndian, bitsPerPixel, rowBytes, colours] = [field(7) === 1, field(11), field(12), field(19)];
  if (bitsPerPixel !== 32) throw new Error(`a picture of ${bitsPerPixel} bits`);
  const start = headBytes + 12 * colours;
  const rgb = new Uint8Array(3 * width * height);
  const known = new Map<number, number>();
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = start + y * rowBytes + 4 * x;
      const pixel = (isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) & 0xffffff;
      const colour = format ? (known.get(pixel) ?? colourThrough(format, pixel)) : pixel;
      known.set(pixel, colour);
      rgb.set([colour >> 16, (colour >> 8) & 255, colour & 255], 3 * (y * width + x));
    }
  return { width, height, rgb };
}
