import { Fifo } from "./fifo.js";
import type { Wait } from "./wait.js";

/**
 * Threads that wait for the same thing, served in the order in which they came. One that has given up meanwhile, or has died, keeps
 * its place until its turn and is passed over.
 */
export class WaitLine<T = unknown> {
  readonly #waits = new Fifo<Wait<T>>();
  #waiting = 0;

  /** How many wait in it: who has given up, or died, does not count. */
  get waiting(): number {
    return this.#waiting;
  }

  get isEmpty(): boolean {
    return this.#waits.size === 0;
  }

  /** Puts it at the end. Waits that are over are taken off the head: those that time out again and again would fill the line. */
  add(wait: Wait<T>): void {
    while (this.#waits.first && this.#waits.first.state !== "pending") this.#waits.shift();
    this.#waits.push(wait);
    if (wait.state !== "pending") return;
    this.#waiting++;
    wait.abandoned = this;
  }

  /** Takes out the one that has waited longest and can go on; the caller settles it, now. */
  next(): Wait<T> | undefined {
    let wait = this.#waits.shift();
    while (wait && !(wait.state === "pending" && wait.thread.isAlive)) wait = this.#waits.shift();
    if (!wait) return undefined;
    this.#waiting--;
    wait.abandoned = undefined;
    return wait;
  }

  /** All go on with that error. */
  fail(error: unknown): void {
    for (const wait of this.#waits.drain()) wait.fail(error);
  }

  /** All go on with that value. */
  succeed(value: T): void {
    for (let wait = this.next(); wait; wait = this.next()) wait.succeed(value);
  }

  some(holds: (wait: Wait<T>) => boolean): boolean {
    return this.#waits.some(holds);
  }

  /** By a wait that ends otherwise. */
  abandon(): void {
    this.#waiting--;
  }
}
