/**
 * Calls and replies as messages of ONC RPC. The client's name travels as the machine's name of AUTH_SYS, which is where servers of NFS,
 * too, find it for their tables of duplicates. What a reply of ONC RPC has no word for is lost: the name and the message of an error,
 * and where a service has moved.
 */
import {
  decodeCall,
  decodeReply,
  encodeCall,
  encodeReply,
  MalformedMessage,
  type RpcAuth,
  type RpcOutcome,
  XdrReader,
  XdrWriter,
} from "../../protocol/index.js";
import type { RemoteCall, RemoteReply } from "./channel.js";

const authSys = 1;
const maxNameBytes = 255;

/** @throws {@link ParameterError} if the call's number does not fit into 32 bits. */
export function toOncCall({ client, number, program, version, procedure, args }: RemoteCall): Uint8Array {
  const body = new XdrWriter().uint(0).string(client).uint(0).uint(0).uint(0).finish();
  const credential = { flavor: authSys, body };
  return encodeCall({ xid: number, program, version, procedure, credential, args: args as Uint8Array });
}

/** The call, or the bytes that refuse it. @throws {@link MalformedMessage} if the bytes are no call. */
export function fromOncCall(bytes: Uint8Array): RemoteCall | Uint8Array {
  const message = decodeCall(bytes);
  if ("refusal" in message) return encodeReply(message.refusal);
  const { xid, program, version, procedure, credential, args } = message.call;
  return { client: nameIn(credential), number: xid, program, version, procedure, args };
}

/** AUTH_SYS is let in and not believed: a name that can't be read is none. */
function nameIn(credential: RpcAuth | undefined): string {
  if (credential?.flavor !== authSys) return "";
  try {
    const reader = new XdrReader(credential.body);
    reader.uint();
    return reader.string(maxNameBytes);
  } catch {
    return "";
  }
}

/** The reply to the call of that number. */
export function toOncReply(number: number, reply: RemoteReply): Uint8Array {
  return encodeReply({ xid: number, ...outcomeOf(reply) });
}

function outcomeOf(reply: RemoteReply): RpcOutcome {
  switch (reply.how) {
    case "returned":
      return { status: "SUCCESS", results: (reply.result as Uint8Array | undefined) ?? new Uint8Array(0) };
    case "refused":
      return reply.status === "PROG_MISMATCH"
        ? { status: reply.status, low: reply.version ?? 0, high: reply.version ?? 0 }
        : { status: reply.status };
    default:
      return { status: "SYSTEM_ERR" };
  }
}

/** @throws {@link MalformedMessage} if the bytes are no reply to the call of that number. */
export function fromOncReply(number: number, bytes: Uint8Array): RemoteReply {
  const reply = decodeReply(bytes);
  if (reply.xid !== number) throw new MalformedMessage(`a reply to call ${reply.xid}, where ${number} is waited for`);
  if (reply.status === "SUCCESS") return { how: "returned", result: reply.results };
  if (reply.status === "SYSTEM_ERR") return { how: "threw", name: "SYSTEM_ERR", message: "the server failed" };
  switch (reply.status) {
    case "PROG_UNAVAIL":
    case "PROC_UNAVAIL":
    case "GARBAGE_ARGS":
      return { how: "refused", status: reply.status, why: reply.status };
    case "PROG_MISMATCH": {
      const why = `PROG_MISMATCH, versions ${reply.low} to ${reply.high} are there`;
      return { how: "refused", status: reply.status, version: reply.high, why };
    }
    default:
      return { how: "refused", status: "PROG_UNAVAIL", why: reply.status };
  }
}
