import { MalformedMessage } from "../../protocol/index.js";
import { Closed, type Connection, ConnectionReset, type Host, TimedOut } from "../../world/index.js";
import type { CallHandler, RemoteCall } from "./channel.js";
import { dispatch } from "./dispatch.js";
import { oncAnswers } from "./onc-answer.js";
import type { Implementation, RemoteInterface } from "./remote-interface.js";

/** See {@link serve}. */
export interface ServeOptions {
  /** The port to listen on; 80 unless told. */
  readonly port?: number;
  /** How many connections may wait to be accepted; 128 unless told. */
  readonly backlog?: number;
}

/**
 * Serves an object under an interface: a thread for each connection, which answers one call after the other, in the marshalling in which
 * it came. Never returns.
 *
 * @param object whose methods are called; or a function of a host that gives one. The function is called for each connection, with the
 *   host of its thread: methods that wait or compute need that, and what all connections share stands outside of it.
 * @throws {@link AddressInUse} if the port is open already.
 */
export async function serve<I extends RemoteInterface>(
  host: Host,
  of: I,
  object: Implementation<I> | ((host: Host) => Implementation<I>),
  options: ServeOptions = {},
): Promise<never> {
  return serveCalls(host, (own) => dispatch(of, typeof object === "function" ? object(own) : object), options);
}

/**
 * The same for any handler of calls: {@link dispatch}, or a layer around it.
 *
 * @param handlerOf called for each connection, with the host of its thread.
 */
export async function serveCalls(
  host: Host,
  handlerOf: (host: Host) => CallHandler,
  { port = 80, backlog }: ServeOptions = {},
): Promise<never> {
  const listener = await host.listen(port, backlog === undefined ? {} : { backlog });
  const connected = (own: Host, connection: Connection) => serveConnection(connection, handlerOf(own));
  for (;;) host.spawn(connected, { as: "thread", name: "serve" }, await listener.accept());
}

/** A client that leaves, or sends what makes no sense, is no reason for the server to stop. */
async function serveConnection(connection: Connection, handle: CallHandler): Promise<void> {
  try {
    for await (const message of connection) await connection.send(await answer(message, handle));
    connection.end();
  } catch (error) {
    if (error instanceof MalformedMessage) connection.reset();
    else if (!(error instanceof ConnectionReset || error instanceof TimedOut || error instanceof Closed)) throw error;
  }
}

async function answer(message: unknown, handle: CallHandler): Promise<unknown> {
  if (message instanceof Uint8Array) {
    const reply = await oncAnswers(handle)(message);
    if (!reply) throw new MalformedMessage("what came is no call");
    return reply;
  }
  if (!isCall(message)) throw new MalformedMessage("what came is no call");
  return handle(message);
}

/** @internal */
export function isCall(message: unknown): message is RemoteCall {
  const { client, number, program, version, procedure, args } = (message ?? {}) as Partial<RemoteCall>;
  return (
    typeof client === "string" &&
    [number, program, version, procedure].every(Number.isSafeInteger) &&
    (Array.isArray(args) || args instanceof Uint8Array)
  );
}
