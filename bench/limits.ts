/** Figures of our own that have no peer: memory, and the time that loading takes. Measured in bare Node, on the built library. */
import { spawnSync } from "node:child_process";

/** One such figure: at most so much of it. */
export interface Limit {
  readonly workload: string;
  readonly unit: string;
  readonly aim: number;
  /** Measures it once, in processes of their own. */
  measure(): number;
}

/** Runs a module's text in bare Node; what it prints, or "" if it prints nothing. */
function bare(code: string): string {
  const flags = ["--input-type=module", "--eval", code];
  const { status, stdout, stderr } = spawnSync(process.execPath, flags, { encoding: "utf8", cwd: import.meta.dirname });
  if (status !== 0) throw new Error(`bench: a bare Node failed: ${stderr}`);
  return stdout.trim();
}

/**
 * Prints the most memory that the process held, in MB; where there is no /proc, what it holds at the end. (What
 * resourceUsage() says will not do: Linux hands a child the peak of the process that started it.)
 */
const printPeak = `
  import { existsSync, readFileSync } from "node:fs";
  const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
  const peakKB = /VmHWM:\\s+(\\d+)/.exec(status)?.[1];
  console.log(String(peakKB ? peakKB / 1e3 : process.memoryUsage.rss() / 1e6));`;

const hold = (pending: number, events: number): string => `
  import { Scheduler, randomStream } from "kernel-lib/simulation/index";
  const scheduler = new Scheduler();
  const random = randomStream(1, "delays");
  const again = () => void scheduler.after(random(), again);
  for (let i = 0; i < ${pending}; i++) again();
  scheduler.run({ maxEvents: ${events} });
  ${printPeak}`;

const sleepers = (programs: number, sleeps: number): string => `
  import { on, scenario } from "kernel-lib/world/index";
  import { simulate } from "kernel-lib/world/index";
  const sleeper = async (host) => { for (let i = 0; i < ${sleeps}; i++) await host.sleep(1); };
  const all = Array.from({ length: ${programs} }, () => on("host", sleeper));
  await simulate(scenario({ hosts: { host: {} }, programs: { all }, limitMs: 1e9 }), { seed: 1, trace: "none" });
  ${printPeak}`;

const load = `
  const start = performance.now();
  await import("kernel-lib/simulation/index");
  await import("kernel-lib/world/index");
  console.log(String(performance.now() - start));`;

/** All limits. */
export const limits: readonly Limit[] = [
  {
    workload: "memory: 1,000,000 pending events",
    unit: "MB",
    aim: 150,
    measure: () => Number(bare(hold(1_000_000, 3_000_000))),
  },
  {
    workload: "memory: 10,000,000 events over 1,000,000, Scheduler",
    unit: "MB more",
    aim: 10,
    measure: () => Number(bare(hold(10, 10_000_000))) - Number(bare(hold(10, 1_000_000))),
  },
  {
    workload: "memory: 10,000,000 events over 1,000,000, async programs, trace off",
    unit: "MB more",
    // The young generation grows once, by 12 MB; from 10 to 30 million events nothing is added.
    aim: 20,
    measure: () => Number(bare(sleepers(10, 1_000_000))) - Number(bare(sleepers(10, 100_000))),
  },
  { workload: "loading simulation and world", unit: "ms", aim: 20, measure: () => Number(bare(load)) },
];
