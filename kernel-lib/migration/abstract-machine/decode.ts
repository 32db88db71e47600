import type {
  Body,
  Bounds,
  Constant,
  DataSegment,
  ElementSegment,
  Export,
  GlobalType,
  Import,
  ImportKind,
  Module,
  Signature,
} from "./module.js";
import { f32, f64, i32, i64, opcodes, type TypeCode, typeName } from "./opcodes.js";
import {
  type Proposal,
  proposalOfForm,
  proposalOfLimits,
  proposalOfOpcode,
  proposalOfType,
  proposals,
} from "./proposals.js";
import { Reader } from "./reader.js";

/**
 * What bounds the time of a run by its fuel. A call makes zeros of all locals, a jump carries along all of a label's values, and both
 * count as one instruction. A function is translated when it is first called, which counts as none: the module may be translated elsewhere already. Translation takes about
 * a microsecond a byte. Browsers allow more of all.
 */
const mostLocals = 4096;
const mostParams = 256;
const mostFunctionBytes = 327_680;
const mostCodeBytes = 1_048_576;

type Draft = { -readonly [field in keyof Module]: Module[field] };

const kinds: readonly ImportKind[] = ["function", "table", "memory", "global"];

/** Reads a module's sections. What its functions do is not looked at: that is for validation. */
export function decode(bytes: Uint8Array): Module {
  const reader = new Reader(bytes);
  if (reader.end < 4 || reader.word() !== 0x6d736100) reader.fail("magic header not detected", 0);
  if (reader.end < 8) reader.fail("unknown binary version", 4);
  const version = reader.word();
  // A component has a layer in the upper half of its version.
  if (version !== 1) reader.fail("unknown binary version", 4, version >>> 16 === 1 ? proposals.components : undefined);
  const draft: Draft = {
    bytes,
    types: [],
    sameType: [],
    imports: [],
    importedFunctions: 0,
    importedGlobals: 0,
    functionTypes: [],
    table: undefined,
    memory: undefined,
    globals: [],
    globalValues: [],
    exports: [],
    start: undefined,
    elements: [],
    dataCount: undefined,
    data: [],
    bodies: [],
    names: new Map(),
  };
  let last = 0;
  while (reader.at < reader.end) {
    const offset = reader.at;
    const id = reader.byte();
    const section = reader.stretch(reader.u32());
    if (id === 0) {
      const name = section.name();
      if (name === "name") draft.names = functionNames(section);
      continue;
    }
    const place = sectionOrder.indexOf(id) + 1;
    if (place === 0)
      reader.fail(`malformed section id ${id}`, offset, id === tagSection ? proposals.exceptions : undefined);
    if (place <= last) reader.fail("unexpected content after last section", offset);
    last = place;
    readSection(id, section, draft);
    if (section.at !== section.end) section.fail("section size mismatch");
  }
  if (draft.bodies.length !== draft.functionTypes.length - draft.importedFunctions)
    reader.fail("function and code section have inconsistent lengths");
  if (draft.dataCount !== undefined && draft.dataCount !== draft.data.length)
    reader.fail("data count and data section have inconsistent lengths");
  const first = new Map<string, number>();
  draft.types.forEach(({ params, results }, i) => {
    const key = `${params}:${results}`;
    first.set(key, first.get(key) ?? i);
    draft.sameType.push(first.get(key) as number);
  });
  return draft;
}

/** Tags are what exceptions are told apart by. */
const tagSection = 13;
const tagKind = 4;
const sectionOrder = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11];

function readSection(id: number, section: Reader, draft: Draft): void {
  switch (id) {
    case 1:
      return each(section, "types", () => draft.types.push(signature(section)));
    case 2:
      return each(section, "imports", () => readImport(section, draft));
    case 3:
      return each(section, "functions", () => draft.functionTypes.push(typeIndex(section, draft)));
    case 4:
      return each(section, "tables", () => addTable(section, draft));
    case 5:
      return each(section, "memories", () => addMemory(section, draft));
    case 6:
      return each(section, "globals", () => {
        const global = globalType(section);
        draft.globalValues.push(constant(section, draft, global.type));
        draft.globals.push(global);
      });
    case 7: {
      const names = new Set<string>();
      return each(section, "exports", () => draft.exports.push(readExport(section, draft, names)));
    }
    case 8:
      return readStart(section, draft);
    case 9:
      return each(section, "element segments", () => draft.elements.push(element(section, draft)));
    case 12:
      draft.dataCount = section.u32();
      return;
    case 10:
      if (section.end - section.at > mostCodeBytes)
        section.fail(`${section.end - section.at} bytes of functions, the most is ${mostCodeBytes}`);
      return each(section, "bodies", () => draft.bodies.push(body(section, draft)));
    case 11:
      return each(section, "data segments", () => draft.data.push(dataSegment(section, draft)));
  }
}

function each(section: Reader, what: string, read: () => void): void {
  for (let left = section.count(what); left > 0; left--) read();
}

function valueType(reader: Reader): TypeCode {
  const code = reader.byte();
  if (typeName(code) === undefined)
    reader.fail(`malformed value type ${code.toString(16)}`, reader.at - 1, proposalOfType(code));
  return code;
}

function valueTypes(reader: Reader): TypeCode[] {
  const start = reader.at;
  const count = reader.count("types");
  if (count > mostParams) reader.fail(`${count} parameters or results, the most is ${mostParams}`, start);
  return Array.from({ length: count }, () => valueType(reader));
}

function signature(section: Reader): Signature {
  const form = section.byte();
  if (form !== 0x60) section.fail("malformed function type", section.at - 1, proposalOfForm(form));
  return { params: valueTypes(section), results: valueTypes(section) };
}

function index(reader: Reader, count: number, what: string): number {
  const start = reader.at;
  const value = reader.u32();
  if (value >= count) reader.fail(`unknown ${what} ${value}`, start);
  return value;
}

const typeIndex = (reader: Reader, draft: Draft): number => index(reader, draft.types.length, "type");

function readImport(section: Reader, draft: Draft): void {
  const module = section.name();
  const field = section.name();
  const kind = kinds[section.byte()];
  if (kind === undefined) return unknownKind(section, "import");
  let type = -1;
  let global: GlobalType | undefined;
  if (kind === "function") {
    type = typeIndex(section, draft);
    draft.functionTypes.push(type);
    draft.importedFunctions++;
  } else if (kind === "global") {
    global = globalType(section);
    draft.globals.push(global);
    draft.importedGlobals++;
  } else if (kind === "memory") addMemory(section, draft);
  else addTable(section, draft);
  const row: Import = { module, field, kind, typeIndex: type, global };
  draft.imports.push(row);
}

function unknownKind(section: Reader, of: string): never {
  const at = section.at - 1;
  return section.fail(`malformed ${of} kind`, at, section.bytes[at] === tagKind ? proposals.exceptions : undefined);
}

function bounds(section: Reader, highest: number, what: string): Bounds {
  const start = section.at;
  const flag = section.byte();
  if (flag > 1) section.fail("malformed limits flags", start, proposalOfLimits(flag));
  const least = section.u32();
  const most = flag === 1 ? section.u32() : undefined;
  if (least > highest || (most ?? 0) > highest) section.fail(`${what} must be at most ${highest}`, start);
  if (most !== undefined && most < least) section.fail("size minimum must not be greater than maximum", start);
  return { least, most };
}

function referenceType(section: Reader): void {
  const code = section.byte();
  // 0x40 begins a table with an expression for its entries.
  const proposal = code === 0x40 ? proposals.functionReferences : proposalOfType(code);
  if (code !== 0x70) section.fail("malformed reference type", section.at - 1, proposal);
}

function addTable(section: Reader, draft: Draft): void {
  referenceType(section);
  if (draft.table !== undefined) section.fail("multiple tables", section.at, proposals.references);
  draft.table = bounds(section, 0xffffffff, "table size");
}

function addMemory(section: Reader, draft: Draft): void {
  if (draft.memory !== undefined) section.fail("multiple memories", section.at, proposals.memories);
  draft.memory = bounds(section, 65_536, "memory size, in pages,");
}

function globalType(section: Reader): GlobalType {
  const type = valueType(section);
  const mutable = section.byte();
  if (mutable > 1) section.fail("malformed mutability", section.at - 1);
  return { type, mutable: mutable === 1 };
}

function constant(section: Reader, draft: Draft, wanted: TypeCode | "function"): Constant {
  const start = section.at;
  const [type, value] = constantInstruction(section, draft, start);
  if (type !== wanted) section.fail("type mismatch in a constant expression", start);
  const next = section.byte();
  if (next !== 0x0b) section.fail("constant expression required", section.at - 1, proposalOfConstant(next));
  return value;
}

// Sums and products of constants came later.
function proposalOfConstant(code: number): Proposal | undefined {
  if (opcodes.get(code)?.name.match(/^i(32|64)\.(const|add|sub|mul)$|^global.get$/)) return proposals.extendedConstants;
  return proposalOfOpcode(code);
}

function constantInstruction(section: Reader, draft: Draft, start: number): [TypeCode | "function", Constant] {
  const bits = (low: number, high = 0): Constant => ({ kind: "bits", low, high });
  const code = section.byte();
  switch (code) {
    case 0x23: {
      const at = index(section, draft.importedGlobals, "global");
      const global = draft.globals[at] as GlobalType;
      if (global.mutable) section.fail("constant expression required", start);
      return [global.type, { kind: "global", index: at }];
    }
    case 0x41:
      return [i32, bits(section.s32())];
    case 0x42: {
      const { low, high } = section.s64();
      return [i64, bits(low, high)];
    }
    case 0x43:
      return [f32, bits(section.word())];
    case 0x44:
      return [f64, bits(section.word(), section.word())];
    case 0xd0:
      referenceType(section);
      return ["function", { kind: "function", index: -1 }];
    case 0xd2:
      return ["function", { kind: "function", index: index(section, draft.functionTypes.length, "function") }];
    case 0x0b:
      return section.fail("type mismatch: an empty constant expression", start);
    default:
      return section.fail("constant expression required", start, proposalOfOpcode(code));
  }
}

function readExport(section: Reader, draft: Draft, names: Set<string>): Export {
  const start = section.at;
  const name = section.name();
  if (names.has(name)) section.fail(`duplicate export name ${JSON.stringify(name)}`, start);
  names.add(name);
  const kind = kinds[section.byte()];
  if (kind === undefined) return unknownKind(section, "export");
  const counts: Readonly<Record<ImportKind, number>> = {
    function: draft.functionTypes.length,
    table: draft.table === undefined ? 0 : 1,
    memory: draft.memory === undefined ? 0 : 1,
    global: draft.globals.length,
  };
  return { name, kind, index: index(section, counts[kind], kind) };
}

function readStart(section: Reader, draft: Draft): void {
  const start = section.at;
  draft.start = index(section, draft.functionTypes.length, "function");
  const { params = [], results = [] } = draft.types[draft.functionTypes[draft.start] as number] ?? {};
  if (params.length + results.length > 0) section.fail("start function must take and give nothing", start);
}

function element(section: Reader, draft: Draft): ElementSegment {
  const start = section.at;
  const flags = section.u32();
  if (flags > 7) section.fail("malformed elements segment kind", start);
  const active = (flags & 1) === 0;
  const byExpressions = (flags & 4) !== 0;
  if (active) {
    const table = flags & 2 ? section.u32() : 0;
    if (table !== 0 || draft.table === undefined)
      section.fail(`unknown table ${table}`, start, table === 0 ? undefined : proposals.references);
  }
  const to = active ? constant(section, draft, i32) : undefined;
  if ((flags & 3) !== 0) {
    const kind = section.byte();
    if (kind !== (byExpressions ? 0x70 : 0))
      section.fail("malformed element kind", section.at - 1, byExpressions ? proposalOfType(kind) : undefined);
  }
  const count = section.count("elements");
  const functions = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    if (byExpressions) {
      const value = constant(section, draft, "function");
      functions[i] = value.kind === "function" ? value.index : -1;
    } else functions[i] = index(section, draft.functionTypes.length, "function");
  }
  return { to, declarative: (flags & 3) === 3, functions };
}

function dataSegment(section: Reader, draft: Draft): DataSegment {
  const start = section.at;
  const flags = section.u32();
  if (flags > 2) section.fail("malformed data segment kind", start);
  if (flags !== 1) {
    const memory = flags === 2 ? section.u32() : 0;
    if (memory !== 0 || draft.memory === undefined)
      section.fail(`unknown memory ${memory}`, start, memory === 0 ? undefined : proposals.memories);
  }
  const to = flags === 1 ? undefined : constant(section, draft, i32);
  const part = section.stretch(section.u32());
  return { to, bytes: part.bytes.subarray(part.at, part.end) };
}

function body(section: Reader, draft: Draft): Body {
  const start = section.at;
  const number = draft.importedFunctions + draft.bodies.length;
  const type = draft.functionTypes[number];
  if (type === undefined) return section.fail("function and code section have inconsistent lengths", start);
  const part = section.stretch(section.u32());
  if (part.end - part.at > mostFunctionBytes)
    part.fail(`a function of ${part.end - part.at} bytes, the most is ${mostFunctionBytes}`, start);
  const params = draft.types[type]?.params.length ?? 0;
  const localRuns: { end: number; type: TypeCode }[] = [];
  let locals = params;
  for (let left = part.count("runs of locals"); left > 0; left--) {
    const at = part.at;
    locals += part.u32();
    if (locals > mostLocals) part.fail(`too many locals: ${locals}, the most is ${mostLocals}`, at);
    const runType = valueType(part);
    if (locals > (localRuns.at(-1)?.end ?? params)) localRuns.push({ end: locals, type: runType });
  }
  return { start: part.at, end: part.end, localRuns, localCount: locals };
}

// The name section is a courtesy: what is wrong in it is passed over.
function functionNames(section: Reader): Map<number, string> {
  const names = new Map<number, string>();
  try {
    while (section.at < section.end) {
      const kind = section.byte();
      const part = section.stretch(section.u32());
      if (kind !== 1) continue;
      for (let left = part.count("names"); left > 0; left--) names.set(part.u32(), part.name());
    }
  } catch {
    // names read so far are kept
  }
  return names;
}
