/** What is done to a module after AssemblyScript's compiler has written it. */
import { linesSection } from "../abstract-machine/source-lines.js";

interface Section {
  readonly id: number;
  /** Where its contents begin and end. */
  readonly from: number;
  readonly to: number;
}

const headBytes = 8; // magic number and version

class Cursor {
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  /** The next name's bytes, without their length. */
  name(): Uint8Array {
    const length = this.u32();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

function sectionsOf(bytes: Uint8Array): Section[] {
  const cursor = new Cursor(bytes, headBytes);
  const sections: Section[] = [];
  while (cursor.at < bytes.length) {
    const id = bytes[cursor.at++] as number;
    const size = cursor.u32();
    sections.push({ id, from: cursor.at, to: cursor.at + size });
    cursor.at += size;
  }
  return sections;
}

const leb = (value: number): number[] => {
  const bytes: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 0x80) return [...bytes, left];
    bytes.push((left & 0x7f) | 0x80);
  }
};
const signedLeb = (value: number): number[] => {
  const bytes: number[] = [];
  for (let left = value; ; left >>= 7) {
    const low = left & 0x7f;
    if ((left === low && low < 0x40) || (left >> 6 === -1 && low >= 0x40)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
};
const nameBytes = (text: string): number[] => {
  const bytes = new TextEncoder().encode(text);
  return [...leb(bytes.length), ...bytes];
};

/** The names under which the language's own library asks for things, and those under which its readers know them. */
export function knownName(module: string, field: string): readonly [string, string] {
  if (module !== "env") return [module, field];
  if (field === "seed") return ["Math", "random seed"];
  if (field === "trace") return ["console", "trace"];
  const [, object, member] = /^(console|Date|performance|process|crypto)\.(.+)$/.exec(field) ?? [];
  return object && member ? [object, member] : [module, field];
}

/** The module with imports renamed, its debugging sections left out, and the lines of its text put in. */
export function finishModule(bytes: Uint8Array, sourceMap: string, fileName: string): Uint8Array {
  const out: number[] = [...bytes.subarray(0, headBytes)];
  let movedBy = 0;
  let bodies: Section[] = [];
  for (const { id, from, to } of sectionsOf(bytes)) {
    if (id === 0) continue; // all that the compiler puts there is where to find the source map
    const contents = id === 2 ? renamedImports(bytes, from) : bytes.subarray(from, to);
    const head = [id, ...leb(contents.length)];
    if (id === 10) {
      movedBy = out.length + head.length - from;
      bodies = bodiesOf(bytes, from);
    }
    for (const byte of head) out.push(byte);
    for (const byte of contents) out.push(byte);
  }
  const lines = lineSection(bodies, readMappings(sourceMap, fileName), movedBy);
  out.push(0, ...leb(lines.length));
  for (const byte of lines) out.push(byte);
  return Uint8Array.from(out);
}

function renamedImports(bytes: Uint8Array, from: number): Uint8Array {
  const cursor = new Cursor(bytes, from);
  const text = new TextDecoder();
  const out: number[] = [];
  const count = cursor.u32();
  out.push(...leb(count));
  for (let i = 0; i < count; i++) {
    const [module, field] = knownName(text.decode(cursor.name()), text.decode(cursor.name()));
    out.push(...nameBytes(module), ...nameBytes(field));
    const start = cursor.at;
    const kind = bytes[cursor.at++];
    if (kind === 0) cursor.u32();
    else if (kind === 3) cursor.at += 2;
    else {
      if (kind === 1) cursor.at++;
      const flags = cursor.u32();
      cursor.u32();
      if (flags & 1) cursor.u32();
    }
    out.push(...bytes.subarray(start, cursor.at));
  }
  return Uint8Array.from(out);
}

/** The functions of the code section. */
function bodiesOf(bytes: Uint8Array, from: number): Section[] {
  const cursor = new Cursor(bytes, from);
  return Array.from({ length: cursor.u32() }, () => {
    const size = cursor.u32();
    const body = { id: 10, from: cursor.at, to: cursor.at + size };
    cursor.at += size;
    return body;
  });
}

interface Mapping {
  readonly offset: number;
  /** From 1; 0 for a line of the language's own library. */
  readonly line: number;
}

const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The mappings of a source map of one line, whose columns are byte offsets, in order. @see https://tc39.es/ecma426/ */
function readMappings(sourceMap: string, fileName: string): Mapping[] {
  const { sources, mappings } = JSON.parse(sourceMap) as { sources: string[]; mappings: string };
  const own = sources.indexOf(fileName);
  let [offset, source, line] = [0, 0, 0];
  return mappings.split(",").flatMap((segment) => {
    const fields: number[] = [];
    let [value, shift] = [0, 0];
    for (const letter of segment) {
      const digit = base64.indexOf(letter);
      value |= (digit & 31) << shift;
      shift += 5;
      if (digit & 32) continue;
      fields.push(value & 1 ? -(value >> 1) : value >> 1);
      [value, shift] = [0, 0];
    }
    const [columns = 0, sources_, lines = 0] = fields;
    offset += columns;
    if (sources_ === undefined) return [];
    source += sources_;
    line += lines;
    return [{ offset, line: source === own ? line + 1 : 0 }];
  });
}

/**
 * For each function that has something of the program's own text, the first byte of each run of one line; what was inlined from the library
 * counts to the line before it. For each other one, that it has none.
 */
function lineSection(bodies: readonly Section[], mappings: readonly Mapping[], movedBy: number): Uint8Array {
  const entries: Mapping[] = [];
  let next = 0;
  const put = (offset: number, line: number) => {
    if (line !== (entries.at(-1)?.line ?? 0)) entries.push({ offset: offset + movedBy, line });
  };
  for (const { from, to } of bodies) {
    const inside: Mapping[] = [];
    for (; next < mappings.length && (mappings[next] as Mapping).offset < to; next++) {
      const mapping = mappings[next] as Mapping;
      if (mapping.offset >= from && mapping.line > 0) inside.push(mapping);
    }
    put(from, inside[0]?.line ?? 0);
    for (const { offset, line } of inside) put(offset, line);
  }
  const out = [...nameBytes(linesSection), ...leb(entries.length)];
  let before: Mapping = { offset: 0, line: 0 };
  for (const entry of entries) {
    out.push(...leb(entry.offset - before.offset), ...signedLeb(entry.line - before.line));
    before = entry;
  }
  return Uint8Array.from(out);
}
