import { refuse } from "../errors.js";

/**
 * Count, mean, variance and extremes of numbers that come one at a time, in constant memory.
 *
 * The sums are kept as deviations from the mean (Welford), so values that are large and alike lose no digits.
 *
 * @see Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics 4(3), 1962.
 */
export class RunningStatistics {
  #count = 0;
  #mean = 0;
  #squares = 0;
  #min = Infinity;
  #max = -Infinity;

  /** Takes in one more value. @throws {@link ParameterError} if it is not a finite number. */
  add(value: number): void {
    if (!(value > -Infinity && value < Infinity)) refuse("RunningStatistics.add", "value", "a finite number", value);
    const before = value - this.#mean;
    this.#mean += before / ++this.#count;
    this.#squares += before * (value - this.#mean);
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** Takes in all values of another, as if they had been added here (Chan's rule). */
  merge(other: RunningStatistics): void {
    const count = this.#count + other.#count;
    if (other.#count === 0) return;
    const apart = other.#mean - this.#mean;
    this.#squares += other.#squares + (apart * apart * this.#count * other.#count) / count;
    this.#mean += (apart * other.#count) / count;
    this.#count = count;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** How many values there were. */
  get count(): number {
    return this.#count;
  }

  /** The mean; NaN when there was no value. */
  get mean(): number {
    return this.#count > 0 ? this.#mean : NaN;
  }

  /** The unbiased sample variance (divided by count − 1); NaN below two values. */
  get variance(): number {
    return this.#count > 1 ? this.#squares / (this.#count - 1) : NaN;
  }

  /** The square root of {@link RunningStatistics.variance}, in the unit of the values. */
  get standardDeviation(): number {
    return Math.sqrt(this.variance);
  }

  /** The smallest value; `Infinity` when there was none. */
  get min(): number {
    return this.#min;
  }

  /** The largest value; `-Infinity` when there was none. */
  get max(): number {
    return this.#max;
  }
}
