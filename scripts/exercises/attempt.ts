/**
 * Runs a student's cells so that each costs nothing but itself: one that does not end is interrupted, and where the kernel is
 * lost a new one runs again what had worked.
 */
import type { KernelClient } from "../../jupyter/client/client.js";
import { startKernel } from "../../jupyter/client/client.js";
import type { CodeCell } from "../notebooks/format.js";
import { withLiveLock } from "../notebooks/live-lock.js";
import { executeWithin } from "../notebooks/run.js";
import type { PlannedCell } from "./align.js";
import { type FoundRecord, recordsOf } from "./records.js";

/** What a cell did wrong. */
export interface CellProblem {
  readonly cell: string;
  readonly message: string;
}

export interface Attempt {
  /** What checks said, in the order in which they were asked. */
  readonly records: readonly FoundRecord[];
  readonly problems: readonly CellProblem[];
}

export interface AttemptOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** How long one cell may take. */
  readonly limitMs: number;
}

/** A kernel that is lost more often, or so many cells that don't end, and the rest of a notebook is not run. */
const most = { restarts: 3, stopped: 5 };
/** What was handed out is not to blame for a busy machine. */
const shippedMs = 120_000;
/** How long a kernel that was interrupted may take for nothing at all. */
const probeMs = 5000;

export async function attempt(cells: readonly PlannedCell[], options: AttemptOptions): Promise<Attempt> {
  const { cwd, env, limitMs } = options;
  const records: FoundRecord[] = [];
  const problems: CellProblem[] = [];
  const worked: PlannedCell[] = [];
  let kernel: KernelClient | undefined;
  let restarts = 0;
  let ended = 0;
  const run = async (cell: PlannedCell, kernel: KernelClient) => {
    const cellMs = cell.kind === "shipped" ? Math.max(limitMs, shippedMs) : limitMs;
    const execute = () => executeWithin(kernel, cell.source, cellMs);
    return cell.tags.includes("live") ? await withLiveLock(execute) : await execute();
  };
  /** A new kernel that stands where the lost one stood. */
  const restart = async (): Promise<KernelClient | undefined> => {
    while (restarts++ < most.restarts) {
      const next = await startKernel({ cwd, env });
      // What the student wrote besides the answers may be what brings kernels down, a while later.
      const again = restarts === 1 ? worked : worked.filter(({ kind }) => kind !== "own");
      let isWell = true;
      for (const cell of again) {
        const { execution, stopped } = await run(cell, next);
        isWell &&= stopped === undefined && deathIn(execution?.outputs ?? []) === undefined;
        if (!isWell) break;
      }
      if (isWell) return next;
      await next.kill();
    }
    problems.push({ cell: "", message: "the kernel was lost too often: what follows was not run" });
    return undefined;
  };
  try {
    kernel = await startKernel({ cwd, env });
    for (const cell of cells) {
      const { execution, stopped } = await run(cell, kernel);
      const outputs = execution?.outputs ?? [];
      const why = stopped ?? deathIn(outputs);
      records.push(...recordsOf(outputs));
      const message = why ?? errorIn(outputs) ?? (execution?.status === "ok" ? undefined : "was not run");
      if (message !== undefined && !cell.tags.includes("raises-exception"))
        problems.push({ cell: cell.called, message });
      if (why === undefined) {
        worked.push(cell);
        continue;
      }
      if (++ended === most.stopped) {
        problems.push({ cell: "", message: `${ended} cells did not end: what follows was not run` });
        break;
      }
      if (stopped !== undefined && execution !== undefined && (await answers(kernel))) continue;
      await kernel.kill();
      kernel = await restart();
      if (!kernel) break;
    }
  } catch (error) {
    problems.push({ cell: "", message: (error as Error).message });
  } finally {
    await kernel?.kill();
  }
  return { records, problems };
}

const answers = async (kernel: KernelClient): Promise<boolean> =>
  (await executeWithin(kernel, "0;", probeMs)).stopped === undefined;

/** The kernel's word when the process that runs the cells has ended; then it ends too. */
function deathIn(outputs: CodeCell["outputs"]): string | undefined {
  const died = outputs.find((output) => output.output_type === "error" && output.ename === "KernelDied");
  return died?.output_type === "error" ? died.evalue : undefined;
}

function errorIn(outputs: CodeCell["outputs"]): string | undefined {
  const error = outputs.find((output) => output.output_type === "error");
  if (error?.output_type !== "error") return undefined;
  return error.traceback.join("\n") || `${error.ename}: ${error.evalue}`;
}
