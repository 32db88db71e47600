import { connect, type NetConnectOpts, type Socket } from "node:net";
import { checkNonNegative, checkPositive } from "../../../errors.js";
import { MalformedMessage, XTraffic } from "../../../protocol/index.js";
import { openXPort, type XPort } from "./sockets.js";

/** What a tap does with what passes. */
export interface XTapOptions {
  /** The round trip time that it puts in, half of it each way; 0 unless told. */
  readonly roundTripMs?: number;
  /** Bytes a second that pass, each way; without bound unless told. */
  readonly bytesPerS?: number;
}

/** A display in front of another, which counts and delays what passes. @internal */
export interface XTap extends XPort {
  /** What passed on each connection, in the order of their coming. Times are those of `performance.now()` at the client's side of the delay. */
  readonly traffic: readonly XTraffic[];
}

/** Opens a display in front of another: whoever connects to it is connected to that, through the delay. @internal */
export async function startXTap(
  target: NetConnectOpts,
  { roundTripMs = 0, bytesPerS = Infinity }: XTapOptions = {},
): Promise<XTap> {
  checkNonNegative("XTap", "roundTripMs", roundTripMs);
  if (bytesPerS !== Infinity) checkPositive("XTap", "bytesPerS", bytesPerS);
  const traffic: XTraffic[] = [];
  const port = await openXPort((client) => {
    const seen = new XTraffic();
    traffic.push(seen);
    const display = connect(target).setNoDelay(true);
    const counted = (count: () => unknown) => {
      try {
        count();
      } catch (error) {
        if (!(error instanceof MalformedMessage)) throw error;
        client.destroy();
      }
    };
    const out = delayed(display, roundTripMs / 2, bytesPerS, () => undefined);
    const back = delayed(client, roundTripMs / 2, bytesPerS, (bytes) =>
      counted(() => seen.fromDisplay(bytes, performance.now())),
    );
    client.on("data", (bytes) => {
      counted(() => seen.fromClient(bytes, performance.now()));
      out(bytes);
    });
    display.on("data", back);
    display.on("error", () => client.destroy());
    client.once("close", () => display.destroy());
    display.once("close", () => client.destroy());
  });
  return { ...port, traffic };
}

/** Holds each piece until it is due: after those before it, the time to pass at that rate, and the delay. */
function delayed(
  to: Socket,
  delayMs: number,
  bytesPerS: number,
  passes: (bytes: Uint8Array) => void,
): (bytes: Buffer) => void {
  let freeMs = 0;
  const waiting: { dueMs: number; bytes: Buffer }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const pass = (bytes: Buffer): void => {
    if (to.destroyed) return;
    passes(bytes);
    to.write(bytes);
  };
  const work = (): void => {
    timer = undefined;
    while (waiting.length > 0 && (waiting[0] as { dueMs: number }).dueMs <= performance.now())
      pass((waiting.shift() as { bytes: Buffer }).bytes);
    if (waiting.length > 0) timer = setTimeout(work, (waiting[0] as { dueMs: number }).dueMs - performance.now());
  };
  to.once("close", () => clearTimeout(timer));
  return (bytes) => {
    if (delayMs === 0 && bytesPerS === Infinity) return pass(bytes);
    const nowMs = performance.now();
    freeMs = Math.max(freeMs, nowMs) + (1000 * bytes.length) / bytesPerS;
    waiting.push({ dueMs: freeMs + delayMs, bytes });
    timer ??= setTimeout(work, freeMs + delayMs - nowMs);
  };
}
