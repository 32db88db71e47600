/** What arrays can since ES2023, which the compiler of cells does not know and every Node that is supported has. */

interface Array<T> {
  /** A copy in reverse order. */
  toReversed(): T[];
  /** A copy in the order that `compare` gives; by their text without it. */
  toSorted(compare?: (a: T, b: T) => number): T[];
  /** A copy in which `deleteCount` elements from `start` on are replaced by `items`. */
  toSpliced(start: number, deleteCount?: number, ...items: T[]): T[];
  /** A copy with another element at `index`, counted from the end if it is negative. */
  with(index: number, value: T): T[];
}

interface ReadonlyArray<T> {
  /** A copy in reverse order. */
  toReversed(): T[];
  /** A copy in the order that `compare` gives; by their text without it. */
  toSorted(compare?: (a: T, b: T) => number): T[];
  /** A copy in which `deleteCount` elements from `start` on are replaced by `items`. */
  toSpliced(start: number, deleteCount?: number, ...items: T[]): T[];
  /** A copy with another element at `index`, counted from the end if it is negative. */
  with(index: number, value: T): T[];
}

interface CopiedInOrder<Value, Copy> {
  /** A copy in reverse order. */
  toReversed(): Copy;
  /** A copy in the order that `compare` gives; by their size without it. */
  toSorted(compare?: (a: Value, b: Value) => number): Copy;
  /** A copy with another element at `index`, counted from the end if it is negative. */
  with(index: number, value: Value): Copy;
}

interface Int8Array extends CopiedInOrder<number, Int8Array> {}
interface Uint8Array extends CopiedInOrder<number, Uint8Array> {}
interface Uint8ClampedArray extends CopiedInOrder<number, Uint8ClampedArray> {}
interface Int16Array extends CopiedInOrder<number, Int16Array> {}
interface Uint16Array extends CopiedInOrder<number, Uint16Array> {}
interface Int32Array extends CopiedInOrder<number, Int32Array> {}
interface Uint32Array extends CopiedInOrder<number, Uint32Array> {}
interface Float32Array extends CopiedInOrder<number, Float32Array> {}
interface Float64Array extends CopiedInOrder<number, Float64Array> {}
interface BigInt64Array extends CopiedInOrder<bigint, BigInt64Array> {}
interface BigUint64Array extends CopiedInOrder<bigint, BigUint64Array> {}
