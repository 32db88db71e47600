import { fileURLToPath } from "node:url";
import { checkWhole } from "../../../errors.js";
import { type OwnNetworkOptions, runInOwnNetwork, ToolMissing } from "../../children/own-network.js";

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
  /** Hand-off alone: how long packets of the client were held back, which takes two calls of `ip` more. */
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
  const inside = fileURLToPath(new URL("./hand-off-lab-inside.js", import.meta.url));
  const end = await runInOwnNetwork([process.execPath, inside, JSON.stringify({ replyBytes, requests })], limits);
  if (end.timedOut) throw new Error("handOffLab: it took too long and was ended");
  const missing = /ToolMissing: (.*)/.exec(end.stderr);
  if (missing) throw new ToolMissing(missing[1] as string);
  if (end.code !== 0)
    throw new Error(`handOffLab: it ended with ${end.signal ?? `exit code ${end.code}`}: ${end.stderr}`);
  return JSON.parse(end.stdout) as HandOffRow[];
}
