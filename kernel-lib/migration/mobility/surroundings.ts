/**
 * What a program finds wherever it is, though no handle says so: what the library of its language asks for. A console and a clock are those of
 * the place where it is. The seed of `Math.random` is drawn once, when the program is launched, and travels with it: so its numbers
 * do not depend on where it was when it asked.
 */
import type { Machine, MachineValue } from "../abstract-machine/index.js";
import { textAt } from "../toolchain/text-at.js";

/** The import by which `Math.random` asks for its seed. @internal */
export const seedImport = "Math.random seed";

/** See the file. @internal */
export interface Surroundings {
  say(text: string): void;
  /** In ms. */
  now(): number;
  /** For `Math.random`; undefined if nobody launched the program who could have drawn it. */
  readonly seed?: number | undefined;
}

/** The answer to what a program asks of its surroundings, as a list of results; undefined if that is not theirs. @internal */
export function answerOfSurroundings(
  { say, now, seed }: Surroundings,
  machine: Machine,
  name: string,
  args: readonly MachineValue[],
): MachineValue[] | undefined {
  const [object, member] = name.split(".");
  if (name === "Date.now" || name === "performance.now") return [now()];
  if (name === seedImport) return seed === undefined ? undefined : [seed];
  if (object !== "console") return undefined;
  if (member === "assert") {
    if (Number(args[0]) === 0) say(`assertion failed: ${textAt(machine, Number(args[1]))}`);
    return [];
  }
  // `trace` passes five numbers, of which as many count as it says.
  const numbers = member === "trace" ? args.slice(2, 2 + Number(args[1])).map(Number) : [];
  say([textAt(machine, Number(args[0])), ...numbers].join(" "));
  return [];
}
