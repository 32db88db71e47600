import { checkPositive, checkWhole, refuse } from "../../errors.js";
import { withChildren } from "../children/child.js";
import { exportedProgram } from "../children/child-programs.js";
import { pause, sendWhatFits } from "../system/send-what-fits.js";
import { socketsApi } from "../system/sockets-api.js";
import { machineNowMs } from "./stop-work.js";
import { lendPair } from "./tcp-pair.js";

/** What became of an urgent byte behind many others, while its receiver does not read: see {@link urgentBehind}. */
export interface UrgentBehindRow {
  /** The receiver's buffer, as it was asked for. */
  readonly receiveBufferBytes: number;
  /** What was to be sent before it. */
  readonly bytesAhead: number;
  /** What the operating system took of that. */
  readonly bytesTaken: number;
  /** Whether it took the urgent byte. */
  readonly urgentTaken: boolean;
  /**
   * How far the mark lay ahead of what the receiver's system had acknowledged, right after `send` had taken the urgent byte: that byte
   * included. `undefined` if it was never taken.
   */
  readonly markAheadBytes: number | undefined;
  /** When SIGURG came, after `send` had taken the urgent byte, though nothing was read; `undefined` if not within `patienceMs`. */
  readonly signalAfterMs: number | undefined;
  /** How much the receiver had to read until SIGURG came; `undefined` if it never came. */
  readonly readBeforeSignalBytes: number | undefined;
  /** How much it had to read until the urgent byte itself was there. */
  readonly readBeforeByteBytes: number | undefined;
}

/** See {@link urgentBehind}. */
export interface UrgentBehindOptions {
  /** The receiver's buffer; 64 KiB unless told. The operating system may make more or less of it. */
  readonly receiveBufferBytes?: number;
  /** How long the receiver waits for the news before it begins to read; 1,000 ms unless told. */
  readonly patienceMs?: number;
  /** Ends it, and the process: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What the process is told. @internal */
export interface UrgentBehindPlan {
  readonly bytesAhead: readonly number[];
  readonly receiveBufferBytes: number;
  readonly patienceMs: number;
}

/**
 * Sends an urgent byte behind so many others that the receiver has not read, and finds out when the receiver hears of it, by SIGURG,
 * and when it has the byte, by reading. Each case has a connection of its own; all of them are in one process of their own, as a
 * handler for SIGURG in this one would hear of other sockets too.
 *
 * The news stands in the header of a segment: the next that carries data, or, where the receiver has no room, a probe of its window.
 * It can be no farther from its mark than 65,535 bytes, 16 bits, so Linux probes with it only if the mark lies no farther ahead of
 * what has been acknowledged.
 *
 * @returns one row for each number, in order.
 * @throws {@link ParameterError} for bad options; Error where {@link whyNoUrgentData} says why it can't be.
 * @see RFC 9293 §3.4 and §3.8.5.
 */
export async function urgentBehind(
  bytesAhead: readonly number[],
  options: UrgentBehindOptions = {},
): Promise<UrgentBehindRow[]> {
  const where = "urgentBehind";
  if (!Array.isArray(bytesAhead)) refuse(where, "bytesAhead", "an array of numbers", bytesAhead);
  for (const [i, bytes] of bytesAhead.entries()) checkWhole(where, `bytesAhead[${i}]`, bytes, 0, 2 ** 28);
  const plan: UrgentBehindPlan = {
    bytesAhead,
    receiveBufferBytes: checkWhole(where, "receiveBufferBytes", options.receiveBufferBytes ?? 65536, 1, 2 ** 30),
    patienceMs: checkPositive(where, "patienceMs", options.patienceMs ?? 1000),
  };
  await socketsApi();
  const { signal } = options;
  return withChildren(async (start) => {
    const program = exportedProgram(import.meta.url, "urgentBehindHere", plan);
    try {
      const child = await start(program, { signal, limitMs: Number.POSITIVE_INFINITY });
      return (await child.receive()) as UrgentBehindRow[];
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  });
}

/** Runs in the process of its own. @internal */
export async function urgentBehindHere({
  bytesAhead,
  receiveBufferBytes,
  patienceMs,
}: UrgentBehindPlan): Promise<void> {
  let signalMs: number | undefined;
  process.on("SIGURG", () => {
    signalMs ??= machineNowMs();
  });
  const one = (ahead: number): Promise<UrgentBehindRow> =>
    lendPair({ receiveBufferBytes }, async (api, _fds, { sender, receiver }) => {
      api.sendSignalsTo(receiver);
      const bytesTaken = await sendWhatFits((bytes) => api.send(sender, bytes, false), new Uint8Array(ahead));
      await pause(50); // what can be acknowledged is; and the signals of the case before are over
      signalMs = undefined;
      const urgentTaken = api.send(sender, Uint8Array.of(33), true) === 1;
      const sentMs = machineNowMs();
      const of = { receiveBufferBytes, bytesAhead: ahead, bytesTaken, urgentTaken };
      const never = { signalAfterMs: undefined, readBeforeSignalBytes: undefined, readBeforeByteBytes: undefined };
      if (!urgentTaken) return { ...of, markAheadBytes: undefined, ...never };
      const markAheadBytes = api.unacknowledgedBytes(sender);
      while (signalMs === undefined && machineNowMs() < sentMs + patienceMs) await pause(1);
      const signalAfterMs = signalMs === undefined ? undefined : signalMs - sentMs;
      let read = 0;
      const readSome = async (): Promise<void> => {
        const bytes = api.receive(receiver, Math.min(4096, bytesTaken - read));
        if (bytes) read += bytes.length;
        else await pause(1);
      };
      while (signalMs === undefined && read < bytesTaken) {
        await readSome();
        await pause(2); // a signal that is under way may come
      }
      const readBeforeSignalBytes = signalMs === undefined ? undefined : read;
      while (api.urgentState(receiver) !== "here" && read < bytesTaken) await readSome();
      return { ...of, markAheadBytes, signalAfterMs, readBeforeSignalBytes, readBeforeByteBytes: read };
    });
  const rows: UrgentBehindRow[] = [];
  for (const ahead of bytesAhead) rows.push(await one(ahead));
  process.send?.(rows);
}
