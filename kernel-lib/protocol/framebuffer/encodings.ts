import type { ByteWriter, Parse } from "./byte-stream.js";
import { readHextile, writeHextile } from "./hextile.js";
import type { PixelCodec } from "./pixel-format.js";
import type { Raster } from "./raster.js";
import { readRaw, writeRaw } from "./raw.js";
import { readRre, writeRre } from "./rre.js";
import { Deflater, Inflater } from "./zlib-stream.js";
import { readZrle, writeZrle } from "./zrle.js";

/** The encodings that are spoken here, and their numbers; `desktopSize` is none, but says that a client can take another size. */
export const framebufferEncodings: Readonly<Record<FramebufferEncoding | "desktopSize", number>> = {
  raw: 0,
  copyRect: 1,
  rre: 2,
  hextile: 5,
  zrle: 16,
  desktopSize: -223,
};

/** How a rectangle of an update is written. */
export type FramebufferEncoding = "raw" | "copyRect" | "rre" | "hextile" | "zrle";

/** An encoding that says which pixels there are, and not where they stood before. */
export type PixelEncoding = Exclude<FramebufferEncoding, "copyRect">;

/** The name of an encoding's number; undefined if it is not spoken here. @internal */
export function encodingOf(number: number): FramebufferEncoding | "desktopSize" | undefined {
  const names = Object.keys(framebufferEncodings) as (keyof typeof framebufferEncodings)[];
  return names.find((name) => framebufferEncodings[name] === number);
}

/** Writes rectangles, one connection's. @internal */
export class RectangleWriter {
  #deflater: Deflater | undefined;

  write(out: ByteWriter, encoding: PixelEncoding, raster: Raster, codec: PixelCodec): void {
    if (encoding === "raw") writeRaw(out, raster, codec);
    else if (encoding === "rre") writeRre(out, raster, codec);
    else if (encoding === "hextile") writeHextile(out, raster, codec);
    else {
      this.#deflater ??= new Deflater();
      writeZrle(out, raster, codec, this.#deflater);
    }
  }
}

/** Reads rectangles, one connection's. @internal */
export class RectangleReader {
  #inflater: Inflater | undefined;

  *read(encoding: PixelEncoding, raster: Raster, codec: PixelCodec): Parse<void> {
    if (encoding === "raw") yield* readRaw(raster, codec);
    else if (encoding === "rre") yield* readRre(raster, codec);
    else if (encoding === "hextile") yield* readHextile(raster, codec);
    else {
      this.#inflater ??= new Inflater();
      yield* readZrle(raster, codec, this.#inflater);
    }
  }
}
