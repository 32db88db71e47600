/**
 * Access transparency: interfaces that exist at run time, the stubs of both sides, what they put on the wire, and the lowest layer of a
 * client's middleware.
 *
 * @module
 */
export { anything } from "./anything.js";
export {
  type Address,
  type CallHandler,
  CallRefused,
  type Channel,
  type RemoteCall,
  RemoteError,
  type RemoteReply,
} from "./channel.js";
export { type ConnectionsOptions, overConnections } from "./connections.js";
export { type DatagramsOptions, overDatagrams, serveDatagrams } from "./datagrams.js";
export { dispatch } from "./dispatch.js";
export { type MarshalledField, marshalledCall } from "./marshalling.js";
export { oncAnswers } from "./onc-answer.js";
export { fromOncReply, toOncCall } from "./onc-envelope.js";
export {
  type Implementation,
  type Methods,
  type Procedure,
  procedure,
  type Remote,
  type RemoteInterface,
  remoteInterface,
} from "./remote-interface.js";
export { rpcLanguage } from "./rpc-language.js";
export { type ServeOptions, serve, serveCalls } from "./serve.js";
export { type StubOptions, stub, stubFor } from "./stub.js";
