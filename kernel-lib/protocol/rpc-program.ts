import { decodeCall, encodeReply, type RpcCall, type RpcOutcome } from "./rpc-message.js";
import { MalformedMessage, XdrReader, XdrWriter } from "./xdr.js";

/** A procedure: reads its arguments and writes its results. What it leaves unread is no error. */
export type RpcProcedure = (args: XdrReader, results: XdrWriter) => void;

/** One version of a program. */
export interface RpcProgram {
  /** Its number. 0x20000000 to 0x3fffffff are free for anybody's own programs. */
  readonly program: number;
  /** Its version. */
  readonly version: number;
  /** By number. Procedure 0, which does nothing, is there without being named. */
  readonly procedures: Readonly<Record<number, RpcProcedure>>;
}

/** AUTH_NONE and AUTH_SYS: nobody is asked for proof here, and both are let in. */
const flavors = [0, 1];

/**
 * Answers a call: finds program, version and procedure, and runs it.
 *
 * @param bytes the call, as it came from the network.
 * @returns the reply, or `undefined` if the bytes are no call: then nothing can be answered.
 */
export function answerCall(bytes: Uint8Array, programs: readonly RpcProgram[]): Uint8Array | undefined {
  try {
    const message = decodeCall(bytes);
    if ("refusal" in message) return encodeReply(message.refusal);
    return encodeReply({ xid: message.call.xid, ...outcomeOf(message.call, programs) });
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}

function outcomeOf(call: RpcCall, programs: readonly RpcProgram[]): RpcOutcome {
  if (!flavors.includes(call.credential?.flavor ?? 0)) return { status: "AUTH_ERROR", why: 2 };
  const offered = programs.filter(({ program }) => program === call.program);
  const program = offered.find(({ version }) => version === call.version);
  if (offered.length === 0) return { status: "PROG_UNAVAIL" };
  if (!program) {
    const versions = offered.map(({ version }) => version);
    return { status: "PROG_MISMATCH", low: Math.min(...versions), high: Math.max(...versions) };
  }
  const results = new XdrWriter();
  const procedure = program.procedures[call.procedure];
  if (!procedure) return call.procedure === 0 ? succeeded(results) : { status: "PROC_UNAVAIL" };
  try {
    procedure(new XdrReader(call.args), results);
    return succeeded(results);
  } catch (error) {
    return { status: error instanceof MalformedMessage ? "GARBAGE_ARGS" : "SYSTEM_ERR" };
  }
}

const succeeded = (results: XdrWriter): RpcOutcome => ({ status: "SUCCESS", results: results.finish() });
