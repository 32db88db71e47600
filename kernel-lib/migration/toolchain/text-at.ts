import type { Machine } from "../abstract-machine/index.js";

/**
 * A text in the memory of a program in AssemblyScript: what a resource gets as a number where the program passes a string.
 *
 * @param address the number; 0 stands for null.
 * @returns the text, well-formed; empty for null.
 * @throws {@link ParameterError} if there can be no text at that address.
 * @example
 * instantiate(code, { resources: { "console.log": ([at], machine) => console.log(textAt(machine, Number(at))) } })
 */
export function textAt(machine: Machine, address: number): string {
  if (address === 0) return "";
  const length = new DataView(machine.read(address - 4, 4).buffer).getUint32(0, true);
  return new TextDecoder("utf-16le").decode(machine.read(address, length));
}
