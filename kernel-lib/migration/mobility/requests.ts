/** What programs on a host ask of places beside launching: letters, and which process goes where. */
import { checkPositive, checkText, refuse } from "../../errors.js";
import type { Host } from "../../world/host.js";
import { askPlace, placePort } from "./travel.js";

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

/** A process at a place. */
export interface ProcessRow {
  /** As in its report. */
  readonly id: string;
  /** When it came there. */
  readonly arrivedMs: number;
  /** Instructions in its life so far, wherever they were executed. */
  readonly instructions: number;
}

/** The processes at a place, in the order in which they came there. */
export async function processesAt(
  host: Host,
  place: string,
  options: { readonly port?: number; readonly timeoutMs?: number } = {},
): Promise<ProcessRow[]> {
  const { port = placePort, timeoutMs } = options;
  const limits = timeoutMs === undefined ? {} : { timeoutMs: checkPositive("processesAt", "timeoutMs", timeoutMs) };
  return (await askPlace(host, place, port, { ask: "processes" }, limits)) as ProcessRow[];
}

/** Which of the processes at a place. @internal */
export type Which = "oldest" | "newest";

/** What fetching and pushing have in common. */
export interface TransferOptions {
  /** The process that came to its place first, or last, of those that nobody has asked for yet; `oldest` unless told. */
  readonly which?: "oldest" | "newest";
  /** True leaves it running there, and moves a clone. */
  readonly clone?: boolean;
  /** How long it may take until the process can be stopped; 60,000 ms unless told. While it waits for a resource, it can't be. */
  readonly timeoutMs?: number;
  /** The port of all places; {@link placePort} unless told. */
  readonly port?: number;
}

/** Which process is fetched, and from where. */
export interface FetchOptions extends TransferOptions {
  /** The place that has it now. */
  readonly from: string;
}

/** Which process is pushed, and where to. */
export interface PushOptions extends TransferOptions {
  /** The place that is to have it. */
  readonly to: string;
}

/**
 * Receiver-initiated: has this host's own place fetch a running process from another one.
 *
 * @returns false if there is none, or it has ended in the meantime.
 * @throws {@link ResourceError} if it can't leave, could not be stopped in time, or the other place can't be reached: then it goes on where it is.
 */
export async function fetchProcess(host: Host, options: FetchOptions): Promise<boolean> {
  const from = checkText("fetchProcess", "from", options.from);
  const { port, ...how } = checkTransfer("fetchProcess", options);
  return (await askPlace(host, host.name, port, { ask: "fetch", from, ...how })) === true;
}

/**
 * Sender-initiated: has this host's own place push one of its running processes to another place.
 *
 * @returns false if there is none, or it has ended in the meantime.
 * @throws {@link ResourceError} if it can't leave, could not be stopped in time, or the other place does not take it: then it goes on here.
 */
export async function pushProcess(host: Host, options: PushOptions): Promise<boolean> {
  const to = checkText("pushProcess", "to", options.to);
  if (to === host.name) refuse("pushProcess", "to", "another host", to);
  const { port, ...how } = checkTransfer("pushProcess", options);
  return (await askPlace(host, host.name, port, { ask: "push", to, ...how })) === true;
}

function checkTransfer(
  where: string,
  { which = "oldest", clone = false, timeoutMs = 60_000, port = placePort }: TransferOptions,
): Required<TransferOptions> {
  if (which !== "oldest" && which !== "newest") refuse(where, "which", '"oldest" or "newest"', which);
  return { which, clone, timeoutMs: checkPositive(where, "timeoutMs", timeoutMs), port };
}
