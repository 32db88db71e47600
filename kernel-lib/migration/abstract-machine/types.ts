/** The types of WebAssembly's values. */
export type ValueType = "i32" | "i64" | "f32" | "f64";

/** A value that crosses the border of a machine: a number, or for `i64` a bigint. */
export type MachineValue = number | bigint;

/** What a function takes and gives. */
export interface FunctionType {
  /** In order. */
  readonly params: readonly ValueType[];
  /** In order. */
  readonly results: readonly ValueType[];
}
