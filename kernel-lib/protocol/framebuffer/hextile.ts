import { MalformedMessage } from "../xdr.js";
import { ByteWriter, type Parse } from "./byte-stream.js";
import type { PixelCodec } from "./pixel-format.js";
import { commonest, fillPart, histogram, partOf, putPart, type Raster, subrectangles } from "./raster.js";
import { readRaw, writeRaw } from "./raw.js";

const side = 16;
const isRaw = 1;
const hasBackground = 2;
const hasForeground = 4;
const hasSubrectangles = 8;
const areColoured = 16;

/**
 * Tiles of 16 × 16, each with a background and rectangles upon it, in one colour or several; or raw, where that is shorter. What a tile
 * does not say is as in the tile before.
 *
 * @see RFC 6143 §7.7.4
 * @internal
 */
export function writeHextile(out: ByteWriter, raster: Raster, codec: PixelCodec): void {
  let background: number | undefined;
  let foreground: number | undefined;
  const body = new ByteWriter(1024);
  const pixelTo = (pixel: number) => body.write(codec.bytes, (bytes, at) => codec.write(bytes, at, pixel));
  for (let y = 0; y < raster.height; y += side)
    for (let x = 0; x < raster.width; x += side) {
      const tile = partOf(raster, x, y, side, side);
      const counts = histogram(tile.pixels) as Map<number, number>;
      const ground = commonest(counts);
      const parts = subrectangles(tile, ground);
      const isColoured = counts.size > 2;
      const mark = isColoured ? undefined : parts[0]?.pixel;
      let mask = 0;
      if (ground !== background) {
        mask |= hasBackground;
        pixelTo(ground);
      }
      if (mark !== undefined && mark !== foreground) {
        mask |= hasForeground;
        pixelTo(mark);
      }
      if (parts.length > 0) {
        mask |= hasSubrectangles | (isColoured ? areColoured : 0);
        body.u8(parts.length);
      }
      for (const part of parts) {
        if (isColoured) pixelTo(part.pixel);
        body.u8((part.x << 4) | part.y).u8(((part.width - 1) << 4) | (part.height - 1));
      }
      const bytes = body.take();
      if (parts.length > 255 || bytes.length >= tile.pixels.length * codec.bytes) {
        out.u8(isRaw);
        writeRaw(out, tile, codec);
        // Readers differ in what a raw tile leaves behind, so that the next one says all.
        [background, foreground] = [undefined, undefined];
      } else {
        out.u8(mask).bytes(bytes);
        background = ground;
        if (isColoured) foreground = undefined;
        else if (mark !== undefined) foreground = mark;
      }
    }
}

/** See {@link writeHextile}. @internal */
export function* readHextile(raster: Raster, codec: PixelCodec): Parse<void> {
  let background: number | undefined;
  let foreground: number | undefined;
  for (let y = 0; y < raster.height; y += side)
    for (let x = 0; x < raster.width; x += side) {
      const [width, height] = [Math.min(side, raster.width - x), Math.min(side, raster.height - y)];
      const [mask = 0] = yield 1;
      if (mask & isRaw) {
        const tile = { width, height, pixels: new Uint32Array(width * height) };
        yield* readRaw(tile, codec);
        putPart(raster, x, y, tile);
        continue;
      }
      if (mask & hasBackground) background = codec.read(yield codec.bytes, 0);
      if (background === undefined) throw new MalformedMessage("Hextile: the first tile has no background");
      fillPart(raster, x, y, width, height, background);
      if (mask & hasForeground) foreground = codec.read(yield codec.bytes, 0);
      if (!(mask & hasSubrectangles)) continue;
      const isColoured = (mask & areColoured) !== 0;
      const [count = 0] = yield 1;
      const size = (isColoured ? codec.bytes : 0) + 2;
      const bytes = yield count * size;
      for (let i = 0; i < count; i++) {
        const pixel = isColoured ? codec.read(bytes, i * size) : foreground;
        if (pixel === undefined) throw new MalformedMessage("Hextile: rectangles in a colour that was not said");
        const place = bytes[(i + 1) * size - 2] as number;
        const extent = bytes[(i + 1) * size - 1] as number;
        const part = { x: place >> 4, y: place & 15, width: (extent >> 4) + 1, height: (extent & 15) + 1 };
        if (part.x + part.width > width || part.y + part.height > height)
          throw new MalformedMessage(`Hextile: a rectangle that leaves its tile of ${width} × ${height}`);
        fillPart(raster, x + part.x, y + part.y, part.width, part.height, pixel);
      }
    }
}
