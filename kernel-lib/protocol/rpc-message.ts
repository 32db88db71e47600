import { MalformedMessage, XdrReader, XdrWriter } from "./xdr.js";

/** Who calls, or proof of it: a flavor, and bytes whose meaning the flavor tells. */
export interface RpcAuth {
  /** 0 is AUTH_NONE, 1 is AUTH_SYS. */
  readonly flavor: number;
  /** At most 400 bytes. */
  readonly body: Uint8Array;
}

/** A call of a procedure. */
export interface RpcCall {
  /** Names the call: its reply carries the same number. */
  readonly xid: number;
  /** Which program; the portmapper is 100000. */
  readonly program: number;
  /** Which version of it. */
  readonly version: number;
  /** Which procedure of that version; 0 does nothing, by custom. */
  readonly procedure: number;
  /** Who calls; nobody unless told. */
  readonly credential?: RpcAuth;
  /** Proof of that; none unless told. */
  readonly verifier?: RpcAuth;
  /** The arguments, in XDR. */
  readonly args: Uint8Array;
}

/** What came of a call, by the names of RFC 5531. */
export type RpcOutcome =
  | {
      /** The procedure ran. */
      readonly status: "SUCCESS";
      /** Its results, in XDR. */
      readonly results: Uint8Array;
    }
  | {
      /**
       * `PROG_UNAVAIL`: there is no such program here. `PROC_UNAVAIL`: it has no such procedure. `GARBAGE_ARGS`: its arguments
       * can't be read. `SYSTEM_ERR`: the server failed.
       */
      readonly status: "PROG_UNAVAIL" | "PROC_UNAVAIL" | "GARBAGE_ARGS" | "SYSTEM_ERR";
    }
  | {
      /** `PROG_MISMATCH`: the program is here in other versions. `RPC_MISMATCH`: the server speaks other versions of RPC. */
      readonly status: "PROG_MISMATCH" | "RPC_MISMATCH";
      /** The lowest version. */
      readonly low: number;
      /** The highest version. */
      readonly high: number;
    }
  | {
      /** The caller was not let in. */
      readonly status: "AUTH_ERROR";
      /** 1 is AUTH_BADCRED (can't be read), 2 is AUTH_REJECTEDCRED (not accepted); more in RFC 5531, section 9. */
      readonly why: number;
    };

/** A reply to a call. */
export type RpcReply = RpcOutcome & {
  /** That of the call. */
  readonly xid: number;
};

/** The version of RPC itself that is spoken here. */
export const rpcVersion = 2;

const [call, reply] = [0, 1];
const [accepted, denied] = [0, 1];
const acceptedStatus = [
  "SUCCESS",
  "PROG_UNAVAIL",
  "PROG_MISMATCH",
  "PROC_UNAVAIL",
  "GARBAGE_ARGS",
  "SYSTEM_ERR",
] as const;
const deniedStatus = ["RPC_MISMATCH", "AUTH_ERROR"] as const;
const maxAuthBytes = 400;
const noAuth: RpcAuth = { flavor: 0, body: new Uint8Array(0) };

/** @throws {@link ParameterError} if a number does not fit into 32 bits. */
export function encodeCall({
  xid,
  program,
  version,
  procedure,
  credential = noAuth,
  verifier = noAuth,
  args,
}: RpcCall): Uint8Array {
  const writer = new XdrWriter().uint(xid).uint(call).uint(rpcVersion).uint(program).uint(version).uint(procedure);
  for (const { flavor, body } of [credential, verifier]) writer.uint(flavor).opaque(body);
  return writer.encoded(args).finish();
}

/** See {@link decodeCall}. */
export type DecodedCall =
  | {
      /** The call. */
      readonly call: RpcCall;
    }
  | {
      /** What to answer instead of running anything. */
      readonly refusal: RpcReply;
    };

/**
 * Reads a call. One that is for another version of RPC, or whose caller can't be read, gives the reply that says so.
 *
 * @throws {@link MalformedMessage} if the bytes are no call at all, so that nothing can be answered.
 */
export function decodeCall(bytes: Uint8Array): DecodedCall {
  const reader = new XdrReader(bytes);
  const xid = reader.uint();
  const direction = reader.uint();
  if (direction !== call) throw new MalformedMessage(`a call begins with 0, not ${direction}`);
  if (reader.uint() !== rpcVersion)
    return { refusal: { xid, status: "RPC_MISMATCH", low: rpcVersion, high: rpcVersion } };
  const [program, version, procedure] = [reader.uint(), reader.uint(), reader.uint()];
  let credential: RpcAuth;
  let verifier: RpcAuth;
  try {
    credential = readAuth(reader);
    verifier = readAuth(reader);
  } catch {
    return { refusal: { xid, status: "AUTH_ERROR", why: 1 } };
  }
  return { call: { xid, program, version, procedure, credential, verifier, args: reader.rest() } };
}

/** @throws {@link ParameterError} if a number does not fit into 32 bits. */
export function encodeReply(message: RpcReply): Uint8Array {
  const writer = new XdrWriter().uint(message.xid).uint(reply);
  if (message.status === "RPC_MISMATCH")
    return writer.uint(denied).uint(0).uint(message.low).uint(message.high).finish();
  if (message.status === "AUTH_ERROR") return writer.uint(denied).uint(1).uint(message.why).finish();
  writer.uint(accepted).uint(noAuth.flavor).opaque(noAuth.body).uint(acceptedStatus.indexOf(message.status));
  if (message.status === "SUCCESS") writer.encoded(message.results);
  if (message.status === "PROG_MISMATCH") writer.uint(message.low).uint(message.high);
  return writer.finish();
}

/** @throws {@link MalformedMessage} if the bytes are no reply. */
export function decodeReply(bytes: Uint8Array): RpcReply {
  const reader = new XdrReader(bytes);
  const xid = reader.uint();
  const direction = reader.uint();
  if (direction !== reply) throw new MalformedMessage(`a reply begins with 1, not ${direction}`);
  const isDenied = reader.uint();
  if (isDenied > denied) throw new MalformedMessage(`a reply is accepted (0) or denied (1), not ${isDenied}`);
  if (!isDenied) readAuth(reader);
  const number = reader.uint();
  const status = (isDenied ? deniedStatus : acceptedStatus)[number];
  switch (status) {
    case undefined:
      throw new MalformedMessage(`${number} is no status of ${isDenied ? "a denied" : "an accepted"} reply`);
    case "SUCCESS":
      return { xid, status, results: reader.rest() };
    case "PROG_MISMATCH":
    case "RPC_MISMATCH":
      return { xid, status, low: reader.uint(), high: reader.uint() };
    case "AUTH_ERROR":
      return { xid, status, why: reader.uint() };
    default:
      return { xid, status };
  }
}

function readAuth(reader: XdrReader): RpcAuth {
  return { flavor: reader.uint(), body: reader.opaque(maxAuthBytes) };
}
