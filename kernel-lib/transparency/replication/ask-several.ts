import { checkWhole, refuse } from "../../errors.js";
import type { Host, Process, Queue } from "../../world/index.js";
import type { Channel, RemoteCall, RemoteReply } from "../stubs/index.js";

/** What of several replies the caller gets. They come in the order in which they arrived, at least one. */
export type Choice = (replies: readonly RemoteReply[]) => RemoteReply;

/** The reply that came first. */
export const firstReply: Choice = ([first]) => first as RemoteReply;

/** The reply whose result has the highest `version`; of equal ones the first. */
export const newestReply: Choice = (replies) =>
  replies.reduce((best, each) => (versionOf(each) > versionOf(best) ? each : best));

function versionOf(reply: RemoteReply): number {
  const version = reply.how === "returned" ? (reply.result as { version?: unknown } | undefined)?.version : undefined;
  return typeof version === "number" ? version : Number.NEGATIVE_INFINITY;
}

/** How many of n are more than half. */
export function majorityOf(n: number): number {
  checkWhole("majorityOf", "n", n, 1);
  return Math.floor(n / 2) + 1;
}

/** See {@link askSeveral}. */
export interface SeveralOptions {
  /** How many replies are waited for; 1 unless told. */
  readonly need?: number;
  /** Which of them the caller gets; the first unless told. */
  readonly choose?: Choice;
  /** What becomes of the others: they `run on`, as writes must, or are given up (`cancel`), so that the server may stop. `run on` unless told. */
  readonly others?: "run on" | "cancel";
}

/**
 * A layer that asks several replicas at once, waits for as many replies as are needed, and hands on one: whoever calls does not know that
 * there are several.
 *
 * @param channels one to each replica.
 * @throws {@link ParameterError} if more are needed than there are. The channel throws what the last replica threw, if so many failed that the
 *   others can't be enough.
 */
export function askSeveral(host: Host, channels: readonly Channel[], options: SeveralOptions = {}): Channel {
  const { need = 1, choose = firstReply, others = "run on" } = options;
  checkWhole("askSeveral", "need", need, 1, Math.max(1, channels.length));
  if (channels.length === 0) refuse("askSeveral", "channels", "at least one channel", channels);
  if (others !== "run on" && others !== "cancel") refuse("askSeveral", "others", '"run on" or "cancel"', others);
  return async (call) => {
    const answers = host.queue<Answer>();
    const asked = channels.map((channel) => ask(host, channel, call, answers));
    const replies: RemoteReply[] = [];
    try {
      for (let failures = 0; replies.length < need; ) {
        const answer = await answers.take();
        if ("reply" in answer) replies.push(answer.reply);
        else if (++failures > channels.length - need) throw answer.error;
      }
      return choose(replies);
    } finally {
      if (others === "cancel") for (const each of asked) each.cancel();
    }
  };
}

/** What came of asking one replica. */
export type Answer = { readonly reply: RemoteReply } | { readonly error: unknown };

/** Asks in a thread of its own; the answer goes into the queue. Its errors are answers: thrown in a thread, they would end the process. */
export function ask(host: Host, channel: Channel, call: RemoteCall, answers: Queue<Answer>): Process<void> {
  const asking = async (): Promise<void> => {
    try {
      const reply = await channel(call);
      answers.offer({ reply });
    } catch (error) {
      answers.offer({ error });
    }
  };
  return host.spawn(asking, { as: "thread", name: "ask" });
}
