import { closeSync } from "node:fs";
import {
  type Exit,
  type Fault,
  type LogRow,
  type Outcome,
  ProgramError,
  type Programs,
  type Run,
  type Scenario,
} from "kernel-lib";
import { NotInAProcess } from "../../kernel-lib/dist/live/process/not-here.js";
import { ProcessHost } from "../../kernel-lib/dist/live/process/process-host.js";
import { RecordDisk } from "../../kernel-lib/dist/live/process/record-disk.js";
import { openNameless } from "../../kernel-lib/dist/live/run/store.js";
import { namedJobs } from "../../kernel-lib/dist/world/scenario.js";

/** A run that is longer has lost something. */
const longestMs = 20_000;

/** Rules that are not played in processes, each with what they ask for that processes have not. */
export const notInProcesses: Readonly<Record<string, string>> = {
  "a message weighs its encoded value and 5 bytes, counted when receive takes it": "a trace of messages",
  "an error in a thread ends its whole process, resets its connections, and nobody else": "a trace of ends",
  "log writes what it was told then, and trace keeps the kinds asked for": "a trace that can be turned down",
  "listen(0) gives ports from 49152 up, in order, on each host of its own": "ports in order: the system chooses",
  "a deadlock is reported with who waits on what, since when": "somebody who sees all processes",
  "what is thrown anywhere in a program ends it and nothing else": "callbacks that end one program alone",
  "an error whose name or message can't be read ends its program like any other": "results with the run's own errors",
  "limitMs ends the run; what still runs is unfinished, daemons too": "a clock for the whole run",
  "an argument that can't be copied any more fails its program alone": "arguments that the run copies",
  "what a program asks in vain fails in the program, with the field and what came": "virtual cores, urgent bytes",
  "work for a client who reset the connection can stop": "virtual cores",
  "a message costs CPU time to send and to receive where the host says so": "costs of a host",
  "starting a thread or a process costs CPU time, paid before its first line": "costs of a host",
  "the disk does one access at a time, in order, at its speed": "a disk of a given speed",
  "a reset rejects receiveUrgent at both ends, now and later": "urgent bytes",
  "a full backlog drops the SYN, which is repeated after 1, 3 and 7 s": "connections that a whole host counts",
  "an endpoint daemon tells clients the dynamic port at which a server listens": "ports in order: the system chooses",
  "a client that dies mid-request: the server stops its work and serves the next": "a network of a given latency",
  "a relay carries every byte twice": "a trace of messages",
  "peek leaves no row of a message and costs no CPU time: both come with receive, once": "costs of a host",
  "a peek that waits when its connection goes to a child fails, and the child finds every message":
    "children that get connections",
  "a client whose server has thrown is told what and when, also as the error's cause":
    "somebody who sees all processes",
  "a refused client is told who threw before it could listen, or while it did": "somebody who sees all processes",
  "a process that returns with open waits says which in its exit's row": "a trace of ends",
  "datagrams() gives ports from 49152 up, in order, whatever listen has given": "ports in order: the system chooses",
  "an inbox keeps 64 KiB, drops what does not fit, and takes again when it was read":
    "sends that the system does not lose",
  "what comes where no port is open is lost, and its sender hears nothing": "a trace of datagrams",
  "a process that ends closes its ports, and what is unread there is lost": "a trace of datagrams",
  "a program can't start a run": "somebody who knows that a run is under way",
};

/**
 * Plays a scenario in the third runtime: each program on a host of a real process, with real sockets between them, real time and a real
 * file for each machine's disk. The hosts are in this process, so that the tests' programs may be closures; that a real one dies is the matter of
 * the tests of file servers. The network has no latency and no rate but its own, and the cores none either; the one fault is `kill`.
 */
export async function playInProcesses<P extends Programs>(
  plan: Scenario<string, P>,
  { seed = 1 }: { readonly seed?: number } = {},
  /** What its programs asked for in vain is put here. */
  refused: string[] = [],
): Promise<Run<P>> {
  const originMs = performance.now();
  const rows: LogRow[] = [];
  const ports = new Map<string, number>();
  const datagramPorts = new Map<string, number>();
  const hosts = Object.keys(plan.hosts);
  const disks = new Map(Object.keys(plan.hosts).map((name) => [name, openNameless()]));
  const fault = plan.faults.find(({ kind }) => kind !== "kill");
  if (fault) {
    refused.push(`the fault ${fault.kind}`);
    throw new NotInAProcess(`a run in processes has no fault ${fault.kind}`);
  }
  if (plan.network.datagrams || plan.network.links?.some(({ datagrams }) => datagrams)) {
    refused.push("a network that loses datagrams");
    throw new NotInAProcess("a run in processes has no network that loses datagrams");
  }
  const timers: NodeJS.Timeout[] = [];
  const at = (ms: number, work: () => void) => void timers.push(setTimeout(work, Math.max(0, Math.ceil(ms) + 1)));
  const running = namedJobs(plan.programs).map(({ name, job }, i) => {
    const host = new ProcessHost({
      name: job.host,
      pid: i + 1,
      program: name,
      seed,
      originMs,
      rows,
      disk: new RecordDisk(disks.get(job.host) as number),
      portOf: (port, of) => ports.get(`${of}:${port}`) ?? (of === job.host ? 0 : 1),
      onListen: (systemPort, port) => ports.set(`${job.host}:${port}`, systemPort),
      neighbours: {
        hosts,
        portOf: (port, of) => datagramPorts.get(`${of}:${port}`),
        onOpen: (systemPort, port) => void datagramPorts.set(`${job.host}:${port}`, systemPort),
      },
    });
    return { name, job, host, ended: undefined as Promise<Exit> | undefined, exit: undefined as Exit | undefined };
  });
  const start = (each: (typeof running)[number]) => {
    each.ended = each.host.run(each.job.program as never, ...(structuredCloneOf(each.job.args) as never[]));
    void each.ended.then((exit) => {
      each.exit = exit;
      if (exit.how === "threw" && exit.error instanceof NotInAProcess) refused.push(exit.error.message);
    });
  };
  const settles = (each: (typeof running)[number]) =>
    new Promise<void>((resolve) => {
      each.host.process.onSettledIn = resolve;
      start(each);
    });
  let reachedLimit = false;
  try {
    for (const each of running.filter(({ job }) => job.isDaemon)) await settles(each);
    // Other threads of theirs open ports.
    if (running.some(({ job }) => job.isDaemon)) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const { program, atMs } of plan.faults as readonly Extract<Fault, { kind: "kill" }>[])
      at(atMs - (performance.now() - originMs), () => running.find(({ name }) => name === program)?.host.close());
    // Whoever listens comes first: in the world it takes no time to open a port.
    const listens = ({ job }: (typeof running)[number]) => /\.listen\(|\.datagrams\(\d|echo/.test(String(job.program));
    const others = running.filter(({ job }) => !job.isDaemon);
    others.sort((one, other) => Number(listens(other)) - Number(listens(one)));
    const limit = new Promise<void>((resolve) => {
      at(Math.min(plan.limitMs, longestMs) - (performance.now() - originMs), () => {
        reachedLimit = true;
        resolve();
      });
    });
    const all = Promise.all(
      others.map(async (each) => {
        if (each.job.startMs === 0) return;
        await new Promise<void>((resolve) => at(each.job.startMs - (performance.now() - originMs), resolve));
        start(each);
        await each.ended;
      }),
    );
    const atOnce = others.filter(({ job }) => job.startMs === 0);
    for (const each of atOnce) await Promise.race([settles(each), limit]);
    await Promise.race([Promise.all([all, ...atOnce.map(({ ended }) => ended)]), limit]);
  } finally {
    for (const timer of timers) clearTimeout(timer);
    for (const { host } of running) host.close();
    for (const disk of disks.values()) closeSync(disk);
  }
  const endMs = performance.now() - originMs;
  const outcomeOf = ({ exit, job }: (typeof running)[number]): Outcome =>
    exit ?? (job.isDaemon && !reachedLimit ? { how: "killed" } : { how: "unfinished" });
  const programsOf = (name: string) => running.filter((each) => each.name === name || each.name.startsWith(`${name}[`));
  const found = Object.entries(plan.programs).map(([name, entry]) => {
    const outcomes = programsOf(name).map(outcomeOf);
    return [name, Array.isArray(entry) ? outcomes : outcomes[0]] as const;
  });
  const resultOf = (each: (typeof running)[number]) => {
    const outcome = outcomeOf(each);
    if (outcome.how === "returned") return outcome.value;
    const who = `${each.name} (pid ${each.host.pid} on ${each.job.host})`;
    const when = `t=${endMs.toFixed(3)} ms`;
    if (outcome.how === "killed") throw new ProgramError(`${who} was killed at ${when}`);
    if (outcome.how !== "threw") throw new ProgramError(`${who} was unfinished when the run ended at ${when}`);
    throw new ProgramError(`${who} threw at ${when}: ${outcome.error}`, { cause: outcome.error });
  };
  const results: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(plan.programs)) {
    const of = programsOf(name);
    Object.defineProperty(results, name, {
      enumerable: of.every((each) => outcomeOf(each).how === "returned"),
      get: () => (Array.isArray(entry) ? of.map(resultOf) : resultOf(of[0] as (typeof running)[number])),
    });
  }
  const run = { world: "live", seed, results, outcomes: Object.fromEntries(found), rows, endMs, reachedLimit };
  return run as unknown as Run<P>;
}

const structuredCloneOf = (args: readonly unknown[]): unknown[] =>
  args.map((arg) => {
    try {
      return structuredClone(arg);
    } catch {
      return arg; // a function of the test
    }
  });
