/** Registers of 32 bits, by their numbers in an instruction. @internal */
export const registers = { eax: 0, ecx: 1, edx: 2, ebx: 3, esp: 4, ebp: 5, esi: 6, edi: 7 } as const;
export type Register = keyof typeof registers;

const arithmetic = { add: 0, or: 1, and: 4, sub: 5, xor: 6, cmp: 7 } as const;
type Arithmetic = keyof typeof arithmetic;
const conditions = { below: 0x2, notBelow: 0x3, equal: 0x4, notEqual: 0x5 } as const;
type Condition = keyof typeof conditions;

/** A number, or the address of a label that may come later, such as `frame` or `frame+6`. @internal */
export type Value = number | string;

/**
 * A small assembler for 32-bit x86: the instructions that our guest needs, and no others. Each method appends one instruction; a name
 * in place of a number is the address of a label.
 *
 * @see Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.
 * @internal
 */
export class Assembler {
  readonly #origin: number;
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #uses: { readonly at: number; readonly label: string; readonly isRelative: boolean }[] = [];

  /** @param origin the address of the first byte */
  constructor(origin: number) {
    this.#origin = origin;
  }

  /** The program, with all addresses filled in. @throws Error for a label that is nowhere. */
  assemble(): Uint8Array {
    const image = Uint8Array.from(this.#bytes);
    const view = new DataView(image.buffer);
    for (const { at, label, isRelative } of this.#uses) {
      const place = this.#labels.get(label);
      if (place === undefined) throw new Error(`the guest has no label ${label}`);
      const from = isRelative ? -(this.#origin + at + 4) : 0;
      view.setUint32(at, view.getUint32(at, true) + place + from, true);
    }
    return image;
  }

  // ---- data

  label(name: string): this {
    this.#labels.set(name, this.#origin + this.#bytes.length);
    return this;
  }
  bytes(...bytes: readonly number[]): this {
    for (const byte of bytes) this.#bytes.push(byte & 255);
    return this;
  }
  word(value: Value): this {
    let number = Number(value);
    if (typeof value === "string") {
      const [label = "", distance = "0"] = value.split("+");
      this.#uses.push({ at: this.#bytes.length, label, isRelative: false });
      number = Number(distance);
    }
    return this.bytes(number, number >> 8, number >> 16, number >> 24);
  }
  align(bytes: number): this {
    while (this.#bytes.length % bytes !== 0) this.bytes(0);
    return this;
  }

  // ---- moves

  set(to: Register, value: Value): this {
    return this.bytes(0xb8 + registers[to]).word(value);
  }
  move(to: Register, from: Register): this {
    return this.bytes(0x89, 0xc0 | (registers[from] << 3) | registers[to]);
  }
  load(to: Register, address: Value): this {
    return this.bytes(0x8b, 0x05 | (registers[to] << 3)).word(address);
  }
  store(address: Value, from: Register): this {
    return this.bytes(0x89, 0x05 | (registers[from] << 3)).word(address);
  }
  /** Stores eax ecx times, from the memory at edi on. */
  repeatStore(): this {
    return this.bytes(0xf3, 0xab);
  }
  loadByte(to: Register, address: Value): this {
    return this.bytes(0x0f, 0xb6, 0x05 | (registers[to] << 3)).word(address);
  }
  /** Into the memory at a register and a distance from it. */
  storeAt(base: Register, distance: number, from: Register): this {
    return this.bytes(0x89, 0x80 | (registers[from] << 3) | registers[base]).word(distance);
  }

  // ---- arithmetic

  with(operation: Arithmetic, to: Register, value: number): this {
    return this.bytes(0x81, 0xc0 | (arithmetic[operation] << 3) | registers[to]).word(value);
  }
  withMemory(operation: Arithmetic, to: Register, address: Value): this {
    return this.bytes(8 * arithmetic[operation] + 3, 0x05 | (registers[to] << 3)).word(address);
  }
  withRegister(operation: Arithmetic, to: Register, from: Register): this {
    return this.bytes(8 * arithmetic[operation] + 1, 0xc0 | (registers[from] << 3) | registers[to]);
  }
  /** xor with the word in the memory at a register. */
  xorMemoryAt(to: Register, base: "eax" | "ecx" | "edx" | "ebx" | "esi" | "edi"): this {
    return this.bytes(0x33, (registers[to] << 3) | registers[base]);
  }
  increment(address: Value): this {
    return this.bytes(0xff, 0x05).word(address);
  }
  incrementAt(base: Register, distance: number): this {
    return this.bytes(0xff, 0x80 | registers[base]).word(distance);
  }
  shiftLeft(to: Register, bits: number): this {
    return this.bytes(0xc1, 0xe0 | registers[to], bits);
  }
  shiftRight(to: Register, bits: number): this {
    return this.bytes(0xc1, 0xe8 | registers[to], bits);
  }
  /** edx:eax = eax × a register. */
  multiply(by: Register): this {
    return this.bytes(0xf7, 0xe0 | registers[by]);
  }

  // ---- control

  jump(label: string): this {
    return this.bytes(0xe9).#relative(label);
  }
  jumpIf(condition: Condition, label: string): this {
    return this.bytes(0x0f, 0x80 | conditions[condition]).#relative(label);
  }
  call(label: string): this {
    return this.bytes(0xe8).#relative(label);
  }
  return(): this {
    return this.bytes(0xc3);
  }
  #relative(label: string): this {
    this.#uses.push({ at: this.#bytes.length, label, isRelative: true });
    return this.bytes(0, 0, 0, 0);
  }

  // ---- devices and the processor itself

  /** Writes a byte to a port. */
  out(port: number, value: number): this {
    return this.set("edx", port).bytes(0xb0, value, 0xee);
  }
  /** Writes the lowest byte of eax to a port. */
  outAl(port: number): this {
    return this.set("edx", port).bytes(0xee);
  }
  /** Reads a byte from a port into eax. */
  in(port: number): this {
    return this.set("edx", port).bytes(0xec, 0x0f, 0xb6, 0xc0);
  }
  /** Reads ecx words of 16 bits from a port to the memory at edi. */
  inWords(port: number): this {
    return this.set("edx", port).bytes(0xf3, 0x66, 0x6d);
  }
  /** Writes ecx words of 16 bits from the memory at esi to a port. */
  outWords(port: number): this {
    return this.set("edx", port).bytes(0xf3, 0x66, 0x6f);
  }
  disableInterrupts(): this {
    return this.bytes(0xfa);
  }
  enableInterrupts(): this {
    return this.bytes(0xfb);
  }
  /** Waits for an interrupt. */
  halt(): this {
    return this.bytes(0xf4);
  }
  saveAll(): this {
    return this.bytes(0x60);
  }
  restoreAll(): this {
    return this.bytes(0x61);
  }
  interruptReturn(): this {
    return this.bytes(0xcf);
  }
  loadSegments(label: string): this {
    return this.bytes(0x0f, 0x01, 0x15).word(label);
  }
  loadInterrupts(label: string): this {
    return this.bytes(0x0f, 0x01, 0x1d).word(label);
  }
  /** Goes on in the code segment 8, with the data segment 16. */
  enterSegments(label: string): this {
    this.bytes(0xea).word(label).bytes(8, 0).label(label);
    return this.set("eax", 16).bytes(0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0);
  }
  /** Turns write protection on and off, by which the processor forgets what it knows of pages. */
  toggleWriteProtection(): this {
    const flip = [0x35, 0, 0, 1, 0, 0x0f, 0x22, 0xc0]; // xor eax, 10000h; mov cr0, eax
    return this.bytes(0x0f, 0x20, 0xc0, ...flip, ...flip);
  }
}
