import { checkOptions, checkPositive, checkText, checkWhole } from "../errors.js";
import { ConnectionRefused, ConnectionReset, type Host } from "../world/index.js";
import { concurrentServer } from "./organizations.js";

/** The endpoint daemon's well-known port: that of the portmapper. */
export const endpointDaemonPort = 111;

interface EndpointRequest {
  readonly verb: "register" | "unregister" | "look up";
  readonly service: string;
  /** For a registration. */
  readonly port?: number;
}

/** See {@link endpointDaemon}. */
export interface EndpointDaemonOptions {
  /** How long a registration holds if it is not renewed; for ever unless told. */
  readonly leaseMs?: number;
}

/**
 * A daemon that knows the port of each service on its machine, and listens on port 111. A service that registers again takes the
 * place of what stood there. What it knows is in its memory alone, and gone when it dies. Never returns.
 *
 * @throws {@link ParameterError} if leaseMs is not above 0.
 */
export async function endpointDaemon(host: Host, options: EndpointDaemonOptions = {}): Promise<void> {
  checkOptions("endpointDaemon", options);
  const { leaseMs = Infinity } = options;
  if (leaseMs !== Infinity) checkPositive("endpointDaemon", "leaseMs", leaseMs);
  const known = new Map<string, { readonly port: number; readonly untilMs: number }>();
  const answer = async (own: Host, { verb, service, port = 0 }: EndpointRequest): Promise<number> => {
    const nowMs = own.now();
    if (verb === "register") known.set(service, { port, untilMs: nowMs + leaseMs });
    const entry = known.get(service);
    if (entry && verb !== "unregister" && nowMs < entry.untilMs) return entry.port;
    known.delete(service);
    return 0;
  };
  await concurrentServer(host, answer, "thread", { port: endpointDaemonPort });
}

/**
 * Tells the daemon of this machine that a service listens on a port.
 *
 * @throws {@link ConnectionRefused} if the daemon is not there, {@link ConnectionReset} if it dies meanwhile,
 *   {@link ParameterError} if service is no text, or port not from 1 to 65535.
 */
export async function registerEndpoint(host: Host, service: string, port: number): Promise<void> {
  checkText("registerEndpoint", "service", service);
  checkWhole("registerEndpoint", "port", port, 1, 65535);
  await askDaemon(host, host.name, { verb: "register", service, port });
}

/** Takes a service out of the memory of this machine's daemon. @throws as {@link registerEndpoint}. */
export async function unregisterEndpoint(host: Host, service: string): Promise<void> {
  checkText("unregisterEndpoint", "service", service);
  await askDaemon(host, host.name, { verb: "unregister", service });
}

/**
 * Asks the daemon of a machine for the port of a service.
 *
 * @returns the port; `undefined` if the daemon knows none.
 * @throws as {@link registerEndpoint}.
 */
export async function lookUpEndpoint(host: Host, at: string, service: string): Promise<number | undefined> {
  checkText("lookUpEndpoint", "service", service);
  return (await askDaemon(host, at, { verb: "look up", service })) || undefined;
}

/**
 * Registers a service again and again, so that its lease does not run out and a daemon that has lost its memory learns of it anew.
 * A daemon that is down for a while is no reason to stop. Never returns; to be a thread of the server, with which it ends.
 *
 * @param everyMs how often; a third of the lease leaves room for two that fail.
 * @throws {@link ParameterError} if everyMs is not above 0, service is no text, or port not from 1 to 65535.
 */
export async function keepRegistered(host: Host, service: string, port: number, everyMs: number): Promise<void> {
  checkText("keepRegistered", "service", service);
  checkWhole("keepRegistered", "port", port, 1, 65535);
  checkPositive("keepRegistered", "everyMs", everyMs);
  for (let dueMs = host.now(); ; dueMs += everyMs) {
    await host.sleepUntil(dueMs);
    try {
      await registerEndpoint(host, service, port);
    } catch (error) {
      if (!(error instanceof ConnectionRefused || error instanceof ConnectionReset)) throw error;
    }
  }
}

async function askDaemon(host: Host, at: string, request: EndpointRequest): Promise<number> {
  const connection = await host.connect(at, endpointDaemonPort);
  await connection.send(request);
  const port = await connection.receive();
  connection.end();
  if (port === undefined) throw new ConnectionReset(`the endpoint daemon of ${at} ended without an answer`);
  return port;
}
