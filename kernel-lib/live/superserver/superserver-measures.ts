import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { promisify } from "node:util";
import { checkWhole, refuse } from "../../errors.js";
import { type Child, type startChild, withChildren } from "../children/child.js";
import { exportedProgram } from "../children/child-programs.js";
import { inEnglish } from "../system/english.js";
import { type Timings, timed } from "../system/timings.js";
import { currentUser } from "../system/users.js";

/** Memory that idle servers hold. */
export interface IdleMemoryRow {
  /** `daemons`: a Node process for each service; `superserver`: one Node process for all. */
  readonly arrangement: "daemons" | "superserver";
  /** How many services are offered. */
  readonly services: number;
  /** How many processes wait. */
  readonly processes: number;
  /** The sum of what each process has in memory; what they share is counted once for each of them. */
  readonly residentBytes: number;
  /** The same, with what is shared divided by those who share it; undefined where the system does not tell (it is Linux that does). */
  readonly proportionalBytes: number | undefined;
}

/** See {@link measureIdleMemory}. */
export interface IdleMemoryOptions {
  /** The numbers of services to try, rising; 1, 2, 4 and 8 unless told. */
  readonly services?: readonly number[];
  /** Ends the measurement early: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Measures the memory of servers that nobody asks: n daemons, each a Node process with one port, against one superserver with n ports,
 * itself a Node process. Daemons written in C hold less each; the shape is the same.
 *
 * @returns for each number of services a row for the daemons and one for the superserver.
 * @throws {@link ParameterError} if the numbers are not whole, above 0 and rising; an Error if a process can't be started or measured.
 */
export async function measureIdleMemory(options: IdleMemoryOptions = {}): Promise<IdleMemoryRow[]> {
  const { services = [1, 2, 4, 8], signal } = options;
  for (const [i, count] of services.entries()) {
    checkWhole("measureIdleMemory", "services", count, 1, 1000);
    if (i > 0 && !(count > (services[i - 1] as number))) refuse("measureIdleMemory", "services", "rising", services);
  }
  return inProcesses(signal, async (start) => {
    const rows: IdleMemoryRow[] = [];
    const daemons: Child[] = [];
    for (const count of services) {
      while (daemons.length < count) daemons.push((await start("residentServer")).child);
      const line = (_: unknown, i: number): string => `${i + 1} stream tcp nowait ${currentUser()} /bin/cat cat`;
      const conf = Array.from({ length: count }, line).join("\n");
      const superserver = (await start("superserverProcess", { conf, programs: {} })).child;
      rows.push({ arrangement: "daemons", services: count, processes: count, ...(await memoryOf(daemons)) });
      rows.push({ arrangement: "superserver", services: count, processes: 1, ...(await memoryOf([superserver])) });
      superserver.kill();
      await superserver.ended;
    }
    return rows;
  });
}

/** How long a client waits for a server. */
export interface FirstByteRow extends Timings {
  /**
   * `resident`: a Node process that is always there; `superserver, /bin/cat`: a superserver starts the smallest of servers for each
   * connection; `superserver, Node`: it starts Node for each connection.
   */
  readonly server: "resident" | "superserver, /bin/cat" | "superserver, Node";
}

/** See {@link measureFirstByte}. */
export interface FirstByteOptions {
  /** How often each is asked, at least 3; 15 unless told. One time before is not counted. */
  readonly repetitions?: number;
  /** Ends the measurement early: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Measures how long it takes from a client's `connect` to the first byte of the answer, one client at a time, on loopback. Each server sends
 * back what it gets.
 *
 * @returns three rows, the resident server first.
 * @throws {@link ParameterError} if repetitions is not whole and at least 3; an Error if a process can't be started or does not answer.
 */
export async function measureFirstByte(options: FirstByteOptions = {}): Promise<FirstByteRow[]> {
  const repetitions = checkWhole("measureFirstByte", "repetitions", options.repetitions ?? 15, 3);
  return inProcesses(options.signal, async (start) => {
    // More than its limit allows in a minute, or it would suspend the service.
    const nowait = `stream tcp nowait.${repetitions + 1} ${currentUser()}`;
    const conf = `1 ${nowait} /bin/cat cat\n2 ${nowait} /node/child child`;
    const programs = { "/node/child": exportedProgram(module, "childServer") };
    const [port = 0] = (await start("residentServer")).ports;
    const [catPort = 0, nodePort = 0] = (await start("superserverProcess", { conf, programs })).ports;
    return [
      { server: "resident", ...(await timed(repetitions, () => firstByte(port))) },
      { server: "superserver, /bin/cat", ...(await timed(repetitions, () => firstByte(catPort))) },
      { server: "superserver, Node", ...(await timed(repetitions, () => firstByte(nodePort))) },
    ];
  });
}

const module = new URL("./superserver-process.js", import.meta.url);

type Start = (name: string, input?: unknown) => Promise<{ child: Child; ports: number[] }>;

/** Does some work with servers in processes of their own, which have ended when it is over. */
function inProcesses<T>(signal: AbortSignal | undefined, work: (start: Start) => Promise<T>): Promise<T> {
  return withChildren(async (startOne: typeof startChild) => {
    const start: Start = async (name, input) => {
      const child = await startOne(exportedProgram(module, name, input), { signal });
      return { child, ports: (await child.receive()) as number[] };
    };
    try {
      return await work(start);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  });
}

async function firstByte(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  try {
    socket.write("x");
    for await (const _ of socket) return;
    throw new Error(`the server on port ${port} ended the connection without an answer`);
  } finally {
    socket.destroy();
  }
}

async function memoryOf(
  children: readonly Child[],
): Promise<Pick<IdleMemoryRow, "residentBytes" | "proportionalBytes">> {
  const pids = children.map(({ pid }) => pid);
  if (process.platform === "linux") {
    const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/smaps_rollup`, "utf8")));
    return { residentBytes: sumOf(texts, "Rss"), proportionalBytes: sumOf(texts, "Pss") };
  }
  const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", pids.join(",")], {
    env: inEnglish(),
  });
  const kibibytes = stdout.trim().split(/\s+/).map(Number);
  return { residentBytes: kibibytes.reduce((sum, each) => sum + each * 1024, 0), proportionalBytes: undefined };
}

function sumOf(texts: readonly string[], field: string): number {
  const kibibytes = texts.map((text) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1]));
  return kibibytes.reduce((sum, each) => sum + each * 1024, 0);
}
