/**
 * What a Node child runs: it waits for the function that its parent sends, and calls it. If the parent dies before, the
 * channel ends and so does the child, as nothing is left to wait for.
 *
 * @internal
 */
import type { NodeProgram } from "./child-programs.js";
import { compiled, explainMissing } from "./self-contained.js";

type ChildFunction = (input: unknown, library?: unknown) => unknown;

process.once("message", async ({ code, input }: NodeProgram) => {
  if ("module" in code) {
    const found = ((await import(code.module)) as Record<string, unknown>)[code.name];
    if (typeof found !== "function") throw new TypeError(`${code.module} exports no function ${code.name}`);
    await (found as ChildFunction)(input);
    return;
  }
  try {
    const program = compiled<ChildFunction>(code.source);
    await (program.length < 2 ? program(input) : program(input, await import("../../index.js")));
  } catch (error) {
    throw explainMissing(error, "the program runs on its own, so pass it in the input, or import() it inside");
  }
});
