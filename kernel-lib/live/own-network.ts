import { spawn } from "node:child_process";
import { checkPositive, NamedError } from "../errors.js";

/** This machine lacks a tool of the system, or does not let us use it. The message says what to install. */
export class ToolMissing extends NamedError {}

/** See {@link runInOwnNetwork}. */
export interface OwnNetworkOptions {
  /** What the command reads on its standard input. */
  readonly input?: string;
  /** How long it may take; 20 s unless told. */
  readonly timeoutMs?: number;
  /** Ends it early: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The superuser of this machine needs no user namespace, and some daemons want to give up rights that only the real one has. */
const asRoot = process.getuid?.() === 0;
// All processes of the namespace end with its first one, and that one with `unshare`.
const unshare = ["--net", "--mount", "--pid", "--fork", "--kill-child", ...(asRoot ? [] : ["--map-root-user"])];
const script = 'ip link set lo up && mount -t tmpfs tmpfs /run && exec "$@"';

/**
 * Runs a command in a network of its own (Linux network namespace), where it is the superuser, every port is free, and nothing
 * but its own loopback can be reached; `/run` is empty. Whatever it started ends with it, also if this process is killed.
 *
 * @returns its standard output.
 * @throws {@link ToolMissing} if this machine has no such thing; an Error if the command fails, with its standard error, or takes
 *   longer than `timeoutMs`.
 */
export async function runInOwnNetwork(command: readonly string[], options: OwnNetworkOptions = {}): Promise<string> {
  const timeoutMs = checkPositive("runInOwnNetwork", "timeoutMs", options.timeoutMs ?? 20_000);
  const { input = "", signal } = options;
  signal?.throwIfAborted();
  if (process.platform !== "linux")
    throw new ToolMissing(`a network of one's own needs Linux, and this is ${process.platform}`);
  const { NODE_OPTIONS: _options, ...env } = process.env;
  env.PATH = `${env.PATH}:/usr/sbin:/sbin`;
  const child = spawn("unshare", [...unshare, "sh", "-c", script, "sh", ...command], { env, stdio: "pipe" });
  const [output, errors]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (piece) => output.push(piece));
  child.stderr.on("data", (piece) => errors.push(piece));
  // One that ends before it has read its input is judged by its exit code.
  child.stdin.on("error", () => undefined).end(input);
  let reason: unknown;
  const end = (why: unknown): void => {
    reason ??= why;
    child.kill("SIGKILL");
  };
  const timer = setTimeout(() => end(new Error(`${command[0]} took longer than ${timeoutMs} ms`)), timeoutMs);
  const onAbort = (): void => end(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject).once("close", resolve);
    });
    if (reason) throw reason;
    const said = Buffer.concat(errors).toString().trim();
    if (code === 0) return Buffer.concat(output).toString();
    if (/^(unshare|mount|sh: \d+: (ip|mount)|RTNETLINK)\b/.test(said))
      throw new ToolMissing(
        `a network of one's own needs unshare, ip and mount (packages util-linux and iproute2), and leave to use them: ${said}`,
      );
    throw new Error(`${command[0]} ended with exit code ${code}: ${said}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new ToolMissing("a network of one's own needs unshare: install the package util-linux");
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
