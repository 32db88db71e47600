import { type ChildProcess, type IOType, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { NamedError, refuse } from "../../errors.js";
import { onInterrupt } from "../../simulation/interrupt.js";
import { TimedOut } from "../../world/errors.js";
import { inEnglish } from "../system/english.js";
import { type GuardHold, holdGuard } from "./child-guard.js";
import type { ChildProgram } from "./child-programs.js";

/** The operating system did not start the child; `cause` has its reason: no such file, no right to run it, too many processes. */
export class ChildNotStarted extends NamedError {}

/** A message was sent to a child that has ended, or awaited from one that ended before it came. */
export class ChildEnded extends NamedError {}

/**
 * What a child has as standard input, output or error: nothing (`ignore`), a pipe to this process, this process's own
 * (`inherit`), a socket, or an open file descriptor. A socket is the child's from then on: this process closes its own copy. Nothing may
 * have been read from it, so a server accepts it with `pauseOnConnect: true`.
 */
export type ChildStream = "ignore" | "pipe" | "inherit" | Socket | number;

/** See {@link startChild}. */
export interface ChildOptions {
  /** Standard input; `ignore` unless told. */
  readonly stdin?: ChildStream;
  /** Standard output; `pipe` unless told. */
  readonly stdout?: ChildStream;
  /** Standard error; `pipe` unless told. */
  readonly stderr?: ChildStream;
  /** How long the child may live; then its process group is killed. 60,000 ms unless told; `Infinity` for ever. */
  readonly limitMs?: number;
  /** Kills the child's process group when it is aborted. */
  readonly signal?: AbortSignal;
  /**
   * Variables of its environment besides this process's own, of which NODE_OPTIONS is left out. LC_ALL is `C` unless told, so that what
   * tools say can be read.
   */
  readonly env?: Readonly<Record<string, string>>;
  /** Its working folder; this process's own unless told. */
  readonly cwd?: string;
  /** The number of the user that it runs as; only root may choose. */
  readonly uid?: number;
  /** The number of the group that it runs as; only root may choose. */
  readonly gid?: number;
  /** Options of Node itself, before the program; for a {@link NodeProgram}. */
  readonly execArgv?: readonly string[];
}

/** What became of a child. */
export interface ChildEnd {
  /** Its number with the operating system. */
  readonly pid: number;
  /** Its exit code; undefined if a signal ended it. */
  readonly code: number | undefined;
  /** The signal that ended it; undefined if it ended by itself. */
  readonly signal: NodeJS.Signals | undefined;
  /** Whether it was killed because it outlived its `limitMs`. */
  readonly timedOut: boolean;
  /** From its start to the news of its end. */
  readonly lifeMs: number;
  /** The last 64 KiB that it wrote to its standard output, if that was a pipe. */
  readonly stdout: string;
  /** The last 64 KiB that it wrote to its standard error, if that was a pipe. */
  readonly stderr: string;
}

/** A process that this one has started. It leads a process group: whatever it starts belongs to it, and ends with it. */
export interface Child {
  /** Its number with the operating system, and that of its process group. */
  readonly pid: number;
  /** Resolves, never rejects, when it has ended, all of its group has, and its output has been read. */
  readonly ended: Promise<ChildEnd>;
  /** Its standard input, if a pipe. */
  readonly stdin: Writable | undefined;
  /** Its standard output, if a pipe. It is read in any case, so that the child is never held up. */
  readonly stdout: Readable | undefined;
  /** Its standard error, if a pipe. */
  readonly stderr: Readable | undefined;
  /** Sends a signal to its process group, SIGKILL unless told; false if it has ended. */
  kill(signal?: NodeJS.Signals): boolean;
  /** Asks it to end (SIGTERM), and kills it if it has not within `graceMs`; 1000 unless told. */
  stop(graceMs?: number): Promise<ChildEnd>;
  /**
   * Sends a value that can be cloned to a {@link NodeProgram}, which gets it by `process.on("message", …)`.
   *
   * @throws {@link ChildEnded} if it has ended.
   */
  send(message: unknown): Promise<void>;
  /**
   * The next value that a {@link NodeProgram} has sent by `process.send(…)`; values wait until they are taken.
   *
   * @throws {@link ChildEnded}, with its `stderr`, if it ends before; {@link TimedOut} after `timeoutMs`.
   */
  receive(options?: { readonly timeoutMs?: number }): Promise<unknown>;
}

/**
 * Starts a real process of the operating system: an executable file, or Node with a function of a module or a notebook cell.
 *
 * It can't be lost. It ends, with all that it has started in its process group, after its time limit, by `kill`, by Interrupt in
 * a notebook, and if this process ends in any way, `kill -9` included. Its end is always noticed, so it never stays a zombie. What
 * it starts in a session of its own and then abandons is not followed while this process lives.
 *
 * @throws {@link ParameterError} for bad options, {@link ChildNotStarted} if the operating system says no; else the child runs.
 */
export async function startChild(program: ChildProgram, options: ChildOptions = {}): Promise<Child> {
  const { limitMs = 60_000, signal, cwd, env, uid, gid } = options;
  if (typeof limitMs !== "number" || !(limitMs > 0)) refuse("startChild", "limitMs", "a number above 0", limitMs);
  const streams = (["stdin", "stdout", "stderr"] as const).map((name, i) =>
    checkStream(name, options[name] ?? (i === 0 ? "ignore" : "pipe")),
  );
  signal?.throwIfAborted();
  const isNode = "code" in program;
  const runner = fileURLToPath(new URL("./child-runner.js", import.meta.url));
  const [file, args, argv0] = isNode
    ? [process.execPath, [...(options.execArgv ?? []), runner]]
    : [program.file, [...program.args], program.argv0];
  const guard = await holdGuard().catch((cause) => {
    throw new ChildNotStarted(`startChild: the guard of children can't be started: ${cause.message}`, { cause });
  });
  try {
    const { NODE_OPTIONS: _options, ...own } = inEnglish();
    signal?.throwIfAborted();
    const started = performance.now();
    const processOfChild = spawn(file, args, {
      argv0,
      cwd,
      uid,
      gid,
      detached: true,
      env: { ...own, ...env, ...guard.environment },
      serialization: "advanced",
      stdio: isNode ? [...streams, "ipc"] : [...streams],
    });
    if (processOfChild.pid === undefined) throw (await once(processOfChild, "error"))[0];
    const child = new RunningChild(processOfChild, file, guard, limitMs, signal, started);
    if (isNode) child.send(program).catch(() => undefined);
    for (const stream of streams) if (typeof stream === "object") stream.destroy();
    return child;
  } catch (cause) {
    await guard.release();
    if (signal?.aborted) throw signal.reason;
    throw new ChildNotStarted(`startChild: ${file} can't be started: ${(cause as Error).message}`, { cause });
  }
}

/** Starts children as {@link startChild} does, for as long as `use` runs: whatever becomes of it, they have ended when this settles. */
export async function withChildren<T>(use: (start: typeof startChild) => Promise<T>): Promise<T> {
  const starts: Promise<Child>[] = [];
  let isOver = false;
  const start: typeof startChild = async (program, options) => {
    if (isOver) throw new ChildNotStarted("withChildren: it is over");
    const child = startChild(program, options);
    starts.push(child);
    return child;
  };
  try {
    return await use(start);
  } finally {
    isOver = true;
    for (const result of await Promise.allSettled(starts)) {
      if (result.status === "rejected") continue;
      result.value.kill();
      await result.value.ended;
    }
  }
}

function checkStream(field: string, value: ChildStream): Exclude<ChildStream, string> | IOType {
  const isDescriptor = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  const isSocket = typeof value === "object" && value !== null && "remoteAddress" in value;
  if (isDescriptor || isSocket || value === "ignore" || value === "pipe" || value === "inherit") return value;
  return refuse("startChild", field, '"ignore", "pipe", "inherit", a socket or a file descriptor', value);
}

/** How much of a child's output is kept. */
const keptBytes = 65_536;

/** Reads a stream to its end; keeps the last of it. */
function tailOf(stream: Readable | null): () => string {
  let kept = Buffer.alloc(0);
  stream?.on("error", () => undefined);
  stream?.on("data", (chunk: Buffer | string) => {
    kept = Buffer.concat([kept, Buffer.from(chunk)]);
    if (kept.length > keptBytes) kept = kept.subarray(kept.length - keptBytes);
  });
  return () => kept.toString("utf8");
}

interface Waiting {
  readonly resolve: (message: unknown) => void;
  readonly reject: (error: Error) => void;
}

class RunningChild implements Child {
  readonly pid: number;
  readonly ended: Promise<ChildEnd>;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #messages: unknown[] = [];
  readonly #waiting = new Set<Waiting>();
  #timedOut = false;
  #end: ChildEnd | undefined;

  constructor(
    started: ChildProcess,
    name: string,
    guard: GuardHold,
    limitMs: number,
    signal: AbortSignal | undefined,
    startedMs: number,
  ) {
    this.pid = started.pid as number;
    guard.watch(this.pid);
    this.#process = started;
    this.#name = name;
    this.stdin = started.stdin ?? undefined;
    this.stdout = started.stdout ?? undefined;
    this.stderr = started.stderr ?? undefined;
    const kill = (): void => void this.kill();
    const withdraw = onInterrupt(kill);
    const limit = limitMs < 2 ** 31 ? setTimeout(() => this.#outlived(), limitMs) : undefined;
    signal?.addEventListener("abort", kill, { once: true });
    // The child may end before it has read all that it was sent.
    this.stdin?.on("error", () => undefined);
    started.on("error", () => undefined);
    started.on("message", (message) => this.#arrived(message));
    const stdout = tailOf(started.stdout);
    const stderr = tailOf(started.stderr);
    this.ended = this.#watch().then(async ({ code, signal: by, lifeMs }) => {
      clearTimeout(limit);
      withdraw();
      signal?.removeEventListener("abort", kill);
      guard.forget(this.pid);
      await guard.release();
      this.#end = {
        pid: this.pid,
        code: code ?? undefined,
        signal: by ?? undefined,
        timedOut: this.#timedOut,
        lifeMs: lifeMs - startedMs,
        stdout: stdout(),
        stderr: stderr(),
      };
      for (const { reject } of this.#waiting) reject(this.#gone());
      return this.#end;
    });
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null && signalGroup(this.pid, signal);
  }

  async stop(graceMs = 1000): Promise<ChildEnd> {
    this.kill("SIGTERM");
    const late = setTimeout(() => this.kill(), graceMs);
    const end = await this.ended;
    clearTimeout(late);
    return end;
  }

  send(message: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | null): void => (error ? reject(this.#gone()) : resolve());
      if (this.#process.connected) this.#process.send(message as object, done);
      else reject(this.#gone());
    });
  }

  receive({ timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<unknown> {
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift());
    if (this.#end) return Promise.reject(this.#gone());
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(late);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting = {
        resolve: (message) => {
          settle();
          resolve(message);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const late =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => waiting.reject(new TimedOut(`the child sent nothing for ${timeoutMs} ms`)), timeoutMs);
      this.#waiting.add(waiting);
    });
  }

  #arrived(message: unknown): void {
    const [first] = this.#waiting;
    if (first) first.resolve(message);
    else this.#messages.push(message);
  }

  #gone(): ChildEnded {
    const how = this.#end && (this.#end.signal ?? `exit code ${this.#end.code}`);
    const said = this.#end?.stderr.trim();
    return new ChildEnded(`${this.#name} has ended${how ? ` with ${how}` : ""}${said ? `; it said: ${said}` : ""}`);
  }

  #outlived(): void {
    this.#timedOut = this.kill();
  }

  /** Resolves when the child has ended, and what it left behind in its group and on its pipes. */
  async #watch(): Promise<{ code: number | null; signal: NodeJS.Signals | null; lifeMs: number }> {
    const closed = new Promise((resolve) => this.#process.once("close", resolve));
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
      this.#process.once("exit", (...how) => resolve(how));
    });
    const lifeMs = performance.now();
    for (let tries = 0; signalGroup(this.pid, "SIGKILL") && tries < 100; tries++) await pause(2);
    // Someone who has left the group may still hold its pipes.
    const late = setTimeout(() => {
      for (const stream of [this.stdin, this.stdout, this.stderr]) stream?.destroy();
      if (this.#process.connected) this.#process.disconnect();
    }, 1000);
    await closed;
    clearTimeout(late);
    return { code, signal, lifeMs };
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false;
  }
}
