/** What can be in a {@link LinkedSet}: in one at a time. */
export interface Member<T> {
  memberOf: object | undefined;
  previousMember: T | undefined;
  nextMember: T | undefined;
}

/**
 * A set in order of addition, linked through its members. A `Set` in its place leaves a chain of its old tables behind, which
 * keeps whatever was in them alive until the next full collection: with many short lives that was half of a run's time.
 */
export class LinkedSet<T extends Member<T>> {
  private first: T | undefined = undefined;
  private last: T | undefined = undefined;
  size = 0;

  /** Puts it at the end; it must not be in any such set. */
  add(item: T): void {
    item.memberOf = this;
    item.previousMember = this.last;
    if (this.last) this.last.nextMember = item;
    else this.first = item;
    this.last = item;
    this.size++;
  }

  /** Takes it out; says whether it was in this set. */
  delete(item: T): boolean {
    if (item.memberOf !== this) return false;
    const { previousMember, nextMember } = item;
    if (previousMember) previousMember.nextMember = nextMember;
    else this.first = nextMember;
    if (nextMember) nextMember.previousMember = previousMember;
    else this.last = previousMember;
    item.memberOf = undefined;
    item.previousMember = undefined;
    item.nextMember = undefined;
    this.size--;
    return true;
  }

  /** Its members, from the oldest to the youngest: a copy, whatever becomes of them. */
  members(): T[] {
    const all: T[] = [];
    for (let item = this.first; item; item = item.nextMember) all.push(item);
    return all;
  }
}
