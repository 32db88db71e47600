/** A queue in a ring: head and tail are reached in constant time, however long it is (`Array.shift` is not). */
export class Fifo<T> {
  /** A power of two long. */
  private items: (T | undefined)[] = [undefined, undefined, undefined, undefined];
  private head = 0;
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** The oldest, which `shift` would take. */
  get first(): T | undefined {
    return this.items[this.head];
  }

  push(item: T): void {
    if (this.count === this.items.length) this.grow();
    this.items[(this.head + this.count++) & (this.items.length - 1)] = item;
  }

  shift(): T | undefined {
    if (this.count === 0) return undefined;
    const item = this.items[this.head];
    this.items[this.head] = undefined;
    this.head = (this.head + 1) & (this.items.length - 1);
    this.count--;
    return item;
  }

  some(holds: (item: T) => boolean): boolean {
    for (let i = 0; i < this.count; i++) {
      if (holds(this.items[(this.head + i) & (this.items.length - 1)] as T)) return true;
    }
    return false;
  }

  /** Takes everything out, in order. */
  drain(): T[] {
    const items: T[] = [];
    while (this.count > 0) items.push(this.shift() as T);
    return items;
  }

  private grow(): void {
    const items = this.items.slice(this.head).concat(this.items.slice(0, this.head));
    items.length = this.items.length * 2;
    this.items = items.fill(undefined, this.count);
    this.head = 0;
  }
}
