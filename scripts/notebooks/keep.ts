import { brokenClaims, shapeDifferences } from "./compare.js";
import type { CodeCell, Notebook } from "./format.js";
import { isLive } from "./rules.js";

/**
 * Keeps the committed outputs of live cells, so that figures do not change with every run of the pipeline: if no code
 * up to the last live cell has changed, and what was measured now has the same shape, and all claims hold. Otherwise all
 * live cells take their new outputs, so that they tell of one run.
 */
export function withKeptOutputs(ran: Notebook, committed: Notebook | undefined): Notebook {
  const live = ran.cells.findLastIndex(isLive);
  if (!committed || live === -1) return ran;
  const code = ({ cells }: Notebook) => cells.filter((cell): cell is CodeCell => cell.cell_type === "code");
  const count = code({ ...ran, cells: ran.cells.slice(0, live + 1) }).length;
  const [now, before] = [code(ran).slice(0, count), code(committed).slice(0, count)];
  const keeps = now.every((cell, at) => {
    const old = before[at];
    if (!old || old.source !== cell.source || old.metadata.name !== cell.metadata.name) return false;
    if (!isLive(cell)) return true;
    if (!isLive(old) || brokenClaims([...old.outputs, ...cell.outputs]).length > 0) return false;
    return old.execution_count !== null && shapeDifferences(old.outputs, cell.outputs).length === 0;
  });
  if (!keeps) return ran;
  const kept = new Map(before.filter(isLive).map((cell) => [cell.metadata.name, cell.outputs]));
  const outputsOf = (cell: CodeCell, index: number) => (index <= live && kept.get(cell.metadata.name)) || cell.outputs;
  return {
    ...ran,
    cells: ran.cells.map((cell, index) =>
      cell.cell_type === "code" && isLive(cell)
        ? {
            ...cell,
            outputs: outputsOf(cell, index).map((output) =>
              output.output_type === "execute_result" ? { ...output, execution_count: cell.execution_count } : output,
            ),
          }
        : cell,
    ),
  };
}
