/** What a stage found. A stage that is one check (the build, the lint) counts as one test. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What the reader needs to see of it: the output of everything that failed, else nothing. */
  readonly details: string;
}

export const nothing: Outcome = { passed: 0, failed: 0, skipped: 0, details: "" };

export function add(a: Outcome, b: Outcome): Outcome {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    details: [a.details, b.details].filter((text) => text !== "").join("\n"),
  };
}

const counted = (text: string, label: string): number | undefined => {
  const [, digits] = new RegExp(`^ *${label}: +(\\d+)$`, "m").exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
};

/**
 * Reads the outcome of one uvu file from what it printed.
 *
 * A file that says nothing, holds no test or ends badly after its summary has failed: uvu itself calls a file passed
 * whose event loop ran dry in the middle of a test.
 */
export function readUvu(file: string, code: number, output: string): Outcome {
  const [total, passed, skipped] = ["Total", "Passed", "Skipped"].map((label) => counted(output, label));
  const failure = (why: string, known = 0): Outcome => ({
    passed: known,
    failed: 1,
    skipped: skipped ?? 0,
    details: `${file}: ${why}\n${output}`,
  });
  if (total === undefined || passed === undefined || skipped === undefined)
    return failure(`ended (exit code ${code}) before its tests were all run`);
  if (total === 0) return failure("holds no test, or never calls run()");
  const failed = total - passed - skipped;
  if (failed > 0) return { passed, failed, skipped, details: `${file}:\n${output}` };
  return code === 0 ? { passed, failed: 0, skipped, details: "" } : failure(`exit code ${code}`, passed);
}
