import ts from "typescript";
import { brokenClaims, shapeDifferences } from "./compare.js";
import type { CodeCell, Notebook } from "./format.js";
import { isLive } from "./rules.js";

/**
 * Keeps the committed outputs of live cells, so that figures do not change with every run of the pipeline: if no code
 * up to the last live cell has changed but for imports, and what was measured now has the same shape, and all claims hold.
 * Otherwise all live cells take their new outputs, so that they tell of one run.
 */
export function withKeptOutputs(ran: Notebook, committed: Notebook | undefined): Notebook {
  const live = ran.cells.findLastIndex(isLive);
  if (!committed || live === -1) return ran;
  const [now, before] = [ran, committed].map(codeUpToLastLive) as [CodeCell[], CodeCell[]];
  const keeps = now.every((cell, at) => {
    const old = before[at];
    if (!old || withoutImports(old.source) !== withoutImports(cell.source)) return false;
    if (old.metadata.name !== cell.metadata.name) return false;
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

/** The code cells that hold more than imports. */
function codeUpToLastLive({ cells }: Notebook): CodeCell[] {
  const upToLastLive = cells.slice(0, cells.findLastIndex(isLive) + 1);
  return upToLastLive.filter(
    (cell): cell is CodeCell => cell.cell_type === "code" && withoutImports(cell.source).trim() !== "",
  );
}

function withoutImports(source: string): string {
  const { statements } = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest);
  const imports = statements.filter(ts.isImportDeclaration);
  if (imports.length === 0) return source;
  return imports.reduceRight((rest, { pos, end }) => rest.slice(0, pos) + rest.slice(end), source).trim();
}
