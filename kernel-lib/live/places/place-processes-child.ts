/**
 * What a process of {@link withPlaceProcesses} runs: the library's place, on a real host. Its machines use the real CPU, in turns.
 *
 * @internal
 */
import { type LocalResource, NumberFile, Printer } from "../../migration/mobility/local-resources.js";
import { type PlaceRules, placeWith, type RunGuest } from "../../migration/mobility/place.js";
import { runVisitor } from "../../migration/mobility/visit.js";
import type { Host, LogRow } from "../../world/index.js";
import { ProcessHost } from "../process/process-host.js";
import { portIn } from "./place-processes.js";

/** What a process is told when it starts. @internal */
export interface PlaceOrder {
  readonly name: string;
  /** What all of the group know, and strangers don't. */
  readonly key: string;
  /** When the group's clock showed 0, in ms of the machine's. */
  readonly originEpochMs: number;
  readonly rules: Pick<PlaceRules, "handOverMs" | "deadAfterMs">;
  readonly files: Readonly<Record<string, readonly number[]>>;
  readonly printer: string | undefined;
}

/** Where the places of the group listen, by name. @internal */
export type PortsOfPlaces = Readonly<Record<string, number>>;

/** What a process says: where it listens, that it has heard where the others do, a row of its trace. @internal */
export type FromPlace = { readonly port: number } | { readonly informed: true } | { readonly row: LogRow };

/** Serves until its parent ends. @internal */
export async function servePlaceHost(order: PlaceOrder): Promise<void> {
  const { name, key, originEpochMs, rules, files, printer } = order;
  const say = (message: FromPlace): void => void process.send?.(message);
  let ports: PortsOfPlaces = {};
  process.on("message", (message) => {
    ports = message as PortsOfPlaces;
    say({ informed: true });
  });
  process.once("disconnect", () => process.exit());
  const host = new ProcessHost({
    name,
    pid: process.pid,
    originMs: originEpochMs - performance.timeOrigin,
    rows: { push: (row) => say({ row }) },
    key,
    portOf: (port, of) => (of === name && Object.keys(ports).length === 0 ? 0 : portIn(ports, port, of)),
    onListen: (port) => say({ port }),
  });
  const resources = (): LocalResource[] => [
    ...Object.entries(files).map(([identifier, numbers]) => new NumberFile(identifier, numbers)),
    ...(printer === undefined ? [] : [new Printer(printer)]),
  ];
  const exit = await host.run(placeWith({ ...rules, resources }, runTurns));
  if (exit.how === "threw") throw exit.error;
}

/** Runs a machine in turns of some 15 ms; between two of them others of this process run, and its sockets are served. */
const runTurns: RunGuest = async (_host: Host, machine, until) => {
  const betweenSlices = () => new Promise<void>(setImmediate);
  const { stop } = await runVisitor(machine, { betweenSlices, until });
  return stop;
};
