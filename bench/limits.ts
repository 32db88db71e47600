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

/** Prints the most memory that the process held, in MB. */
const hold = (pending: number, events: number): string => `
  import { Scheduler, randomStream } from "kernel-lib/simulation/index";
  const scheduler = new Scheduler();
  const random = randomStream(1, "delays");
  const again = () => void scheduler.after(random(), again);
  for (let i = 0; i < ${pending}; i++) again();
  scheduler.run({ maxEvents: ${events} });
  console.log(String(process.resourceUsage().maxRSS / (process.platform === "darwin" ? 1e6 : 1e3)));`;

const sleepers = (programs: number, sleeps: number): string => `
  import { on, scenario } from "kernel-lib/world/index";
  import { simulate } from "kernel-lib/world/index";
  const sleeper = async (host) => { for (let i = 0; i < ${sleeps}; i++) await host.sleep(1); };
  const all = Array.from({ length: ${programs} }, () => on("host", sleeper));
  await simulate(scenario({ hosts: { host: {} }, programs: { all }, limitMs: 1e9 }), { seed: 1, trace: "none" });
  console.log(String(process.resourceUsage().maxRSS / (process.platform === "darwin" ? 1e6 : 1e3)));`;

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
    aim: 10,
    measure: () => Number(bare(sleepers(10, 1_000_000))) - Number(bare(sleepers(10, 100_000))),
  },
  { workload: "loading simulation and world", unit: "ms", aim: 20, measure: () => Number(bare(load)) },
];
