/**
 * Machines, processes and the network between them. A {@link Program} sees only its {@link Host}; a {@link scenario} says
 * which program runs where, and what goes wrong; {@link simulate} plays it in virtual time.
 *
 * Modelled: processes and threads with their CPU time (processor sharing, priorities), connections with latency, bandwidth,
 * flow control, backlog, reset, urgent bytes and keepalive, disks, and faults. Left out: the cost of a program's own JavaScript
 * (CPU time is what `compute` asks for), loss inside connections, memory.
 *
 * Vocabulary after van Steen and Tanenbaum, *Distributed Systems*, and the RFCs of TCP (9293, 6298, 1122).
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
  ExitRow,
  FaultRow,
  LogRow,
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
} from "./trace.js";
export { type SimulateOptions, Simulation, simulate } from "./virtual.js";
