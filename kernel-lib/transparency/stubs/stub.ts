import { refuse } from "../../errors.js";
import type { Host } from "../../world/index.js";
import { type Address, CallRefused, type Channel, type RemoteCall, RemoteError, type RemoteReply } from "./channel.js";
import { overConnections } from "./connections.js";
import { checkArgs, marshalArgs, unmarshalResult } from "./marshalling.js";
import type { Procedure, Remote, RemoteInterface } from "./remote-interface.js";

/** See {@link stub}. */
export interface StubOptions {
  /**
   * What travels: `values`, as messages of the world carry them, or `xdr`, the bytes that ONC RPC puts on the wire. `values` unless
   * told.
   */
  readonly marshalling?: "values" | "xdr";
}

/**
 * The client's stub: an object with the methods of the interface. Calling one checks the arguments, marshals them into a call, hands
 * that to the middleware, waits for the reply, and returns its result or throws.
 *
 * The stub's own name, by which a server knows calls that are sent again, is made of one number of `host.random()`.
 *
 * @param where the server's address, or a channel: the client's middleware.
 * @throws {@link ParameterError} if `of` or `where` is none. The methods throw {@link ParameterError} for arguments that are none of
 *   their types, {@link RemoteError} for what the method threw at the server, {@link CallRefused} if nothing was executed, and what the
 *   channel throws.
 * @example
 * const calculator = stub(host, Calculator, { host: "server", port: 80 });
 * await calculator.add(2, 3);
 */
export function stub<I extends RemoteInterface>(
  host: Host,
  of: I,
  where: Address | Channel,
  options: StubOptions = {},
): Remote<I> {
  if (typeof of?.methods !== "object") refuse("stub", "its interface", "made by remoteInterface(…)", of);
  const { marshalling = "values" } = options;
  if (marshalling !== "values" && marshalling !== "xdr")
    refuse("stub", "marshalling", '"values" or "xdr"', marshalling);
  const channel = typeof where === "function" ? where : overConnections(host, where);
  // A thread knows no number of its own that another thread of its process has not; its random stream is its own.
  const client = `${host.name}/${host.pid}/${Math.floor(host.random() * 2 ** 40)}`;
  return stubFor(of, channel, client, marshalling);
}

/** A stub for whoever has a channel and a name of its own. @internal */
export function stubFor<I extends RemoteInterface>(
  of: I,
  channel: Channel,
  client: string,
  marshalling: "values" | "xdr",
): Remote<I> {
  const inXdr = marshalling === "xdr";
  let number = 0;
  const open = new Set<number>();
  const call = async (name: string, method: Procedure, args: readonly unknown[]): Promise<unknown> => {
    if (!inXdr) checkArgs(name, method.args, args);
    const { program, version } = of;
    const marshalled = inXdr ? marshalArgs(name, method, args) : args;
    const own = ++number;
    open.add(own);
    const [oldest = own] = open;
    // A diagram's label shows the first fields: which method, and which call.
    const message: RemoteCall = {
      procedure: method.number,
      number: own,
      settled: oldest - 1,
      args: marshalled,
      client,
      program,
      version,
    };
    try {
      return resultOf(name, method, await channel(message), inXdr);
    } finally {
      open.delete(own);
    }
  };
  const remote = Object.entries(of.methods).map(([name, method]) => [
    name,
    (...args: readonly unknown[]) => call(name, method, args),
  ]);
  return Object.freeze(Object.fromEntries(remote)) as Remote<I>;
}

const noBytes = new Uint8Array(0);

function resultOf(name: string, method: Procedure, reply: RemoteReply, inXdr: boolean): unknown {
  switch (reply?.how) {
    case "returned":
      return inXdr ? unmarshalResult(method, (reply.result as Uint8Array | undefined) ?? noBytes) : reply.result;
    case "threw":
      throw new RemoteError(reply.name, reply.message);
    case "refused":
      throw new CallRefused(`${name}: ${reply.why}`);
    case "moved":
      throw new CallRefused(`${name}: the service is not here${reply.to ? `, but at ${reply.to.host}` : ""}`);
    default:
      throw new CallRefused(`${name}: what came back is no reply`);
  }
}
