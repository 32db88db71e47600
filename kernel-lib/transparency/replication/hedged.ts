import { checkPositive, checkShare, checkWhole, refuse } from "../../errors.js";
import { type Host, TimedOut } from "../../world/index.js";
import type { Channel } from "../stubs/index.js";
import { type Answer, ask } from "./ask-several.js";

/**
 * How many second requests may be sent: a share of the first ones. Each call puts `share` into a bucket, each second request takes 1 out of
 * it; so a server that is slow for all is not asked twice by all.
 *
 * @see gRPC's retry throttling (proposal A6), which refills its tokens in the same way.
 */
export class HedgeBudget {
  readonly #share: number;
  readonly #most: number;
  #tokens: number;

  /**
   * @param share of the calls that may be sent a second time, in the long run.
   * @param most how many tokens the bucket holds, and holds at first; 10 unless told.
   */
  constructor(share: number, most = 10) {
    this.#share = checkShare("HedgeBudget", "share", share);
    this.#most = checkWhole("HedgeBudget", "most", most, 1);
    this.#tokens = most;
  }

  /** A call is made. */
  call(): void {
    this.#tokens = Math.min(this.#most, this.#tokens + this.#share);
  }

  /** Takes a token, and says whether there was one. */
  take(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** See {@link hedged}. */
export interface HedgeOptions {
  /** After which time without a reply a second replica is asked. */
  readonly afterMs: number;
  /** What bounds second requests; unbounded unless told. */
  readonly budget?: HedgeBudget;
}

/**
 * A layer that asks one replica, chosen by chance, and a second one if the first has not replied after a while; the first reply counts, and
 * the other request is given up. Each second request is a row `hedge` in the trace.
 *
 * @param channels one to each replica, at least two.
 * @throws (the channel) what the last one threw, if both failed.
 * @see Dean and Barroso, "The Tail at Scale", C. ACM 56, 2013.
 */
export function hedged(host: Host, channels: readonly Channel[], { afterMs, budget }: HedgeOptions): Channel {
  checkPositive("hedged", "afterMs", afterMs);
  if (channels.length < 2) refuse("hedged", "channels", "at least two channels", channels);
  return async (call) => {
    budget?.call();
    const first = Math.floor(host.random() * channels.length);
    const second = (first + 1 + Math.floor(host.random() * (channels.length - 1))) % channels.length;
    const answers = host.queue<Answer>();
    const asked = [ask(host, channels[first] as Channel, call, answers)];
    const askSecond = (): void => {
      host.log("hedge", { call: call.number });
      asked.push(ask(host, channels[second] as Channel, call, answers));
    };
    try {
      let answer = await answers.take({ timeoutMs: afterMs }).catch((error: unknown) => {
        if (!(error instanceof TimedOut)) throw error;
        if (!budget || budget.take()) askSecond();
        return answers.take();
      });
      for (let failures = 1; "error" in answer; failures++) {
        if (failures === 2) throw answer.error;
        // Somebody who is known to have failed is no reason to save.
        if (asked.length === 1) askSecond();
        answer = await answers.take();
      }
      return answer.reply;
    } finally {
      for (const each of asked) each.cancel();
    }
  };
}
