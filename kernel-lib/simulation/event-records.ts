import { ModelError } from "../errors.js";

/** How many records there can be: ids keep a slot in 26 bits, and its generation in the 27 above them. */
const maxSlots = 2 ** 26;
const maxGeneration = 2 ** 27 - 1;
/** No record: the end of a list. */
export const none = -1;

/**
 * The store of scheduled events: 16 bytes each, side by side in one buffer (one cache line holds four), found by slot.
 *
 * | bytes | what |
 * |---|---|
 * | 0–7 | `times[2 * slot]`: when, in ms, if the event is among the far ones (of the near ones the run knows it) |
 * | 8–11 | `links[4 * slot + 2]`: the next slot of the list that the record is in |
 * | 12–15 | `links[4 * slot + 3]`: its generation, one more each time the slot is given back |
 *
 * Callback and argument stand in `payload[2 * slot]` and `payload[2 * slot + 1]`; no callback means that the event was
 * cancelled. The arrays are replaced when the store grows: read them afresh after every {@link EventRecords.take}.
 *
 * @internal
 */
export class EventRecords {
  times: Float64Array;
  links: Int32Array;
  payload: unknown[] = [];
  private nextFree = none;
  private used = 0;

  constructor(capacity = 64) {
    this.times = new Float64Array(capacity * 2);
    this.links = new Int32Array(this.times.buffer);
  }

  /** Takes a free slot and fills it; its time is still to be told. */
  take(callback: unknown, argument: unknown): number {
    let slot = this.nextFree;
    if (slot === none) slot = this.fresh();
    else this.nextFree = this.links[4 * slot + 2] as number;
    this.payload[2 * slot] = callback;
    this.payload[2 * slot + 1] = argument;
    return slot;
  }

  /** Makes the id of the event in a slot. */
  idOf(slot: number): number {
    return (this.links[4 * slot + 3] as number) * maxSlots + slot;
  }

  /** The slot that an id names, if its event is still there; else `none`. */
  slotOf(id: number): number {
    if (!Number.isSafeInteger(id) || id < 0) return none;
    const slot = id % maxSlots;
    return slot < this.used && this.links[4 * slot + 3] === (id - slot) / maxSlots ? slot : none;
  }

  /** Empties a record whose event has been taken or cancelled: ids of it are stale from here on. */
  clear(slot: number): void {
    this.payload[2 * slot] = undefined;
    this.payload[2 * slot + 1] = undefined;
    (this.links[4 * slot + 3] as number)++;
  }

  /** Whether the event of that slot was cancelled; it keeps its place in its list until somebody meets it there. */
  protected isDead(slot: number): boolean {
    return this.payload[2 * slot] === undefined;
  }

  /** Gives a cleared slot back. One whose generations are used up is left out for good, so that no id comes twice. */
  release(slot: number): void {
    if ((this.links[4 * slot + 3] as number) >= maxGeneration) return;
    this.links[4 * slot + 2] = this.nextFree;
    this.nextFree = slot;
  }

  private fresh(): number {
    const slot = this.used++;
    if (slot * 2 >= this.times.length) this.grow();
    this.payload.push(undefined, undefined);
    return slot;
  }

  private grow(): void {
    if (this.used > maxSlots) throw new ModelError(`Scheduler: more than ${maxSlots} events are scheduled at once`);
    const links = new Int32Array(Math.min(this.links.length * 2, maxSlots * 4));
    links.set(this.links); // as whole numbers: a copy as doubles might quieten what looks like a NaN
    this.links = links;
    this.times = new Float64Array(links.buffer);
  }
}
