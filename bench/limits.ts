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

/** Prints the nanoseconds for an instruction of a program on the abstract machine, after a run to warm up. */
const machineSpeed = (program: string, n: number): string => `
  import { readFileSync } from "node:fs";
  import { compileAssemblyScript, decodeModule, instantiate } from "kernel-lib/migration/index";
  const code = decodeModule(await compileAssemblyScript(readFileSync("programs/${program}.as", "utf8")));
  const run = () => {
    const machine = instantiate(code, { resources: { "env.abort": () => {} } });
    machine.call("run", ${n});
    const start = process.cpuUsage();
    machine.run();
    const { user, system } = process.cpuUsage(start);
    return ((user + system) * 1e3) / machine.instructions;
  };
  run();
  console.log(String(run()));`;

/** Prints the milliseconds for freezing a machine with 1 MB of memory in use, or for thawing it: the median of 21. */
const machineMove = (thawing: boolean): string => `
  import { decodeModule, freeze, instantiate, thaw } from "kernel-lib/migration/index";
  const code = decodeModule(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 3, 1, 0, 16));
  const machine = instantiate(code);
  machine.write(0, new Uint8Array(1 << 20).map((_, i) => i * 7 + 1));
  const image = freeze(machine);
  const times = Array.from({ length: 21 }, () => {
    const start = performance.now();
    ${thawing ? "thaw(image)" : "freeze(machine)"};
    return performance.now() - start;
  });
  console.log(String(times.sort((a, b) => a - b)[10]));`;

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
  ...(
    [
      ["sieve", 300_000],
      ["nbody", 30_000],
      ["sha256", 300_000],
      ["words", 10_000],
    ] as const
  ).map(([program, n]) => ({
    workload: `abstract machine: ${program}, an instruction`,
    unit: "ns",
    // 70 million instructions a second.
    aim: 14.3,
    measure: () => Number(bare(machineSpeed(program, n))),
  })),
  {
    workload: "abstract machine: freezing 1 MB",
    unit: "ms",
    aim: 5,
    measure: () => Number(bare(machineMove(false))),
  },
  {
    workload: "abstract machine: thawing 1 MB",
    unit: "ms",
    aim: 5,
    measure: () => Number(bare(machineMove(true))),
  },
  { workload: "loading simulation and world", unit: "ms", aim: 20, measure: () => Number(bare(load)) },
];
