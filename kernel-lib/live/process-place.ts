import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { checkWhole, ParameterError } from "../errors.js";
import type { MachineValue, Stop } from "../migration/machine/index.js";
import type { Shipment } from "../migration/mobility/shipment.js";
import { ConnectionReset } from "../world/errors.js";
import { type ChildEnd, startChild } from "./child.js";
import { exportedProgram } from "./child-programs.js";
import { readMessage, sendMessage } from "./place-messages.js";

/** A process of the operating system that takes programs in over a socket on loopback. */
export interface ProcessPlace {
  /** Its number with the operating system. */
  readonly pid: number;
  /** Where it listens. */
  readonly port: number;
  /** Whether its JavaScript engine has WebAssembly of its own: a process started with `--jitless` has not. */
  readonly hasWebAssembly: boolean;
  /** What a sender must know. @internal */
  readonly token: string;
  /** Ends the process. */
  end(): Promise<ChildEnd>;
}

/** See {@link startProcessPlace}. */
export interface ProcessPlaceOptions {
  /** Options of Node: `["--jitless"]` makes a platform without compiled code. */
  readonly execArgv?: readonly string[];
}

/**
 * Starts a process in which programs can go on. It ends by {@link ProcessPlace.end}, by Interrupt, and with this process.
 *
 * @throws {@link ChildNotStarted} if there can't be another process.
 */
export async function startProcessPlace(options: ProcessPlaceOptions = {}): Promise<ProcessPlace> {
  const token = randomBytes(16).toString("hex");
  const program = exportedProgram(new URL("./process-place-child.js", import.meta.url), "servePlace", token);
  const child = await startChild(program, { execArgv: options.execArgv ?? [], limitMs: Infinity });
  const { port, hasWebAssembly } = (await child.receive()) as { port: number; hasWebAssembly: boolean };
  return { pid: child.pid, port, hasWebAssembly, token, end: () => child.stop() };
}

/** A stop of a journey. */
export interface Leg {
  /** Where the program runs. */
  readonly at: ProcessPlace;
  /** How many instructions it executes there before it is sent on; to its end unless told. */
  readonly fuel?: number;
}

/** One row a leg, in order. */
export interface LegRow {
  /** The process in which it ran. */
  readonly pid: number;
  /** The bytes that arrived on the socket. */
  readonly bytes: number;
  /** From the moment when the sender began to send until all was there. */
  readonly transferMs: number;
  /** What it took to make a machine of it. */
  readonly unloadMs: number;
  /** Instructions executed there. */
  readonly executed: number;
  /** How long that took. */
  readonly runMs: number;
  /** What it printed there by `printer.print`. */
  readonly printed: readonly number[];
}

/** What came of a journey. */
export interface Journey {
  /** One row for each process in which it was. */
  readonly legs: readonly LegRow[];
  /** Why it stopped in the last one. */
  readonly why: Stop["why"];
  /** What it returned, if it finished. */
  readonly results: readonly MachineValue[];
  /** Where it stands now. */
  readonly shipment: Shipment;
}

/** What goes over the socket to a place. @internal */
export interface LegOrder {
  readonly token: string;
  readonly shipment: Shipment;
  readonly sentMs: number;
  readonly fuel: number | null;
  /** The places after this one. */
  readonly route: readonly { readonly port: number; readonly token: string; readonly fuel: number | null }[];
}

/**
 * Sends a program or a process through real processes: over a socket to the first, which runs it and sends it on to the next itself.
 * What came of it comes back the same way.
 *
 * @throws {@link ParameterError} if there is no leg, or a place refuses what came; {@link ConnectionReset} if one dies meanwhile.
 */
export async function sendThrough(shipment: Shipment, legs: readonly Leg[]): Promise<Journey> {
  const stops = legs.map(({ at, fuel }, i) => ({
    port: at.port,
    token: at.token,
    fuel: fuel === undefined ? null : checkWhole("sendThrough", `legs[${i}].fuel`, fuel, 1),
  }));
  return travel(shipment, stops);
}

/** Sends on to the first of the stops. @internal */
export async function travel(shipment: Shipment, stops: LegOrder["route"]): Promise<Journey> {
  const [next, ...route] = stops;
  if (!next) throw new ParameterError("sendThrough: legs must be at least one");
  const socket = connect({ port: next.port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    const order: LegOrder = { token: next.token, shipment, sentMs: epochMs(), fuel: next.fuel, route };
    sendMessage(socket, order);
    const answer = await readMessage(socket);
    if (!answer) throw new ConnectionReset("the process ended while the program was in it");
    const { error, ...journey } = answer.value as Journey & { error?: string };
    if (error !== undefined) throw new ParameterError(`sendThrough: ${error}`);
    return journey;
  } finally {
    socket.destroy();
  }
}

/** Milliseconds on the clock that all processes of a machine share, finer than `Date`. @internal */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}
