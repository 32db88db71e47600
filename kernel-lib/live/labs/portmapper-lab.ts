import { checkWhole, refuse } from "../../errors.js";
import type { PortMapping } from "../../protocol/index.js";
import { type OwnNetworkOptions, playInOwnNetwork, ToolMissing } from "../children/own-network.js";

/** See {@link portmapperLab}. */
export interface PortmapperLabOptions extends OwnNetworkOptions {
  /** Which portmapper listens on port 111: `ours`, or the system's `rpcbind`. */
  readonly daemon: "ours" | "rpcbind";
  /** Programs that are served on dynamic ports, TCP and UDP, and registered. They have procedure 0 alone, which does nothing. */
  readonly services: readonly {
    /** The program's number. */
    readonly program: number;
    /** Its version. */
    readonly version: number;
  }[];
  /** Commands to run then, each with its arguments: `["rpcinfo", "-p", "127.0.0.1"]`. */
  readonly commands: readonly (readonly string[])[];
}

/** What one of the lab's commands did. */
export interface LabCommand {
  /** The command, as one would type it. */
  readonly command: string;
  /** What it wrote, standard output and standard error together. */
  readonly output: string;
  /** How it ended. */
  readonly exitCode: number;
}

/** See {@link portmapperLab}. */
export interface PortmapperLabResult {
  /** What our own client read from the daemon over TCP, in its order. */
  readonly overTcp: readonly PortMapping[];
  /** The same over UDP. */
  readonly overUdp: readonly PortMapping[];
  /** What the commands did, in order. */
  readonly commands: readonly LabCommand[];
}

/**
 * Puts a portmapper on its well-known port, 111, in a network of its own, registers services with it, reads it with our client,
 * and lets commands of the system loose on it.
 *
 * @throws {@link ToolMissing} if this machine can't do that, or has not `rpcbind` or a command: the message says what to install.
 */
export async function portmapperLab(options: PortmapperLabOptions): Promise<PortmapperLabResult> {
  const { daemon, services, commands, ...limits } = options ?? {};
  if (daemon !== "ours" && daemon !== "rpcbind") refuse("portmapperLab", "daemon", '"ours" or "rpcbind"', daemon);
  for (const [i, { program, version }] of services.entries()) {
    checkWhole("portmapperLab", `services[${i}].program`, program, 0, 0xffffffff);
    checkWhole("portmapperLab", `services[${i}].version`, version, 0, 0xffffffff);
  }
  if (daemon === "rpcbind" && process.getuid?.() !== 0)
    throw new ToolMissing(
      "rpcbind gives up rights when it starts, so only the superuser can put it into a network of its own",
    );
  const inside = new URL("./portmapper-lab-inside.js", import.meta.url);
  const said = await playInOwnNetwork("portmapperLab", inside, { daemon, services, commands }, limits);
  const result = said as PortmapperLabResult & { readonly missing?: string };
  if (result.missing)
    throw new ToolMissing(
      `${result.missing} is not installed: on Debian and Ubuntu, apt install rpcbind brings rpcbind and rpcinfo`,
    );
  return result;
}
