/** What a page brings back, as bytes: what it says of the visit, what was printed there, and the program's image. */

import type { MachineValue, Stop } from "../abstract-machine/index.js";

/** What the page says when it gives the program back. @internal */
export interface VisitReport {
  readonly executed: number;
  readonly runMs: number;
  readonly platform: string;
  /** Why it stopped there. */
  readonly stop: Stop;
  readonly printed: readonly number[];
  /** What it said on its console. */
  readonly said: readonly string[];
}

// JSON has no bigint, no NaN and no -0.
const textOf = (value: MachineValue): string =>
  typeof value === "bigint" ? `${value}n` : Object.is(value, -0) ? "-0" : String(value);
const numberOf = (text: string): MachineValue => (text.endsWith("n") ? BigInt(text.slice(0, -1)) : Number(text));
const stopAs = <From, To>(stop: Stop, change: (value: From) => To): object => {
  const all = (values: readonly unknown[]) => values.map((value) => change(value as From));
  if (stop.why === "finished") return { ...stop, results: all(stop.results) };
  return stop.why === "waiting" ? { ...stop, args: all(stop.args) } : stop;
};

/** The length of the text, the text, how many numbers were printed, the numbers, the image; lengths are 32 bits, little-endian. @internal */
export function packVisit({ printed, stop, ...said }: VisitReport, image: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify({ ...said, stop: stopAs(stop, textOf) }));
  const packed = new Uint8Array(8 + text.length + 8 * printed.length + image.length);
  const view = new DataView(packed.buffer);
  view.setUint32(0, text.length, true);
  packed.set(text, 4);
  view.setUint32(4 + text.length, printed.length, true);
  const numbersAt = 8 + text.length;
  printed.forEach((x, i) => {
    view.setFloat64(numbersAt + 8 * i, x, true);
  });
  packed.set(image, numbersAt + 8 * printed.length);
  return packed;
}

/** Reads what {@link packVisit} wrote; undefined if it is none. Whether the image is one, `thaw` knows. @internal */
export function unpackVisit(
  packed: Uint8Array,
): { readonly report: VisitReport; readonly image: Uint8Array } | undefined {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  try {
    const textEnd = 4 + view.getUint32(0, true);
    const count = view.getUint32(textEnd, true);
    const numbersAt = textEnd + 4;
    const imageAt = numbersAt + 8 * count;
    if (imageAt > packed.length) return undefined;
    const printed = Array.from({ length: count }, (_number, i) => view.getFloat64(numbersAt + 8 * i, true));
    const { executed, runMs, platform, stop, said } = JSON.parse(new TextDecoder().decode(packed.subarray(4, textEnd)));
    if (!Number.isSafeInteger(executed) || !(runMs >= 0) || typeof platform !== "string" || !Array.isArray(said))
      return undefined;
    const report = { executed, runMs, platform, stop: stopAs(stop, numberOf) as Stop, printed, said: said.map(String) };
    return { report, image: packed.slice(imageAt) };
  } catch {
    return undefined;
  }
}
