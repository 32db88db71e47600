import { ToolMissing } from "kernel-lib";
import type { uvu } from "uvu";

/**
 * The tests that need what a machine may lack: skipped there, with the reason told. The continuous integration installs
 * all that is needed, so there a missing tool fails.
 *
 * @param trial uses the tools once, and rejects with {@link ToolMissing} if one is not there
 */
export async function withTools<T>(test: uvu.Test<T>, trial: Promise<unknown>): Promise<uvu.Test<T>> {
  try {
    await trial;
    return test;
  } catch (error) {
    if (!(error instanceof ToolMissing) || process.env.CI) throw error;
    console.log(`skipped, since ${error.message}`);
    return test.skip as uvu.Test<T>;
  }
}
