import { checkOptions, checkWhole, refuse } from "../errors.js";
import { type Connection, ConnectionReset, type Host } from "../world/index.js";

/** What a server does for a request: uses its host, and returns the answer (not `undefined`). */
// biome-ignore lint/suspicious/noExplicitAny: what a client sends is known to the server's author alone
export type Handler = (host: Host, request: any) => Promise<unknown>;

/** What all servers of this file take. */
export interface ServerOptions {
  /** The port to listen on; 80 unless told. */
  readonly port?: number;
  /** How many connections may wait to be accepted; 128 unless told. */
  readonly backlog?: number;
}

/** See {@link poolServer}. */
export interface PoolOptions extends ServerOptions {
  /** How many threads handle requests. */
  readonly threads: number;
  /** How many connections may wait for a thread; without bound unless told. */
  readonly capacity?: number;
  /**
   * What happens to a connection that finds `capacity` others waiting. `wait`: the dispatcher waits with it, so that later ones
   * fill the backlog. `busy`: it is answered `"busy"` at once. `wait` unless told.
   */
  readonly whenFull?: "wait" | "busy";
}

const defaultPort = 80;

/**
 * One request of a connection: receives it, handles it, sends the answer, ends. A client that left meanwhile is no reason
 * to stop; an error of the handler is passed on.
 */
export async function serveOne(host: Host, connection: Connection, handle: Handler): Promise<void> {
  try {
    const request = await connection.receive();
    if (request === undefined) return connection.end();
    const answer = await handle(host, request);
    await connection.send(answer);
    connection.end();
  } catch (error) {
    if (!(error instanceof ConnectionReset)) throw error;
  }
}

/** An iterative server: handles each request itself, and only then takes the next. Never returns. */
export async function iterativeServer(host: Host, handle: Handler, options: ServerOptions = {}): Promise<void> {
  const listener = await listen("iterativeServer", host, handle, options);
  for (;;) await serveOne(host, await listener.accept(), handle);
}

/** A concurrent server: its dispatcher starts a thread or a process for each connection. Never returns. */
export async function concurrentServer(
  host: Host,
  handle: Handler,
  as: "thread" | "process",
  options: ServerOptions = {},
): Promise<void> {
  if (as !== "thread" && as !== "process") refuse("concurrentServer", "as", '"thread" or "process"', as);
  const listener = await listen("concurrentServer", host, handle, options);
  for (;;) host.spawn(serveOne, { as, name: "serve" }, await listener.accept(), handle);
}

/**
 * A concurrent server: its dispatcher puts connections into a queue, from which a fixed number of threads take them.
 * Never returns.
 *
 * @throws {@link ParameterError} if threads or capacity is not whole and at least 1.
 */
export async function poolServer(host: Host, handle: Handler, options: PoolOptions): Promise<void> {
  const threads = checkWhole("poolServer", "threads", options?.threads, 1);
  const { capacity, whenFull = "wait" } = options;
  if (capacity !== undefined) checkWhole("poolServer", "capacity", capacity, 1);
  if (whenFull !== "wait" && whenFull !== "busy") refuse("poolServer", "whenFull", '"wait" or "busy"', whenFull);
  const waiting = host.queue<Connection>(capacity);
  const worker = async (own: Host): Promise<void> => {
    for (;;) await serveOne(own, await waiting.take(), handle);
  };
  const listener = await listen("poolServer", host, handle, options);
  for (let i = 0; i < threads; i++) host.spawn(worker, { as: "thread" });
  for (;;) {
    const connection = await listener.accept();
    if (whenFull === "wait") await waiting.put(connection);
    else if (!waiting.offer(connection)) await turnAway(connection);
  }
}

async function turnAway(connection: Connection): Promise<void> {
  try {
    await connection.send("busy");
    connection.end();
  } catch (error) {
    if (!(error instanceof ConnectionReset)) throw error;
  }
}

function listen(where: string, host: Host, handle: Handler, options: ServerOptions) {
  if (typeof handle !== "function") refuse(where, "handle", "an async function of a host and a request", handle);
  checkOptions(where, options);
  const { port = defaultPort, backlog } = options;
  checkWhole(where, "port", port, 0, 65535);
  if (backlog !== undefined) checkWhole(where, "backlog", backlog, 1);
  return host.listen(port, backlog === undefined ? {} : { backlog });
}
