import { type Child, type startChild, withChildren } from "../children/child.js";
import { exportedProgram } from "../children/child-programs.js";
import { withSockets } from "../system/lent-sockets.js";
import { pause } from "../system/send-what-fits.js";
import { type SocketsApi, SystemCallError, socketsApi } from "../system/sockets-api.js";

/** What the server saw of a client that ended its connection in some way: see {@link connectionEnds}. */
export interface ConnectionEndRow {
  /** What the client did. */
  readonly client: string;
  /** What `recv` gave a server that only reads: `end` (0 bytes), or the name of the error. */
  readonly read: string;
  /** What the first `send` gave a server that only writes: `taken`, or the name of the error. */
  readonly firstSend: string;
  /** What the second gave, a moment later. */
  readonly secondSend: string;
  /** Whether the client could read what the server sent after the client's end. */
  readonly clientHears: boolean;
}

/** See {@link connectionEnds}. */
export interface ConnectionEndsOptions {
  /** Ends it, and the clients: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

type How = "half" | "close" | "kill" | "kill unread" | "reset";

const ways: readonly (readonly [client: string, how: How])[] = [
  ["ends its half, and still reads", "half"],
  ["closes", "close"],
  ["is killed", "kill"],
  ["is killed, with unread bytes", "kill unread"],
  ["resets", "reset"],
];

/** What a client is told. @internal */
export interface EndingClientPlan {
  readonly port: number;
  readonly how: How;
}

/**
 * Opens TCP connections from processes of their own, lets each client end in its way (those to be killed get a SIGKILL), and notes
 * what the server's calls give afterwards. Each way is played twice: for a server that reads, and for one that writes.
 *
 * @returns one row a way, in a fixed order.
 * @throws Error where {@link whyNoUrgentData} says why raw sockets can't be, or if a client fails.
 */
export async function connectionEnds({ signal }: ConnectionEndsOptions = {}): Promise<ConnectionEndRow[]> {
  try {
    return await withSockets((api, fds) => withChildren((start) => playAll(api, fds, start, signal)));
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

async function playAll(
  api: SocketsApi,
  fds: number[],
  start: typeof startChild,
  signal: AbortSignal | undefined,
): Promise<ConnectionEndRow[]> {
  const listener = api.socket();
  fds.push(listener);
  const port = api.bind(listener, 0);
  api.listen(listener, 1);
  /** A client that has ended in its way, and the server's end of its connection. */
  const ended = async (how: How): Promise<readonly [Child, number]> => {
    const program = exportedProgram(import.meta.url, "endingClient", { port, how } satisfies EndingClientPlan);
    const child = await start(program, { ...(signal && { signal }) });
    await child.receive(); // it has connected
    const fd = api.accept(listener);
    fds.push(fd);
    if (how === "kill unread") {
      api.send(fd, Uint8Array.of(1), false);
      await pause(20);
    }
    await child.send("end");
    if (how.startsWith("kill")) {
      child.kill();
      await child.ended;
    } else await child.receive(); // it has
    while (!api.hasPeerEnded(fd)) await pause(1);
    return [child, fd];
  };
  const rows: ConnectionEndRow[] = [];
  for (const [client, how] of ways) {
    const [, reader] = await ended(how);
    const read = outcome(() => (api.receive(reader, 1)?.length === 0 ? "end" : "bytes"));
    const [child, writer] = await ended(how);
    const firstSend = await sendTo(api, writer);
    const secondSend = await sendTo(api, writer);
    const clientHears = how === "half" && (await child.receive()) === "heard";
    rows.push({ client, read, firstSend, secondSend, clientHears });
  }
  return rows;
}

function outcome(call: () => string): string {
  try {
    return call();
  } catch (error) {
    if (error instanceof SystemCallError) return error.code;
    throw error;
  }
}

async function sendTo(api: SocketsApi, fd: number): Promise<string> {
  const how = outcome(() => (api.send(fd, Uint8Array.of(2), false) === 1 ? "taken" : "full"));
  await pause(20); // what the other side answers has come
  return how;
}

/** The client, in a process of its own: connects, and when told, ends in its way. @internal */
export async function endingClient({ port, how }: EndingClientPlan): Promise<void> {
  const api = await socketsApi();
  const fd = api.socket();
  api.connect(fd, port);
  const told = new Promise((resolve) => process.once("message", resolve));
  process.send?.("connected");
  await told;
  if (how === "half") api.endWriting(fd);
  else if (how === "close") api.close(fd);
  else if (how === "reset") api.closeWithReset(fd);
  if (!how.startsWith("kill")) process.send?.("done");
  if (how === "half") {
    while (api.receive(fd, 1)?.length !== 1) await pause(1);
    process.send?.("heard");
  }
  await new Promise((resolve) => process.once("message", resolve)); // until it is killed
}
