import { availableParallelism, cpus } from "node:os";
import { Burner, timeBurn } from "./burner.js";

/** What is known of the machine that a live run ran on. */
export interface MachineInfo {
  /** Cores that worker threads really got, measured once per process by spinning them together. */
  readonly effectiveCores: number;
  /** Cores that the operating system names. */
  readonly logicalCores: number;
  /** Iterations of the burning loop that one core does in 1 ms. */
  readonly iterationsPerMs: number;
  /** The processor's name, as the operating system gives it. */
  readonly cpu: string;
  /** The operating system: `linux`, `darwin`. */
  readonly platform: string;
  /** The version of Node. */
  readonly node: string;
}

let measured: Promise<MachineInfo> | undefined;

/** Measures this machine: the first call takes about half a second, later ones nothing. */
export function measureMachine(): Promise<MachineInfo> {
  measured ??= measure().catch((error: unknown) => {
    measured = undefined;
    throw error;
  });
  return measured;
}

/** What warms the burning loop up, and the length of one measurement at a guess of its speed, in iterations. */
const warmUp = 20_000_000;
const stint = 30_000_000;

/** The CPU time of one stint, in ms: unlike real time it is the same when other processes want the core too. */
async function cpuTimeOf(burner: Burner): Promise<number> {
  const before = process.cpuUsage();
  const realMs = await timeBurn(burner, stint);
  const { user, system } = process.cpuUsage(before);
  return Math.min(realMs, (user + system) / 1000);
}

async function measure(): Promise<MachineInfo> {
  const logicalCores = availableParallelism();
  let onFailed: (error: Error) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => {
    onFailed = reject;
  });
  const burners = Array.from({ length: Math.min(logicalCores, 8) }, () => new Burner((error) => onFailed(error)));
  try {
    return await Promise.race([measureWith(burners, logicalCores), failure]);
  } finally {
    await Promise.all(burners.map((burner) => burner.close()));
  }
}

async function measureWith(burners: readonly Burner[], logicalCores: number): Promise<MachineInfo> {
  const [first] = burners as [Burner, ...Burner[]];
  await Promise.all(burners.map((burner) => timeBurn(burner, warmUp)));
  const alone = [await cpuTimeOf(first), await cpuTimeOf(first), await cpuTimeOf(first)];
  const aloneMs = Math.min(...alone);
  const began = performance.now();
  await Promise.all(burners.map((burner) => timeBurn(burner, stint)));
  const togetherMs = performance.now() - began;
  return {
    effectiveCores: Math.min(logicalCores, Math.round(((burners.length * aloneMs) / togetherMs) * 10) / 10),
    logicalCores,
    iterationsPerMs: stint / aloneMs,
    cpu: cpus()[0]?.model ?? "unknown",
    platform: process.platform,
    node: process.version,
  };
}
