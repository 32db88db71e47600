import { checkPositive } from "../../errors.js";
import type { Datagram, Host } from "../../world/index.js";
import type { Address, CallHandler, Channel, RemoteReply } from "./channel.js";
import { isCall, type ServeOptions } from "./serve.js";

/** What a server of datagrams sends back: the reply, and to which call of this client. */
interface NumberedReply {
  readonly number: number;
  readonly reply: RemoteReply;
}

/** See {@link overDatagrams}. */
export interface DatagramsOptions {
  /** How long to wait for a reply before {@link TimedOut} is thrown. There is no waiting for ever: a lost reply never comes. */
  readonly timeoutMs: number;
}

/**
 * A lowest layer over datagrams: one for the call, one for its reply, and nobody says if one of them is lost. Each try opens a port of its
 * own, so a late reply to an earlier try is lost, and never taken for another's.
 *
 * @throws (the channel) {@link TimedOut}: it is not known then whether the call was executed; {@link MessageError} for a call of more than 8 KiB.
 */
export function overDatagrams(host: Host, where: Address, { timeoutMs }: DatagramsOptions): Channel {
  checkPositive("overDatagrams", "timeoutMs", timeoutMs);
  return async (call) => {
    const untilMs = host.now() + timeoutMs;
    const port = await host.datagrams();
    try {
      await port.send(where, call);
      for (;;) {
        const { message } = await port.receive({ timeoutMs: Math.max(0.001, untilMs - host.now()) });
        const { number, reply } = (message ?? {}) as Partial<NumberedReply>;
        if (number === call.number && reply) return reply;
      }
    } finally {
      port.close();
    }
  };
}

/**
 * Serves calls that come as datagrams: a thread for each. What is no call is dropped, as a reply would go to whoever is named as its sender.
 * Never returns.
 *
 * @param handlerOf called for each call, with the host of its thread.
 */
export async function serveDatagrams(
  host: Host,
  handlerOf: (host: Host) => CallHandler,
  { port = 80 }: Pick<ServeOptions, "port"> = {},
): Promise<never> {
  const datagrams = await host.datagrams(port);
  const answer = async (own: Host, { from, message }: Datagram): Promise<void> => {
    if (!isCall(message)) return;
    const reply = await handlerOf(own)(message);
    await datagrams.send(from, { number: message.number, reply } satisfies NumberedReply);
  };
  for (;;) host.spawn(answer, { as: "thread", name: "serve" }, await datagrams.receive());
}
