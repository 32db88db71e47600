import type { ChildProcess, SpawnOptions } from "node:child_process";

export interface Ended {
  readonly code: number;
  readonly output: string;
  readonly log: string;
}
export function start(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
export function run(
  name: string,
  command: string,
  args: readonly string[],
  options?: SpawnOptions & { onStart?: (pid: number) => void },
): Promise<Ended>;
export function firstError(output: string): string;
export function endAll(options?: { graceMs?: number }): Promise<void>;
export function killTrees(pids: readonly number[], options?: { graceMs?: number }): Promise<void>;
