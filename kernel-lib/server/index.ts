/**
 * How servers are organised: iterative, or concurrent with a dispatcher that hands each request to a thread, a process or
 * a pool; the daemon that knows their ports; the clients that load them; and small queueing models, on the bare event list, for
 * runs of millions of requests.
 *
 * Modelled: one request a connection, one machine. Left out: what threads and processes cost in memory; several machines
 * behind one address (the room `cluster`).
 *
 * Vocabulary after van Steen and Tanenbaum, *Distributed Systems*, §3.4.
 *
 * An organisation takes a handler and says who runs it; an open loop of clients shows what the organisation makes of a load:
 *
 * ```ts
 * import { exponential, type Host, iterativeServer, on, openLoop, scenario, simulate, summarize, workload } from "kernel-lib";
 *
 * const plan = workload({
 *   arrivalsPerS: 50,
 *   service: (source) => exponential({ mean: 10 }, source),
 *   requests: 200,
 *   seed: 1,
 * });
 * const work = async (host: Host, request: unknown) => {
 *   await host.compute((request as { serviceMs: number }).serviceMs);
 *   return "done";
 * };
 * const run = await simulate(
 *   scenario({
 *     hosts: { server: {}, clients: {} },
 *     programs: { server: on("server", iterativeServer, work).daemon(), load: on("clients", openLoop, plan) },
 *   }),
 * );
 * console.log(summarize(run.results.load));
 * ```
 *
 * @module
 */
export {
  type EndpointDaemonOptions,
  endpointDaemon,
  endpointDaemonPort,
  keepRegistered,
  lookUpEndpoint,
  registerEndpoint,
  unregisterEndpoint,
} from "./endpoint-daemon.js";
export { type FileServerOptions, type FileServerResult, fileServerModel } from "./file-server-model.js";
export * from "./files/index.js";
export { type InetdConf, type InetdConfOptions, readInetdConf } from "./inetd-conf.js";
export { type InetdProblem, type InetdService, inetdServicePorts } from "./inetd-service.js";
export { type LoadRow, type OpenLoopOptions, openLoop, type RequestOutcome } from "./open-loop.js";
export {
  concurrentServer,
  type Handler,
  iterativeServer,
  type PoolOptions,
  poolServer,
  type ServerOptions,
  serveOne,
} from "./organizations.js";
export { type PairedLoad, type PairedRow, pairLoads } from "./paired.js";
export { type QueueModelOptions, type QueueModelResult, queueModel } from "./queue-model.js";
export { portsByName, readServices, type ServicePort } from "./services-file.js";
export { jainIndex, type LoadSummary, summarize } from "./summary.js";
export { type PlannedRequest, type WorkloadOptions, workload } from "./workload.js";
