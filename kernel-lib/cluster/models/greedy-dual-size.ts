/**
 * A cache of files by GreedyDual-Size with equal costs: small files and those that were asked for lately stay. A file's worth is the cache's age plus 1/size when it is
 * used; the least worth goes first, and the age becomes the worth of the last that went.
 *
 * @see Cao and Irani, "Cost-Aware WWW Proxy Caching Algorithms", USITS 1997.
 * @internal
 */
export class GreedyDualSize {
  #age = 0;
  #used = 0;
  readonly #worth = new Map<number, number>();
  // A heap of [worth, file], least first; entries whose worth has changed since are passed over.
  readonly #heap: [number, number][] = [];

  constructor(
    readonly capacityBytes: number,
    readonly sizesBytes: Float64Array,
  ) {}

  /** Whether a file is there; using it renews its worth. */
  use(file: number): boolean {
    if (!this.#worth.has(file)) return false;
    this.#renew(file);
    return true;
  }

  /** Puts a file in, and others out for it; one that is larger than the cache stays out. */
  put(file: number): void {
    const size = this.sizesBytes[file] as number;
    if (size > this.capacityBytes || this.#worth.has(file)) return;
    while (this.#used + size > this.capacityBytes) this.#evict();
    this.#used += size;
    this.#renew(file);
  }

  #renew(file: number): void {
    const worth = this.#age + 1 / (this.sizesBytes[file] as number);
    // While nothing goes out nothing changes, and the heap must not grow.
    if (this.#worth.get(file) === worth) return;
    this.#worth.set(file, worth);
    this.#push([worth, file]);
  }

  #evict(): void {
    for (;;) {
      const [worth, file] = this.#pop();
      if (this.#worth.get(file) !== worth) continue;
      this.#age = worth;
      this.#worth.delete(file);
      this.#used -= this.sizesBytes[file] as number;
      return;
    }
  }

  #push(entry: [number, number]): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as [number, number];
      if (parent[0] <= entry[0]) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = entry;
  }

  #pop(): [number, number] {
    const heap = this.#heap;
    const [top, last] = [heap[0] as [number, number], heap.pop() as [number, number]];
    if (heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      const right = heap[below + 1];
      if (right && right[0] < (heap[below] as [number, number])[0]) below++;
      const child = heap[below];
      if (!child || child[0] >= last[0]) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return top;
  }
}
