import { checkPositive, checkShare } from "../../errors.js";
import { type Host, TimedOut } from "../../world/index.js";
import type { Channel } from "../stubs/index.js";

/** See {@link lossy}. */
export interface LossOptions {
  /** With which probability a request is lost, and, if it is not, its reply. */
  readonly loss: number;
  /** After which time the client takes silence for a loss. */
  readonly timeoutMs: number;
}

/**
 * A layer that loses requests and replies by chance, as a network without connections does. A call whose request is lost was never
 * executed; one whose reply is lost was: the caller can't tell them apart.
 *
 * Drawn from `host.random()`, twice a call, so that both worlds lose the same.
 */
export function lossy(host: Host, channel: Channel, { loss, timeoutMs }: LossOptions): Channel {
  checkShare("lossy", "loss", loss);
  checkPositive("lossy", "timeoutMs", timeoutMs);
  return async (call) => {
    const untilMs = host.now() + timeoutMs;
    const [requestIsLost, replyIsLost] = [host.random() < loss, host.random() < loss];
    if (!requestIsLost) {
      const reply = await channel(call);
      if (!replyIsLost) return reply;
    }
    host.log(requestIsLost ? "request lost" : "reply lost", { call: call.number });
    await host.sleepUntil(untilMs);
    throw new TimedOut(`no reply to call ${call.number} within ${timeoutMs} ms`);
  };
}
