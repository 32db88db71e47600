import { MalformedMessage } from "../xdr.js";
import { type ByteWriter, type Parse, u16, u32 } from "./byte-stream.js";
import type { PixelCodec } from "./pixel-format.js";
import { commonest, fillPart, histogram, type Raster, subrectangles } from "./raster.js";

/** Rectangles may lie over each other; who paints each pixel more often than this on average wants to keep us busy. */
const mostLayers = 16;

/** Rise-and-run-length: a background, and rectangles of one pixel upon it. @see RFC 6143 §7.7.3 @internal */
export function writeRre(out: ByteWriter, raster: Raster, codec: PixelCodec): void {
  const background = commonest(histogram(raster.pixels) as Map<number, number>);
  const parts = subrectangles(raster, background);
  out.u32(parts.length).write(codec.bytes, (bytes, at) => codec.write(bytes, at, background));
  for (const { pixel, x, y, width, height } of parts)
    out
      .write(codec.bytes, (bytes, at) => codec.write(bytes, at, pixel))
      .u16(x)
      .u16(y)
      .u16(width)
      .u16(height);
}

/** See {@link writeRre}. @internal */
export function* readRre(raster: Raster, codec: PixelCodec): Parse<void> {
  const head = yield 4 + codec.bytes;
  const count = u32(head, 0);
  raster.pixels.fill(codec.read(head, 4));
  let painted = 0;
  for (let i = 0; i < count; i++) {
    const bytes = yield codec.bytes + 8;
    const pixel = codec.read(bytes, 0);
    const [x = 0, y = 0, width = 0, height = 0] = [0, 2, 4, 6].map((at) => u16(bytes, codec.bytes + at));
    if (x + width > raster.width || y + height > raster.height)
      throw new MalformedMessage(
        `RRE: a rectangle ${width} × ${height} at ${x}, ${y} in one of ${raster.width} × ${raster.height}`,
      );
    painted += Math.max(1, width * height);
    if (painted > mostLayers * raster.pixels.length)
      throw new MalformedMessage(`RRE: rectangles that paint each pixel more than ${mostLayers} times`);
    fillPart(raster, x, y, width, height, pixel);
  }
}
