import { checkNonNegative, checkPositive, checkShare, checkText, checkWhole, refuse } from "../../errors.js";
import { exp } from "../../simulation/elementary-functions/index.js";
import { bernoulli, boundedPareto, exponential, lognormal, randomStream, zipf } from "../../simulation/index.js";
import type { Host } from "../../world/index.js";
import { fileClient } from "./file-client.js";
import { blockOf, FileError } from "./protocol.js";
import { checkedService, type FileServiceOptions } from "./settings.js";

/** What a user does with one file: open it, read or write it from front to back, close it. */
export interface FileSession {
  /** Which file. */
  readonly file: string;
  /** How many blocks of it. */
  readonly blocks: number;
  /** Whether they are read or written. */
  readonly op: "read" | "write";
  /** How long the user thinks before it begins. */
  readonly thinkMs: number;
}

/** What came of one operation of a session. */
export interface FileOperationRow {
  /** The session's place in the plan, from 0. */
  readonly session: number;
  /** What was asked. */
  readonly op: "open" | "read" | "write" | "close";
  /** When it was asked. */
  readonly beganMs: number;
  /** From then until it was done, or failed. */
  readonly tookMs: number;
  /** Whether the server did it, or had lost what it needed for it. */
  readonly outcome: "done" | "state lost";
}

/**
 * A program: a user who goes through sessions one after the other. A session that fails, since the server has lost its state, is
 * given up, and the next begins.
 *
 * @returns one row an operation, in time order.
 */
export async function fileSessions(
  host: Host,
  service: FileServiceOptions,
  sessions: readonly FileSession[],
): Promise<FileOperationRow[]> {
  checkedService("fileSessions", service);
  if (!Array.isArray(sessions)) refuse("fileSessions", "sessions", "an array of sessions", sessions);
  for (const [i, session] of sessions.entries()) {
    const field = `sessions[${i}]`;
    checkText("fileSessions", `${field}.file`, session?.file);
    checkWhole("fileSessions", `${field}.blocks`, session.blocks);
    if (session.op !== "read" && session.op !== "write")
      refuse("fileSessions", `${field}.op`, '"read" or "write"', session.op);
    checkNonNegative("fileSessions", `${field}.thinkMs`, session.thinkMs);
  }
  const files = await fileClient(host, service);
  const rows: FileOperationRow[] = [];
  for (const [session, { file, blocks, op, thinkMs }] of sessions.entries()) {
    if (thinkMs > 0) await host.sleep(thinkMs);
    const timed = async <T>(what: FileOperationRow["op"], work: () => Promise<T>): Promise<T> => {
      const beganMs = host.now();
      let outcome: FileOperationRow["outcome"] = "done";
      try {
        return await work();
      } catch (error) {
        outcome = "state lost";
        throw error;
      } finally {
        rows.push({ session, op: what, beganMs, tookMs: host.now() - beganMs, outcome });
      }
    };
    try {
      const handle = await timed("open", () => files.open(file));
      for (let block = 0; block < blocks; block++) {
        if (op === "read") await timed("read", () => files.read(handle, block));
        else {
          const data = blockOf(`${host.name} ${session} ${block}`, service.blockBytes);
          await timed("write", () => files.write(handle, block, data));
        }
      }
      await timed("close", () => files.close(handle));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
  }
  await files.leave();
  return rows;
}

/** See {@link fileWorkload}. */
export interface FileWorkloadOptions {
  /** How many users. */
  readonly users: number;
  /** How many sessions each. */
  readonly sessionsEach: number;
  /** How many files there are. */
  readonly files: number;
  /** How much more popular the first files are: a file's rank to the power of minus this. */
  readonly popularity: number;
  /** Which share of sessions write; those that write a file write all of it. */
  readonly writeShare: number;
  /** Which share of sessions use files that all share; the others use the user's own. 1 unless told. */
  readonly sharedShare?: number;
  /** The largest file, in blocks: the tail of sizes is cut there. */
  readonly largestBlocks: number;
  /** Mean time that a user thinks before a session; exponential. */
  readonly thinkMs: number;
  /** A whole number: sizes, popularity, kinds and times have streams of their own. */
  readonly seed: number;
}

/** A workload: files, and a list of sessions for each user. */
export interface FileWorkload {
  /** The files' sizes in blocks, by name: the `files` of a {@link FileServiceOptions}. */
  readonly files: Readonly<Record<string, number>>;
  /** By user, the sessions in order. */
  readonly sessions: readonly (readonly FileSession[])[];
}

const blockBytes = 4096;
/** Mean and deviation of the logarithm of a size in bytes, in the body of SURGE's distribution. */
const [mu, sigma] = [9.357, 1.318];

/**
 * Draws a workload. Sizes have a lognormal body and a Pareto tail (7 % of files), as web files were found to have, in blocks of
 * 4096 bytes; popularity follows Zipf's law.
 *
 * @throws {@link ParameterError} if a count is not whole and at least 1, or a share not from 0 to 1.
 * @see Barford and Crovella, "Generating Representative Web Workloads for Network and Server Performance Evaluation", SIGMETRICS 1998,
 * for sizes; Breslau et al., "Web Caching and Zipf-like Distributions", INFOCOM 1999, for popularity.
 */
export function fileWorkload(options: FileWorkloadOptions): FileWorkload {
  const where = "fileWorkload";
  checkWhole(where, "users", options?.users, 1);
  const { users, sessionsEach, files: count, seed, sharedShare = 1 } = options;
  checkWhole(where, "sessionsEach", sessionsEach, 1);
  checkWhole(where, "files", count, 1);
  const largest = checkWhole(where, "largestBlocks", options.largestBlocks, 1);
  checkNonNegative(where, "popularity", options.popularity);
  checkShare(where, "writeShare", options.writeShare);
  checkShare(where, "sharedShare", sharedShare);
  checkPositive(where, "thinkMs", options.thinkMs);
  checkWhole(where, "seed", seed);
  const sizes = randomStream(seed, "sizes");
  const body = lognormal({ mean: exp(mu + (sigma * sigma) / 2), scv: exp(sigma * sigma) - 1 }, sizes);
  const tail = boundedPareto({ shape: 1.1, min: 133_000, max: 1e8 }, sizes);
  const files: Record<string, number> = {};
  const size = () => Math.min(largest, Math.ceil((sizes() < 0.93 ? body() : tail()) / blockBytes));
  const names = (owner: string) =>
    Array.from({ length: count }, (_, i) => {
      const name = `${owner}${i + 1}`;
      files[name] = Math.max(1, size());
      return name;
    });
  const shared = names("shared/");
  const rank = zipf({ count, exponent: options.popularity }, randomStream(seed, "popularity"));
  const writes = bernoulli({ probability: options.writeShare }, randomStream(seed, "kinds"));
  const isShared = bernoulli({ probability: sharedShare }, randomStream(seed, "sharing"));
  const thinkMs = exponential({ mean: options.thinkMs }, randomStream(seed, "thinking"));
  const sessions = Array.from({ length: users }, (_, user) => {
    const own = sharedShare < 1 ? names(`user${user + 1}/`) : [];
    return Array.from({ length: sessionsEach }, (): FileSession => {
      const file = (isShared() === 1 ? shared : own)[rank() - 1] as string;
      return { file, blocks: files[file] as number, op: writes() === 1 ? "write" : "read", thinkMs: thinkMs() };
    });
  });
  return { files, sessions };
}
