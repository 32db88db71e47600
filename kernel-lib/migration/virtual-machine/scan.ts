/**
 * The pages that are still to be sent, and how they are gone through.
 *
 * A round that has sent all begins the next at the first page; one that ends with pages left is gone on with from where it
 * stood: reading the log of written pages does not set the scan back. (QEMU's does not, and the opposite made a model of it a third too slow.)
 *
 * @internal
 */
export class Scan {
  readonly #toSend: Uint8Array;
  /** The pages by their turn; by address without it. */
  readonly #order: Int32Array | undefined;
  #turn = 0;
  #left: number;

  /** All pages are to be sent. */
  constructor(pages: number, order: "ascending" | "permuted") {
    this.#toSend = new Uint8Array(pages).fill(1);
    this.#left = pages;
    this.#order = order === "permuted" ? permuted(pages) : undefined;
  }

  /** How many pages are still to be sent. */
  get left(): number {
    return this.#left;
  }

  /** 1 for each page that is still to be sent. */
  get marks(): Uint8Array {
    return this.#toSend;
  }

  /** Sends up to so many pages; those that are marked in `without` are passed over. @returns how many of each. */
  take(most: number, without?: Uint8Array): { sent: number; skipped: number } {
    const toSend = this.#toSend;
    const order = this.#order;
    let [sent, skipped, turn, left] = [0, 0, this.#turn, this.#left];
    while (left > 0 && sent < most) {
      const page = order === undefined ? turn : (order[turn] as number);
      if (toSend[page] === 1) {
        toSend[page] = 0;
        left--;
        if (without?.[page] === 1) skipped++;
        else sent++;
      }
      if (++turn === toSend.length) turn = 0;
    }
    this.#left = left;
    this.#turn = left === 0 ? 0 : turn;
    return { sent, skipped };
  }

  /** Those that are marked are to be sent, too. @returns how many are marked. */
  add(marks: Uint8Array): number {
    const toSend = this.#toSend;
    let [marked, left] = [0, 0];
    for (let page = 0; page < toSend.length; page++) {
      const mark = marks[page] as number;
      marked += mark;
      const isLeft = (toSend[page] as number) | mark;
      toSend[page] = isLeft;
      left += isLeft;
    }
    this.#left = left;
    return marked;
  }
}

/**
 * Xen's order: the bits of a page's number, turned by ten, so that a thousand neighbours are spread over the whole memory. A
 * number that is beyond its end is turned again.
 *
 * @see xc_linux_save.c of Xen 2.0 and 3.0, `permute`.
 */
function permuted(pages: number): Int32Array {
  const bits = 32 - Math.clz32(pages - 1);
  const up = Math.min(10, Math.max(0, bits - 1));
  const turned = (n: number): number => ((n >>> (bits - up)) | (n << up)) & ((1 << bits) - 1);
  return Int32Array.from({ length: pages }, (_, turn) => {
    let page = turned(turn);
    while (page >= pages) page = turned(page);
    return page;
  });
}
