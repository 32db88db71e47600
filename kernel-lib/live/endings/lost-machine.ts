import { checkPositive } from "../../errors.js";
import { type OwnNetworkOptions, playInOwnNetwork } from "../children/own-network.js";

/** When a server noticed that its client's machine was lost: see {@link lostMachine}. */
export interface LostMachineRow {
  /** What the server does with the connection. */
  readonly server: string;
  /** What became of the client's machine: it is `gone`, or has come `back` without its memory. */
  readonly machine: "gone" | "back";
  /** What told the server: the name of the error, `no answer` where it kept a clock of its own, `nothing` if nothing did. */
  readonly noticedBy: string;
  /** When, after the loss; for `nothing`, how long it was watched. */
  readonly afterMs: number;
  /** How many bytes the operating system took from the server after the loss. */
  readonly bytesTaken: number;
}

/** See {@link lostMachine}. */
export interface LostMachineOptions extends OwnNetworkOptions {
  /** How long the servers are watched after the loss; 8,000 ms unless told. */
  readonly watchMs?: number;
}

/**
 * Lets servers of five kinds hold a TCP connection to a client whose machine then falls silent: in a network of its own, where the
 * client's address is no longer anybody's, and no packet to it is answered. A sixth client's machine comes back after a second, without
 * memory of its connection. All at the same time.
 *
 * The settings are the smallest that show the effect: keepalive asks after 1 s of silence, every second, and gives up at two
 * questions without an answer; `TCP_USER_TIMEOUT` is 3 s; the heartbeat is a message each second, and 3 s of patience for its answer.
 *
 * @returns one row a server, in a fixed order.
 * @throws {@link ParameterError} for bad options; {@link ToolMissing} if this machine can't give a network of its own.
 */
export async function lostMachine({ watchMs = 8000, ...limits }: LostMachineOptions = {}): Promise<LostMachineRow[]> {
  checkPositive("lostMachine", "watchMs", watchMs);
  const limitMs = limits.limitMs ?? watchMs + 30_000;
  const inside = new URL("./lost-machine-inside.js", import.meta.url);
  return playInOwnNetwork("lostMachine", inside, watchMs, { ...limits, limitMs }) as Promise<LostMachineRow[]>;
}
