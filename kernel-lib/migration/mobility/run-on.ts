import { checkPositive, checkWhole } from "../../errors.js";
import type { Host } from "../../world/host.js";
import { type Machine, pending, type ResourceFunction, type Stop } from "../abstract-machine/index.js";

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

/** Machines that wait for a resource only until the CPU time of what came before has passed. */
const asksAgain = new WeakSet<Machine>();

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
    if (stop.why === "waiting" && asksAgain.has(machine)) {
      if (left > 0) continue;
      return { why: "out of fuel" };
    }
    if (stop.why !== "out of fuel" || left <= 0 || options.until?.()) return stop;
  }
}

/**
 * A resource that is asked in its time. A machine executes a slice at once and the host's CPU is used for it afterwards, so whatever a resource
 * does would seem to happen at the beginning of the slice. This one acts when the instructions before its call have used their CPU time.
 * For machines that {@link runOn} runs.
 *
 * @example
 * instantiate(code, { resources: { "printer.print": inTime(([x]) => host.log("printed", { x })) } })
 */
export function inTime(resource: ResourceFunction): ResourceFunction {
  return (args, machine) => {
    if (asksAgain.delete(machine)) return resource(args, machine);
    asksAgain.add(machine);
    return pending;
  };
}
