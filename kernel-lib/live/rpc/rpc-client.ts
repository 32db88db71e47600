import { randomInt } from "node:crypto";
import dgram from "node:dgram";
import net from "node:net";
import { checkPositive, checkWhole, NamedError, refuse } from "../../errors.js";
import {
  decodeReply,
  encodeCall,
  encodeRecord,
  MalformedMessage,
  RecordReader,
  type RpcCall,
  type RpcReply,
} from "../../protocol/index.js";
import { ConnectionRefused, ConnectionReset, TimedOut } from "../../world/index.js";

/** A call came back without results: the message says why, in the words of RFC 5531. */
export class RpcFailed extends NamedError {
  /** What the server answered. */
  readonly reply: RpcReply;

  /** @internal */
  constructor(reply: RpcReply) {
    const versions = "low" in reply ? `, versions ${reply.low} to ${reply.high} are there` : "";
    super(`${reply.status}${versions}${reply.status === "AUTH_ERROR" ? `, reason ${reply.why}` : ""}`);
    this.reply = reply;
  }
}

/** See {@link callRpc}. */
export interface RpcCallOptions extends Omit<RpcCall, "xid" | "args"> {
  /** The server's port, on this machine. */
  readonly port: number;
  /** `tcp` unless told. */
  readonly transport?: "tcp" | "udp";
  /** The arguments, in XDR; none unless told. */
  readonly args?: Uint8Array;
  /** How long to wait in all; 5000 ms unless told. */
  readonly timeoutMs?: number;
  /** Over UDP: after which time the call is sent again, each time twice as long; 200 ms unless told. */
  readonly retryMs?: number;
}

const loopback = "127.0.0.1";
const maxReplyBytes = 1 << 20;

/**
 * Calls a remote procedure on this machine.
 *
 * Over UDP a call whose reply is late is sent again, so the procedure may run more than once.
 *
 * @returns its results, in XDR.
 * @throws {@link ParameterError} for a bad option; {@link RpcFailed} if the server answers that it did not run;
 *   {@link ConnectionRefused}, {@link ConnectionReset}, {@link TimedOut}, {@link MalformedMessage} (over TCP; a datagram that makes
 *   no sense is ignored).
 */
export async function callRpc(options: RpcCallOptions): Promise<Uint8Array> {
  const port = checkWhole("callRpc", "port", options?.port, 1, 65535);
  const { transport = "tcp", args = new Uint8Array(0), program, version, procedure, credential, verifier } = options;
  const timeoutMs = checkPositive("callRpc", "timeoutMs", options.timeoutMs ?? 5000);
  const retryMs = checkPositive("callRpc", "retryMs", options.retryMs ?? 200);
  if (transport !== "tcp" && transport !== "udp") refuse("callRpc", "transport", '"tcp" or "udp"', transport);
  const xid = randomInt(2 ** 32);
  const auth = { ...(credential && { credential }), ...(verifier && { verifier }) };
  const message = encodeCall({ xid, program, version, procedure, ...auth, args });
  const exchange = transport === "tcp" ? overTcp : overUdp;
  const reply = await exchange({ message, xid, port, timeoutMs, retryMs });
  if (reply.status !== "SUCCESS") throw new RpcFailed(reply);
  return reply.results;
}

interface Exchange {
  readonly message: Uint8Array;
  readonly xid: number;
  readonly port: number;
  readonly timeoutMs: number;
  readonly retryMs: number;
}

function overTcp({ message, xid, port, timeoutMs }: Exchange): Promise<RpcReply> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, loopback);
    const reader = new RecordReader(maxReplyBytes);
    const timer = setTimeout(() => settle(() => reject(late("tcp", port, timeoutMs))), timeoutMs);
    const settle = (how: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      how();
    };
    socket.once("connect", () => socket.write(encodeRecord(message)));
    socket.on("data", (piece) => {
      try {
        for (const each of reader.push(piece)) {
          const reply = decodeReply(each);
          if (reply.xid === xid) return settle(() => resolve(reply));
        }
      } catch (error) {
        settle(() => reject(error));
      }
    });
    socket.on("error", (error) => settle(() => reject(named(error, port))));
    socket.once("end", () =>
      settle(() => reject(new ConnectionReset(`callRpc: port ${port} ended the connection without a reply`))),
    );
  });
}

function overUdp({ message, xid, port, timeoutMs, retryMs }: Exchange): Promise<RpcReply> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket("udp4");
    let retry: NodeJS.Timeout | undefined;
    const timer = setTimeout(() => settle(() => reject(late("udp", port, timeoutMs))), timeoutMs);
    const settle = (how: () => void): void => {
      clearTimeout(timer);
      clearTimeout(retry);
      // Nothing may be sent or reported after the first outcome.
      socket.removeAllListeners().on("error", () => undefined);
      socket.close();
      how();
    };
    const send = (waitMs: number): void => {
      socket.send(message, () => undefined);
      retry = setTimeout(send, waitMs, 2 * waitMs);
    };
    // Connected, so that a closed port is reported and no stranger is heard.
    socket.connect(port, loopback, () => send(retryMs));
    socket.on("message", (bytes) => {
      try {
        const reply = decodeReply(bytes);
        if (reply.xid === xid) settle(() => resolve(reply));
      } catch (error) {
        if (!(error instanceof MalformedMessage)) settle(() => reject(error));
      }
    });
    socket.on("error", (error) => settle(() => reject(named(error, port))));
  });
}

function late(transport: string, port: number, timeoutMs: number): TimedOut {
  return new TimedOut(`callRpc: no reply from ${transport} port ${port} within ${timeoutMs} ms`);
}

function named(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === "ECONNREFUSED") return new ConnectionRefused(`callRpc: nobody listens on port ${port}`);
  if (error.code === "ECONNRESET" || error.code === "EPIPE")
    return new ConnectionReset(`callRpc: port ${port} reset the connection`);
  return error;
}
