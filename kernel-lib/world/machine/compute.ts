import { checkSignal } from "../checks.js";
import type { ProcessorJob } from "../core/driver.js";
import type { Thread } from "../core/thread.js";
import type { Abandoned, Wait } from "../core/wait.js";
import type { OpenWork } from "../trace/recorder.js";
import type { HostMachine } from "./host-machine.js";

/** Burns CPU time for a thread, on its machine; in a step of that thread. */
export function compute(
  thread: Thread,
  workMs: number,
  priority: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { core, process } = thread;
  const { machine } = process;
  checkSignal("compute", signal);
  if (signal?.aborted) return core.refuseAtOnce(process, signal.reason);
  const wait = core.wait<void>(thread, "compute", machine);
  if (wait.state !== "pending") return wait.newPromise();
  const job = new ComputeJob(machine, wait, workMs, priority);
  job.traced = core.trace.compute(core.now(), thread, workMs, priority);
  wait.abandoned = job;
  if (signal) {
    const onAbort = (): void => wait.fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    job.onFinish = () => signal.removeEventListener("abort", onAbort);
  }
  machine.processor.add(job);
  return wait.newPromise();
}

class ComputeJob implements ProcessorJob, Abandoned {
  traced: OpenWork | undefined;
  onFinish: (() => void) | undefined;

  constructor(
    readonly machine: HostMachine,
    readonly wait: Wait<void>,
    readonly workMs: number,
    readonly priority: number,
  ) {}

  /** By the processor. */
  done(): void {
    this.wait.abandoned = undefined;
    this.#finish();
    this.wait.succeed(undefined);
  }

  /** By its wait, which ends otherwise. */
  abandon(): void {
    this.machine.processor.remove(this);
    this.#finish();
  }

  #finish(): void {
    const { core } = this.wait.thread;
    core.trace.ended(this.traced, core.now());
    this.onFinish?.();
  }
}
