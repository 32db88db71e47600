import { type Machine, pending, type Resource, type ResourceRow, type Stop } from "../abstract-machine/index.js";
import { answerOfSurroundings } from "./surroundings.js";

/** How a program may be on a visit somewhere. @internal */
export interface VisitOptions {
  /** How many instructions it may execute; to its end unless told. */
  readonly fuel?: number | undefined;
  /** Called between two slices of some 15 ms; what it waits for, the program waits for. */
  readonly betweenSlices?: (executed: number) => Promise<void> | void;
  /** Asked after that: true stops the machine where it is. */
  readonly until?: () => boolean;
}

const sliceMs = 15;

/** Runs a visitor slice by slice. @internal */
export async function runVisitor(
  machine: Machine,
  { fuel = Infinity, betweenSlices, until }: VisitOptions,
): Promise<{ readonly stop: Stop; readonly executed: number; readonly runMs: number }> {
  const before = machine.instructions;
  let slice = 100_000;
  let runMs = 0;
  for (;;) {
    const startMs = performance.now();
    const stop = machine.run({ fuel: Math.min(slice, fuel - (machine.instructions - before)) });
    const tookMs = performance.now() - startMs;
    runMs += tookMs;
    const executed = machine.instructions - before;
    await betweenSlices?.(executed);
    if (stop.why !== "out of fuel" || executed >= fuel || until?.()) return { stop, executed, runMs };
    slice = Math.max(1000, Math.round((slice * sliceMs) / Math.max(1, tookMs)));
  }
}

/**
 * What a place that knows nothing of its visitor binds it to: `printer.print` to a printer of its own, `clock.now` to its own clock; at a
 * call of anything else the visitor waits, and goes home with its question. What it says on its console is put to `said`.
 *
 * @internal
 */
export function visitorResources(
  needs: readonly Pick<ResourceRow, "name" | "kind" | "binding" | "attachment" | "identifier">[],
  printed: number[],
  said: string[],
): Record<string, Resource> {
  const now = () => performance.timeOrigin + performance.now();
  const surroundings = { now, say: (text: string) => void said.push(text) };
  const offered: Record<string, NonNullable<Resource["call"]>> = {
    "printer.print": ([x]) => void printed.push(Number(x)),
    "clock.now": now,
  };
  const asked =
    (name: string): NonNullable<Resource["call"]> =>
    (args, machine) =>
      answerOfSurroundings(surroundings, machine, name, args) ?? pending;
  return Object.fromEntries(
    needs.map(({ name, kind, binding, attachment, identifier }) => {
      const bound = kind === "function" ? { call: offered[name] ?? asked(name) } : { value: 0 };
      return [name, { binding, attachment, identifier, ...bound }];
    }),
  );
}
