import { checkPositive, checkWhole, ParameterError, refuse, shown } from "../errors.js";
import { copied } from "./arguments.js";
import { checkSpanMs, checkTimeMs, isRecord, rejectUnknownFields } from "./checks.js";
import type { Host, Program } from "./host.js";

/** A machine. */
export interface HostSpec {
  /** How many jobs can compute at the same time; 1 unless told. */
  readonly cores?: number;
  /** The disk; without cost unless told. */
  readonly disk?: {
    /** Milliseconds that each access takes, whatever its size; 0 unless told. */
    readonly accessMs?: number;
    /** Bytes a second that it reads and writes, at least 0.001; without bound unless told. */
    readonly bytesPerS?: number;
  };
  /** CPU time that the operating system takes, in milliseconds; 0 unless told. */
  readonly costs?: {
    /** To start a thread: paid by the new thread before its first line. */
    readonly threadMs?: number;
    /** To start a process: paid by the new process before its first line. */
    readonly processMs?: number;
    /** To send or to receive one message. */
    readonly messageMs?: number;
  };
  /** Bytes a second that pass this machine's network interface, each way, at least 0.001; as the network says unless told. */
  readonly bytesPerS?: number;
}

/** What may happen to datagrams between two machines; never to what a connection carries, nor on the way from a machine to itself. */
export interface DatagramSpec {
  /** The probability that one gets lost, from 0 to 1; 0 unless told. */
  readonly loss?: number;
  /** The probability that one that is not lost arrives twice, from 0 to 1; 0 unless told. */
  readonly duplicates?: number;
  /** How much longer than the latency one may take, in milliseconds: evenly spread from 0 to this, so that they pass each other; 0 unless told. */
  readonly jitterMs?: number;
}

/** What lies between two machines, both ways. */
export interface LinkSpec<H extends string = string> {
  /** The two machines. */
  readonly between: readonly [H, H];
  /** Milliseconds from the last byte sent to the last byte received; the network's unless told. */
  readonly latencyMs?: number;
  /** Bytes a second of each of the two interfaces for this pair, at least 0.001; the interface's own unless told. */
  readonly bytesPerS?: number;
  /** What happens to datagrams between the two; what it does not say, the network does. */
  readonly datagrams?: DatagramSpec;
}

/** The network: every pair of machines, unless a link says otherwise. A machine reaches itself at once. */
export interface NetworkSpec<H extends string = string> {
  /** Milliseconds from the last byte sent to the last byte received; 0 unless told. */
  readonly latencyMs?: number;
  /**
   * Bytes a second that pass each machine's interface, each way, at least 0.001, shared first in first out by all its connections;
   * without bound unless told.
   */
  readonly bytesPerS?: number;
  /** What happens to datagrams; nothing unless told. */
  readonly datagrams?: DatagramSpec;
  /** Pairs of machines with a latency, a rate or a fate of datagrams of their own. */
  readonly links?: readonly LinkSpec<H>[];
}

/** Ends a program's process at once, as SIGKILL does. */
export interface Kill {
  /** Tells the faults apart. */
  readonly kind: "kill";
  /** The program's name: `echo`, or `many[1]` of a list. */
  readonly program: string;
  /** When, in scenario time. */
  readonly atMs: number;
}

/**
 * `crash` stops a machine: its memory is gone, its connections fall silent, its disk stays. `restart` boots it (after a crash, if it
 * runs) and starts its daemons again.
 */
export interface CrashOrRestart<H extends string = string> {
  /** Tells the faults apart. */
  readonly kind: "crash" | "restart";
  /** The machine. */
  readonly host: H;
  /** When, in scenario time. */
  readonly atMs: number;
}

/** `cut` stalls everything between two machines until `heal`; nothing on a connection is lost by it. */
export interface CutOrHeal<H extends string = string> {
  /** Tells the faults apart. */
  readonly kind: "cut" | "heal";
  /** The two machines. */
  readonly between: readonly [H, H];
  /** When, in scenario time. */
  readonly atMs: number;
}

/** Freezes a machine: its programs and its CPU stand still, and what comes waits. */
export interface Pause<H extends string = string> {
  /** Tells the faults apart. */
  readonly kind: "pause";
  /** The machine. */
  readonly host: H;
  /** When, in scenario time. */
  readonly atMs: number;
  /** How long. */
  readonly forMs: number;
}

/** Something that goes wrong at a given time. */
export type Fault<H extends string = string> = Kill | CrashOrRestart<H> | CutOrHeal<H> | Pause<H>;

/** A program placed on a host, made by {@link on}. */
export interface Job<H extends string = string, R = unknown> {
  /** The machine it runs on. */
  readonly host: H;
  /** The program. */
  readonly program: Program<never[], R>;
  /** What the program gets after its host. */
  readonly args: readonly unknown[];
  /** Whether the run ends without waiting for it. */
  readonly isDaemon: boolean;
  /** When it starts, in scenario time. */
  readonly startMs: number;
  /**
   * The same job, as a server that ends with the run: nobody waits for it, and it starts before the others, which begin when it
   * first waits to be served.
   */
  daemon(): Job<H, R>;
  /** The same job, started at that time. */
  at(startMs: number): Job<H, R>;
}

class PlacedJob<H extends string, R> implements Job<H, R> {
  constructor(
    readonly host: H,
    readonly program: Program<never[], R>,
    readonly args: readonly unknown[],
    readonly isDaemon = false,
    readonly startMs = 0,
  ) {
    Object.freeze(args);
    Object.freeze(this);
  }
  daemon(): Job<H, R> {
    return new PlacedJob(this.host, this.program, this.args, true, this.startMs);
  }
  at(startMs: number): Job<H, R> {
    return new PlacedJob(
      this.host,
      this.program,
      this.args,
      this.isDaemon,
      checkTimeMs("on(…).at", "startMs", startMs),
    );
  }
}

/**
 * Places a program on a host: `on("client", ping, 5)` runs `ping(host, 5)` there.
 *
 * Each run gives the program a copy of its arguments, as `spawn` does for a process.
 *
 * @throws {@link ParameterError} if `program` is not a function, or an argument can't be copied (a promise, say).
 */
export function on<const H extends string, A extends unknown[], R>(
  host: H,
  program: (host: Host, ...args: A) => Promise<R>,
  ...args: A
): Job<H, R> {
  if (typeof host !== "string") refuse("on", "host", "a host's name", host);
  if (typeof program !== "function") refuse("on", "program", "an async function of a host", program);
  for (const arg of args) copied(arg, () => false, "on");
  return new PlacedJob(host, program as unknown as Program<never[], R>, args);
}

/** The programs of a scenario: by name, a job or a list of jobs. */
// biome-ignore lint/suspicious/noExplicitAny: each job keeps its own result type
export type Programs<H extends string = string> = Readonly<Record<string, Job<H, any> | readonly Job<H, any>[]>>;

/** Keeps a name from being inferred here: it is checked against those that are. (`NoInfer` needs TypeScript 5.4; cells have 5.0.) */
export type Checked<T> = [T][T extends unknown ? 0 : never];

/** What {@link scenario} takes: plain data that any runtime can play, as often as you like. */
export interface ScenarioSpec<H extends string, P extends Programs<Checked<H>>> {
  /** The machines, by name. */
  readonly hosts: Readonly<Record<H, HostSpec>>;
  /** What lies between them; without latency and without bound unless told. */
  readonly network?: NetworkSpec<Checked<H>>;
  /** What goes wrong, in any order. */
  readonly faults?: readonly Fault<Checked<H>>[];
  /**
   * Which programs run where, by name. Daemons start first, in the order written (names that are whole numbers come before others,
   * in numeric order), each when the one before first waits to be served: one that computes or reads its disk before that delays
   * everybody's start.
   */
  readonly programs: P;
  /** The run ends there at the latest, in scenario time, and nothing starts or goes wrong later; programs that still run are `unfinished`. */
  readonly limitMs?: number;
}

/** A checked scenario: a copy of what was given, which nobody can change (but for the programs' arguments). */
export interface Scenario<H extends string = string, P extends Programs<H> = Programs<H>> {
  /** As given. */
  readonly hosts: Readonly<Record<H, HostSpec>>;
  /** As given, or empty. */
  readonly network: NetworkSpec<H>;
  /** As given, or empty. */
  readonly faults: readonly Fault<H>[];
  /** As given. */
  readonly programs: P;
  /** As given, or `Infinity`. */
  readonly limitMs: number;
}

const maxHosts = 100_000;

/**
 * Describes a run: machines, the network between them, what goes wrong, and which program runs where. Nothing runs
 * yet: give the result to `simulate` (virtual time) or `runLive` (this machine).
 *
 * @throws {@link ParameterError} if a host is unknown, a number is out of range (no time is above 1e15 ms) or a job was not made
 * by {@link on}.
 */
export function scenario<const H extends string, const P extends Programs<Checked<H>>>(
  spec: ScenarioSpec<H, P>,
): Scenario<H, P> {
  if (!isRecord(spec)) refuse("scenario", "its argument", "an object with hosts and programs", spec);
  const known = ["hosts", "network", "faults", "programs", "limitMs"];
  rejectUnknownFields("scenario", "", spec, known);
  if (!isRecord(spec.hosts)) refuse("scenario", "hosts", "an object of machines by name", spec.hosts);
  const names = new Set(Object.keys(spec.hosts));
  if (names.size === 0 || names.size > maxHosts) {
    refuse("scenario", "hosts", `1 to ${maxHosts} machines by name`, names.size);
  }
  for (const name of names) checkHost(name, (spec.hosts as Record<string, unknown>)[name]);
  const limitMs =
    spec.limitMs === undefined || spec.limitMs === Infinity
      ? Infinity
      : checkSpanMs("scenario", "limitMs", spec.limitMs);
  const { network = {}, faults = [], programs } = spec;
  checkNetwork(network, names);
  checkFaults(faults, names, checkPrograms(programs, names, limitMs), limitMs);
  const made = {
    hosts: frozen(spec.hosts),
    network: frozen(network),
    faults: frozen(faults),
    programs: frozen(programs),
    limitMs,
  };
  scenarios.add(made);
  return Object.freeze(made) as Scenario<H, P>;
}

/** All that {@link scenario} has made. */
const scenarios = new WeakSet<object>();

/** Whether {@link scenario} has made it, and so checked it. */
export function isScenario(value: unknown): boolean {
  return scenarios.has(value as object);
}

/** A copy of plain data that nobody can change; jobs are such already. */
function frozen<T>(data: T): T {
  if (Array.isArray(data)) return Object.freeze(data.map(frozen)) as T;
  if (!isRecord(data) || data instanceof PlacedJob) return data;
  return Object.freeze(Object.fromEntries(Object.entries(data).map(([field, value]) => [field, frozen(value)]))) as T;
}

/** The name `__proto__` would vanish from every object whose keys are names. */
function checkNotProto(field: string, name: string): void {
  if (name === "__proto__") refuse("scenario", field, 'names other than "__proto__"', name);
}

function checkHost(name: string, host: unknown): void {
  const path = `hosts.${name}`;
  if (name === "" || name === "*") refuse("scenario", "hosts", 'names other than "" and "*"', name);
  checkNotProto("hosts", name);
  if (!isRecord(host)) refuse("scenario", path, "an object such as { cores: 1 }", host);
  rejectUnknownFields("scenario", `${path}.`, host, ["cores", "disk", "costs", "bytesPerS"]);
  const spec = host as HostSpec;
  if (spec.cores !== undefined) checkWhole("scenario", `${path}.cores`, spec.cores, 1, 1024);
  checkRate(`${path}.bytesPerS`, spec.bytesPerS);
  for (const [group, fields] of [
    ["disk", ["accessMs", "bytesPerS"]],
    ["costs", ["threadMs", "processMs", "messageMs"]],
  ] as const) {
    const values = spec[group];
    if (values === undefined) continue;
    if (!isRecord(values)) refuse("scenario", `${path}.${group}`, "an object", values);
    rejectUnknownFields("scenario", `${path}.${group}.`, values, fields);
    for (const [field, value] of Object.entries(values)) {
      if (field === "bytesPerS") checkRate(`${path}.disk.bytesPerS`, value);
      else if (value !== undefined) checkTimeMs("scenario", `${path}.${group}.${field}`, value);
    }
  }
}

/** So slow that a message may take a year, yet no time overflows. */
const minBytesPerS = 1e-3;

/** A rate may be left out, or `Infinity`: without bound. */
function checkRate(field: string, value: unknown): void {
  if (value === undefined || value === Infinity) return;
  if (checkPositive("scenario", field, value) < minBytesPerS) {
    refuse("scenario", field, `at least ${minBytesPerS} bytes a second`, value);
  }
}

function checkPair(path: string, between: unknown, names: ReadonlySet<string>): void {
  if (!Array.isArray(between) || between.length !== 2) refuse("scenario", `${path}.between`, "two hosts", between);
  for (const end of between) checkName(`${path}.between`, end, names);
  if (between[0] === between[1]) refuse("scenario", `${path}.between`, "two different hosts", between);
}

function checkName(field: string, name: unknown, names: ReadonlySet<string>, what = "hosts"): void {
  if (!names.has(name as string)) refuse("scenario", field, `one of the ${what} ${list([...names])}`, name);
}

function list(names: readonly string[]): string {
  return names.length > 8 ? `${names.slice(0, 8).join(", ")}, …` : names.join(", ");
}

function checkNetwork(network: NetworkSpec, names: ReadonlySet<string>): void {
  if (!isRecord(network)) refuse("scenario", "network", "an object such as { latencyMs: 1 }", network);
  rejectUnknownFields("scenario", "network.", network, ["latencyMs", "bytesPerS", "datagrams", "links"]);
  if (network.latencyMs !== undefined) checkTimeMs("scenario", "network.latencyMs", network.latencyMs);
  checkRate("network.bytesPerS", network.bytesPerS);
  checkDatagrams("network.datagrams", network.datagrams);
  if (network.links === undefined) return;
  if (!Array.isArray(network.links)) refuse("scenario", "network.links", "an array of links", network.links);
  network.links.forEach((link: LinkSpec, i) => {
    const path = `network.links[${i}]`;
    if (!isRecord(link)) refuse("scenario", path, "an object such as { between: [a, b], latencyMs: 5 }", link);
    rejectUnknownFields("scenario", `${path}.`, link, ["between", "latencyMs", "bytesPerS", "datagrams"]);
    checkPair(path, link.between, names);
    if (link.latencyMs !== undefined) checkTimeMs("scenario", `${path}.latencyMs`, link.latencyMs);
    checkRate(`${path}.bytesPerS`, link.bytesPerS);
    checkDatagrams(`${path}.datagrams`, link.datagrams);
  });
}

function checkDatagrams(path: string, datagrams: unknown): void {
  if (datagrams === undefined) return;
  if (!isRecord(datagrams)) refuse("scenario", path, "an object such as { loss: 0.1 }", datagrams);
  rejectUnknownFields("scenario", `${path}.`, datagrams, ["loss", "duplicates", "jitterMs"]);
  const { loss, duplicates, jitterMs } = datagrams;
  for (const [field, value] of Object.entries({ loss, duplicates })) {
    if (value === undefined) continue;
    if (!(typeof value === "number" && value >= 0 && value <= 1))
      refuse("scenario", `${path}.${field}`, "a probability from 0 to 1", value);
  }
  if (jitterMs !== undefined) checkTimeMs("scenario", `${path}.jitterMs`, jitterMs);
}

/** A job with the name that the trace and the faults know it by. */
export interface NamedJob {
  readonly name: string;
  readonly job: Job;
}

/** All jobs in the order written, lists spread out as `many[0]`, `many[1]`. */
export function namedJobs(programs: Programs): NamedJob[] {
  return Object.entries(programs).flatMap(([name, entry]) =>
    Array.isArray(entry)
      ? entry.map((job, i) => ({ name: `${name}[${i}]`, job: job as Job }))
      : [{ name, job: entry as Job }],
  );
}

/** @returns the names by which the faults may know the programs. */
function checkPrograms(programs: unknown, names: ReadonlySet<string>, limitMs: number): ReadonlySet<string> {
  if (!isRecord(programs)) refuse("scenario", "programs", "an object of programs by name", programs);
  for (const name of Object.keys(programs)) checkNotProto("programs", name);
  const seen = new Set<string>();
  for (const { name, job } of namedJobs(programs as Programs)) {
    if (seen.has(name)) throw new ParameterError(`scenario: two programs are known as ${name}; rename one`);
    seen.add(name);
    if (!(job instanceof PlacedJob)) refuse("scenario", `programs.${name}`, 'made by on("host", program, …)', job);
    checkName(`programs.${name}'s host`, job.host, names);
    checkInTime(`programs.${name}'s startMs`, job.startMs, limitMs);
  }
  return seen;
}

function checkInTime(field: string, timeMs: number, limitMs: number): void {
  if (timeMs > limitMs) throw new ParameterError(`scenario: ${field} is ${timeMs}, past limitMs, which is ${limitMs}`);
}

/** What a fault of each kind says, beside its kind and its time. */
const faultFields: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["kill", ["program"]],
  ["crash", ["host"]],
  ["restart", ["host"]],
  ["cut", ["between"]],
  ["heal", ["between"]],
  ["pause", ["host", "forMs"]],
]);

function checkFaults(
  faults: unknown,
  names: ReadonlySet<string>,
  programs: ReadonlySet<string>,
  limitMs: number,
): void {
  if (!Array.isArray(faults)) refuse("scenario", "faults", "an array of faults", faults);
  faults.forEach((fault: Fault, i) => {
    const path = `faults[${i}]`;
    if (!isRecord(fault)) refuse("scenario", path, "an object such as { kind, atMs }", fault);
    checkInTime(`${path}.atMs`, checkTimeMs("scenario", `${path}.atMs`, fault.atMs), limitMs);
    const own = faultFields.get(fault.kind);
    if (!own) refuse("scenario", `${path}.kind`, "kill, crash, restart, cut, heal or pause", fault.kind);
    rejectUnknownFields("scenario", `${path}.`, fault, ["kind", "atMs", ...own]);
    if (fault.kind === "kill") checkName(`${path}.program`, fault.program, programs, "programs");
    else if (fault.kind === "cut" || fault.kind === "heal") checkPair(path, fault.between, names);
    else checkName(`${path}.host`, fault.host, names);
    if (fault.kind === "pause") checkSpanMs("scenario", `${path}.forMs`, fault.forMs);
  });
}

/** The port of a listener or a peer: 1 to 65535, or 0 where a dynamic one may be asked for. */
export function checkPort(where: string, port: unknown, least: 0 | 1): number {
  // A name service that does not know a service says so by one of these.
  if (least === 1 && (port === 0 || port === undefined))
    refuse(where, "port", "a whole number from 1 to 65535 (a service that nobody has registered has none)", port);
  if (typeof port !== "number") throw new ParameterError(`${where}: port must be a whole number, got ${shown(port)}`);
  return checkWhole(where, "port", port, least, 65535);
}
