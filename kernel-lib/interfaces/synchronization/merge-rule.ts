/** What a device knows in the moment in which its user writes. */
export interface WriteContext {
  /** The device's name, different from all others'. */
  readonly device: string;
  /** What its clock shows, in whole milliseconds. It may be wrong. */
  readonly clockMs: number;
}

/**
 * How devices that each keep a copy of an entry agree without a server: what is kept beside each value, and which of two versions
 * stays. `V` is a version of an entry: plain data, so that it can be sent.
 *
 * All devices come to the same if `merge` is commutative, associative and idempotent. That alone says nothing about *what* they come to.
 */
// biome-ignore lint/suspicious/noExplicitAny: what a version holds is its rule's own affair
export interface MergeRule<V = any> {
  /** For tables and figures. */
  readonly name: string;
  /**
   * The version that a write makes.
   *
   * @param before what the device has of this entry; undefined if nothing
   * @param value what is written; undefined if the entry is deleted
   * @returns what the device keeps from then on; undefined if it keeps nothing, as if there had never been an entry
   */
  write(before: V | undefined, value: string | undefined, context: WriteContext): V | undefined;
  /** What stays when a version arrives at a device that has one. It changes neither. */
  merge(mine: V, theirs: V): V;
  /** What the user sees of a version: nothing if it is deleted, several values if they are in conflict. By default, its `value`. */
  values?(version: V): readonly string[];
}

/** What the user sees of a version, or of no version at all. */
export function valuesOf<V>(rule: MergeRule<V>, version: V | undefined): readonly string[] {
  if (version === undefined) return [];
  if (rule.values) return rule.values(version);
  const { value } = version as { readonly value?: string };
  return value === undefined ? [] : [value];
}
