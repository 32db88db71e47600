import { checkPositive, refuse } from "../../errors.js";
import { MalformedMessage } from "../../protocol/index.js";
import { type Connection, ConnectionReset, type Host } from "../../world/index.js";
import type { Address, Channel, RemoteCall, RemoteReply } from "./channel.js";
import { fromOncReply, toOncCall } from "./onc-envelope.js";

/** See {@link overConnections}. */
export interface ConnectionsOptions {
  /** How long to wait for a reply, connecting included, before {@link TimedOut} is thrown; for ever unless told. */
  readonly timeoutMs?: number;
}

/**
 * The lowest layer: hands each call to the server at an address, over a connection that is kept for the next call. Calls that overlap
 * get connections of their own, and so never wait for each other.
 *
 * @throws (the channel) {@link ConnectionRefused}, {@link ConnectionReset}, {@link TimedOut}: it is not known then whether the
 *   call was executed. The connection is given up, since a late reply on it would be taken for that of the next call.
 */
export function overConnections(host: Host, { host: to, port }: Address, options: ConnectionsOptions = {}): Channel {
  if (typeof to !== "string") refuse("overConnections", "where", "an address: { host, port }", to);
  const { timeoutMs } = options;
  if (timeoutMs !== undefined) checkPositive("overConnections", "timeoutMs", timeoutMs);
  const idle: Connection[] = [];
  const exchange = async (call: RemoteCall): Promise<RemoteReply> => {
    const untilMs = timeoutMs === undefined ? undefined : host.now() + timeoutMs;
    // At least a thousandth: what is left of the time may be nothing, and 0 is no time to wait.
    const left = () => (untilMs === undefined ? {} : { timeoutMs: Math.max(0.001, untilMs - host.now()) });
    const connection = takeOpen(idle) ?? (await host.connect(to, port, left()));
    try {
      const inXdr = call.args instanceof Uint8Array;
      await connection.send(inXdr ? toOncCall(call) : call);
      const reply = await connection.receive(left());
      if (reply === undefined) throw new ConnectionReset(`${to}:${port} ended the connection without a reply`);
      const read = inXdr ? fromOncReply(call.number, asBytes(reply)) : (reply as RemoteReply);
      idle.push(connection);
      return read;
    } catch (error) {
      connection.reset();
      throw error;
    }
  };
  return exchange;
}

/** A connection that was reset while nobody used it is of no use. */
function takeOpen(idle: Connection[]): Connection | undefined {
  for (let connection = idle.pop(); connection; connection = idle.pop()) {
    if (!connection.signal.aborted) return connection;
  }
  return undefined;
}

function asBytes(message: unknown): Uint8Array {
  if (message instanceof Uint8Array) return message;
  throw new MalformedMessage("the reply to a call in XDR is no bytes");
}
