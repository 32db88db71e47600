import { none } from "./event-records.js";
import { SortedRun } from "./sorted-run.js";

/** Up to so many events are sorted at once; more are first dealt into buckets. */
const fewEnough = 16;
/** Buckets for each event that is dealt: more are emptier, and cost memory, so there are fewer when events are many. */
const bucketsPerEvent = (events: number): number => (events < 100_000 ? 4 : 1);
/** How many events may have to move for one that is put among the sorted ones. */
const dear = 24;
/** Past so many rungs a bucket is sorted whole, however full: times as dense as that are rare. */
const maxRungs = 48;

/** A stretch of time cut into equal buckets; each bucket is a list of slots, last come first. */
class Rung {
  startMs = 0;
  bucketsPerMs = 0;
  /** The first bucket that has not been opened. */
  next = 0;
  count = 0;
  heads: Int32Array = new Int32Array(0);

  prepare(minMs: number, maxMs: number, events: number): void {
    const count = Math.max(16, events * bucketsPerEvent(events));
    if (this.heads.length < count || this.heads.length > 8 * count) this.heads = new Int32Array(count).fill(none);
    this.startMs = minMs;
    this.bucketsPerMs = (count - 1) / (maxMs - minMs);
    this.next = 0;
    this.count = count;
  }
}

/**
 * The order of events: a ladder queue. Far events lie unsorted in one list (the top); when their turn comes they are
 * dealt into buckets (a rung), a full bucket again into finer ones (the next rung), and the few events of the bucket
 * that is due are sorted (the run). Each event is moved a few times, however many there are.
 *
 * Which bucket an event falls in is a monotone function of its time, computed in the same way when it is put in and
 * when others are dealt; so equal times always share a place, and stay in the order of their coming.
 *
 * Records and run are its base classes, not its parts: one object takes a fifth less time than three.
 *
 * @see Tang, Goh and Thng, "Ladder queue: an O(1) priority queue structure for large-scale discrete event simulation",
 * ACM TOMACS 15(3), 2005.
 * @internal
 */
export class EventList extends SortedRun {
  private readonly rungs: Rung[] = [];
  private depth = 0;
  private top = none;
  private dead = 0;
  private scratch: Int32Array = new Int32Array(64);

  /** Puts an event in its place. @returns its id. */
  schedule(timeMs: number, callback: unknown, argument: unknown): number {
    const slot = this.take(callback, argument);
    if (this.depth === 0 || !this.insertFar(slot, timeMs)) {
      const moved = this.insertNear(timeMs, slot);
      if (moved > dear) this.relieve(moved);
    }
    return this.idOf(slot);
  }

  /** Puts a record where the far events are. @returns false if it belongs to the run. */
  private insertFar(slot: number, timeMs: number): boolean {
    const { rungs, depth, links } = this;
    this.times[2 * slot] = timeMs;
    const first = rungs[0] as Rung;
    const far = (timeMs - first.startMs) * first.bucketsPerMs;
    if (far >= first.next) {
      if (far < first.count) push(links, first.heads, far | 0, slot);
      else {
        links[4 * slot + 2] = this.top;
        this.top = slot;
      }
      return true;
    }
    for (let i = 1; i < depth; i++) {
      const rung = rungs[i] as Rung;
      let place = (timeMs - rung.startMs) * rung.bucketsPerMs;
      if (place >= rung.count) place = rung.count - 1;
      if (place >= rung.next) {
        push(links, rung.heads, place | 0, slot);
        return true;
      }
    }
    return false;
  }

  /** The time of the first event, in ms; `Infinity` when there is none. */
  firstMs(): number {
    for (;;) {
      if (this.head < this.tail) {
        const slot = this.runSlots[this.head] as number;
        if (!this.isDead(slot)) return this.runTimes[this.head] as number;
        this.head++;
        this.bury(slot);
      } else if (!this.refill()) return Infinity;
    }
  }

  /** Takes the event whose time {@link EventList.firstMs} gave out of the list. @returns its slot, to be cleared and released. */
  takeFirst(): number {
    return this.runSlots[this.head++] as number;
  }

  /** Marks an event that was taken off; when most records are dead, all of them are dropped at once. */
  cancel(slot: number, live: number): void {
    this.clear(slot);
    if (++this.dead > live + 1000) this.compact();
  }

  private bury(slot: number): void {
    this.dead--;
    this.release(slot);
  }

  private compact(): void {
    const { runTimes, runSlots } = this;
    let tail = this.head;
    for (let i = this.head; i < this.tail; i++) {
      const slot = runSlots[i] as number;
      if (this.isDead(slot)) this.bury(slot);
      else {
        runSlots[tail] = slot;
        runTimes[tail++] = runTimes[i] as number;
      }
    }
    this.tail = tail;
    for (let i = 0; i < this.depth; i++) {
      const { heads, next, count } = this.rungs[i] as Rung;
      for (let b = next; b < count; b++) if (heads[b] !== none) heads[b] = this.withoutDead(heads[b] as number);
    }
    this.top = this.withoutDead(this.top);
  }

  private withoutDead(head: number): number {
    const { links } = this;
    let kept = none;
    let last = none;
    for (let slot = head; slot !== none; ) {
      const next = links[4 * slot + 2] as number;
      if (this.isDead(slot)) this.bury(slot);
      else {
        if (last === none) kept = slot;
        else links[4 * last + 2] = slot;
        last = slot;
      }
      slot = next;
    }
    if (last !== none) links[4 * last + 2] = none;
    return kept;
  }

  /** Brings the next events into the empty run. */
  private refill(): boolean {
    for (;;) {
      if (this.depth === 0) {
        if (this.top === none) return false;
        const head = this.top;
        this.top = none;
        this.open(head);
      } else {
        const rung = this.rungs[this.depth - 1] as Rung;
        const { heads, count } = rung;
        let next = rung.next;
        while (next < count && heads[next] === none) next++;
        if (next === count) {
          rung.next = count;
          this.depth--;
          continue;
        }
        const head = heads[next] as number;
        heads[next] = none;
        rung.next = next + 1;
        // A rung with nothing left gives its place to the rung made of its last bucket; only the first must stay, as
        // it says where the top begins.
        if (rung.next === count && this.depth > 1) this.depth--;
        this.open(head);
      }
      if (this.head < this.tail) return true;
    }
  }

  /** Sorts a list of slots into the run, or deals it into a new rung. */
  private open(head: number): void {
    const { times, links } = this;
    let count = 0;
    let minMs = Infinity;
    let maxMs = -Infinity;
    for (let slot = head; slot !== none; ) {
      const next = links[4 * slot + 2] as number;
      if (this.isDead(slot)) this.bury(slot);
      else {
        const timeMs = times[2 * slot] as number;
        if (count === this.scratch.length) this.growScratch();
        this.scratch[count++] = slot;
        if (timeMs < minMs) minMs = timeMs;
        if (timeMs > maxMs) maxMs = timeMs;
      }
      slot = next;
    }
    if (count > fewEnough && minMs < maxMs) {
      if (this.deal(count, minMs, maxMs)) return;
      const sorted = Array.from(this.scratch.subarray(0, count)).reverse();
      sorted.sort((a, b) => (times[2 * a] as number) - (times[2 * b] as number));
      this.scratch.set(sorted.reverse());
    }
    this.load(this.scratch, count);
  }

  /** False for times so close (below 1e-294 ms or so) that the reciprocal of their distance overflows; they are sorted. */
  private canDeal(count: number, minMs: number, maxMs: number): boolean {
    return count / (maxMs - minMs) < 1e300 && this.depth < maxRungs;
  }

  /** Deals the slots in the scratch array, last come first, into a new rung. @returns false if they can't be. */
  private deal(count: number, minMs: number, maxMs: number): boolean {
    if (!this.canDeal(count, minMs, maxMs)) return false;
    this.rungs[this.depth] ??= new Rung();
    const rung = this.rungs[this.depth++] as Rung;
    rung.prepare(minMs, maxMs, count);
    const { startMs, bucketsPerMs, heads } = rung;
    const { times, links } = this;
    const last = rung.count - 1;
    for (let i = count - 1; i >= 0; i--) {
      const slot = this.scratch[i] as number;
      const place = ((times[2 * slot] as number) - startMs) * bucketsPerMs;
      push(links, heads, place < last ? place | 0 : last, slot);
    }
    return true;
  }

  /** Deals the run into a new rung when putting events into it has become dear. */
  private relieve(moved: number): void {
    const { runTimes, runSlots, head, tail, times } = this;
    const count = tail - head;
    if (moved * moved < count * 8) return;
    const minMs = runTimes[head] as number;
    const maxMs = runTimes[tail - 1] as number;
    if (!this.canDeal(count, minMs, maxMs)) return;
    while (this.scratch.length < count) this.growScratch();
    for (let i = 0; i < count; i++) {
      const slot = runSlots[tail - 1 - i] as number;
      this.scratch[i] = slot;
      times[2 * slot] = runTimes[tail - 1 - i] as number;
    }
    if (this.deal(count, minMs, maxMs)) this.head = this.tail = 16;
  }

  private growScratch(): void {
    const scratch = new Int32Array(this.scratch.length * 2);
    scratch.set(this.scratch);
    this.scratch = scratch;
  }
}

function push(links: Int32Array, heads: Int32Array, bucket: number, slot: number): void {
  links[4 * slot + 2] = heads[bucket] as number;
  heads[bucket] = slot;
}
