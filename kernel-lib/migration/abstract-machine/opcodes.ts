import { type Proposal, proposalOfOpcode, proposalOfType, proposals } from "./proposals.js";
import type { Reader } from "./reader.js";
import type { ValueType } from "./types.js";

/** A type as the binary format writes it. */
export type TypeCode = number;

/** The codes of the four types. */
export const i32 = 0x7f;
export const i64 = 0x7e;
export const f32 = 0x7d;
export const f64 = 0x7c;

const typeNames: ReadonlyMap<TypeCode, ValueType> = new Map([
  [i32, "i32"],
  [i64, "i64"],
  [f32, "f32"],
  [f64, "f64"],
]);

/** The name of a type; undefined for a code that names none. */
export const typeName = (code: TypeCode): ValueType | undefined => typeNames.get(code);

/** Whether values of a type fill both halves of their slot. */
export const isWide = (code: TypeCode): boolean => code === i64 || code === f64;

/** What follows an opcode. */
export type Immediates =
  | "none"
  | "block"
  | "label"
  | "labels"
  | "function"
  | "indirect"
  | "types"
  | "local"
  | "global"
  | "address"
  | "zero"
  | "zeros"
  | "data"
  | "data, zero"
  | "element"
  | "element, zero"
  | "i32"
  | "i64"
  | "f32"
  | "f64";

/** One instruction of the language: opcodes behind the prefix 0xFC are numbered from 0x100. */
export interface Opcode {
  readonly name: string;
  readonly immediates: Immediates;
  /** What it takes and gives, where that does not depend on its surroundings. */
  readonly params: readonly TypeCode[];
  readonly results: readonly TypeCode[];
  /** The greatest alignment it may claim, as a power of two; for loads and stores. */
  readonly alignment: number;
}

const letters: Readonly<Record<string, TypeCode>> = { i: i32, l: i64, f: f32, d: f64 };

// Code in hexadecimal, name, then what it takes and gives (i: i32, l: i64, f: f32, d: f64) or its immediates, then both.
const table = `
00 unreachable;01 nop;02 block block;03 loop block;04 if block i:;05 else;0b end
0c br label;0d br_if label i:;0e br_table labels i:;0f return;10 call function;11 call_indirect indirect i:
1a drop;1b select;1c select types;20 local.get local;21 local.set local;22 local.tee local;23 global.get global;24 global.set global
28 i32.load 2 i:i;29 i64.load 3 i:l;2a f32.load 2 i:f;2b f64.load 3 i:d
2c i32.load8_s 0 i:i;2d i32.load8_u 0 i:i;2e i32.load16_s 1 i:i;2f i32.load16_u 1 i:i
30 i64.load8_s 0 i:l;31 i64.load8_u 0 i:l;32 i64.load16_s 1 i:l;33 i64.load16_u 1 i:l;34 i64.load32_s 2 i:l;35 i64.load32_u 2 i:l
36 i32.store 2 ii:;37 i64.store 3 il:;38 f32.store 2 if:;39 f64.store 3 id:
3a i32.store8 0 ii:;3b i32.store16 1 ii:;3c i64.store8 0 il:;3d i64.store16 1 il:;3e i64.store32 2 il:
3f memory.size zero :i;40 memory.grow zero i:i
41 i32.const i32 :i;42 i64.const i64 :l;43 f32.const f32 :f;44 f64.const f64 :d
45 i32.eqz i:i;46 i32.eq ii:i;47 i32.ne ii:i;48 i32.lt_s ii:i;49 i32.lt_u ii:i;4a i32.gt_s ii:i;4b i32.gt_u ii:i
4c i32.le_s ii:i;4d i32.le_u ii:i;4e i32.ge_s ii:i;4f i32.ge_u ii:i
50 i64.eqz l:i;51 i64.eq ll:i;52 i64.ne ll:i;53 i64.lt_s ll:i;54 i64.lt_u ll:i;55 i64.gt_s ll:i;56 i64.gt_u ll:i
57 i64.le_s ll:i;58 i64.le_u ll:i;59 i64.ge_s ll:i;5a i64.ge_u ll:i
5b f32.eq ff:i;5c f32.ne ff:i;5d f32.lt ff:i;5e f32.gt ff:i;5f f32.le ff:i;60 f32.ge ff:i
61 f64.eq dd:i;62 f64.ne dd:i;63 f64.lt dd:i;64 f64.gt dd:i;65 f64.le dd:i;66 f64.ge dd:i
67 i32.clz i:i;68 i32.ctz i:i;69 i32.popcnt i:i;6a i32.add ii:i;6b i32.sub ii:i;6c i32.mul ii:i
6d i32.div_s ii:i;6e i32.div_u ii:i;6f i32.rem_s ii:i;70 i32.rem_u ii:i;71 i32.and ii:i;72 i32.or ii:i;73 i32.xor ii:i
74 i32.shl ii:i;75 i32.shr_s ii:i;76 i32.shr_u ii:i;77 i32.rotl ii:i;78 i32.rotr ii:i
79 i64.clz l:l;7a i64.ctz l:l;7b i64.popcnt l:l;7c i64.add ll:l;7d i64.sub ll:l;7e i64.mul ll:l
7f i64.div_s ll:l;80 i64.div_u ll:l;81 i64.rem_s ll:l;82 i64.rem_u ll:l;83 i64.and ll:l;84 i64.or ll:l;85 i64.xor ll:l
86 i64.shl ll:l;87 i64.shr_s ll:l;88 i64.shr_u ll:l;89 i64.rotl ll:l;8a i64.rotr ll:l
8b f32.abs f:f;8c f32.neg f:f;8d f32.ceil f:f;8e f32.floor f:f;8f f32.trunc f:f;90 f32.nearest f:f;91 f32.sqrt f:f
92 f32.add ff:f;93 f32.sub ff:f;94 f32.mul ff:f;95 f32.div ff:f;96 f32.min ff:f;97 f32.max ff:f;98 f32.copysign ff:f
99 f64.abs d:d;9a f64.neg d:d;9b f64.ceil d:d;9c f64.floor d:d;9d f64.trunc d:d;9e f64.nearest d:d;9f f64.sqrt d:d
a0 f64.add dd:d;a1 f64.sub dd:d;a2 f64.mul dd:d;a3 f64.div dd:d;a4 f64.min dd:d;a5 f64.max dd:d;a6 f64.copysign dd:d
a7 i32.wrap_i64 l:i;a8 i32.trunc_f32_s f:i;a9 i32.trunc_f32_u f:i;aa i32.trunc_f64_s d:i;ab i32.trunc_f64_u d:i
ac i64.extend_i32_s i:l;ad i64.extend_i32_u i:l;ae i64.trunc_f32_s f:l;af i64.trunc_f32_u f:l;b0 i64.trunc_f64_s d:l;b1 i64.trunc_f64_u d:l
b2 f32.convert_i32_s i:f;b3 f32.convert_i32_u i:f;b4 f32.convert_i64_s l:f;b5 f32.convert_i64_u l:f;b6 f32.demote_f64 d:f
b7 f64.convert_i32_s i:d;b8 f64.convert_i32_u i:d;b9 f64.convert_i64_s l:d;ba f64.convert_i64_u l:d;bb f64.promote_f32 f:d
bc i32.reinterpret_f32 f:i;bd i64.reinterpret_f64 d:l;be f32.reinterpret_i32 i:f;bf f64.reinterpret_i64 l:d
c0 i32.extend8_s i:i;c1 i32.extend16_s i:i;c2 i64.extend8_s l:l;c3 i64.extend16_s l:l;c4 i64.extend32_s l:l
100 i32.trunc_sat_f32_s f:i;101 i32.trunc_sat_f32_u f:i;102 i32.trunc_sat_f64_s d:i;103 i32.trunc_sat_f64_u d:i
104 i64.trunc_sat_f32_s f:l;105 i64.trunc_sat_f32_u f:l;106 i64.trunc_sat_f64_s d:l;107 i64.trunc_sat_f64_u d:l
108 memory.init data,zero iii:;109 data.drop data;10a memory.copy zeros iii:;10b memory.fill zero iii:
10c table.init element,zero iii:;10d elem.drop element;10e table.copy zeros iii:`;

function parseTable(): Map<number, Opcode> {
  const opcodes = new Map<number, Opcode>();
  for (const entry of table.split(/[;\n]/).filter((text) => text !== "")) {
    const [code = "", name = "", ...rest] = entry.split(" ");
    const signature = rest.at(-1)?.includes(":") ? (rest.pop() as string) : ":";
    const [params = [], results = []] = signature
      .split(":")
      .map((side) => [...side].map((letter) => letters[letter] as number));
    const [kind = "none"] = rest;
    const isAddress = /^\d$/.test(kind);
    const immediates = isAddress ? "address" : (kind.replace(",", ", ") as Immediates);
    opcodes.set(Number.parseInt(code, 16), {
      name,
      immediates,
      params,
      results,
      alignment: isAddress ? Number(kind) : 0,
    });
  }
  return opcodes;
}

/** Every instruction that the machine knows, by its code. */
export const opcodes: ReadonlyMap<number, Opcode> = parseTable();

/** An instruction with its immediates. One object is filled again and again while a body is read. */
export class Instruction {
  /** Byte offset of its opcode. */
  offset = 0;
  code = 0;
  opcode: Opcode = opcodes.get(0) as Opcode;
  /** Index, label, alignment, type, or the low half of a constant. */
  a = 0;
  /** Offset of an address, or the high half of a constant. */
  b = 0;
  /** Labels of a `br_table`, the default last. */
  labels: number[] = [];

  /** Reads the next instruction. */
  read(reader: Reader): void {
    this.offset = reader.at;
    this.code = reader.byte();
    if (this.code === 0xfc) {
      const second = reader.u32();
      this.code = second < 0x100 ? 0x100 + second : 0;
      if (!opcodes.has(this.code) || second >= 0x100)
        reader.fail(`illegal opcode fc ${second.toString(16)}`, this.offset, proposalOfOpcode(this.code));
    }
    const opcode = opcodes.get(this.code);
    if (opcode === undefined)
      return reader.fail(
        `illegal opcode ${this.code.toString(16).padStart(2, "0")}`,
        this.offset,
        proposalOfOpcode(this.code),
      );
    this.opcode = opcode;
    this.readImmediates(reader);
  }

  private readImmediates(reader: Reader): void {
    switch (this.opcode.immediates) {
      case "none":
        return;
      case "block":
        this.a = blockType(reader);
        return;
      case "label":
      case "function":
      case "local":
      case "global":
      case "data":
      case "element":
        this.a = reader.u32();
        return;
      case "labels": {
        this.labels = [];
        for (let left = reader.count("labels"); left >= 0; left--) this.labels.push(reader.u32());
        return;
      }
      case "types":
        if (reader.u32() !== 1) reader.fail("invalid result arity", this.offset);
        this.a = reader.byte();
        if (typeName(this.a) === undefined) reader.fail("unknown type", this.offset, proposalOfType(this.a));
        return;
      case "indirect":
      case "element, zero":
        this.a = reader.u32();
        zero(reader, proposals.references);
        return;
      case "data, zero":
        this.a = reader.u32();
        zero(reader, proposals.memories);
        return;
      case "address":
        this.a = reader.u32();
        this.b = reader.u32();
        return;
      case "zeros": {
        const proposal = this.opcode.name.startsWith("table") ? proposals.references : proposals.memories;
        zero(reader, proposal);
        zero(reader, proposal);
        return;
      }
      case "zero":
        zero(reader, proposals.memories);
        return;
      case "i32":
        this.a = reader.s32();
        return;
      case "i64": {
        const { low, high } = reader.s64();
        this.a = low;
        this.b = high;
        return;
      }
      case "f32":
        this.a = reader.word();
        return;
      case "f64":
        this.a = reader.word();
        this.b = reader.word();
    }
  }
}

/** An instruction in the words of the text format, without the labels of a `br_table`. */
export function instructionText({ opcode: { name, immediates }, a, b }: Instruction): string {
  switch (immediates) {
    case "label":
    case "function":
    case "local":
    case "global":
    case "data":
    case "element":
    case "i32":
      return `${name} ${a}`;
    case "i64":
      return `${name} ${(BigInt(b) << 32n) | BigInt(a >>> 0)}`;
    case "f32":
      return `${name} ${new Float32Array(Int32Array.of(a).buffer)[0]}`;
    case "f64":
      return `${name} ${new Float64Array(Int32Array.of(a, b).buffer)[0]}`;
    case "address":
      return b === 0 ? name : `${name} offset=${b}`;
    case "indirect":
      return `${name} (type ${a})`;
    default:
      return name;
  }
}

// The index of the only memory or table.
function zero(reader: Reader, proposal: Proposal): void {
  if (reader.byte() !== 0) reader.fail("zero byte expected", reader.at - 1, proposal);
}

// 0 or more: the index of a type; −1: nothing; −2 … −5: one value.
function blockType(reader: Reader): number {
  const first = reader.bytes[reader.at] as number;
  if (first === 0x40 || typeName(first) !== undefined) {
    reader.at++;
    return first === 0x40 ? -1 : first - 0x81;
  }
  const index = reader.s32();
  if (index < 0) reader.fail("malformed block type", reader.at, proposalOfType(first));
  return index;
}
