import { ParameterError } from "../../errors.js";

/** Writes an image: numbers are unsigned LEB128, values of the machine raw, the least byte first. */
export class ImageWriter {
  private bytes = new Uint8Array(256);
  private at = 0;

  private room(count: number): number {
    const start = this.at;
    this.at += count;
    if (this.at > this.bytes.length) {
      const larger = new Uint8Array(2 * this.at);
      larger.set(this.bytes.subarray(0, start));
      this.bytes = larger;
    }
    return start;
  }

  /** A whole number of at least 0. */
  number(value: number): void {
    let left = value;
    for (; left >= 128; left = Math.floor(left / 128)) this.byte((left % 128) | 128);
    this.byte(left);
  }

  byte(value: number): void {
    const at = this.room(1);
    this.bytes[at] = value;
  }

  word(value: number): void {
    const at = this.room(4);
    this.bytes[at] = value;
    this.bytes[at + 1] = value >>> 8;
    this.bytes[at + 2] = value >>> 16;
    this.bytes[at + 3] = value >>> 24;
  }

  raw(bytes: Uint8Array): void {
    const at = this.room(bytes.length);
    this.bytes.set(bytes, at);
  }

  text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.number(bytes.length);
    this.raw(bytes);
  }

  get length(): number {
    return this.at;
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.at);
  }
}

/** Reads an image; whatever does not fit is a {@link ParameterError} that names the byte. */
export class ImageReader {
  constructor(
    private readonly where: string,
    private readonly bytes: Uint8Array,
    private at = 0,
    private readonly end = bytes.length,
  ) {}

  fail(reason: string): never {
    throw new ParameterError(`${this.where}: the image is damaged at byte ${this.at}: ${reason}`);
  }

  /** Fails unless what was read can be. */
  check(holds: boolean, reason: string): void {
    if (!holds) this.fail(reason);
  }

  byte(): number {
    if (this.at >= this.end) this.fail("it ends too early");
    return this.bytes[this.at++] as number;
  }

  /** A whole number from 0 to the most that is allowed. */
  number(most: number, what: string): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      this.check(value <= most, `${what} is more than ${most}`);
      if (byte < 128) {
        this.check(byte > 0 || scale === 1, `${what} is written in too many bytes`);
        return value;
      }
    }
  }

  word(): number {
    return (this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24)) >>> 0;
  }

  raw(count: number): Uint8Array {
    this.check(count <= this.end - this.at, "it ends too early");
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  text(): string {
    const bytes = this.raw(this.number(this.end, "a text's length"));
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return this.fail("a text is not UTF-8");
    }
  }

  get isAtEnd(): boolean {
    return this.at === this.end;
  }

  finish(what: string): void {
    this.check(this.at === this.end, `${this.end - this.at} bytes are left over behind ${what}`);
  }
}
