import { fileURLToPath } from "node:url";
import { NamedError } from "../../errors.js";
import { type ChildEnd, ChildNotStarted, startChild } from "./child.js";
import { executable } from "./child-programs.js";

/** This machine lacks a tool of the system, or does not let us use it. The message says what to install. */
export class ToolMissing extends NamedError {}

/** See {@link runInOwnNetwork}. */
export interface OwnNetworkOptions {
  /** How long it may take; 30 s unless told. */
  readonly limitMs?: number;
  /** Kills it when it is aborted. */
  readonly signal?: AbortSignal;
}

// Whatever was started in the namespaces ends with their first process, and that one with `unshare`. Who is not the superuser
// becomes it inside; who is, stays it, since some daemons give up rights that only the real one has.
const namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child"];
const cannotSetUp = 125;
const script = `ip link set lo up && mount -t tmpfs tmpfs /run || exit ${cannotSetUp}; exec "$@"`;

/**
 * Runs a command in a network of its own (a network namespace of Linux), where it is the superuser, every port is free, and nothing
 * but its own loopback can be reached; `/run` is empty. Whatever it starts ends with it.
 *
 * @returns how it ended, and what it wrote.
 * @throws {@link ToolMissing} if this machine has no such thing, or not the command.
 */
export async function runInOwnNetwork(
  [file, ...args]: readonly [string, ...string[]],
  { limitMs = 30_000, signal }: OwnNetworkOptions = {},
): Promise<ChildEnd> {
  if (process.platform !== "linux")
    throw new ToolMissing(`a network of one's own needs Linux, and this is ${process.platform}`);
  const own = process.getuid?.() === 0 ? namespaces : [...namespaces, "--map-root-user"];
  const child = await startChild(executable("unshare", [...own, "sh", "-c", script, "sh", file, ...args]), {
    limitMs,
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (!(error instanceof ChildNotStarted)) throw error;
    throw new ToolMissing(`a network of one's own needs unshare, from the package util-linux: ${error.message}`);
  });
  const end = await child.ended;
  signal?.throwIfAborted();
  if (end.code === 127) throw new ToolMissing(`${file} is not installed`);
  if (end.code === cannotSetUp || (end.code !== 0 && end.stderr.startsWith("unshare:")))
    throw new ToolMissing(
      `a network of one's own needs unshare, ip and mount (packages util-linux and iproute2) and leave to use them: ${end.stderr.trim()}`,
    );
  return end;
}

/**
 * Runs a module of ours in a network of its own. It finds its plan, as JSON, in its first argument, and prints its result as JSON.
 *
 * @param where in whose name errors are told.
 * @throws {@link ToolMissing} as {@link runInOwnNetwork}, and where the module throws one; Error if it fails otherwise.
 * @internal
 */
export async function playInOwnNetwork(
  where: string,
  module: URL,
  plan: unknown,
  options: OwnNetworkOptions,
): Promise<unknown> {
  const end = await runInOwnNetwork([process.execPath, fileURLToPath(module), JSON.stringify(plan)], options);
  if (end.timedOut) throw new Error(`${where}: it took too long and was ended`);
  const missing = /ToolMissing: (.*)/.exec(end.stderr);
  if (missing) throw new ToolMissing(missing[1] as string);
  if (end.code !== 0)
    throw new Error(`${where}: it ended with ${end.signal ?? `exit code ${end.code}`}: ${end.stderr}`);
  return JSON.parse(end.stdout);
}
