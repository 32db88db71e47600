/** Check records in notebooks that others ran or wrote: nothing in them is taken on trust. */
import { checkMime } from "../../kernel-lib/jupyter.js";
import { type CodeCell, isShown, type Notebook } from "../notebooks/format.js";

/** What `check` said of one answer. */
export interface FoundRecord {
  readonly exercise: string;
  readonly state: "passed" | "failed" | "not attempted";
  readonly attempts: number;
  readonly failedClaims: readonly string[];
  readonly mistake: string;
  readonly hintsShown: number;
}

/** The well-formed records in a notebook's outputs, in the order of its cells. */
export function recordsIn(notebook: Notebook): FoundRecord[] {
  return notebook.cells
    .filter((cell): cell is CodeCell => cell.cell_type === "code")
    .flatMap(({ outputs }) => outputs.flatMap((output) => (isShown(output) ? [output.data[checkMime]] : [])))
    .flatMap((value) => (isRecord(value) ? [{ ...value, mistake: value.mistake ?? "" }] : []));
}

function isRecord(value: unknown): value is Omit<FoundRecord, "mistake"> & { mistake?: string } {
  const record = value as Readonly<Record<string, unknown>> | null;
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0;
  const isText = (text: unknown) => typeof text === "string" && text.length <= 1000;
  return (
    typeof record === "object" &&
    record !== null &&
    isText(record.exercise) &&
    ["passed", "failed", "not attempted"].includes(record.state as string) &&
    isCount(record.attempts) &&
    isCount(record.hintsShown) &&
    (record.mistake === undefined || isText(record.mistake)) &&
    Array.isArray(record.failedClaims) &&
    record.failedClaims.every(isText)
  );
}
