import { checkWhole, refuse } from "../../errors.js";
import { type OwnNetworkOptions, playInOwnNetwork, ToolMissing } from "../children/own-network.js";

/** What a client asks of a superserver in {@link inetdLab}. */
export interface InetdRequest {
  /** The port. */
  readonly port: number;
  /** What is sent: over tcp with the end of the stream behind it, over udp as one datagram. Nothing unless told. */
  readonly text?: string;
  /** tcp unless told; `tcp6` is tcp over IPv6. */
  readonly over?: "tcp" | "tcp6" | "udp";
}

/** See {@link inetdLab}. */
export interface InetdLabOptions extends OwnNetworkOptions {
  /** Which superserver: `ours`, or the system's `openbsd-inetd`. */
  readonly superserver: "ours" | "openbsd-inetd";
  /** The text of its `inetd.conf`. It runs as root there. */
  readonly conf: string;
  /** What is asked, one after the other. */
  readonly requests: readonly InetdRequest[];
  /** A second configuration, which it gets by SIGHUP; then the same requests are asked again. */
  readonly nextConf?: string;
}

/** What a superserver answered. */
export interface InetdReplyRow {
  /** Which. */
  readonly superserver: "ours" | "openbsd-inetd";
  /** Whether the second configuration held already. */
  readonly reloaded: boolean;
  /** The port that was asked. */
  readonly port: number;
  /** All bytes until the end of the connection, or 2,000, as Latin-1 text; over udp the first datagram; `ECONNREFUSED` where nobody listens. */
  readonly reply: string;
}

/**
 * Puts a superserver on its well-known ports, in a network of its own, and asks it.
 *
 * @returns one row for each request, in order; with `nextConf` as many again.
 * @throws {@link ToolMissing} if this machine can't do that, or has no `openbsd-inetd`: the message says what to install.
 */
export async function inetdLab(options: InetdLabOptions): Promise<InetdReplyRow[]> {
  const { superserver, conf, requests, nextConf, ...limits } = options;
  if (superserver !== "ours" && superserver !== "openbsd-inetd")
    refuse("inetdLab", "superserver", '"ours" or "openbsd-inetd"', superserver);
  for (const [i, { port }] of requests.entries()) checkWhole("inetdLab", `requests[${i}].port`, port, 1, 65_535);
  const inside = new URL("./inetd-lab-inside.js", import.meta.url);
  const plan = { superserver, conf, requests, nextConf };
  const rows = await playInOwnNetwork("inetdLab", inside, plan, limits).catch((error: Error) => {
    if (!/ChildNotStarted: .*inetd.* ENOENT/.test(error.message)) throw error;
    throw new ToolMissing("inetd is not installed: on Debian and Ubuntu, apt install openbsd-inetd");
  });
  return rows as InetdReplyRow[];
}
