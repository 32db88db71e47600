import { type CheckOptions, checkNotebooks, type Report } from "./check.js";
import { editedNames } from "./edited.js";
import type { NotebookFolder } from "./files.js";
import { progressLine } from "./make.js";
import { wording, wordings } from "./rules.js";

export interface CheckAllOptions extends CheckOptions {
  /** Counts also problems of notebooks that differ from what was shipped. */
  readonly strict?: boolean;
  /** Names of the notebooks that differ from what was shipped; asked of git by default. */
  readonly edited?: ReadonlySet<string>;
}

/**
 * Checks notebooks and prints a line for each, with its problems below. A notebook that its reader has edited is named,
 * and its problems are shown but do not count.
 *
 * @returns whether all passed.
 */
export async function checkAll(
  folder: NotebookFolder,
  names: readonly string[],
  options: CheckAllOptions = {},
): Promise<boolean> {
  const edited = options.edited ?? editedNames();
  let passed = true;
  await checkNotebooks(folder, names, {
    ...options,
    onReport: (report) => {
      const isEdited = edited.has(report.name) && !options.strict;
      if (report.problems.length > 0 && !isEdited) passed = false;
      console.log(reportLines(report, isEdited).join("\n"));
      options.onReport?.(report);
    },
  });
  return passed;
}

function reportLines({ name, problems, atFirst, codeCells, durationMs }: Report, isEdited: boolean): string[] {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const again = atFirst.length > 0 ? " in a second run, after live claims had failed" : "";
  const result = `${problems.length === 0 ? "passed" : count}${again}`;
  const note = isEdited ? `edited since it was shipped: ${result}, not counted` : result;
  return [
    progressLine(name, codeCells, durationMs, note),
    ...atFirst.map((problem) => `    at first: ${wording(problem)}`),
    ...wordings(problems).map((line) => line.replace(/^/gm, "    ")),
  ];
}
