/**
 * ONC RPC over real sockets: a client, a server, and the portmapper, made of the pure functions of `protocol/`. Left out: authentication, and RPC
 * over anything but TCP and UDP on loopback.
 *
 * @module
 */
export {
  type Portmapper,
  type PortmapperClient,
  type PortmapperOptions,
  portmapperClient,
  startPortmapper,
} from "./portmapper.js";
export { callRpc, type RpcCallOptions, RpcFailed } from "./rpc-client.js";
export { type RpcAnswer, type RpcServer, type RpcServerOptions, serveRpc } from "./rpc-server.js";
export { type RpcClient, type RpcClientOptions, rpcClient, serveInterface } from "./rpc-stub.js";
