import { type CodeSegment, compileWasmText, decodeModule, freeze, type Machine, type Stop } from "kernel-lib";

/** A module from its text. */
export const module = async (text: string): Promise<CodeSegment> => decodeModule(await compileWasmText(text));

/** Runs a machine to its end, so many instructions at a time. */
export function runToEnd(machine: Machine, fuel = Infinity): Stop {
  for (;;) {
    const stop = machine.run({ fuel });
    if (stop.why !== "out of fuel") return stop;
  }
}

/** An image as text, to be compared and shown. */
export const imageText = (machine: Machine): string => Buffer.from(freeze(machine, { code: false })).toString("hex");
