/** A number as the comparison of notebooks keeps it: at most 12 significant digits, so that the last bits don't matter. */
export function rounded(value: number): number | string {
  if (!Number.isFinite(value)) return String(value);
  return Number(value.toPrecision(12)) + 0;
}

/**
 * A number for people: 4 significant digits unless told, whole numbers in full, no trailing zeros, powers of ten
 * outside 0.0001 … 10⁹.
 */
export function formatNumber(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "–" : value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (Number.isSafeInteger(value) && size < 1e9) return sign + size;
  if (size >= 1e9 || size < 1e-4) {
    const [mantissa = "", exponent = "0"] = size.toExponential(digits - 1).split("e");
    return `${sign}${trimZeros(mantissa)}×10${superscript(Number(exponent))}`;
  }
  const decimals = Math.min(20, Math.max(0, digits - 1 - decimalExponent(size)));
  return sign + trimZeros(size.toFixed(decimals));
}

/** How many decimals let the largest of these numbers keep `digits` significant digits, and no more than any needs. */
export function columnDecimals(values: readonly number[], digits = 4): number {
  const finite = values.filter((v) => Number.isFinite(v) && v !== 0);
  if (finite.length === 0 || finite.every(Number.isInteger)) return 0;
  const size = largest(finite.map(Math.abs));
  const allowed = Math.min(12, Math.max(0, digits - 1 - decimalExponent(size)));
  const needed = largest(finite.map((v) => trimZeros(v.toFixed(allowed)).split(".")[1]?.length ?? 0));
  return Math.min(allowed, needed);
}

/** Milliseconds as people read a duration: `850 ms`, `12 s`, `3 min 20 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  return seconds < 100 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** The power of ten at or below a number above 0. By its digits: an engine's `Math.log10` may miss the power itself. */
export function decimalExponent(value: number): number {
  return Number(value.toExponential().split("e")[1]);
}

/** 10 to a whole power: what its decimal literal says, where the `**` of engines differ. */
export function powerOfTen(exponent: number): number {
  return Number(`1e${exponent}`);
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function superscript(exponent: number): string {
  return String(exponent).replace(/[-0-9]/g, (c) => (c === "-" ? "⁻" : ("⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)] ?? c)));
}

/** The largest of any number of values, or of `least`: spreading a million arguments into Math.max overflows the stack. */
export function largest(values: Iterable<number>, least: number = Number.NEGATIVE_INFINITY): number {
  let most = least;
  for (const value of values) if (value > most) most = value;
  return most;
}

/** The smallest of any number of values, or of `most`. */
export function smallest(values: Iterable<number>, most: number = Number.POSITIVE_INFINITY): number {
  let least = most;
  for (const value of values) if (value < least) least = value;
  return least;
}
