import {
  type Host,
  type LogRow,
  type Programs,
  type Run,
  type RunLiveOptions,
  runLive,
  type Scenario,
  type SimulateOptions,
  simulate,
  type TraceRow,
} from "kernel-lib";
import type { uvu } from "uvu";
import { hurried } from "../soak.js";
import { notInProcesses, playInProcesses } from "./in-processes.js";

/** Plays a scenario in the world at hand. */
export type Play = <P extends Programs>(
  scenario: Scenario<string, P>,
  options?: RunLiveOptions & SimulateOptions,
) => Promise<Run<P>>;

/** Which world a test runs in, for the few claims that only one of them can keep. */
export type World = "virtual" | "live" | "process";

const virtually: Play = (scenario, options = {}) => {
  const { seed, trace, signal } = options;
  return simulate(scenario, {
    ...(seed !== undefined && { seed }),
    ...(trace !== undefined && { trace }),
    ...(signal && { signal }),
  });
};

/**
 * One test of one rule, run from the same source in virtual time, (not in a hurry) over real sockets, there slower by 4, so that a machine's stalls
 * fit in, and by hosts of real processes, unless {@link notInProcesses} says what those have not.
 */
export function inBothWorlds(
  test: uvu.Test<Record<string, unknown>>,
  name: string,
  body: (play: Play, world: World) => Promise<void>,
  live: RunLiveOptions = {},
): void {
  test(`${name}, in virtual time`, () => body(virtually, "virtual"));
  if (hurried) return;
  test(`${name}, live`, () =>
    body((scenario, options) => runLive(scenario, { timeScale: 4, maxRealMs: 60_000, ...live, ...options }), "live"));
  if (!Object.hasOwn(notInProcesses, name)) test(`${name}, in processes`, () => inProcesses(body));
}

/** A rule holds, or a program asked for something that a real process has not and was refused by name. */
async function inProcesses(body: (play: Play, world: World) => Promise<void>): Promise<void> {
  const refused: string[] = [];
  try {
    await body((scenario, options) => playInProcesses(scenario, options, refused), "process");
  } catch (error) {
    if (refused.length === 0) throw error;
  }
}

/** Sends back whatever comes, one client at a time. */
export async function echo(host: Host, port = 7): Promise<void> {
  for await (const connection of await host.listen(port)) {
    for await (const message of connection) await connection.send(message);
    connection.end();
  }
}

/** Sends back whatever comes, a thread for each client. */
export async function echoForEach(host: Host, port = 7): Promise<void> {
  for await (const connection of await host.listen(port)) {
    const serve = async () => {
      for await (const message of connection) await connection.send(message);
      connection.end();
    };
    host.spawn(serve, { as: "thread" });
  }
}

/** The events that programs logged, in order. */
export const logged = (run: { readonly rows: readonly TraceRow[] }): string[] =>
  run.rows.filter((row): row is LogRow => row.kind === "log").map((row) => row.event);

/** The type of the rows of a kind. */
type RowOf<K, R extends TraceRow = TraceRow> = R extends TraceRow ? (K extends R["kind"] ? R : never) : never;

/** The rows of one kind. */
export const rowsOf = <K extends TraceRow["kind"]>(run: { readonly rows: readonly TraceRow[] }, kind: K) =>
  run.rows.filter((row): row is RowOf<K> => row.kind === kind);

/** The error's name and message in one text, or `nothing thrown`. */
export async function failureOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return "nothing thrown";
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : `threw ${String(error)}`;
  }
}
