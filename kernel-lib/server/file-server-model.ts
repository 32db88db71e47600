import { checkPositive, checkShare, checkWhole, refuse } from "../errors.js";
import { exponential, randomStream, Scheduler } from "../simulation/index.js";
import { SharedProcessor } from "../world/machine/processor.js";

/** See {@link fileServerModel}. */
export interface FileServerOptions {
  /** How many threads serve; each takes the next request as soon as it has answered one. */
  readonly threads: number;
  /** CPU time of every request; threads share one core equally. */
  readonly cpuMs: number;
  /** What the disk takes, for a request that needs it. */
  readonly diskMs: number;
  /** The share of requests that need it, from 0 to 1. */
  readonly diskShare: number;
  /** `one`: one access after the other. `unlimited`: any number at a time. */
  readonly disks: "one" | "unlimited";
  /** `constant`: every access takes `diskMs`. `exponential`: it does on average. */
  readonly access: "constant" | "exponential";
  /** How many requests to answer; the first tenth is left out of the measure. */
  readonly requests: number;
  /** A whole number: the same seed gives the same result. */
  readonly seed: number;
}

/** See {@link fileServerModel}. A type, not an interface, so that it can be what `sweep` and `replicate` measure. */
export type FileServerResult = {
  /** Requests answered in a second, after warm-up. */
  readonly throughputPerS: number;
  /** Share of the time in which the core works. */
  readonly cpuUtilization: number;
};

/**
 * A file server that never lacks requests, on the bare event list: every request needs the CPU, some also the disk. While one
 * thread waits for the disk, the others go on.
 *
 * @throws {@link ParameterError} if a number is out of range, or `disks` or `access` is unknown.
 * @see van Steen and Tanenbaum, *Distributed Systems*, the exercise on the file server in chapter 3.
 */
export function fileServerModel(options: FileServerOptions): FileServerResult {
  const { disks, access, diskShare } = options ?? {};
  const threads = checkWhole("fileServerModel", "threads", options?.threads, 1);
  const cpuMs = checkPositive("fileServerModel", "cpuMs", options.cpuMs);
  const diskMs = checkPositive("fileServerModel", "diskMs", options.diskMs);
  const requests = checkWhole("fileServerModel", "requests", options.requests, 10);
  checkShare("fileServerModel", "diskShare", diskShare);
  checkWhole("fileServerModel", "seed", options.seed);
  if (disks !== "one" && disks !== "unlimited") refuse("fileServerModel", "disks", '"one" or "unlimited"', disks);
  if (access !== "constant" && access !== "exponential")
    refuse("fileServerModel", "access", '"constant" or "exponential"', access);
  const scheduler = new Scheduler();
  const needsDisk = randomStream(options.seed, "needs disk");
  const drawn = exponential({ mean: diskMs }, randomStream(options.seed, "disk"));
  const accessMs = () => (access === "constant" ? diskMs : drawn());
  const cpu = new SharedProcessor(
    {
      now: () => scheduler.nowMs,
      at: (timeMs, callback, argument) => scheduler.at(timeMs, callback, argument),
      cancel: (id) => void scheduler.cancel(id),
    },
    1,
  );
  const warmUp = Math.floor(requests / 10);
  let answered = 0;
  let fromMs = 0;
  let diskFreeMs = 0;
  const begin = (): void => cpu.add({ workMs: cpuMs, priority: 0, done: computed });
  const computed = (): void => {
    if (needsDisk() >= diskShare) return answer();
    const startMs = disks === "one" ? Math.max(diskFreeMs, scheduler.nowMs) : scheduler.nowMs;
    diskFreeMs = startMs + accessMs();
    scheduler.at(diskFreeMs, answer);
  };
  const answer = (): void => {
    if (++answered === warmUp) fromMs = scheduler.nowMs;
    if (answered === requests) scheduler.stop();
    else begin();
  };
  for (let i = 0; i < threads; i++) begin();
  scheduler.run();
  const throughputPerS = (1000 * (requests - warmUp)) / (scheduler.nowMs - fromMs);
  return { throughputPerS, cpuUtilization: (throughputPerS * cpuMs) / 1000 };
}
