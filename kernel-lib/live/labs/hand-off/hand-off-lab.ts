import { checkWhole } from "../../../errors.js";
import { type OwnNetworkOptions, playInOwnNetwork } from "../../children/own-network.js";

/** See {@link handOffLab}. */
export interface HandOffLabOptions extends OwnNetworkOptions {
  /** The size of a reply; 1 MiB unless told. */
  readonly replyBytes?: number;
  /** How many requests, one after the other on one connection; 1 unless told. */
  readonly requests?: number;
}

/** What a way through the front end cost, and what the two ends saw of it: see {@link handOffLab}. */
export interface HandOffRow {
  /** How the request comes to the back end, and its reply to the client. */
  readonly way: "relay" | "descriptor passed" | "NAT" | "direct return" | "hand-off";
  /** How many replies came whole, compared byte by byte (SHA-256). */
  readonly replies: number;
  /** How many connections the client opened. */
  readonly connections: number;
  /** What the front end's interface took in, with the headers of Ethernet, IP and TCP. */
  readonly frontInBytes: number;
  /** What it gave out. */
  readonly frontOutBytes: number;
  /** How many of the frames that reached the client, from the service's address and port, the front end put on the cable. */
  readonly framesFromFront: number;
  /** How many a back end did. */
  readonly framesFromBackEnd: number;
  /** Whom the back end sees at the other end: `the client` or `the front end`. */
  readonly peerOfBackEnd: string;
  /** Whom the client sees: `the service`, and nobody else. */
  readonly peerOfClient: string;
  /** Hand-off alone: the size of the connection's state, as it was sent to the back end. */
  readonly stateBytes?: number;
  /** Hand-off alone: how long the connection was in no kernel. */
  readonly frozenMs?: number;
  /** Hand-off alone: how long packets of the client were held back. */
  readonly heldMs?: number;
}

/**
 * Lets a client fetch from a service by a front end, in a small network of its own where each machine has a TCP of its own: a client, a
 * front end and a back end at one switch (network namespaces of Linux, joined by virtual cables). Bytes
 * are counted as the kernels give them to the interfaces: segments of up to 64 kB, as to a network card that cuts them up itself.
 *
 * - `relay`: the front end reads the request, asks the back end on a second connection, and carries the reply.
 * - `descriptor passed`: the front end gives the connection to another *process*, which runs in the back end's network and answers.
 * - `NAT`: the front end's kernel writes another address into each packet, in both directions.
 * - `direct return`: the front end's kernel passes the client's packets on as they are; the back end has the service's address too, and
 *   answers for itself. Who gets the connection must be chosen before the request is seen.
 * - `hand-off`: the front end accepts, looks at the request, takes the established connection out of its kernel (`TCP_REPAIR`) and
 *   sends it to the back end, whose kernel goes on with it. From then on as with direct return.
 *
 * The client is Node's own HTTP client, and the back end Node's own server; neither knows of any of this.
 *
 * @returns one row a way, in this order.
 * @throws {@link ParameterError} for bad options; {@link ToolMissing} if this machine can't give a network of its own or has no
 *   `nft`: the message says what to install.
 */
export async function handOffLab(options: HandOffLabOptions = {}): Promise<HandOffRow[]> {
  const { replyBytes = 2 ** 20, requests = 1, ...limits } = options;
  checkWhole("handOffLab", "replyBytes", replyBytes, 1, 2 ** 26);
  checkWhole("handOffLab", "requests", requests, 1, 1000);
  return run("handOffLab", { measures: "traffic", replyBytes, requests }, limits) as Promise<HandOffRow[]>;
}

/** See {@link frontEndCosts}. */
export interface FrontEndCostsOptions extends OwnNetworkOptions {
  /** The sizes of the replies, in bytes; 1 KiB, 64 KiB and 1 MiB unless told. */
  readonly replySizes?: readonly number[];
  /** How many requests of each size, one after the other, each on a connection of its own; 50 unless told. */
  readonly requests?: number;
}

/** What a request costs the front end: see {@link frontEndCosts}. */
export interface FrontEndCostRow {
  /** Who carries it, or passes it on; `relay` is ours, in Node. */
  readonly way: "relay" | "nginx" | "haproxy" | "descriptor passed" | "hand-off";
  /** The size of a reply. */
  readonly replyBytes: number;
  /** How many replies came whole; as many as were asked for. */
  readonly replies: number;
  /** The processor time of the front end's process for a request, in microseconds. */
  readonly cpuUs: number;
}

/**
 * Measures what a request costs the processor of a front end, in the network of {@link handOffLab}: relays, ours and those that others
 * wrote, against passing the connection on. It is the time of the front end's process, with what its kernel does for it; what the
 * kernel does for packets that pass by belongs to nobody and is not in it.
 *
 * @returns one row a way and size, in order.
 * @throws {@link ParameterError} for bad options; {@link ToolMissing} as `handOffLab`, and if `nginx` or `haproxy` is not installed.
 */
export async function frontEndCosts(options: FrontEndCostsOptions = {}): Promise<FrontEndCostRow[]> {
  const { replySizes = [2 ** 10, 2 ** 16, 2 ** 20], requests = 50, ...limits } = options;
  for (const [i, bytes] of replySizes.entries()) checkWhole("frontEndCosts", `replySizes[${i}]`, bytes, 1, 2 ** 26);
  checkWhole("frontEndCosts", "requests", requests, 1, 10_000);
  return run("frontEndCosts", { measures: "costs", replySizes, requests }, limits) as Promise<FrontEndCostRow[]>;
}

/** @internal */
export interface TrafficPlan {
  readonly measures: "traffic";
  readonly replyBytes: number;
  readonly requests: number;
}
/** @internal */
export interface CostsPlan {
  readonly measures: "costs";
  readonly replySizes: readonly number[];
  readonly requests: number;
}
/** What is measured inside. @internal */
export type Plan = TrafficPlan | CostsPlan;

const run = (where: string, plan: Plan, limits: OwnNetworkOptions): Promise<unknown> =>
  playInOwnNetwork(where, new URL("./hand-off-lab-inside.js", import.meta.url), plan, limits);
