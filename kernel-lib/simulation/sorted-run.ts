import { EventRecords } from "./event-records.js";

/**
 * The nearest events, sorted: a double-ended array of times and slots. Equal times stand in the order of their coming.
 *
 * @internal
 */
export class SortedRun extends EventRecords {
  protected runTimes: Float64Array = new Float64Array(256);
  protected runSlots: Int32Array = new Int32Array(256);
  protected head = 16;
  protected tail = 16;

  /** Puts a slot in its place, after all of its time or earlier. @returns how many others had to move. */
  protected insertNear(timeMs: number, slot: number): number {
    if (this.tail === this.runTimes.length || this.head === 0) this.makeRoom();
    const { runTimes: times, runSlots: slots, head, tail } = this;
    // Most come at the end or near it.
    let place = tail;
    const near = Math.max(tail - 32, head);
    while (place > near && (times[place - 1] as number) > timeMs) {
      times[place] = times[place - 1] as number;
      slots[place] = slots[place - 1] as number;
      place--;
    }
    if (place > head && place === near && (times[place - 1] as number) > timeMs) {
      return this.insertEarlier(timeMs, slot, place);
    }
    times[place] = timeMs;
    slots[place] = slot;
    this.tail = tail + 1;
    return tail - place;
  }

  /** `gap` is free, all after it are later; the place is somewhere before it. Moves the shorter side. */
  private insertEarlier(timeMs: number, slot: number, gap: number): number {
    const { runTimes: times, runSlots: slots, head } = this;
    let low = head;
    let high = gap - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((times[middle] as number) > timeMs) high = middle;
      else low = middle + 1;
    }
    if (low - head < gap - low) {
      // The front moves down by one; the gap is closed again from behind.
      times.copyWithin(head - 1, head, low);
      slots.copyWithin(head - 1, head, low);
      times[low - 1] = timeMs;
      slots[low - 1] = slot;
      times.copyWithin(gap, gap + 1, this.tail + 1);
      slots.copyWithin(gap, gap + 1, this.tail + 1);
      this.head = head - 1;
      return low - head;
    }
    times.copyWithin(low + 1, low, gap);
    slots.copyWithin(low + 1, low, gap);
    times[low] = timeMs;
    slots[low] = slot;
    this.tail++;
    return gap - low;
  }

  /** Puts the slots of `from[0 … count − 1]` here, in reverse and stably sorted; the run must be empty. */
  protected load(from: Int32Array, count: number): void {
    if (this.runTimes.length < count + 32) this.resize(count + 32);
    const { times: timesBySlot, runTimes: times, runSlots: slots } = this;
    const head = 16;
    let tail = head;
    for (let i = count - 1; i >= 0; i--) {
      const slot = from[i] as number;
      const timeMs = timesBySlot[2 * slot] as number;
      let place = tail++;
      while (place > head && (times[place - 1] as number) > timeMs) {
        times[place] = times[place - 1] as number;
        slots[place] = slots[place - 1] as number;
        place--;
      }
      times[place] = timeMs;
      slots[place] = slot;
    }
    this.head = head;
    this.tail = tail;
  }

  /** Room at both ends: moves all to the middle, in arrays of twice the size when more than half full. */
  private makeRoom(): void {
    const count = this.tail - this.head;
    if (count * 2 > this.runTimes.length) this.resize(this.runTimes.length * 2);
    const head = (this.runTimes.length - count) >> 1;
    this.runTimes.copyWithin(head, this.head, this.tail);
    this.runSlots.copyWithin(head, this.head, this.tail);
    this.head = head;
    this.tail = head + count;
  }

  private resize(capacity: number): void {
    const times = new Float64Array(capacity);
    const slots = new Int32Array(capacity);
    times.set(this.runTimes.subarray(0, Math.min(capacity, this.runTimes.length)));
    slots.set(this.runSlots.subarray(0, Math.min(capacity, this.runSlots.length)));
    this.runTimes = times;
    this.runSlots = slots;
  }
}
