/** What one run of a workload prints: the time it took, how many units of work it did, and a result to be checked. */
export interface Timed {
  readonly seconds: number;
  readonly units: number;
  readonly result: number;
}

/**
 * Times a stretch of work by the CPU time of the whole process, the threads of compiler and garbage collector included:
 * it says the same on a busy machine as on an idle one, or nearly. The peers in other languages do likewise.
 */
export async function timed(units: number, work: () => number | Promise<number>): Promise<Timed> {
  const start = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(start);
  return { seconds: (user + system) / 1e6, units, result };
}

/** Times a stretch of work by the clock on the wall: for work that waits. */
export async function timedByClock(units: number, work: () => Promise<number>): Promise<Timed> {
  const start = performance.now();
  const result = await work();
  return { seconds: (performance.now() - start) / 1000, units, result };
}

/** Runs the workload that the command line names, with its numbers, and prints it as the peers do. */
export async function main(workloads: {
  readonly [name: string]: (...numbers: number[]) => Promise<Timed>;
}): Promise<void> {
  const [name = "", ...numbers] = process.argv.slice(2);
  const workload = workloads[name];
  if (!workload) throw new Error(`usage: ${Object.keys(workloads).join(" | ")}, then its numbers`);
  const { seconds, units, result } = await workload(...numbers.map(Number));
  console.log(`${seconds.toFixed(9)} ${units} ${result.toFixed(6)}`);
}
