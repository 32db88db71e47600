import { randomInt } from "node:crypto";
import net from "node:net";
import { checkPositive, checkWhole, refuse } from "../../errors.js";
import { encodeRecord, MalformedMessage, RecordReader, XdrReader } from "../../protocol/index.js";
import {
  type Channel,
  dispatch,
  fromOncReply,
  type Implementation,
  oncAnswers,
  type Remote,
  type RemoteCall,
  type RemoteInterface,
  type RemoteReply,
  stubFor,
  toOncCall,
} from "../../transparency/index.js";
import { ConnectionRefused, ConnectionReset, TimedOut } from "../../world/index.js";
import { callRpc, RpcFailed } from "./rpc-client.js";
import { type RpcServer, type RpcServerOptions, serveRpc } from "./rpc-server.js";

/**
 * Serves an object under an interface over ONC RPC on this machine's loopback address, TCP and UDP on one port, for clients of any make.
 *
 * @throws as {@link serveRpc}.
 */
export function serveInterface<I extends RemoteInterface>(
  of: I,
  object: Implementation<I>,
  options: RpcServerOptions = {},
): Promise<RpcServer> {
  return serveRpc(oncAnswers(dispatch(of, object)), options);
}

/** See {@link rpcClient}. */
export interface RpcClientOptions {
  /** The server's port, on this machine. */
  readonly port: number;
  /** `tcp` unless told: one connection, kept for all calls. Over `udp` a call whose reply is late is sent again. */
  readonly transport?: "tcp" | "udp";
  /** How long to wait for each reply; 5000 ms unless told. */
  readonly timeoutMs?: number;
}

/** A client of servers of any make. */
export interface RpcClient {
  /** The client's stub, as {@link stub} makes one on a host. */
  stub<I extends RemoteInterface>(of: I): Remote<I>;
  /** Ends its connection; calls that wait fail with {@link ConnectionReset}. */
  close(): void;
}

/** The largest reply that is read. */
const maxReplyBytes = 1 << 24;
const loopback = "127.0.0.1";

/**
 * A client for ONC RPC on this machine. Its stubs' methods fail as those of {@link stub} do. An error that the method threw arrives
 * without its name and its message: ONC RPC has no room for them.
 *
 * @throws {@link ParameterError} for a bad option.
 */
export function rpcClient(options: RpcClientOptions): RpcClient {
  const port = checkWhole("rpcClient", "port", options?.port, 1, 65535);
  const { transport = "tcp", timeoutMs = 5000 } = options;
  if (transport !== "tcp" && transport !== "udp") refuse("rpcClient", "transport", '"tcp" or "udp"', transport);
  checkPositive("rpcClient", "timeoutMs", timeoutMs);
  const { channel, close } = transport === "tcp" ? overTcp(port, timeoutMs) : overUdp(port, timeoutMs);
  return { stub: (of) => stubFor(of, channel, `client ${process.pid}`, "xdr"), close };
}

interface ClosableChannel {
  readonly channel: Channel;
  readonly close: () => void;
}

function overUdp(port: number, timeoutMs: number): ClosableChannel {
  const channel = async ({ program, version, procedure, args }: RemoteCall): Promise<RemoteReply> => {
    try {
      const call = { port, transport: "udp", timeoutMs, program, version, procedure } as const;
      return { how: "returned", result: await callRpc({ ...call, args: args as Uint8Array }) };
    } catch (error) {
      if (!(error instanceof RpcFailed)) throw error;
      const { status } = error.reply;
      if (status === "SYSTEM_ERR") return { how: "threw", name: status, message: "the server failed" };
      const known = status === "PROC_UNAVAIL" || status === "GARBAGE_ARGS" || status === "PROG_MISMATCH";
      return { how: "refused", status: known ? status : "PROG_UNAVAIL", why: error.message };
    }
  };
  return { channel, close: () => undefined };
}

interface Waiting {
  readonly resolve: (reply: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

function overTcp(port: number, timeoutMs: number): ClosableChannel {
  const waiting = new Map<number, Waiting>();
  let socket: net.Socket | undefined;
  // Stubs count their calls from 1; a server that remembers calls must not take another process's for ours.
  let xid = randomInt(2 ** 31);
  const giveUp = (error: Error): void => {
    socket?.destroy();
    socket = undefined;
    const all = [...waiting.values()];
    waiting.clear();
    for (const { reject } of all) reject(error);
  };
  const opened = (): net.Socket => {
    if (socket) return socket;
    const own = net.connect({ port, host: loopback, noDelay: true });
    const reader = new RecordReader(maxReplyBytes);
    const lost = (error: Error): void => {
      if (socket === own) giveUp(error);
    };
    own.on("data", (piece) => {
      try {
        for (const message of reader.push(piece)) {
          const number = new XdrReader(message).uint();
          waiting.get(number)?.resolve(message);
          waiting.delete(number);
        }
      } catch (error) {
        lost(error as Error);
      }
    });
    own.on("error", (error: NodeJS.ErrnoException) =>
      lost(
        error.code === "ECONNREFUSED"
          ? new ConnectionRefused(`rpcClient: nobody listens on port ${port}`)
          : new ConnectionReset(`rpcClient: port ${port}: ${error.message}`),
      ),
    );
    own.once("close", () => lost(new ConnectionReset(`rpcClient: port ${port} ended the connection`)));
    socket = own;
    return own;
  };
  const channel = async (call: RemoteCall): Promise<RemoteReply> => {
    const number = xid++ % 2 ** 32;
    const message = toOncCall({ ...call, number });
    let timer: NodeJS.Timeout | undefined;
    try {
      const reply = await new Promise<Uint8Array>((resolve, reject) => {
        waiting.set(number, { resolve, reject });
        const late = () => reject(new TimedOut(`rpcClient: no reply from tcp port ${port} within ${timeoutMs} ms`));
        timer = setTimeout(late, timeoutMs);
        opened().write(encodeRecord(message));
      });
      return fromOncReply(number, reply);
    } catch (error) {
      // Nobody can say where the next message begins.
      if (error instanceof MalformedMessage) giveUp(error);
      throw error;
    } finally {
      clearTimeout(timer);
      waiting.delete(number);
    }
  };
  return { channel, close: () => giveUp(new ConnectionReset("rpcClient: the client was closed")) };
}
