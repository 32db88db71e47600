/** Check records in notebooks that others ran or wrote: nothing in them is taken on trust. */
import { checkMime } from "../../kernel-lib/jupyter.js";
import { type CodeCell, isShown, type Notebook, type Output } from "../notebooks/format.js";

/** What `check` said of one answer, with what it leaves out filled in. */
export interface FoundRecord {
  readonly exercise: string;
  readonly state: "passed" | "failed" | "not attempted";
  readonly attempts: number;
  readonly failedClaims: readonly string[];
  readonly mistake: string;
  readonly hintsShown: number;
  /** How much of what is checked holds, from 0 to 1. */
  readonly share: number;
  /** What the exercise is worth. */
  readonly points: number;
}

/** The well-formed records in a notebook's outputs, in the order of its cells. */
export function recordsIn(notebook: Notebook): FoundRecord[] {
  const code = notebook.cells.filter((cell): cell is CodeCell => cell.cell_type === "code");
  return code.flatMap(({ outputs }) => recordsOf(outputs));
}

/** The well-formed records in one cell's outputs. */
export function recordsOf(outputs: readonly Output[]): FoundRecord[] {
  return outputs
    .flatMap((output) => (isShown(output) ? [output.data[checkMime]] : []))
    .flatMap((value) =>
      isRecord(value)
        ? [{ mistake: "", points: 1, ...value, share: value.state === "passed" ? 1 : (value.share ?? 0) }]
        : [],
    );
}

type Given = Omit<FoundRecord, "mistake" | "share" | "points"> &
  Partial<Pick<FoundRecord, "mistake" | "share" | "points">>;

function isRecord(value: unknown): value is Given {
  const record = value as Readonly<Record<string, unknown>> | null;
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0;
  const isText = (text: unknown) => typeof text === "string" && text.length <= 1000;
  const isAtMost = (most: number, number: unknown) =>
    number === undefined || (typeof number === "number" && number >= 0 && number <= most);
  return (
    typeof record === "object" &&
    record !== null &&
    isText(record.exercise) &&
    ["passed", "failed", "not attempted"].includes(record.state as string) &&
    isCount(record.attempts) &&
    isCount(record.hintsShown) &&
    (record.mistake === undefined || isText(record.mistake)) &&
    isAtMost(1, record.share) &&
    isAtMost(Number.MAX_VALUE, record.points) &&
    Array.isArray(record.failedClaims) &&
    record.failedClaims.every(isText)
  );
}
