import { spawn } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { checkWhole } from "../../errors.js";
import { type Timings, timed } from "../system/timings.js";

/** What starting something costs on this machine: the times from the order to start it to the news that it has ended. */
export interface StartCostRow extends Timings {
  /**
   * `program`: a process that runs `true`, the smallest program there is. `worker thread`: a thread of Node with an engine of its
   * own. `Node process`: a process that runs an empty program on Node.
   */
  readonly what: "program" | "worker thread" | "Node process";
}

/** See {@link measureStartCosts}. */
export interface StartCostOptions {
  /** How often each is started, at least 3; 15 unless told. One start before is not counted. */
  readonly repetitions?: number;
  /** Ends the measurement early, and what it has started: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Measures what it costs to start a process or a thread here: each is started, does nothing, and is waited for, one after the
 * other.
 *
 * @returns one row for each of the three, cheapest kind first.
 * @throws {@link ParameterError} if repetitions is not whole and at least 3; an Error if one can't be started or fails.
 */
export async function measureStartCosts(options: StartCostOptions = {}): Promise<StartCostRow[]> {
  const repetitions = checkWhole("measureStartCosts", "repetitions", options.repetitions ?? 15, 3);
  const { signal } = options;
  const kinds = [
    ["program", () => runProgram("true", [], signal)],
    ["worker thread", () => runWorker(signal)],
    ["Node process", () => runProgram(process.execPath, ["-e", ""], signal)],
  ] as const;
  const rows: StartCostRow[] = [];
  for (const [what, run] of kinds) rows.push({ what, ...(await timed(repetitions, run)) });
  return rows;
}

async function runProgram(file: string, args: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  // Without the parent's options, which may load code into every child.
  const { NODE_OPTIONS: _options, ...env } = process.env;
  const child = spawn(file, args, { stdio: "ignore", env });
  const end = () => void child.kill("SIGKILL");
  signal?.addEventListener("abort", end, { once: true });
  try {
    const [code, killedBy] = await once(child, "exit");
    signal?.throwIfAborted();
    if (code !== 0) throw new Error(`measureStartCosts: ${file} ended with ${killedBy ?? `exit code ${code}`}`);
  } finally {
    signal?.removeEventListener("abort", end);
  }
}

async function runWorker(signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const worker = new Worker("", { eval: true, execArgv: [] });
  const end = () => void worker.terminate();
  signal?.addEventListener("abort", end, { once: true });
  try {
    const [code] = await once(worker, "exit");
    signal?.throwIfAborted();
    if (code !== 0) throw new Error(`measureStartCosts: a worker thread ended with exit code ${code}`);
  } finally {
    signal?.removeEventListener("abort", end);
  }
}
