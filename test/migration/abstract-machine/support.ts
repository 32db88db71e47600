import {
  type CodeSegment,
  compileWasmText,
  decodeModule,
  freeze,
  instantiate,
  type Machine,
  ParameterError,
  type Stop,
} from "kernel-lib";
import { assertFuelDoesNotMatter } from "./agreement.js";

/** A module from its text. Whatever else a test does with it: what its functions do must not depend on the fuel. */
export async function module(text: string): Promise<CodeSegment> {
  const code = decodeModule(await compileWasmText(text));
  if (fits(code)) assertFuelDoesNotMatter(code);
  return code;
}

// Whether a machine can be made of it with the usual limits.
function fits(code: CodeSegment): boolean {
  const resources = Object.fromEntries(
    code.imports.map(({ name, kind, valueType }) => [
      name,
      kind === "function" ? () => {} : valueType === "i64" ? 0n : 0,
    ]),
  );
  try {
    instantiate(code, { resources });
    return true;
  } catch (error) {
    if (error instanceof ParameterError) return false;
    throw error;
  }
}

/** Runs a machine to its end, so many instructions at a time. */
export function runToEnd(machine: Machine, fuel = Infinity): Stop {
  for (;;) {
    const stop = machine.run({ fuel });
    if (stop.why !== "out of fuel") return stop;
  }
}

/** An image as text, to be compared and shown. */
export const imageText = (machine: Machine): string => Buffer.from(freeze(machine, { code: false })).toString("hex");
