import type { ByteWriter, Parse } from "./byte-stream.js";
import type { PixelCodec } from "./pixel-format.js";
import type { Raster } from "./raster.js";

/** Each pixel, row by row. @see RFC 6143 §7.7.1 @internal */
export function writeRaw(out: ByteWriter, { pixels }: Raster, codec: PixelCodec): void {
  out.write(pixels.length * codec.bytes, (bytes, start) => {
    for (let i = 0, at = start; i < pixels.length; i++, at += codec.bytes) codec.write(bytes, at, pixels[i] as number);
  });
}

/** See {@link writeRaw}; a row at a time, or a part of a long one. @internal */
export function* readRaw({ pixels, width }: Raster, codec: PixelCodec): Parse<void> {
  const step = Math.min(width, 8192);
  for (let i = 0; i < pixels.length; ) {
    const count = Math.min(step, pixels.length - i);
    const bytes = yield count * codec.bytes;
    for (let at = 0; at < bytes.length; at += codec.bytes) pixels[i++] = codec.read(bytes, at);
  }
}
