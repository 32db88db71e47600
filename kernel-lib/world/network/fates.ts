/** What becomes of the datagrams from one machine to another. */
import { randomStream } from "../../simulation/index.js";
import type { DatagramSpec } from "../scenario.js";

/**
 * The fates of the datagrams from one machine to another, drawn in the order of sending. Every purpose has a stream of its own, from which each datagram
 * draws once, whatever has become of it otherwise: so both worlds lose the same ones, and more loss leaves the delays alone.
 */
export class Fates {
  readonly #isLost: () => boolean;
  readonly #isDoubled: () => boolean;
  readonly #delayMs: () => number;
  readonly #secondDelayMs: () => number;

  constructor({ loss = 0, duplicates = 0, jitterMs = 0 }: DatagramSpec, seed: number, from: string, to: string) {
    // Most networks lose nothing, and need no streams.
    const draws = (purpose: string, isNeeded: boolean): (() => number) =>
      isNeeded ? randomStream(seed, `datagrams/${from}>${to}/${purpose}`) : () => 0;
    const [lost, doubled] = [draws("loss", loss > 0), draws("duplicates", duplicates > 0)];
    const [first, second] = [draws("delay", jitterMs > 0), draws("second delay", jitterMs > 0 && duplicates > 0)];
    this.#isLost = () => lost() < loss;
    this.#isDoubled = () => doubled() < duplicates;
    this.#delayMs = () => first() * jitterMs;
    this.#secondDelayMs = () => second() * jitterMs;
  }

  /** By how much each copy of the next datagram is late: one, two, or none if it is lost. */
  next(): readonly number[] {
    const [isLost, isDoubled, delayMs, secondDelayMs] = [
      this.#isLost(),
      this.#isDoubled(),
      this.#delayMs(),
      this.#secondDelayMs(),
    ];
    if (isLost) return [];
    return isDoubled ? [delayMs, secondDelayMs] : [delayMs];
  }
}
