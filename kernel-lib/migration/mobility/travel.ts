import { checkPositive, refuse } from "../../errors.js";
import { ConnectionReset } from "../../world/errors.js";
import type { Connection, Host, Listener } from "../../world/host.js";
import { decodeModule, type Machine, type MachineValue, pending, segmentsOf } from "../abstract-machine/index.js";
import type { Handle, Handles } from "./bindings.js";
import { ResourceError } from "./local-resources.js";
import { type Shipment, unload } from "./shipment.js";

/** The port on which places listen unless told otherwise. */
export const placePort = 700;

/** A journey of a process: one row a move, in time order. */
export interface HopRow {
  /** Whether the process went, or a clone of it. */
  readonly kind: "moved" | "cloned";
  /** Where it left. */
  readonly from: string;
  /** Where it went. */
  readonly to: string;
  /** When it was stopped. */
  readonly stoppedMs: number;
  /** Its image, in bytes. */
  readonly imageBytes: number;
  /** What was sent of its resources, in bytes. */
  readonly resourceBytes: number;
}

/** What became of a process that was launched, or of a clone of it. */
export interface Report {
  /** `ana:49152` for one launched by ana, `ana:49152.1` for its first clone, `ana:49152.1.1` for that one's. */
  readonly id: string;
  /** Where it ended. */
  readonly place: string;
  /** When it ended. */
  readonly endedMs: number;
  /** `finished` with results; `trapped` or `failed` with an error. */
  readonly how: "finished" | "trapped" | "failed";
  /** What it returned. */
  readonly results: readonly MachineValue[];
  /** What went wrong. */
  readonly error?: string;
  /** Instructions in its life, wherever they were executed. */
  readonly instructions: number;
  /** Questions to resources at other places. */
  readonly remoteCalls: number;
  /** Its journey, and that of whoever it is a clone of, until then. */
  readonly hops: readonly HopRow[];
  /** How many clones it made itself. */
  readonly clones: number;
}

/** A resource on its way, or where it stays. @internal */
export interface ShippedReference {
  readonly handle: Handle;
  readonly type: string;
  readonly identifier: string;
  /** The place of a resource that stays behind. */
  readonly at?: string;
  /** Of one that travels. */
  readonly contents?: Uint8Array;
}

/** A process that arrives. @internal */
export interface Arrival {
  readonly ask: "arrive";
  /** The hand-over in which it comes from another place, for which it must wait; undefined if it was launched. */
  readonly transfer?: string;
  readonly id: string;
  readonly shipment: Shipment;
  /** What its call of `travel` returns to it; undefined if it made none. */
  readonly answer?: number;
  readonly references: Readonly<Record<string, ShippedReference>>;
  /** What its `Math.random` begins with; drawn by the place where it was launched, if it asks for one. */
  readonly seed?: number;
  /** Where the call `travel.go(i)` leads. */
  readonly itinerary: readonly string[];
  readonly home: { readonly host: string; readonly port: number };
  readonly remoteCalls: number;
  readonly hops: readonly HopRow[];
}

/** What places ask of each other. @internal */
export type Ask =
  | Arrival
  | {
      readonly ask: "perform";
      readonly identifier: string;
      readonly operation: string;
      readonly args: readonly number[];
    }
  | { readonly ask: "deliver"; readonly identifier: string; readonly letter: number }
  | { readonly ask: "hand over"; readonly clone: boolean }
  | { readonly ask: "fetch"; readonly from: string; readonly clone: boolean; readonly timeoutMs: number }
  | { readonly ask: "outcome"; readonly transfer: string };

/**
 * Asks a place for something and waits for its answer.
 *
 * @throws {@link ResourceError} if the place says what is wrong.
 * @internal
 */
export async function askPlace(host: Host, place: string, port: number, ask: Ask): Promise<unknown> {
  const connection: Connection = await host.connect(place, port);
  await connection.send(ask);
  const answer = answerOf(await connection.receive(), place);
  connection.end();
  return answer;
}

/** What a place answered. @throws {@link ResourceError} if it says what is wrong. @internal */
export function answerOf(answer: unknown, place: string): unknown {
  if (answer === undefined) throw new ConnectionReset(`the place at ${place} ended without an answer`);
  const { error } = (answer ?? {}) as { error?: string };
  if (error !== undefined) throw new ResourceError(error);
  return answer;
}

/** A machine of what arrived, in which every call of a resource waits for the place to answer. @internal */
export function unloadAt(shipment: Shipment, references: Arrival["references"]): Machine {
  const imports =
    shipment.moves === "process" ? segmentsOf(shipment.image).resources.rows : decodeModule(shipment.code).imports;
  const resources = imports.map(({ name, kind }) => {
    if (kind !== "function") refuse("place", `the import ${name}`, "a function", kind);
    const { binding, attachment, identifier } = references[name.split(".")[0] as string]?.handle ?? {};
    return [name, { binding, attachment, identifier, call: () => pending }];
  });
  return unload(shipment, { resources: Object.fromEntries(resources) });
}

/** See {@link launch}. */
export interface LaunchOptions {
  /** The program, or a process that was stopped elsewhere. */
  readonly shipment: Shipment;
  /** Its references to resources, by the names under which it imports them. */
  readonly handles?: Handles;
  /** Where `travel.go(0)`, `travel.go(1)` … lead; the same for `travel.clone`. */
  readonly itinerary?: readonly string[];
  /** The port of all places; {@link placePort} unless told. */
  readonly port?: number;
}

/**
 * Sends a program or a process to a place, which runs it, and waits until it and all clones of it have ended, wherever they are
 * then. References begin as they are at that place.
 *
 * @returns one report for each, in the order of their end.
 * @throws {@link ResourceError} if the place can't make a machine of the shipment; {@link ConnectionRefused} if there is no place.
 */
export async function launch(host: Host, place: string, options: LaunchOptions): Promise<Report[]> {
  const reports = await host.listen(0);
  try {
    return await launched(host, place, options, reports);
  } finally {
    reports.close();
  }
}

async function launched(host: Host, place: string, options: LaunchOptions, reports: Listener): Promise<Report[]> {
  const { shipment, handles = {}, itinerary = [], port = placePort } = options;
  const references = Object.fromEntries(
    Object.entries(handles).map(([name, handle]) => [
      name,
      { handle, type: "", identifier: handle.identifier, at: place } satisfies ShippedReference,
    ]),
  );
  const home = { host: host.name, port: reports.port };
  const id = `${home.host}:${home.port}`;
  const arrival: Arrival = { ask: "arrive", id, shipment, references, itinerary, home, remoteCalls: 0, hops: [] };
  await askPlace(host, place, port, arrival);
  const ended: Report[] = [];
  // A clone may end before its original, which alone knows how many there are.
  const expected = new Set([id]);
  while (expected.size > 0) {
    const connection = await reports.accept();
    const report = (await connection.receive()) as Report | undefined;
    if (!report) continue;
    ended.push(report);
    for (let i = 1; i <= report.clones; i++) expected.add(`${report.id}.${i}`);
    for (const one of ended) expected.delete(one.id);
  }
  return ended;
}

/** Delivers a letter to a mailbox at a place, by its identifier. */
export async function deliver(
  host: Host,
  place: string,
  identifier: string,
  letter: number,
  port: number = placePort,
): Promise<void> {
  await askPlace(host, place, port, { ask: "deliver", identifier, letter });
}

/** Which process is fetched, and from where. */
export interface FetchOptions {
  /** The place that has it now. */
  readonly from: string;
  /** True leaves it running there, and fetches a clone. */
  readonly clone?: boolean;
  /** How long it may take until the process can be stopped; 60,000 ms unless told. While it waits for a resource, it can't be. */
  readonly timeoutMs?: number;
  /** The port of all places; {@link placePort} unless told. */
  readonly port?: number;
}

/**
 * Receiver-initiated: has this host's own place fetch a running process from another one, the one that came there first of those which
 * nobody has asked for yet.
 *
 * @returns false if there is none, or it has ended in the meantime.
 * @throws {@link ResourceError} if it can't leave, or could not be stopped in time: then it goes on where it is.
 */
export async function fetchProcess(host: Host, options: FetchOptions): Promise<boolean> {
  const { from, clone = false, port = placePort } = options;
  const timeoutMs = checkPositive("fetchProcess", "timeoutMs", options.timeoutMs ?? 60_000);
  return (await askPlace(host, host.name, port, { ask: "fetch", from, clone, timeoutMs })) === true;
}
