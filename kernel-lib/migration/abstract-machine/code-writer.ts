import type { Op } from "./interpreter.js";

/** An instruction as it stands in internal code: its operation, then its operands. */
export type Words = readonly number[];

/**
 * Internal code while it is written.
 *
 * What may a later instruction still change? Only the newest instruction, and only if its one result is the register that its first operand
 * names: it can be made to write another register, or be taken back, and then the one before it is the newest. Whoever wants to change an
 * instruction asks for it by the register that it writes, when the change is made. Nobody keeps a place in the code, so
 * what was written in between can't make it the wrong one.
 */
export class CodeWriter {
  private readonly words: number[];
  /** Where the instructions begin that may still change, the newest last. */
  private readonly open: number[] = [];

  /** @param header words in front of the first instruction, to be filled in at the end */
  constructor(header: number) {
    this.words = new Array<number>(header).fill(0);
  }

  /** Where the next word comes. */
  get length(): number {
    return this.words.length;
  }

  /** Ends what may change: control may come to this place from elsewhere, or what was written does more than write a register. */
  seal(): void {
    this.open.length = 0;
  }

  /** Appends words that stay as they are. */
  emit(...words: number[]): void {
    for (const word of words) this.words.push(word);
    this.seal();
  }

  /** Appends an instruction whose one result is a register. */
  write(op: Op, register: number, ...operands: number[]): void {
    const start = this.words.length;
    this.words.push(op, register, ...operands);
    this.open.push(start);
  }

  /** Lets the newest instruction write another register in place of the one named; false if that is not what it writes. */
  redirect(from: number, to: number): boolean {
    const start = this.newest(from);
    if (start === undefined) return false;
    this.words[start + 1] = to;
    return true;
  }

  /** Takes the newest instruction back if it writes a register and is wanted. */
  takeBack(register: number, isWanted: (instruction: Words) => boolean): Words | undefined {
    const start = this.newest(register);
    const instruction = start === undefined ? [] : this.words.slice(start);
    if (start === undefined || !isWanted(instruction)) return undefined;
    this.words.length = start;
    this.open.pop();
    return instruction;
  }

  private newest(register: number): number | undefined {
    const start = this.open.at(-1);
    return start !== undefined && this.words[start + 1] === register ? start : undefined;
  }

  /** Fills in a word that could not be known before. */
  fill(at: number, word: number): void {
    this.words[at] = word;
  }

  /** All that was written. */
  finish(): Int32Array {
    return Int32Array.from(this.words);
  }
}
