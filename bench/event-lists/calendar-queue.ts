import type { EventRecords } from "kernel-lib/simulation/event-records";

/**
 * The classic: a year of days, each day a sorted list of its events of all years; twice or half as many days when the
 * number of events has doubled or halved, each as long as three mean gaps between the next events.
 *
 * See Brown, "Calendar queues: a fast O(1) priority queue implementation for the simulation event set problem", CACM 31(10), 1988.
 */
export class CalendarQueue {
  readonly #records: EventRecords;
  #days = new Int32Array(2).fill(-1);
  #widthMs = 1;
  #size = 0;
  #day = 0; // of the last event taken, counted on through the years
  #first = -1;

  constructor(records: EventRecords) {
    this.#records = records;
  }

  insert(slot: number, timeMs: number): void {
    this.#put(slot, timeMs);
    this.#size++;
    if (this.#first >= 0 && timeMs < (this.#records.times[2 * this.#first] as number)) this.#first = -1;
    if (this.#size > 2 * this.#days.length) this.#resize(this.#days.length * 2);
  }

  first(): number {
    if (this.#first >= 0 || this.#size === 0) return this.#first;
    const { times } = this.#records;
    const days = this.#days;
    const mask = days.length - 1;
    for (let i = 0; i < days.length; i++) {
      const head = days[((this.#day + i) % days.length) & mask] as number;
      if (head >= 0 && Math.floor((times[2 * head] as number) / this.#widthMs) <= this.#day + i) {
        this.#day += i;
        this.#first = head;
        return head;
      }
    }
    // Nothing within a year: look at the first event of every day.
    let best = -1;
    for (const head of days) {
      if (head >= 0 && (best < 0 || (times[2 * head] as number) < (times[2 * best] as number))) best = head;
    }
    this.#day = Math.floor((times[2 * best] as number) / this.#widthMs);
    this.#first = best;
    return best;
  }

  shift(): void {
    const slot = this.first();
    this.#days[this.#day % this.#days.length] = this.#records.links[4 * slot + 2] as number;
    this.#first = -1;
    this.#size--;
    if (this.#days.length > 2 && this.#size < this.#days.length / 2) this.#resize(this.#days.length / 2);
  }

  #put(slot: number, timeMs: number): void {
    const { times, links } = this.#records;
    const day = Math.floor(timeMs / this.#widthMs);
    if (day < this.#day) this.#day = day;
    const place = day % this.#days.length;
    let previous = -1;
    let next = this.#days[place] as number;
    while (next >= 0 && (times[2 * next] as number) <= timeMs) {
      previous = next;
      next = links[4 * next + 2] as number;
    }
    links[4 * slot + 2] = next;
    if (previous < 0) this.#days[place] = slot;
    else links[4 * previous + 2] = slot;
  }

  #resize(count: number): void {
    const { times, links } = this.#records;
    const all: number[] = [];
    for (const head of this.#days)
      for (let slot = head; slot >= 0; slot = links[4 * slot + 2] as number) all.push(slot);
    // Brown's sample: the next 25 events, without gaps of more than twice the mean.
    const next = all
      .map((slot) => times[2 * slot] as number)
      .sort((a, b) => a - b)
      .slice(0, 25);
    const gaps = next.slice(1).map((timeMs, i) => timeMs - (next[i] as number));
    const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
    const usual = gaps.filter((gap) => gap <= 2 * mean);
    const widthMs = (3 * usual.reduce((a, b) => a + b, 0)) / usual.length;
    if (widthMs > 0) this.#widthMs = widthMs;
    this.#days = new Int32Array(count).fill(-1);
    this.#first = -1;
    this.#day = Number.MAX_SAFE_INTEGER;
    // From the latest on, so that each is put before the others; ties must keep their order.
    for (let i = all.length - 1; i >= 0; i--) this.#putFirst(all[i] as number);
    if (all.length === 0) this.#day = 0;
  }

  /** As #put, but before events of the same time: they came later. */
  #putFirst(slot: number): void {
    const { times, links } = this.#records;
    const timeMs = times[2 * slot] as number;
    const day = Math.floor(timeMs / this.#widthMs);
    if (day < this.#day) this.#day = day;
    const place = day % this.#days.length;
    let previous = -1;
    let next = this.#days[place] as number;
    while (next >= 0 && (times[2 * next] as number) < timeMs) {
      previous = next;
      next = links[4 * next + 2] as number;
    }
    links[4 * slot + 2] = next;
    if (previous < 0) this.#days[place] = slot;
    else links[4 * previous + 2] = slot;
  }
}
