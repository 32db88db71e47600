import type { Encoded } from "../values.js";
import { brief, decode } from "../values.js";

/** Longer messages are put into words at once: what is kept of a run should not grow with what it sent. */
const longestKept = 128;
const pageBytes = 1 << 16;

/**
 * The short texts of messages in a trace. Small messages are kept as their bytes and put into words when somebody reads the
 * trace: a text for each would cost more than sending it.
 */
export class MessageNotes {
  readonly #pages: Uint8Array[] = [];
  #used = pageBytes;
  readonly #texts: string[] = [];
  readonly #read = new Map<number, string>();

  /** Keeps what a message says; returns the number of the note. */
  add(message: unknown, { bytes, start, end }: Encoded): number {
    const length = end - start;
    if (message instanceof Uint8Array || length > longestKept) return -this.#texts.push(brief(message));
    if (this.#used + 1 + length > pageBytes) {
      this.#pages.push(new Uint8Array(pageBytes));
      this.#used = 0;
    }
    const page = this.#pages[this.#pages.length - 1] as Uint8Array;
    const note = (this.#pages.length - 1) * pageBytes + this.#used;
    page[this.#used++] = length;
    // Shorter than a call of `set` for messages of a few words.
    for (let i = start; i < end; i++) page[this.#used++] = bytes[i] as number;
    return note;
  }

  /** The text of a note. */
  text(note: number): string {
    if (note < 0) return this.#texts[-note - 1] as string;
    let text = this.#read.get(note);
    if (text === undefined) {
      text = this.#words(note);
      this.#read.set(note, text);
    }
    return text;
  }

  #words(note: number): string {
    const at = note % pageBytes;
    const bytes = this.#pages[(note - at) / pageBytes] as Uint8Array;
    try {
      return brief(decode({ bytes, start: at + 1, end: at + 1 + (bytes[at] as number) }));
    } catch {
      return "a message that can't be decoded";
    }
  }
}
