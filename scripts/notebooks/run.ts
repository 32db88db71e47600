import type { Execution, KernelClient } from "../../jupyter/client/client.js";
import { startKernel } from "../../jupyter/client/client.js";
import { type CodeCell, cellName, isShown, type Notebook, type Output } from "./format.js";
import { withLiveLock } from "./live-lock.js";
import { isLive, mayFail, type Problem } from "./rules.js";

export interface RunOptions {
  /** The folder in which the kernel works: the notebook's own, as in JupyterLab. */
  readonly cwd: string;
  /** How long a cell may take; then it is interrupted, and the kernel is killed if that does not help. Default 60,000. */
  readonly limitMs?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** A notebook as it is after a run. */
export interface Ran {
  readonly notebook: Notebook;
  /** Errors that were not expected, cells that took too long; the run ends at the first. */
  readonly problems: readonly Problem[];
  /** What each code cell took that was run, by name. */
  readonly durationsMs: ReadonlyMap<string, number>;
}

const interruptMs = 5000;

/**
 * Runs all cells in a new kernel and gives the notebook with their outputs. Nothing in it tells when or how fast it ran.
 *
 * @param source the notebook; what it holds of outputs is left out of account.
 */
export async function runNotebook(name: string, source: Notebook, options: RunOptions): Promise<Ran> {
  const { cwd, env, limitMs = 60_000 } = options;
  const cells: Notebook["cells"] = [];
  const problems: Problem[] = [];
  const durationsMs = new Map<string, number>();
  const kernel = await startKernel(env ? { cwd, env } : { cwd });
  try {
    let count = 0;
    let isOver = false;
    for (const [index, cell] of source.cells.entries()) {
      if (cell.cell_type !== "code" || isOver) {
        cells.push(cell.cell_type === "code" ? { ...cell, outputs: [], execution_count: null } : cell);
        continue;
      }
      const execute = async () => {
        const startedMs = performance.now();
        const executed = await executeWithin(kernel, cell.source, limitMs);
        durationsMs.set(cellName(cell, index), performance.now() - startedMs);
        return executed;
      };
      const { execution, stopped } = await (isLive(cell) ? withLiveLock(execute) : execute());
      const outputs = asKept(execution?.outputs ?? [], ++count);
      cells.push({ ...cell, outputs, execution_count: count });
      const message = stopped ?? failureOf(cell, execution, outputs);
      if (!message) continue;
      problems.push({ notebook: name, cell: cellName(cell, index), message });
      isOver = true;
    }
    const { language_info } = problems.length > 0 ? {} : await kernel.request("shell", "kernel_info_request", {});
    const metadata = language_info ? { ...source.metadata, language_info } : source.metadata;
    return { notebook: { ...source, cells, metadata }, problems, durationsMs };
  } finally {
    if (problems.length > 0) await kernel.kill();
    else await kernel.shutdown();
  }
}

/** What came of a cell. */
export interface Executed {
  /** Nothing if the kernel was lost. */
  readonly execution?: Execution;
  /** Why the cell did not come to its end. */
  readonly stopped?: string;
}

/** Runs a cell, interrupts it after a time, and kills the kernel if that does not help. */
export async function executeWithin(kernel: KernelClient, code: string, limitMs: number): Promise<Executed> {
  let stopped: string | undefined;
  const timers: NodeJS.Timeout[] = [];
  const stop = async () => {
    stopped = `took more than ${limitMs / 1000} s and was stopped`;
    timers.push(setTimeout(() => void kernel.kill(), interruptMs));
    await kernel.interrupt();
  };
  timers.push(setTimeout(() => void stop(), limitMs));
  try {
    const execution = await kernel.execute(code);
    return stopped === undefined ? { execution } : { execution, stopped };
  } catch (error) {
    return { stopped: stopped ?? (error as Error).message };
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

function failureOf(cell: CodeCell, execution: Execution | undefined, outputs: readonly Output[]): string | undefined {
  const error = outputs.find((output) => output.output_type === "error");
  if (mayFail(cell)) return error ? undefined : "was to fail (tag raises-exception) but did not";
  if (error?.output_type === "error") return error.traceback.join("\n") || `${error.ename}: ${error.evalue}`;
  return execution?.status === "ok" ? undefined : `the kernel answered "${execution?.status}"`;
}

/** Outputs as a notebook keeps them: its own execution count, and no trace of what was only passing. */
export function asKept(outputs: readonly Output[], count: number): Output[] {
  return outputs
    .filter((output) => !isPassing(output))
    .map((output) => (output.output_type === "execute_result" ? { ...output, execution_count: count } : output));
}

// A progress bar that stood between other outputs leaves an empty one behind.
function isPassing(output: Output): boolean {
  if (output.output_type !== "display_data" || !isShown(output)) return false;
  const values = Object.entries(output.data);
  return values.length === 1 && values[0]?.[0] === "text/plain" && values[0][1] === "";
}
