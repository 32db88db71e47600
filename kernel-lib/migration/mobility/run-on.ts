import { checkPositive, checkWhole } from "../../errors.js";
import type { Host } from "../../world/host.js";
import type { Machine, Stop } from "../machine/index.js";

/** How a machine runs on a host. */
export interface Pace {
  /** How many instructions the host's core executes in a millisecond: what turns instructions into the host's CPU time. */
  readonly instructionsPerMs: number;
  /** The CPU time after which the machine can be stopped, and other jobs of the host are seen; 10 unless told. */
  readonly sliceMs?: number;
}

/** See {@link runOn}. */
export interface RunOnOptions extends Pace {
  /** Stops after this many instructions; without bound unless told. */
  readonly fuel?: number;
  /** Asked between slices: true stops the machine where it is. */
  readonly until?: () => boolean;
}

/**
 * Runs a machine on a host of a scenario: the instructions are really executed, and the host's CPU is used for as long as they would take
 * it, shared with its other jobs. Live, the interpreter's own time comes on top; it is small where `instructionsPerMs` is far below what
 * the interpreter does (tens of thousands).
 *
 * @returns why it stopped; `out of fuel` also when `until` said so.
 * @throws {@link ParameterError} if a number is out of range.
 * @example
 * const stop = await runOn(host, machine, { instructionsPerMs: 1000, until: () => isWanted });
 */
export async function runOn(host: Host, machine: Machine, options: RunOnOptions): Promise<Stop> {
  const instructionsPerMs = checkPositive("runOn", "instructionsPerMs", options.instructionsPerMs);
  const sliceMs = checkPositive("runOn", "sliceMs", options.sliceMs ?? 10);
  let left = options.fuel === undefined ? Infinity : checkWhole("runOn", "fuel", options.fuel, 1);
  const slice = Math.max(1, Math.round(instructionsPerMs * sliceMs));
  for (;;) {
    const before = machine.instructions;
    const stop = machine.run({ fuel: Math.min(slice, left) });
    const executed = machine.instructions - before;
    left -= executed;
    if (executed > 0) await host.compute(executed / instructionsPerMs);
    if (stop.why !== "out of fuel" || left <= 0 || options.until?.()) return stop;
  }
}
