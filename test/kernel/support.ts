import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { type Execution, type KernelClient, type Output, startKernel } from "../../jupyter/client/client.js";

export const root: string = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** An interrupt stops a cell within that time. */
export const promptMs = 1000;

/** One kernel for all tests of a suite, ended after them. */
export function kernelOf(suite: Test): () => KernelClient {
  let kernel: KernelClient;
  suite.before(async () => {
    kernel = await startKernel({ cwd: root });
  });
  suite.after(() => kernel.shutdown());
  return () => kernel;
}

/** All text of one stream. */
export function textOf({ outputs }: Execution, name: "stdout" | "stderr" = "stdout"): string {
  return outputs.map((output) => (output.output_type === "stream" && output.name === name ? output.text : "")).join("");
}

/** The plain text of a cell's last value. */
export function resultOf({ outputs }: Execution): unknown {
  const result = outputs.find((output) => output.output_type === "execute_result");
  return result?.output_type === "execute_result" ? result.data["text/plain"] : undefined;
}

export type ErrorOutput = Extract<Output, { output_type: "error" }>;

export function errorsOf({ outputs }: Execution): ErrorOutput[] {
  return outputs.filter((output): output is ErrorOutput => output.output_type === "error");
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until a condition holds; false if it does not within the limit. */
export async function eventually(condition: () => boolean, limitMs = 10_000): Promise<boolean> {
  for (const end = performance.now() + limitMs; performance.now() < end; await sleep(20)) if (condition()) return true;
  return condition();
}

/** Whether a process runs; a zombie that nobody has reaped does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return process.platform !== "linux";
  }
}

/** The processes whose parent is that one, zombies among them. */
export function childrenOf(parent: number): number[] {
  if (process.platform !== "linux") {
    const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
    const rows = table.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
    return rows.filter((row) => row[1] === parent).map((row) => row[0] as number);
  }
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]) === parent;
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Interrupts as soon as the cell has printed `marker`, and measures how long its answer takes from there. */
export async function interruptAt(
  kernel: KernelClient,
  marker: string,
  code: string,
  interrupt: () => Promise<unknown> = () => kernel.interrupt(),
): Promise<Execution & { readonly tookMs: number }> {
  let seen = "";
  let at = Number.NaN;
  // A cell that never gets so far, or does not stop, must not hang the suite.
  const late = setTimeout(() => kernel.kill(), 30_000);
  const execution = await kernel.execute(code, {
    onMessage: ({ header, content }) => {
      if (header.msg_type !== "stream" || !Number.isNaN(at)) return;
      seen += content.text;
      if (!seen.includes(marker)) return;
      at = performance.now();
      // A moment later the cell is in the state that the test is about.
      setTimeout(interrupt, 50);
    },
  });
  clearTimeout(late);
  return { ...execution, tookMs: performance.now() - at - 50 };
}

/**
 * As {@link interruptAt}, and asserts that it stops the cell within a second: at once, or in the median of five times, as
 * others use the machine too.
 *
 * @param allowedMs what the interrupt itself waits for before it is sent.
 */
export async function interruptPromptly(
  kernel: KernelClient,
  marker: string,
  code: string,
  interrupt?: () => Promise<unknown>,
  allowedMs = 0,
): Promise<Execution> {
  const first = await interruptAt(kernel, marker, code, interrupt);
  const tookMs = [first.tookMs - allowedMs];
  if (tookMs.some((ms) => ms > promptMs)) {
    for (let i = 0; i < 4; i++) tookMs.push((await interruptAt(kernel, marker, code, interrupt)).tookMs - allowedMs);
  }
  const middleMs = tookMs.sort((a, b) => a - b)[Math.floor(tookMs.length / 2)] as number;
  assert.ok(middleMs <= promptMs, `took ${tookMs.map(Math.round).join(", ")} ms`);
  return first;
}
