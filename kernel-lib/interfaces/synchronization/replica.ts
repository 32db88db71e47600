import { type MergeRule, valuesOf, type WriteContext } from "./merge-rule.js";

/** One device's copy of a calendar, kept by a merge rule. Versions by the names of their entries are all that devices send each other. */
export class Replica<V> {
  readonly #rule: MergeRule<V>;
  readonly #versions = new Map<string, V>();

  /** An empty copy. */
  constructor(rule: MergeRule<V>) {
    this.#rule = rule;
  }

  /** The user writes an entry, or deletes it: `value` is undefined. */
  write(entry: string, value: string | undefined, context: WriteContext): void {
    this.#keep(entry, this.#rule.write(this.#versions.get(entry), value, context));
  }

  /** A version arrives from another device. */
  receive(entry: string, theirs: V): void {
    const mine = this.#versions.get(entry);
    this.#keep(entry, mine === undefined ? theirs : this.#rule.merge(mine, theirs));
  }

  /** All that this device has, to be sent to another. */
  get versions(): readonly (readonly [entry: string, version: V])[] {
    return [...this.#versions];
  }

  /** What the user sees, by entry: one value, or several in conflict. What is deleted is not there. */
  get shown(): Readonly<Record<string, readonly string[]>> {
    const seen = this.versions.map(([entry, version]) => [entry, [...valuesOf(this.#rule, version)].sort()] as const);
    return Object.fromEntries(seen.filter(([, values]) => values.length > 0).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #keep(entry: string, version: V | undefined): void {
    if (version === undefined) this.#versions.delete(entry);
    else this.#versions.set(entry, version);
  }
}
