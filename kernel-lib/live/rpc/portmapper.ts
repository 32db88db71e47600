import {
  type PortMapping,
  type PortMappingKey,
  type PortmapperCall,
  PortTable,
  portmapper,
  portmapperCalls,
  portmapperProgram,
  type RpcProgram,
  XdrReader,
} from "../../protocol/index.js";
import { callRpc, type RpcCallOptions } from "./rpc-client.js";
import { type RpcServer, type RpcServerOptions, serveRpc } from "./rpc-server.js";

/** A portmapper that runs. */
export interface Portmapper extends RpcServer {
  /** What is registered, itself included. */
  readonly mappings: readonly PortMapping[];
}

/**
 * Starts a portmapper on this machine's loopback address, TCP and UDP. It is registered with itself, as the custom is.
 *
 * Its well-known port, 111, is for the superuser alone on most systems; unless told, it takes a free one.
 *
 * @throws as {@link serveRpc}.
 */
export async function startPortmapper(options: RpcServerOptions = {}): Promise<Portmapper> {
  // Its own port is known only when it listens.
  const programs: RpcProgram[] = [];
  const server = await serveRpc(programs, options);
  const { program, version } = portmapper;
  const { port } = server;
  const table = new PortTable([
    { program, version, transport: "tcp", port },
    { program, version, transport: "udp", port },
  ]);
  programs.push(portmapperProgram(table));
  return {
    port,
    get mappings() {
      return table.mappings;
    },
    close: () => server.close(),
  };
}

/** How to reach a portmapper. */
export type PortmapperOptions = Partial<Pick<RpcCallOptions, "port" | "transport" | "timeoutMs" | "retryMs">>;

/** A portmapper, as its clients see it. All calls fail as {@link callRpc} does. */
export interface PortmapperClient {
  /** Does nothing: is it there? */
  ping(): Promise<void>;
  /** Registers a port; false if the portmapper refuses. */
  set(mapping: PortMapping): Promise<boolean>;
  /** Takes a version of a program out, for all transports; false if the portmapper refuses. */
  unset(program: number, version: number): Promise<boolean>;
  /** The port of a version of a program; 0 if none is registered. */
  getPort(key: PortMappingKey): Promise<number>;
  /** All that is registered, in the portmapper's order. */
  dump(): Promise<PortMapping[]>;
}

/** A client of the portmapper on this machine: on port 111 and by TCP, unless told. */
export function portmapperClient(options: PortmapperOptions = {}): PortmapperClient {
  const { program, version } = portmapper;
  const call = async <T>({ procedure, args, read }: PortmapperCall<T>): Promise<T> =>
    read(new XdrReader(await callRpc({ port: portmapper.port, ...options, program, version, procedure, args })));
  return {
    ping: () => call({ procedure: 0, args: new Uint8Array(0), read: () => undefined }),
    set: (mapping) => call(portmapperCalls.set(mapping)),
    unset: (...which) => call(portmapperCalls.unset(...which)),
    getPort: (key) => call(portmapperCalls.getPort(key)),
    dump: () => call(portmapperCalls.dump()),
  };
}
