/** What one run of a workload prints: how long it took, how many units of work it did, and a result to be checked. */
export interface Timed {
  readonly seconds: number;
  readonly units: number;
  readonly result: number;
}

/** Times a stretch of work. */
export async function timed(units: number, work: () => number | Promise<number>): Promise<Timed> {
  const start = process.hrtime.bigint();
  const result = await work();
  return { seconds: Number(process.hrtime.bigint() - start) / 1e9, units, result };
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
