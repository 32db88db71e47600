/** The base of the errors of this library: each knows the name of its own class. */
export abstract class NamedError extends Error {
  /** The name of the error's class, such as `ParameterError`. */
  override readonly name: string = this.constructor.name;
}

/**
 * The caller passed something that the function can't take. The message names the function, the field, what is wanted
 * and what came: `preCopy: linkBytesPerS must be a finite number above 0, got NaN`.
 */
export class ParameterError extends NamedError {}

/** The run was stopped from outside: by Interrupt in the notebook. */
export class Interrupted extends NamedError {}

/** An invariant of the library is broken: a fault of ours, not of the caller. */
export class ModelError extends NamedError {}

/** A short, safe rendering of any value, for messages: `NaN`, `"serverr"`, `[1, […]]`, `an object (Map)`. */
export function shown(value: unknown): string {
  return shownAt(value, true);
}

function shownAt(value: unknown, isOutermost: boolean): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return value.name ? `the function ${value.name}` : "a function";
  if (Array.isArray(value)) {
    if (value.length > 3) return `an array of ${value.length} values`;
    if (!isOutermost && value.length > 0) return "[…]";
    return `[${value.map((item) => shownAt(item, false)).join(", ")}]`;
  }
  if (typeof value === "object" && value !== null) return `an object (${value.constructor?.name ?? "no prototype"})`;
  return String(value);
}

/** Throws a {@link ParameterError} in the project's one form. */
export function refuse(where: string, field: string, wanted: string, got: unknown): never {
  throw new ParameterError(`${where}: ${field} must be ${wanted}, got ${shown(got)}`);
}

/** A finite number above 0, else a {@link ParameterError}. */
export function checkPositive(where: string, field: string, value: unknown): number {
  if (typeof value !== "number" || !(value > 0) || value === Infinity)
    refuse(where, field, "a finite number above 0", value);
  return value;
}

/** A finite number that is 0 or more, else a {@link ParameterError}. */
export function checkNonNegative(where: string, field: string, value: unknown): number {
  if (typeof value !== "number" || !(value >= 0) || value === Infinity) {
    refuse(where, field, "a finite number of at least 0", value);
  }
  return value;
}

/** A number from 0 to 1, else a {@link ParameterError}. */
export function checkShare(where: string, field: string, value: unknown): number {
  if (typeof value !== "number" || !(value >= 0 && value <= 1)) refuse(where, field, "from 0 to 1", value);
  return value;
}

/** A text that is not empty, else a {@link ParameterError}. */
export function checkText(where: string, field: string, value: unknown): string {
  if (typeof value !== "string" || value === "") refuse(where, field, "a text that is not empty", value);
  return value;
}

/** An object of options, or left out, else a {@link ParameterError}. */
export function checkOptions(where: string, options: unknown): void {
  if (options !== undefined && (typeof options !== "object" || options === null || Array.isArray(options)))
    refuse(where, "options", "an object", options);
}

/** A whole number from `least` to `most`, else a {@link ParameterError}. */
export function checkWhole(
  where: string,
  field: string,
  value: unknown,
  least = 0,
  most = Number.MAX_SAFE_INTEGER,
): number {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    refuse(where, field, `a whole number ${range}`, value);
  }
  return value as number;
}
