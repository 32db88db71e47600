/**
 * What a client hides from its user: that a service is elsewhere (stubs), where it is and that it moves (location), that messages get lost
 * and machines crash (failures), that there are several of it (replication). All of it is programs on a {@link Host}, so it runs in
 * virtual time and live.
 *
 * A stub hands its calls to a {@link Channel}, the client's middleware. Each kind of transparency is a layer: a function that takes a
 * channel and gives one that does more. On the server's side a layer takes a {@link CallHandler}. Left out: authentication, references
 * to remote objects as arguments, and everything that needs the two sides to share memory.
 *
 * Vocabulary after van Steen and Tanenbaum, *Distributed Systems*, §3.3, §4.2, §5.2 and §8.3.
 *
 * An interface is a value, and both stubs are made of it:
 *
 * ```ts
 * import { type Host, on, procedure, remoteInterface, scenario, serve, simulate, stub, xdr } from "kernel-lib";
 *
 * const Calculator = remoteInterface({
 *   program: 0x20000002,
 *   version: 1,
 *   methods: { add: procedure(1, [xdr.int, xdr.int], xdr.int) },
 * });
 * const calculator = (host: Host) => serve(host, Calculator, { add: (a, b) => a + b });
 * const client = async (host: Host) => stub(host, Calculator, { host: "server", port: 80 }).add(2, 3);
 * const run = await simulate(
 *   scenario({
 *     hosts: { server: {}, client: {} },
 *     programs: { calculator: on("server", calculator).daemon(), sum: on("client", client) },
 *   }),
 * );
 * console.log(run.results.sum); // 5
 * ```
 *
 * @see Birrell and Nelson, "Implementing Remote Procedure Calls", ACM Transactions on Computer Systems 2, 1984.
 *
 * @module
 */
export * from "./failures/index.js";
export * from "./location/index.js";
export * from "./replication/index.js";
export * from "./stubs/index.js";
