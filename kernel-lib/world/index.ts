/**
 * Machines, processes and the network between them. A {@link Program} sees only its {@link Host}; a {@link scenario} says
 * which program runs where, and what goes wrong; {@link simulate} plays it in virtual time.
 *
 * Modelled: processes and threads with their CPU time (processor sharing, priorities), connections with latency, bandwidth,
 * flow control, backlog, reset, urgent bytes and keepalive, datagrams that get lost, doubled and overtaken, disks, and faults. Left out: the cost of a
 * program's own JavaScript (CPU time is what `compute` asks for), loss inside connections, memory.
 *
 * Vocabulary after van Steen and Tanenbaum, *Distributed Systems*, and the RFCs of TCP (9293, 6298, 1122) and UDP (768).
 *
 * A program waits with `await` and is charged for `compute`; everything else takes no time. The same scenario and seed give the
 * same rows, and `live` runs the same scenario on this machine:
 *
 * ```ts
 * import { type Host, on, scenario, simulate } from "kernel-lib";
 *
 * const echo = async (host: Host) => {
 *   for await (const connection of await host.listen(7))
 *     for await (const message of connection) {
 *       await host.compute(20);
 *       await connection.send(message);
 *     }
 * };
 * const ask = async (host: Host) => {
 *   const connection = await host.connect("server", 7);
 *   await connection.send("hello");
 *   const answer = await connection.receive();
 *   connection.end();
 *   return { answer, afterMs: host.now() };
 * };
 * const plan = scenario({
 *   hosts: { server: {}, client: {} },
 *   network: { latencyMs: 5 },
 *   programs: { server: on("server", echo).daemon(), ask: on("client", ask) },
 * });
 * const run = await simulate(plan, { seed: 1 });
 * console.log(run.results.ask); // { answer: "hello", afterMs: 40 }: two round trips and the work
 * console.log(run.rows.filter(({ kind }) => kind === "compute"));
 *
 * // A datagram goes alone, and a fifth of them gets lost each way: who needs an answer asks again.
 * const answer = async (host: Host) => {
 *   const open = await host.datagrams(7);
 *   for await (const { from, message } of open) await open.send(from, message);
 * };
 * const insist = async (host: Host, calls: number) => {
 *   const open = await host.datagrams();
 *   let tries = 0;
 *   for (let call = 0; call < calls; ) {
 *     tries++;
 *     await open.send({ host: "server", port: 7 }, call);
 *     const answered = await open.receive({ timeoutMs: 50 }).catch(() => undefined);
 *     if (answered?.message === call) call++;
 *   }
 *   return tries / calls;
 * };
 * const lossy = scenario({
 *   hosts: { server: {}, client: {} },
 *   network: { latencyMs: 5, datagrams: { loss: 0.2 } },
 *   programs: { server: on("server", answer).daemon(), insist: on("client", insist, 1000) },
 * });
 * console.log((await simulate(lossy, { seed: 1 })).results.insist); // about 1 / (1 - 0.2)² = 1.5625 tries a call
 * ```
 *
 * @module
 */
export * from "./errors.js";
export type * from "./host.js";
export type {
  Outcome,
  Outcomes,
  OutcomesOfList,
  ResultOf,
  Results,
  ResultsOfList,
  Run,
  Unfinished,
} from "./run.js";
export {
  type Checked,
  type CrashOrRestart,
  type CutOrHeal,
  type DatagramSpec,
  type Fault,
  type HostSpec,
  type Job,
  type Kill,
  type LinkSpec,
  type NetworkSpec,
  on,
  type Pause,
  type Programs,
  type Scenario,
  type ScenarioSpec,
  scenario,
} from "./scenario.js";
export type {
  DatagramRow,
  ExitRow,
  FaultRow,
  LogRow,
  LossReason,
  MessageRow,
  RowBase,
  StartRow,
  TraceKind,
  TraceLevel,
  TraceRow,
  UrgentRow,
  WaitRow,
  WakeRow,
  WorkRow,
} from "./trace/trace.js";
export { type SimulateOptions, Simulation, simulate } from "./virtual/virtual.js";
