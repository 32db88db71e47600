import { refuse } from "../../errors.js";
import { CompiledModule } from "./compiled-module.js";
import { decode } from "./decode.js";
import { type ImportKind, type Module, type Signature, signatureOf } from "./module.js";
import { type TypeCode, typeName } from "./opcodes.js";
import type { FunctionType, ValueType } from "./types.js";
import { KnownTypes, validate } from "./validate.js";

/** What can be imported and exported. */
export type ExternKind = "function" | "table" | "memory" | "global";

/** One import of a module. */
export interface ImportRow {
  /** `module.name`, the key of its resource. */
  readonly name: string;
  /** What is wanted. */
  readonly kind: ExternKind;
  /** The type of a function. */
  readonly type?: FunctionType;
  /** The type of a global. */
  readonly valueType?: ValueType;
}

/** One export of a module. */
export interface ExportRow {
  /** Its name, unique among the exports. */
  readonly name: string;
  /** What is named. */
  readonly kind: ExternKind;
  /** Index among the functions, globals, memories or tables, imports counted first. */
  readonly index: number;
  /** The type of a function. */
  readonly type?: FunctionType;
  /** The type of a global. */
  readonly valueType?: ValueType;
}

/** A module, decoded and validated: the code segment. It never changes, and any number of machines may run it. */
export interface CodeSegment {
  /** The module as it came. */
  readonly bytes: Uint8Array;
  /** Its imports, in the order of the module. */
  readonly imports: readonly ImportRow[];
  /** Its exports, in the order of the module. */
  readonly exports: readonly ExportRow[];
}

/** The one class of code segments, with what the machine needs of them. */
export class DecodedModule implements CodeSegment {
  readonly compiled: CompiledModule;
  readonly types: KnownTypes;
  readonly imports: readonly ImportRow[];
  readonly exports: readonly ExportRow[];

  constructor(readonly module: Module) {
    this.compiled = new CompiledModule(module);
    this.types = new KnownTypes(module);
    let functions = 0;
    let globals = 0;
    this.imports = module.imports.map((row) => ({
      name: `${row.module}.${row.field}`,
      ...describe(module, row.kind, row.kind === "function" ? functions++ : row.kind === "global" ? globals++ : 0),
    }));
    this.exports = module.exports.map(({ name, kind, index }) => ({ name, index, ...describe(module, kind, index) }));
  }

  get bytes(): Uint8Array {
    return this.module.bytes;
  }
}

const named = (code: TypeCode): ValueType => typeName(code) as ValueType;
const typeOf = ({ params, results }: Signature): FunctionType => ({
  params: params.map(named),
  results: results.map(named),
});

function describe(module: Module, kind: ImportKind, index: number): Omit<ImportRow, "name"> {
  if (kind === "function") return { kind, type: typeOf(signatureOf(module, index)) };
  if (kind === "global") return { kind, valueType: named(module.globals[index]?.type as TypeCode) };
  return { kind };
}

/**
 * Decodes and validates a WebAssembly module.
 *
 * @throws {@link ParameterError} if it is malformed or invalid, with the byte offset and the reason; if it uses a part of the language that the machine leaves
 *   out, such as vectors, with the name of that part.
 */
export function decodeModule(bytes: Uint8Array): CodeSegment {
  if (!(bytes instanceof Uint8Array)) refuse("decodeModule", "bytes", "a Uint8Array", bytes);
  // A copy, which a Buffer's own slice is not.
  const module = decode(new Uint8Array(bytes));
  validate(module);
  return new DecodedModule(module);
}

/** What the machine needs of a code segment. */
export function decoded(where: string, code: CodeSegment): DecodedModule {
  return code instanceof DecodedModule ? code : refuse(where, "code", "what decodeModule returned", code);
}

/** A function's name: from the name section, else from its export, else its number. */
export function functionName(module: Module, index: number): string {
  const exported = (): string | undefined =>
    module.exports.find((row) => row.kind === "function" && row.index === index)?.name;
  return module.names.get(index) ?? exported() ?? `function ${index}`;
}
