/** The percent format as far as messages need it: which cell a line of a notebook's text belongs to. */

export interface Place {
  /** The cell's name, or nothing before the first cell. */
  readonly cell: string | undefined;
  /** The line in the cell, from 1. */
  readonly line: number;
}

const marker = /^\/\/ %%(?: |$)/;

/** @param line of the text, from 1. */
export function placeOf(text: string, line: number): Place {
  const lines = text.split("\n").slice(0, line);
  const at = lines.findLastIndex((each) => marker.test(each));
  if (at === -1) return { cell: undefined, line };
  const index = lines.filter((each) => marker.test(each)).length;
  const [, name = `cell ${index}`] = / name="([^"]*)"/.exec(lines[at] ?? "") ?? [];
  return { cell: name, line: line - 1 - at };
}
