/** The alternative that never does badly: a heap of four children a node, in typed arrays; ties by order of coming. */
export class FourAryHeap {
  #times = new Float64Array(64);
  #orders = new Float64Array(64);
  #slots = new Int32Array(64);
  #size = 0;
  #order = 0;

  insert(slot: number, timeMs: number): void {
    if (this.#size === this.#times.length) this.#grow();
    const times = this.#times;
    const orders = this.#orders;
    const slots = this.#slots;
    let i = this.#size++;
    while (i > 0) {
      const parent = (i - 1) >> 2;
      if ((times[parent] as number) <= timeMs) break;
      times[i] = times[parent] as number;
      orders[i] = orders[parent] as number;
      slots[i] = slots[parent] as number;
      i = parent;
    }
    times[i] = timeMs;
    orders[i] = this.#order++;
    slots[i] = slot;
  }

  first(): number {
    return this.#size > 0 ? (this.#slots[0] as number) : -1;
  }

  shift(): void {
    const times = this.#times;
    const orders = this.#orders;
    const slots = this.#slots;
    const size = --this.#size;
    const timeMs = times[size] as number;
    const order = orders[size] as number;
    let i = 0;
    for (;;) {
      const start = 4 * i + 1;
      if (start >= size) break;
      let least = start;
      let leastMs = times[start] as number;
      const end = Math.min(start + 4, size);
      for (let child = start + 1; child < end; child++) {
        const childMs = times[child] as number;
        if (childMs < leastMs || (childMs === leastMs && (orders[child] as number) < (orders[least] as number))) {
          least = child;
          leastMs = childMs;
        }
      }
      if (leastMs > timeMs || (leastMs === timeMs && (orders[least] as number) > order)) break;
      times[i] = leastMs;
      orders[i] = orders[least] as number;
      slots[i] = slots[least] as number;
      i = least;
    }
    times[i] = timeMs;
    orders[i] = order;
    slots[i] = slots[size] as number;
  }

  #grow(): void {
    const grown = <A extends Float64Array | Int32Array>(from: A, to: A): A => {
      to.set(from);
      return to;
    };
    const capacity = this.#times.length * 2;
    this.#times = grown(this.#times, new Float64Array(capacity));
    this.#orders = grown(this.#orders, new Float64Array(capacity));
    this.#slots = grown(this.#slots, new Int32Array(capacity));
  }
}
