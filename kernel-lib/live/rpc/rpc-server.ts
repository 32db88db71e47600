import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";
import { checkPositive, checkWhole } from "../../errors.js";
import { answerCall, encodeRecord, RecordReader, type RpcProgram } from "../../protocol/index.js";

/** See {@link serveRpc}. */
export interface RpcServerOptions {
  /** The port, for TCP and UDP alike; a free one unless told. */
  readonly port?: number;
  /** The largest message taken over TCP; 64 KiB unless told. */
  readonly maxMessageBytes?: number;
  /** How many TCP connections may be open, 256 unless told; one more is closed at once. */
  readonly maxConnections?: number;
  /** How long a TCP client may take for a message that it has begun, or say nothing; 30 s unless told. */
  readonly patienceMs?: number;
}

/** Answers a message: gives the reply, or `undefined` if the message is no call. */
export type RpcAnswer = (message: Uint8Array) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

/** A server that runs. */
export interface RpcServer {
  /** Its port. */
  readonly port: number;
  /** Ends it: closes its sockets, and all connections. */
  close(): Promise<void>;
}

const loopback = "127.0.0.1";

/**
 * Serves programs over ONC RPC on this machine's loopback address, TCP and UDP on one port.
 *
 * A client that sends what is no RPC gets no answer, and over TCP loses its connection; one that does not read its answers is not
 * read from either.
 *
 * @param programs read at each call: programs that are put into the array later are served too. Or a function that answers messages.
 * @throws {@link ParameterError} for a bad option; an Error with `code: "EADDRINUSE"` if the port is taken.
 */
export async function serveRpc(
  programs: readonly RpcProgram[] | RpcAnswer,
  options: RpcServerOptions = {},
): Promise<RpcServer> {
  const answer: RpcAnswer = typeof programs === "function" ? programs : (message) => answerCall(message, programs);
  const port = checkWhole("serveRpc", "port", options.port ?? 0, 0, 65535);
  const limits = {
    maxMessageBytes: checkWhole("serveRpc", "maxMessageBytes", options.maxMessageBytes ?? 65536, 1, 2 ** 24),
    patienceMs: checkPositive("serveRpc", "patienceMs", options.patienceMs ?? 30_000),
  };
  const maxConnections = checkWhole("serveRpc", "maxConnections", options.maxConnections ?? 256, 1);
  const { tcp, udp } = await bindBoth(port);
  const connections = new Set<net.Socket>();
  tcp.maxConnections = maxConnections;
  tcp.on("connection", (socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
    void serveConnection(socket, answer, limits);
  });
  let isOpen = true;
  udp.on("message", async (message, from) => {
    const reply = await answer(message);
    // A reply that can't be sent is lost, as datagrams may be.
    if (reply && isOpen) udp.send(reply, from.port, from.address, () => undefined);
  });
  udp.on("error", () => undefined);
  return {
    port: udp.address().port,
    close: async () => {
      const closed = [once(tcp, "close"), once(udp, "close")];
      isOpen = false;
      tcp.close();
      udp.close();
      for (const socket of connections) socket.destroy();
      await Promise.all(closed);
    },
  };
}

async function serveConnection(
  socket: net.Socket,
  answer: RpcAnswer,
  { maxMessageBytes, patienceMs }: { readonly maxMessageBytes: number; readonly patienceMs: number },
): Promise<void> {
  const reader = new RecordReader(maxMessageBytes);
  let overdue: NodeJS.Timeout | undefined;
  const gone = new AbortController();
  const leave = (): void => void socket.destroy();
  socket.setTimeout(patienceMs, leave);
  socket.on("error", () => undefined);
  socket.once("close", () => gone.abort());
  try {
    // What has been answered goes out also after the client has ended its side.
    for await (const piece of socket.iterator({ destroyOnReturn: false })) {
      for (const message of reader.push(piece)) {
        clearTimeout(overdue);
        overdue = undefined;
        const reply = await answer(message);
        if (!reply) return leave();
        if (!socket.write(encodeRecord(reply))) await once(socket, "drain", { signal: gone.signal });
      }
      // From its first byte on: a client that sends a byte now and then would never be silent for long.
      if (reader.isInside) overdue ??= setTimeout(leave, patienceMs);
    }
  } catch {
    // What came makes no sense, or the client is gone.
    leave();
  } finally {
    clearTimeout(overdue);
  }
}

async function bindBoth(port: number): Promise<{ readonly tcp: net.Server; readonly udp: dgram.Socket }> {
  for (let tries = 1; ; tries++) {
    const tcp = net.createServer();
    const udp = dgram.createSocket("udp4");
    try {
      tcp.listen(port, loopback);
      await once(tcp, "listening");
      udp.bind((tcp.address() as net.AddressInfo).port, loopback);
      await once(udp, "listening");
      return { tcp, udp };
    } catch (error) {
      tcp.close();
      udp.close();
      // A port that is free for TCP may be taken for UDP.
      if (port !== 0 || tries === 20) throw error;
    }
  }
}
