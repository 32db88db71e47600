import { opcodes, type TypeCode } from "kernel-lib/migration/abstract-machine/opcodes";

/** The opcode of an instruction by its name. */
export const codeOf: ReadonlyMap<string, number> = new Map(
  [...opcodes]
    .map(([code, { name }]) => [name, code] as const)
    .filter(([name]) => name !== "select")
    .concat([["select", 0x1b]]),
);

/** Pieces of a module: bytes, and lists of them. */
export type Bytes = readonly (number | Bytes)[];

export const flat = (bytes: Bytes): number[] => (bytes as readonly number[]).flat(Number.POSITIVE_INFINITY as 1);

export function u32(value: number): number[] {
  const out: number[] = [];
  for (let left = value >>> 0; ; left >>>= 7) {
    if (left < 128) return [...out, left];
    out.push((left & 127) | 128);
  }
}

export function signed(value: bigint): number[] {
  const out: number[] = [];
  for (let left = value; ; left >>= 7n) {
    const low = Number(left & 127n);
    if (left >= -64n && left < 64n) return [...out, low];
    out.push(low | 128);
  }
}

export const word = (value: number): number[] => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];

/** An instruction's opcode and the bytes behind it. */
export function op(name: string, ...immediates: Bytes): Bytes {
  const code = codeOf.get(name);
  if (code === undefined) throw new Error(`no instruction ${name}`);
  return [code < 0x100 ? code : [0xfc, ...u32(code - 0x100)], ...immediates];
}

/** A constant of any type from its bits. */
export function constant(type: TypeCode, bits: bigint): Bytes {
  const low = Number(BigInt.asIntN(32, bits));
  const high = Number(BigInt.asIntN(32, bits >> 32n));
  if (type === 0x7f) return [0x41, signed(BigInt.asIntN(32, bits))];
  if (type === 0x7e) return [0x42, signed(BigInt.asIntN(64, bits))];
  return type === 0x7d ? [0x43, word(low)] : [0x44, word(low), word(high)];
}

export const list = (items: readonly Bytes[]): Bytes => [u32(items.length), items];
export const text = (name: string): Bytes => list([...new TextEncoder().encode(name)].map((byte) => [byte]));

export function section(id: number, contents: Bytes): Bytes {
  const bytes = flat(contents);
  return [id, u32(bytes.length), bytes];
}

export const functionType = (params: readonly TypeCode[], results: readonly TypeCode[]): Bytes => [
  0x60,
  list(params.map((type) => [type])),
  list(results.map((type) => [type])),
];

/** A body with its locals, one run each. */
export function body(locals: readonly TypeCode[], code: Bytes): Bytes {
  const bytes = flat([list(locals.map((type) => [1, type])), code, 0x0b]);
  return [u32(bytes.length), bytes];
}

/** A whole module from its sections. */
export const moduleOf = (...sections: Bytes): Uint8Array =>
  Uint8Array.from(flat([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections]));
