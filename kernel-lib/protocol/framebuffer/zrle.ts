import { MalformedMessage } from "../xdr.js";
import { ByteWriter, type Parse, u32 } from "./byte-stream.js";
import type { PixelCodec } from "./pixel-format.js";
import { histogram, partOf, putPart, type Raster } from "./raster.js";
import type { Deflater, Inflater } from "./zlib-stream.js";

const side = 64;
const mostColours = 127;
const plainRuns = 128;

/** Bits of a pixel that is a number in a palette of 2 to 16 colours. */
const bitsFor = (colours: number): number => (colours <= 2 ? 1 : colours <= 4 ? 2 : 4);

/**
 * Tiles of 64 × 64, each in the shortest of five forms (pixels, one colour, palette, runs, runs of a palette), all of them through one zlib
 * stream, which lasts as long as the connection.
 *
 * @see RFC 6143 §7.7.6
 * @internal
 */
export function writeZrle(out: ByteWriter, raster: Raster, codec: PixelCodec, deflater: Deflater): void {
  const tiles = new ByteWriter(4096);
  for (let y = 0; y < raster.height; y += side)
    for (let x = 0; x < raster.width; x += side) writeTile(tiles, partOf(raster, x, y, side, side), codec);
  const packed = deflater.push(tiles.take());
  out.u32(packed.length).bytes(packed);
}

interface Run {
  readonly pixel: number;
  readonly length: number;
}

function runsOf(pixels: Uint32Array): Run[] {
  const runs: Run[] = [];
  for (let i = 0; i < pixels.length; ) {
    const pixel = pixels[i] as number;
    let end = i + 1;
    while (end < pixels.length && pixels[end] === pixel) end++;
    runs.push({ pixel, length: end - i });
    i = end;
  }
  return runs;
}

/** Bytes of a run's length: each 255 is a byte of its own. */
const bytesOfLength = (length: number): number => Math.floor((length - 1) / 255) + 1;

function writeTile(out: ByteWriter, { width, height, pixels }: Raster, codec: PixelCodec): void {
  const size = codec.compactBytes;
  const pixelTo = (pixel: number) => out.write(size, (bytes, at) => codec.writeCompact(bytes, at, pixel));
  const lengthTo = (length: number) => {
    let left = length - 1;
    for (; left >= 255; left -= 255) out.u8(255);
    out.u8(left);
  };
  const palette = [...(histogram(pixels, mostColours) ?? new Map<number, number>()).keys()];
  const [only] = palette;
  if (palette.length === 1) {
    out.u8(1);
    pixelTo(only as number);
    return;
  }
  const runs = runsOf(pixels);
  const lengths = runs.reduce((sum, { length }) => sum + bytesOfLength(length), 0);
  const indexed = runs.reduce((sum, { length }) => sum + (length === 1 ? 1 : 1 + bytesOfLength(length)), 0);
  const rowBytes = Math.ceil((width * bitsFor(palette.length)) / 8);
  const never = Number.POSITIVE_INFINITY;
  const forms = {
    raw: pixels.length * size,
    packed: palette.length >= 2 && palette.length <= 16 ? palette.length * size + height * rowBytes : never,
    runs: runs.length * size + lengths,
    indexed: palette.length >= 2 ? palette.length * size + indexed : never,
  };
  const least = Math.min(...Object.values(forms));
  const place = new Map(palette.map((pixel, i) => [pixel, i]));
  if (least === forms.raw) {
    out.u8(0);
    for (const pixel of pixels) pixelTo(pixel);
  } else if (least === forms.packed) {
    out.u8(palette.length);
    palette.forEach(pixelTo);
    const bits = bitsFor(palette.length);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; ) {
        let byte = 0;
        for (let at = 8 - bits; at >= 0; at -= bits, x++)
          if (x < width) byte |= (place.get(pixels[y * width + x] as number) as number) << at;
        out.u8(byte);
      }
    }
  } else if (least === forms.runs) {
    out.u8(plainRuns);
    for (const { pixel, length } of runs) {
      pixelTo(pixel);
      lengthTo(length);
    }
  } else {
    out.u8(plainRuns + palette.length);
    palette.forEach(pixelTo);
    for (const { pixel, length } of runs) {
      const index = place.get(pixel) as number;
      if (length === 1) out.u8(index);
      else {
        out.u8(128 + index);
        lengthTo(length);
      }
    }
  }
}

/** See {@link writeZrle}. @internal */
export function* readZrle(raster: Raster, codec: PixelCodec, inflater: Inflater): Parse<void> {
  const tiles = Math.ceil(raster.width / side) * Math.ceil(raster.height / side);
  // The longest form is a run for each pixel; a palette that nobody needs may come on top.
  const mostBytes = raster.pixels.length * (codec.compactBytes + 1) + tiles * (1 + mostColours * codec.compactBytes);
  const length = u32(yield 4, 0);
  const mostPacked = Math.ceil(mostBytes * 1.1) + 1024;
  if (length > mostPacked)
    throw new MalformedMessage(
      `ZRLE: ${length} bytes for ${raster.width} × ${raster.height} pixels, at most ${mostPacked} can be needed`,
    );
  inflater.allow(mostBytes);
  for (let left = length; left > 0; ) {
    const part = yield Math.min(left, 16384);
    left -= part.length;
    inflater.push(part);
  }
  const reader = new TileReader(inflater.take(), codec);
  for (let y = 0; y < raster.height; y += side)
    for (let x = 0; x < raster.width; x += side) {
      const [width, height] = [Math.min(side, raster.width - x), Math.min(side, raster.height - y)];
      const tile = { width, height, pixels: new Uint32Array(width * height) };
      reader.read(tile);
      putPart(raster, x, y, tile);
    }
  reader.end();
}

class TileReader {
  #at = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly codec: PixelCodec,
  ) {}

  read({ width, height, pixels }: Raster): void {
    const form = this.#byte();
    if (form === 0) for (let i = 0; i < pixels.length; i++) pixels[i] = this.#pixel();
    else if (form === 1) pixels.fill(this.#pixel());
    else if (form <= 16) this.#packed(width, height, pixels, this.#palette(form));
    else if (form === plainRuns) this.#runs(pixels, () => ({ pixel: this.#pixel(), length: this.#length() }));
    else if (form >= plainRuns + 2) {
      const palette = this.#palette(form - plainRuns);
      this.#runs(pixels, () => {
        const index = this.#byte();
        return { pixel: chosen(palette, index & 127), length: index < 128 ? 1 : this.#length() };
      });
    } else throw new MalformedMessage(`ZRLE: a tile of form ${form}, which is none`);
  }

  end(): void {
    if (this.#at !== this.bytes.length)
      throw new MalformedMessage(`ZRLE: ${this.bytes.length - this.#at} bytes behind the last tile`);
  }

  #packed(width: number, height: number, pixels: Uint32Array, palette: readonly number[]): void {
    const bits = bitsFor(palette.length);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; ) {
        const byte = this.#byte();
        for (let at = 8 - bits; at >= 0 && x < width; at -= bits, x++)
          pixels[y * width + x] = chosen(palette, (byte >> at) & ((1 << bits) - 1));
      }
  }

  #runs(pixels: Uint32Array, next: () => Run): void {
    for (let i = 0; i < pixels.length; ) {
      const { pixel, length } = next();
      if (length > pixels.length - i) throw new MalformedMessage("ZRLE: a run that leaves its tile");
      pixels.fill(pixel, i, i + length);
      i += length;
    }
  }

  #palette(colours: number): number[] {
    return Array.from({ length: colours }, () => this.#pixel());
  }

  #length(): number {
    let length = 1;
    for (;;) {
      const byte = this.#byte();
      length += byte;
      if (byte < 255) return length;
    }
  }

  #pixel(): number {
    if (this.#at + this.codec.compactBytes > this.bytes.length) throw tooShort();
    const pixel = this.codec.readCompact(this.bytes, this.#at);
    this.#at += this.codec.compactBytes;
    return pixel;
  }

  #byte(): number {
    const byte = this.bytes[this.#at++];
    if (byte === undefined) throw tooShort();
    return byte;
  }
}

const tooShort = () => new MalformedMessage("ZRLE: fewer bytes than its tiles need");

function chosen(palette: readonly number[], index: number): number {
  const pixel = palette[index];
  if (pixel === undefined) throw new MalformedMessage(`ZRLE: colour ${index} of a palette of ${palette.length}`);
  return pixel;
}
