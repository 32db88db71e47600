import { ParameterError } from "../../errors.js";
import type { Proposal } from "./proposals.js";

/** Reads the binary format's numbers; every complaint names the byte where it arose. */
export class Reader {
  /** The `at` of the next byte. */
  at: number;

  constructor(
    readonly bytes: Uint8Array,
    start = 0,
    readonly end = bytes.length,
  ) {
    this.at = start;
  }

  /** @param proposal the part of the language that this belongs to, if the machine leaves it out */
  fail(reason: string, offset = this.at, proposal?: Proposal): never {
    const whole =
      proposal === undefined ? reason : `${reason}: this belongs to ${proposal}, which the machine leaves out`;
    throw new ParameterError(`decodeModule: byte ${offset}: ${whole}`);
  }

  byte(): number {
    if (this.at >= this.end) this.fail("unexpected end");
    return this.bytes[this.at++] as number;
  }

  /** A reader of the next bytes, which this one passes over. */
  stretch(length: number): Reader {
    if (length > this.end - this.at) this.fail(`length out of bounds: ${length} bytes, ${this.end - this.at} are left`);
    const part = new Reader(this.bytes, this.at, this.at + length);
    this.at += length;
    return part;
  }

  /** An unsigned LEB128 number of up to 32 bits. */
  u32(): number {
    const start = this.at;
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 0x0f)
        this.fail(byte & 0x80 ? "integer representation too long" : "integer too large", start);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  /** A signed LEB128 number of up to 32 bits. */
  s32(): number {
    const start = this.at;
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (shift === 28) {
        if (byte & 0x80) this.fail("integer representation too long", start);
        const unused = byte & 0x78;
        if (unused !== 0 && unused !== 0x78) this.fail("integer too large", start);
        return value;
      }
      if (byte < 0x80) return byte & 0x40 ? value | (-1 << (shift + 7)) : value;
    }
  }

  /** A signed LEB128 number of up to 64 bits, as its low and its high half. */
  s64(): { low: number; high: number } {
    const start = this.at;
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (shift === 63n) {
        if (byte & 0x80) this.fail("integer representation too long", start);
        if (byte !== 0 && byte !== 0x7f) this.fail("integer too large", start);
      }
      if (byte >= 0x80) continue;
      const whole = BigInt.asIntN(64, byte & 0x40 && shift < 63n ? value | (-1n << (shift + 7n)) : value);
      return { low: Number(BigInt.asIntN(32, whole)), high: Number(BigInt.asIntN(32, whole >> 32n)) };
    }
  }

  /** Four bytes, least first, as a number of 32 bits. */
  word(): number {
    if (this.end - this.at < 4) this.fail("unexpected end");
    const [a = 0, b = 0, c = 0, d = 0] = this.bytes.subarray(this.at, this.at + 4);
    this.at += 4;
    return a | (b << 8) | (c << 16) | (d << 24);
  }

  /** How many things follow; at least one byte each, so that a huge number is refused before anything is allocated. */
  count(what: string): number {
    const start = this.at;
    const count = this.u32();
    if (count > this.end - this.at) this.fail(`${count} ${what} in ${this.end - this.at} bytes: unexpected end`, start);
    return count;
  }

  name(): string {
    const part = this.stretch(this.u32());
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(part.bytes.subarray(part.at, part.end));
    } catch {
      return this.fail("malformed UTF-8 encoding", part.at);
    }
  }
}
