/** The longest page, in numbers: 128 KiB. */
const longestPage = 1 << 14;

/** Records of numbers, one behind the other, in typed arrays: they cost no object each, and the collector of garbage never looks at them. */
export class Tape {
  readonly #full: Float64Array[] = [];
  /** Where the next record goes: `cells[at]` and on, after {@link Tape.reserve}. */
  cells: Float64Array = new Float64Array(0);
  private at = 0;

  /** Makes room for a record in `cells`, and says where it begins. */
  reserve(length: number): number {
    if (this.at + length > this.cells.length) this.#turnPage();
    const start = this.at;
    this.at += length;
    return start;
  }

  /** Each page with how much of it is written, in order. */
  pages(): Float64Array[] {
    return [...this.#full, this.cells.subarray(0, this.at)];
  }

  #turnPage(): void {
    this.#full.push(this.cells.subarray(0, this.at));
    this.cells = new Float64Array(Math.min(Math.max(256, this.cells.length * 2), longestPage));
    this.at = 0;
  }
}
