import type { TypeCode } from "./opcodes.js";

/** A function's type in codes. */
export interface Signature {
  readonly params: readonly TypeCode[];
  readonly results: readonly TypeCode[];
}

export interface GlobalType {
  readonly type: TypeCode;
  readonly mutable: boolean;
}

/** Sizes of a memory, in pages, or of a table, in entries. */
export interface Bounds {
  readonly least: number;
  readonly most: number | undefined;
}

/** A constant expression: an imported global's value, a function's reference or bits. */
export type Constant =
  | { readonly kind: "global"; readonly index: number }
  | { readonly kind: "function"; readonly index: number }
  | { readonly kind: "bits"; readonly low: number; readonly high: number };

/** Where an active segment is copied to at the start. */
export type Destination = Constant | undefined;

export interface ElementSegment {
  /** Undefined for a passive segment. */
  readonly to: Destination;
  /** Whether it is dropped at the start without being copied. */
  readonly declarative: boolean;
  /** Indices of functions, −1 for none. */
  readonly functions: Int32Array;
}

export interface DataSegment {
  readonly to: Destination;
  readonly bytes: Uint8Array;
}

/** A function's body in the module. */
export interface Body {
  /** Where its first instruction is. */
  readonly start: number;
  /** Behind its last. */
  readonly end: number;
  /** Declared locals in runs of one type: the index behind the run's last local (parameters counted), and the type. */
  readonly localRuns: readonly { readonly end: number; readonly type: TypeCode }[];
  /** Parameters and locals. */
  readonly localCount: number;
}

export type ImportKind = "function" | "table" | "memory" | "global";

export interface Import {
  readonly module: string;
  readonly field: string;
  readonly kind: ImportKind;
  /** Index of the type, for a function. */
  readonly typeIndex: number;
  readonly global: GlobalType | undefined;
}

export interface Export {
  readonly name: string;
  readonly kind: ImportKind;
  readonly index: number;
}

/** A module as decoded. Functions and globals are counted with the imported ones first. */
export interface Module {
  readonly bytes: Uint8Array;
  readonly types: Signature[];
  /** For each type the index of the first that is the same: types are compared by what they say. */
  readonly sameType: number[];
  readonly imports: Import[];
  readonly importedFunctions: number;
  readonly importedGlobals: number;
  /** Index of the type, for every function. */
  readonly functionTypes: number[];
  readonly table: Bounds | undefined;
  readonly memory: Bounds | undefined;
  readonly globals: GlobalType[];
  /** First values of the globals that are not imported. */
  readonly globalValues: Constant[];
  readonly exports: Export[];
  readonly start: number | undefined;
  readonly elements: ElementSegment[];
  readonly dataCount: number | undefined;
  readonly data: DataSegment[];
  readonly bodies: Body[];
  /** Names of functions, from the name section. */
  readonly names: ReadonlyMap<number, string>;
}

/** The type of a function. */
export function signatureOf(module: Module, index: number): Signature {
  return module.types[module.functionTypes[index] as number] as Signature;
}

/** The type of a parameter or local of a body. */
export function localType(signature: Signature, body: Body, index: number): TypeCode {
  if (index < signature.params.length) return signature.params[index] as TypeCode;
  let low = 0;
  let high = body.localRuns.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (index < (body.localRuns[middle]?.end ?? 0)) high = middle;
    else low = middle + 1;
  }
  return body.localRuns[low]?.type as TypeCode;
}
