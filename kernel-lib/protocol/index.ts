/**
 * Protocols between clients and servers, as pure functions from bytes to bytes: ONC remote procedure calls (XDR, calls and
 * replies, record marking on byte streams) and the portmapper's program, version 2; in `telnet/`, Telnet's stream and FTP's control
 * connection; in `calendars/`, iCalendar and the requests and answers of CalDAV; in
 * `framebuffer/`, the remote framebuffer. Sockets stand in the room `live`.
 *
 * Modelled: what a peer of another make can send, and what it must be answered. Left out: authentication (AUTH_SYS is let in
 * and not believed), RPCSEC_GSS, CALLIT, versions 3 and 4 of the portmapper (rpcbind).
 *
 * A call is bytes, and so is its reply; whoever has bytes from a network can answer them:
 *
 * ```ts
 * import { answerCall, decodeReply, encodeCall, XdrReader, XdrWriter } from "kernel-lib";
 *
 * const squares = {
 *   program: 0x20000001,
 *   version: 1,
 *   procedures: {
 *     1: (args: XdrReader, results: XdrWriter) => {
 *       const n = args.uint();
 *       results.uint(n * n);
 *     },
 *   },
 * };
 * const args = new XdrWriter().uint(12).finish();
 * const call = encodeCall({ xid: 1, program: 0x20000001, version: 1, procedure: 1, args });
 * const reply = decodeReply(answerCall(call, [squares]) ?? new Uint8Array());
 * if (reply.status === "SUCCESS") console.log(new XdrReader(reply.results).uint()); // 144
 * ```
 *
 * @see RFC 4506 (XDR), RFC 5531 (RPC), RFC 1833 (portmapper).
 *
 * @module
 */
export * from "./calendars/index.js";
export * from "./drawing/index.js";
export * from "./framebuffer/index.js";
export {
  type PortMapping,
  type PortMappingKey,
  type PortmapperCall,
  PortTable,
  portmapper,
  portmapperCalls,
  portmapperProgram,
  type RpcTransport,
} from "./portmapper.js";
export { encodeRecord, RecordReader } from "./record-marking.js";
export {
  type DecodedCall,
  decodeCall,
  decodeReply,
  encodeCall,
  encodeReply,
  type RpcAuth,
  type RpcCall,
  type RpcOutcome,
  type RpcReply,
  rpcVersion,
} from "./rpc-message.js";
export { answerCall, type RpcProcedure, type RpcProgram } from "./rpc-program.js";
export * from "./telnet/index.js";
export { MalformedMessage, XdrReader, XdrWriter } from "./xdr.js";
export type { XdrPart, XdrShape, XdrType } from "./xdr-types.js";
export * as xdr from "./xdr-types.js";
