/** Jupyter counts cursor positions in Unicode code points, JavaScript in UTF-16 units. */
export function toUtf16(text: string, codePoints: number): number {
  let units = 0;
  for (let i = 0; i < codePoints && units < text.length; i++) units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  return units;
}

/** The inverse of {@link toUtf16}. */
export function toCodePoints(text: string, units: number): number {
  return [...text.slice(0, units)].length;
}
