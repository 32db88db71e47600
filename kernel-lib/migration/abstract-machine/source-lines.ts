/**
 * What a trap says in the words of the program's text. The compiler of this library leaves two things behind for that, both of which travel with the
 * program: a custom section with the text's line for each stretch of code, and, in an address that the language leaves unused, where the
 * text of the assertion that failed, or of the error that was thrown, stands.
 */
import { ParameterError } from "../../errors.js";
import { Reader } from "./reader.js";
import type { Position } from "./trap.js";

/** The custom section: a count, then for each entry how far its byte offset and its line lie behind those of the entry before (LEB128). */
export const linesSection = "handoff.lines";

/** Where a program in AssemblyScript leaves the address and the line of its last words, 32 bits each, before it executes `unreachable`. */
export const lastWordsAddress = 16;

/** From this byte of the module on the code is that of this line; 0 for code that the program's text does not have. */
export interface LineEntry {
  readonly offset: number;
  readonly line: number;
}

/** The lines of a module's code; none if its compiler did not leave them. */
export function lineEntries(bytes: Uint8Array): LineEntry[] {
  const reader = new Reader(bytes, 8);
  const entries: LineEntry[] = [];
  try {
    while (reader.at < reader.end) {
      const id = reader.byte();
      const section = reader.stretch(reader.u32());
      if (id !== 0 || section.name() !== linesSection) continue;
      let [offset, line] = [0, 0];
      for (let left = section.u32(); left > 0; left--) {
        offset += section.u32();
        line += section.s32();
        entries.push({ offset, line });
      }
    }
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error; // a courtesy: what is wrong in it is passed over
  }
  return entries;
}

/** The line of the innermost call that stands in the program's own text; undefined if none is known. */
export function lineOf(entries: readonly LineEntry[], positions: readonly Position[]): number | undefined {
  for (const { offset } of positions) {
    const line = entries.findLast((entry) => entry.offset <= offset)?.line ?? 0;
    if (line > 0) return line;
  }
  return undefined;
}

/** A text of AssemblyScript, whose length in bytes stands before it; empty if there is none. */
export function textIn(memory: Uint8Array, address: number): string {
  if (address < 4 || address > memory.length) return "";
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  const length = Math.min(view.getUint32(address - 4, true), memory.length - address);
  return new TextDecoder("utf-16le").decode(memory.subarray(address, address + length));
}

/**
 * What a program said before it executed the `unreachable` at that byte, and the line if it is one of its own text; undefined if it said nothing.
 */
export function lastWords(
  bytes: Uint8Array,
  offset: number,
  memory: Uint8Array,
): { text: string; line: number } | undefined {
  // An `i64.store` right before it: a plain `unreachable` says nothing, though an earlier call may have.
  const isAfterStore = bytes[offset - 3] === 0x37 && bytes[offset - 2] === 3 && bytes[offset - 1] === 0;
  if (!isAfterStore || memory.length < lastWordsAddress + 8) return undefined;
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  const address = view.getUint32(lastWordsAddress, true);
  if (address === 0) return undefined;
  return { text: textIn(memory, address), line: view.getUint32(lastWordsAddress + 4, true) };
}
