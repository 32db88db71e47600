import { checkWhole, refuse } from "../../errors.js";
import { MalformedMessage } from "../xdr.js";
import { u16 } from "./byte-stream.js";

/**
 * How a colour becomes a pixel on the wire: each of its three parts is a number from 0 to a maximum, shifted to its place. Formats
 * with a table of colours are left out.
 *
 * @see RFC 6143 §7.4
 */
export interface PixelFormat {
  /** 8, 16 or 32. */
  readonly bitsPerPixel: number;
  /** How many of these bits mean something. */
  readonly depth: number;
  /** Whether the most significant byte comes first. */
  readonly isBigEndian: boolean;
  /** The largest red, one less than a power of 2. */
  readonly redMax: number;
  /** The largest green. */
  readonly greenMax: number;
  /** The largest blue. */
  readonly blueMax: number;
  /** By how many bits red is shifted to the left. */
  readonly redShift: number;
  /** By how many bits green is. */
  readonly greenShift: number;
  /** By how many bits blue is. */
  readonly blueShift: number;
}

/** Formats that are in use everywhere: four bytes a pixel, two, one. */
export const pixelFormats: {
  /** Four bytes: 8 bits for each colour. */
  readonly rgb888: PixelFormat;
  /** Two bytes: 5 bits for red, 6 for green, 5 for blue. */
  readonly rgb565: PixelFormat;
  /** One byte: 2 bits for blue, 3 for green, 3 for red. */
  readonly bgr233: PixelFormat;
} = {
  rgb888: format(32, 24, [255, 255, 255], [16, 8, 0]),
  rgb565: format(16, 16, [31, 63, 31], [11, 5, 0]),
  bgr233: format(8, 8, [7, 7, 3], [0, 3, 6]),
};

function format(bitsPerPixel: number, depth: number, max: readonly number[], shift: readonly number[]): PixelFormat {
  const [redMax = 0, greenMax = 0, blueMax = 0] = max;
  const [redShift = 0, greenShift = 0, blueShift = 0] = shift;
  return { bitsPerPixel, depth, isBigEndian: false, redMax, greenMax, blueMax, redShift, greenShift, blueShift };
}

/** What is wrong with a format, or undefined: the field, what it must be, and what it is. */
function faultOf(format: PixelFormat): readonly [field: string, wanted: string, got: unknown] | undefined {
  const { bitsPerPixel, depth } = format;
  if (![8, 16, 32].includes(bitsPerPixel)) return ["bitsPerPixel", "8, 16 or 32", bitsPerPixel];
  if (!(Number.isInteger(depth) && depth >= 1 && depth <= bitsPerPixel))
    return ["depth", `a whole number from 1 to ${bitsPerPixel}`, depth];
  let taken = 0;
  for (const colour of ["red", "green", "blue"] as const) {
    const [max, shift] = [format[`${colour}Max`], format[`${colour}Shift`]];
    if (!(Number.isInteger(max) && max >= 1 && max <= 65535 && (max & (max + 1)) === 0))
      return [`${colour}Max`, "one less than a power of 2, from 1 to 65535", max];
    if (!(Number.isInteger(shift) && shift >= 0 && shift + 32 - Math.clz32(max) <= bitsPerPixel))
      return [`${colour}Shift`, `so that ${colour} fits into ${bitsPerPixel} bits`, shift];
    const mask = (max << shift) >>> 0;
    if ((taken & mask) !== 0) return [`${colour}Shift`, "so that colours do not overlap", shift];
    taken |= mask;
  }
  return undefined;
}

/** The 16 bytes of a format. @throws {@link ParameterError} if it is none. */
export function encodePixelFormat(format: PixelFormat): Uint8Array {
  checkPixelFormat("encodePixelFormat", format);
  const { bitsPerPixel, depth, isBigEndian, redMax, greenMax, blueMax, redShift, greenShift, blueShift } = format;
  const maxima = [redMax, greenMax, blueMax].flatMap((max) => [max >> 8, max & 255]);
  return Uint8Array.from(
    [bitsPerPixel, depth, isBigEndian ? 1 : 0, 1, ...maxima, redShift, greenShift, blueShift].concat([0, 0, 0]),
  );
}

/** Reads the 16 bytes of a format. @throws {@link MalformedMessage} if it is none, or one with a table of colours. */
export function decodePixelFormat(bytes: Uint8Array): PixelFormat {
  if (bytes.length !== 16) throw new MalformedMessage(`a pixel format has 16 bytes, not ${bytes.length}`);
  const byte = (at: number) => bytes[at] as number;
  if (byte(3) === 0) throw new MalformedMessage("a pixel format with a table of colours, which is not spoken here");
  const format: PixelFormat = {
    bitsPerPixel: byte(0),
    depth: byte(1),
    isBigEndian: byte(2) !== 0,
    redMax: u16(bytes, 4),
    greenMax: u16(bytes, 6),
    blueMax: u16(bytes, 8),
    redShift: byte(10),
    greenShift: byte(11),
    blueShift: byte(12),
  };
  const fault = faultOf(format);
  if (fault) throw new MalformedMessage(`a pixel format whose ${fault[0]} is ${fault[2]}: it must be ${fault[1]}`);
  return format;
}

/** @internal */
export function checkPixelFormat(where: string, format: PixelFormat): void {
  if (typeof format !== "object" || format === null) refuse(where, "format", "a pixel format", format);
  const fault = faultOf(format);
  if (fault) refuse(where, fault[0], fault[1], fault[2]);
}

/**
 * Turns colours (0xRRGGBB) into the numbers of a format and back, and these into bytes. A part of a colour goes to the nearest of
 * the fewer that there are.
 *
 * @internal
 */
export class PixelCodec {
  readonly format: PixelFormat;
  /** Bytes of a pixel. */
  readonly bytes: number;
  /** The same for ZRLE, which leaves out a byte of 32 bits that never means anything. */
  readonly compactBytes: number;
  readonly #toPixel: readonly Uint32Array[];
  readonly #toColour: readonly { readonly shift: number; readonly max: number; readonly table: Uint32Array }[];
  /** How far the compact pixel's bits lie above the lowest. */
  readonly #compactShift: number;

  constructor(format: PixelFormat) {
    this.format = format;
    this.bytes = format.bitsPerPixel / 8;
    const parts = [
      { max: format.redMax, shift: format.redShift, place: 16 },
      { max: format.greenMax, shift: format.greenShift, place: 8 },
      { max: format.blueMax, shift: format.blueShift, place: 0 },
    ];
    this.#toPixel = parts.map(({ max, shift }) =>
      Uint32Array.from({ length: 256 }, (_v, part) => (Math.round((part * max) / 255) << shift) >>> 0),
    );
    this.#toColour = parts.map(({ max, shift, place }) => ({
      shift,
      max,
      table: Uint32Array.from({ length: max + 1 }, (_v, part) => Math.round((part * 255) / max) << place),
    }));
    const mask = parts.reduce((all, { max, shift }) => (all | (max << shift)) >>> 0, 0);
    const isCompact = format.bitsPerPixel === 32 && format.depth <= 24;
    const [isLow, isHigh] = [mask < 2 ** 24, (mask & 255) === 0];
    this.compactBytes = isCompact && (isLow || isHigh) ? 3 : this.bytes;
    this.#compactShift = isLow ? 0 : 8;
  }

  toPixel(colour: number): number {
    const [red, green, blue] = this.#toPixel as [Uint32Array, Uint32Array, Uint32Array];
    return (
      ((red[(colour >> 16) & 255] as number) |
        (green[(colour >> 8) & 255] as number) |
        (blue[colour & 255] as number)) >>>
      0
    );
  }

  toColour(pixel: number): number {
    const [red, green, blue] = this.#toColour as [Part, Part, Part];
    return (
      (red.table[(pixel >>> red.shift) & red.max] as number) |
      (green.table[(pixel >>> green.shift) & green.max] as number) |
      (blue.table[(pixel >>> blue.shift) & blue.max] as number)
    );
  }

  read(bytes: Uint8Array, at: number): number {
    return this.#read(bytes, at, this.bytes);
  }

  write(bytes: Uint8Array, at: number, pixel: number): void {
    this.#write(bytes, at, pixel, this.bytes);
  }

  readCompact(bytes: Uint8Array, at: number): number {
    const pixel = this.#read(bytes, at, this.compactBytes);
    return this.compactBytes === 3 ? (pixel << this.#compactShift) >>> 0 : pixel;
  }

  writeCompact(bytes: Uint8Array, at: number, pixel: number): void {
    this.#write(bytes, at, this.compactBytes === 3 ? pixel >>> this.#compactShift : pixel, this.compactBytes);
  }

  #read(bytes: Uint8Array, at: number, length: number): number {
    let pixel = 0;
    for (let i = 0; i < length; i++) {
      const place = this.format.isBigEndian ? length - 1 - i : i;
      pixel |= (bytes[at + i] as number) << (8 * place);
    }
    return pixel >>> 0;
  }

  #write(bytes: Uint8Array, at: number, pixel: number, length: number): void {
    for (let i = 0; i < length; i++) {
      const place = this.format.isBigEndian ? length - 1 - i : i;
      bytes[at + i] = pixel >>> (8 * place);
    }
  }
}

type Part = { readonly shift: number; readonly max: number; readonly table: Uint32Array };

/** What becomes of a colour (0xRRGGBB) that travels in this format and back. @throws {@link ParameterError} if either is none. */
export function colourThrough(format: PixelFormat, colour: number): number {
  checkPixelFormat("colourThrough", format);
  const codec = new PixelCodec(format);
  return codec.toColour(codec.toPixel(checkWhole("colourThrough", "colour", colour, 0, 0xffffff)));
}
