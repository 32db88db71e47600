import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { checkWhole, Interrupted, NamedError, ParameterError } from "../../errors.js";
import type { Stop as MachineStop, MachineValue } from "../../migration/abstract-machine/index.js";
import type { Shipment } from "../../migration/mobility/shipment.js";
import { onInterrupt } from "../../simulation/interrupt.js";
import { ConnectionReset } from "../../world/errors.js";
import { type ChildEnd, startChild } from "../children/child.js";
import { exportedProgram } from "../children/child-programs.js";
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
  /** What it said there on its console. */
  readonly said: readonly string[];
}

/** What came of a journey. */
export interface Journey {
  /** One row for each process in which it was. */
  readonly legs: readonly LegRow[];
  /** Why it stopped in the last one. */
  readonly why: MachineStop["why"];
  /** What it returned, if it finished. */
  readonly results: readonly MachineValue[];
  /** Where it stands now. */
  readonly shipment: Shipment;
}

/** A journey ended before its last stop: a process died with the program in it, or could not be reached. Nothing of what came before is lost. */
export class JourneyBroken extends NamedError {
  /** The legs that are done, and the program as it stood after the last of them: from there it can go on. */
  readonly journey: Journey;

  /** @internal */
  constructor(message: string, journey: Journey) {
    super(message);
    this.journey = journey;
  }
}

/** What a place answers: a journey, perhaps one that was broken. @internal */
export type LegAnswer = (Journey & { readonly broken?: string }) | { readonly refused: string };

/** What goes over the socket to a place. @internal */
export interface LegOrder {
  readonly token: string;
  readonly shipment: Shipment;
  readonly sentMs: number;
  readonly fuel: number | null;
  /** The places after this one. */
  readonly route: readonly Stop[];
}

interface Stop {
  readonly pid: number;
  readonly port: number;
  readonly token: string;
  readonly fuel: number | null;
}

/**
 * Sends a program or a process through real processes: over a socket to the first, which runs it and sends it on to the next itself.
 * What came of it comes back the same way. The shipment is only copied: whoever has it still has it, whatever becomes of the journey.
 *
 * @throws {@link ParameterError} if there is no leg, or the first place refuses what came; {@link ConnectionReset} if the first one has ended, or
 *   ends meanwhile; {@link JourneyBroken} if a later one does; {@link Interrupted} if the reader interrupts the cell. Then no process goes on
 *   with the program.
 */
export async function sendThrough(shipment: Shipment, legs: readonly Leg[]): Promise<Journey> {
  const stops = legs.map(({ at, fuel }, i) => ({
    pid: at.pid,
    port: at.port,
    token: at.token,
    fuel: fuel === undefined ? null : checkWhole("sendThrough", `legs[${i}].fuel`, fuel, 1),
  }));
  if (stops.length === 0) throw new ParameterError("sendThrough: legs must be at least one");
  const controller = new AbortController();
  const withdraw = onInterrupt(() =>
    controller.abort(new Interrupted("sendThrough: interrupted; the program is as it was before")),
  );
  try {
    const answer = await travel(shipment, stops, controller.signal);
    if ("refused" in answer) throw new ParameterError(`sendThrough: ${answer.refused}`);
    const { broken, ...journey } = answer;
    if (broken !== undefined) throw new JourneyBroken(`sendThrough: ${broken}`, journey);
    return journey;
  } finally {
    withdraw();
  }
}

/** Sends on to the first of the stops. An aborted signal ends it, with its reason. @internal */
export async function travel(shipment: Shipment, stops: LegOrder["route"], signal: AbortSignal): Promise<LegAnswer> {
  const [next, ...route] = stops as readonly [Stop, ...Stop[]];
  const socket = connect({ port: next.port, host: "127.0.0.1" });
  const leave = (): void => void socket.destroy();
  signal.addEventListener("abort", leave, { once: true });
  try {
    await once(socket, "connect").catch(() => {
      signal.throwIfAborted();
      throw new ConnectionReset(`process ${next.pid} has ended: it can't be reached`);
    });
    const order: LegOrder = { token: next.token, shipment, sentMs: epochMs(), fuel: next.fuel, route };
    sendMessage(socket, order);
    const answer = await readMessage(socket);
    signal.throwIfAborted();
    if (!answer) throw new ConnectionReset(`process ${next.pid} ended while the program was in it`);
    return answer.value as LegAnswer;
  } finally {
    signal.removeEventListener("abort", leave);
    socket.destroy();
  }
}

/** Milliseconds on the clock that all processes of a machine share, finer than `Date`. @internal */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}
