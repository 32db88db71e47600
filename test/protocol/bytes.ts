import * as assert from "uvu/assert";

/** Bytes from hexadecimal digits; blanks are free. */
export const hex = (text: string): Uint8Array => {
  const digits = text.replaceAll(/\s/g, "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
};

/** Hexadecimal digits of bytes. */
export const toHex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Holds if the bytes are these hexadecimal digits; blanks are free. */
export const sameBytes = (bytes: Uint8Array | undefined, digits: string): void =>
  assert.is(bytes && toHex(bytes), digits.replaceAll(" ", ""));
