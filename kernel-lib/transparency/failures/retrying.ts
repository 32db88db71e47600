import { checkWhole } from "../../errors.js";
import { ConnectionRefused, ConnectionReset, type Host, TimedOut } from "../../world/index.js";
import type { Channel } from "../stubs/index.js";
import { type BackOff, backOff } from "./back-off.js";

/** See {@link retrying}. */
export interface RetryOptions {
  /** How often a call is sent at most, the first time included; 10 unless told. */
  readonly tries?: number;
  /** The pauses between tries; from 10 ms to 1 s with full jitter unless told. */
  readonly pauses?: BackOff;
}

/** Whether an error leaves it open if the call was executed: nothing came back, or nobody was there. */
export function isLoss(error: unknown): boolean {
  return error instanceof TimedOut || error instanceof ConnectionReset || error instanceof ConnectionRefused;
}

/**
 * A layer that sends a call again when nothing came back, always as the same call. With a server that executes whatever comes, that
 * is *at least once* (and, when the last try fails too, perhaps never); with one that knows calls ({@link onceOnly}), *at most once*.
 *
 * The layer below must give up waiting by itself: see `timeoutMs` of {@link overConnections}. Each further try is a row `retry` in
 * the trace.
 *
 * @throws (the channel) what the last try threw.
 */
export function retrying(host: Host, channel: Channel, options: RetryOptions = {}): Channel {
  const { tries = 10, pauses = backOff({ firstMs: 10, mostMs: 1000 }) } = options;
  checkWhole("retrying", "tries", tries, 1);
  return async (call) => {
    for (let failures = 0; ; ) {
      try {
        return await channel(call);
      } catch (error) {
        if (!isLoss(error) || ++failures === tries) throw error;
        await host.sleep(pauses(failures, () => host.random()));
        host.log("retry", { call: call.number, why: (error as Error).name });
      }
    }
  };
}
