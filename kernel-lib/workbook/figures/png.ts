import { crc32, deflated } from "../platform.js";

/**
 * A picture as PNG: eight bits a channel, no filter, one piece of data.
 *
 * @param rgba four bytes a pixel (red, green, blue, opacity), row by row from the top.
 * @see "Portable Network Graphics (PNG) Specification", third edition, W3C 2025.
 */
export function png(width: number, height: number, rgba: Uint8Array): Uint8Array {
  const header = new Uint8Array(13);
  const fields = new DataView(header.buffer);
  fields.setUint32(0, width);
  fields.setUint32(4, height);
  header.set([8, 6], 8); // bits, and colour with opacity
  const lineBytes = 1 + 4 * width;
  const lines = new Uint8Array(height * lineBytes); // each line begins with its filter: 0, none
  for (let y = 0; y < height; y++) lines.set(rgba.subarray(4 * width * y, 4 * width * (y + 1)), y * lineBytes + 1);
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return joined(signature, chunk("IHDR", header), chunk("IDAT", deflated(lines)), chunk("IEND", new Uint8Array(0)));
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = joined(new TextEncoder().encode(type), data);
  const [length, check] = [data.length, crc32(body)].map((n) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, n);
    return bytes;
  }) as [Uint8Array, Uint8Array];
  return joined(length, body, check);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
