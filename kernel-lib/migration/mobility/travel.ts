import { refuse } from "../../errors.js";
import { ConnectionReset } from "../../world/errors.js";
import type { Connection, ConnectOptions, Host } from "../../world/host.js";
import { decodeModule, type Machine, pending, segmentsOf } from "../abstract-machine/index.js";
import type { Handle } from "./bindings.js";
import { ResourceError } from "./local-resources.js";
import type { Which } from "./requests.js";
import { type Shipment, unload } from "./shipment.js";

/** The port on which places listen unless told otherwise. */
export const placePort = 700;

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
  /** Where its end is told, and whether its hops are. */
  readonly home: { readonly host: string; readonly port: number; readonly follow: boolean };
  readonly remoteCalls: number;
  /** How many hops it has behind it, this one included. */
  readonly hops: number;
  /** When it was stopped for this one; undefined if it was launched. */
  readonly stoppedMs?: number;
  /** It is a clone that comes into being by this hop. */
  readonly isClone?: true;
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
  | { readonly ask: "processes" }
  | { readonly ask: "where"; readonly id: string }
  | { readonly ask: "hand over"; readonly which: Which; readonly clone: boolean }
  | ({ readonly ask: "fetch"; readonly from: string } & Transfer)
  | ({ readonly ask: "push"; readonly to: string } & Transfer)
  | { readonly ask: "outcome"; readonly transfer: string };

interface Transfer {
  readonly which: Which;
  readonly clone: boolean;
  readonly timeoutMs: number;
}

/** What a place knows of where a process is: there, or where it went from there; nothing if it never was there, or with an earlier place. @internal */
export type Whereabouts = "there" | { readonly to: string } | "unknown";

/** How long a place may be silent. @internal */
export interface Limits {
  /** How long connecting, and then the answer, may take each. */
  readonly timeoutMs?: number;
  /** How long it may show no life; an answer may take longer. */
  readonly deadAfterMs?: number;
}

/** @internal */
export function connectOptions({ timeoutMs, deadAfterMs }: Limits): ConnectOptions {
  const connectMs = Math.min(timeoutMs ?? Infinity, deadAfterMs ?? Infinity);
  return {
    ...(connectMs < Infinity && { timeoutMs: connectMs }),
    ...(deadAfterMs !== undefined && {
      keepAlive: { idleMs: deadAfterMs / 2, intervalMs: deadAfterMs / 2, probes: 1 },
    }),
  };
}

/**
 * Asks a place for something and waits for its answer.
 *
 * @throws {@link ResourceError} if the place says what is wrong; {@link TimedOut} if it is silent for too long.
 * @internal
 */
export async function askPlace(
  host: Host,
  place: string,
  port: number,
  ask: Ask,
  limits: Limits = {},
): Promise<unknown> {
  const connection: Connection = await host.connect(place, port, connectOptions(limits));
  try {
    await connection.send(ask);
    const { timeoutMs } = limits;
    const answer = answerOf(await connection.receive(timeoutMs === undefined ? {} : { timeoutMs }), place);
    connection.end();
    return answer;
  } catch (error) {
    if (!(error instanceof ResourceError)) connection.reset();
    throw error;
  }
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
