import { type DatagramRow, type Job, type Run, randomStream, type Scenario, type TraceRow } from "kernel-lib";

type Of<K, R extends TraceRow = TraceRow> = R extends TraceRow ? (K extends R["kind"] ? R : never) : never;
const of = <K extends TraceRow["kind"]>(run: Run, ...kinds: K[]) =>
  run.rows.filter((row): row is Of<K> => kinds.includes(row.kind as K));

/** What is wrong with a finished run, judged by its trace alone; empty if nothing is. */
export function violations(plan: Scenario, run: Run): string[] {
  return [
    ...timeGoesForward(plan, run),
    ...messagesAreInOrder(plan, run),
    ...endsAndResetsAreTrue(run),
    ...arrivedMessagesAreTaken(plan, run),
    ...datagramsAreTrue(plan, run),
    ...arrivedDatagramsAreTaken(plan, run),
    ...everyStartHasItsEnd(run),
    ...everyProgramStarts(plan, run),
    ...everyWaitHasItsEnd(run),
    ...nobodyIsKilledWithoutCause(plan, run),
    ...theRunEndsWithItsPrograms(plan, run),
    ...machinesDoNoMoreThanTheyCan(plan, run),
    ...outcomesAgree(run),
  ];
}

function timeGoesForward(plan: Scenario, run: Run): string[] {
  const wrong: string[] = [];
  run.rows.forEach((row, i) => {
    const before = run.rows[i - 1]?.timeMs ?? 0;
    if (!(row.timeMs >= before)) wrong.push(`row ${i} at ${row.timeMs} after ${before}`);
  });
  const last = run.rows.at(-1)?.timeMs ?? 0;
  if (last > plan.limitMs || run.endMs > plan.limitMs) wrong.push(`ended at ${run.endMs}, last row at ${last}`);
  return wrong;
}

function messagesAreInOrder(plan: Scenario, run: Run): string[] {
  const wrong: string[] = [];
  const sent = new Map<string, Of<"send">[]>();
  const taken = new Map<string, number>();
  for (const row of of(run, "send", "receive")) {
    const key = `${row.connection} ${row.direction}`;
    if (row.kind === "send") {
      const list = sent.get(key) ?? [];
      sent.set(key, list);
      list.push(row as Of<"send">);
      if (row.sequence !== list.length) wrong.push(`${key}: send ${row.sequence} came as number ${list.length}`);
      continue;
    }
    const count = (taken.get(key) ?? 0) + 1;
    taken.set(key, count);
    if (row.sequence !== count) wrong.push(`${key}: receive ${row.sequence} came as number ${count}`);
    const match = sent.get(key)?.[count - 1];
    if (!match) wrong.push(`${key}: ${count} was received and never sent`);
    else {
      const { arrivedMs } = row as Of<"receive">;
      if (arrivedMs !== undefined && !(arrivedMs >= match.timeMs && arrivedMs <= row.timeMs))
        wrong.push(`${key}: ${count} arrived at ${arrivedMs}, sent at ${match.timeMs}, taken at ${row.timeMs}`);
      if (match.bytes !== row.bytes || match.message !== row.message) wrong.push(`${key}: ${count} changed on its way`);
      const latencyMs = match.host === row.host ? 0 : latencyOf(plan, match.host, row.host);
      if (row.timeMs < match.timeMs + latencyMs - 1e-9)
        wrong.push(`${key}: ${count} travelled faster than the network`);
    }
  }
  return wrong;
}

function latencyOf(plan: Scenario, a: string, b: string): number {
  const link = plan.network.links?.findLast(({ between }) => between.includes(a) && between.includes(b));
  return link?.latencyMs ?? plan.network.latencyMs ?? 0;
}

const threadKey = (row: { pid: number; thread: string }) => `${row.pid} ${row.thread}`;

function everyStartHasItsEnd(run: Run): string[] {
  const wrong: string[] = [];
  const ends = new Map<string, number>();
  for (const row of of(run, "exit")) ends.set(threadKey(row), (ends.get(threadKey(row)) ?? 0) + 1);
  for (const row of of(run, "start")) {
    if (ends.get(threadKey(row)) !== 1) wrong.push(`${threadKey(row)}: ${ends.get(threadKey(row)) ?? 0} ends`);
  }
  for (const [key, count] of ends) if (count > 1) wrong.push(`${key}: ${count} ends`);
  const late = new Map(
    of(run, "exit")
      .filter((row) => row.as === "process")
      .map((row) => [row.pid, run.rows.indexOf(row)]),
  );
  run.rows.forEach((row, i) => {
    const end = late.get(row.pid);
    // What becomes of a datagram is told as its sender's, who may be gone.
    const isFate = row.kind === "datagram" && row.what === "lost";
    if (row.kind !== "fault" && row.kind !== "exit" && !isFate && end !== undefined && i > end)
      wrong.push(`pid ${row.pid} has a ${row.kind} row after its end`);
  });
  return wrong;
}

/**
 * A thread waits on one thing at a time, as its program says: when it ends, however that is, no more is left than the one
 * wait that the end cut short, and nothing of a thread that returned.
 */
function everyWaitHasItsEnd(run: Run): string[] {
  const wrong: string[] = [];
  const waits = new Map<string, string[]>();
  // What is in the queue changes while a thread waits.
  const target = (on: string): string => on.replace(/ \(.*/, "");
  for (const row of of(run, "wait", "wake")) {
    const open = waits.get(threadKey(row)) ?? [];
    waits.set(threadKey(row), open);
    if (row.kind === "wait") open.push(target(row.on));
    else if (!open.includes(target(row.on))) wrong.push(`${threadKey(row)} woke without a wait: ${row.on}`);
    else open.splice(open.indexOf(target(row.on)), 1);
  }
  for (const row of of(run, "exit")) {
    const open = waits.get(threadKey(row)) ?? [];
    const most = row.how === "returned" ? 0 : 1;
    if (open.length > most) wrong.push(`${threadKey(row)} ${row.how} and still waits: ${open.join(", ")}`);
  }
  return wrong;
}

function machinesDoNoMoreThanTheyCan(plan: Scenario, run: Run): string[] {
  const wrong: string[] = [];
  for (const [name, spec] of Object.entries(plan.hosts)) {
    let workMs = 0;
    let freeMs = 0;
    for (const row of of(run, "compute", "disk")) {
      if (row.host !== name) continue;
      const endMs = row.endMs ?? run.endMs;
      if (!(endMs >= row.timeMs)) wrong.push(`work that ends at ${endMs}, before ${row.timeMs}`);
      // A disk goes on with what a killed process asked for; its end is then not noted.
      if (row.kind === "disk" && row.timeMs < freeMs) wrong.push(`two accesses to ${name}'s disk at ${row.timeMs}`);
      if (row.kind === "disk") freeMs = row.endMs ?? row.timeMs;
      else if (wasDone(run, row)) workMs += row.workMs;
    }
    if (workMs > (spec.cores ?? 1) * run.endMs + 1e-6) wrong.push(`${name} computed ${workMs} ms in ${run.endMs}`);
  }
  return wrong;
}

/** Whether a thread has had all its CPU time: it woke at the end, and no error came of it (a kill or an abort cuts it short). */
function wasDone(run: Run, work: Of<"compute">): boolean {
  const own = run.rows.filter((row) => threadKey(row) === threadKey(work) && row.timeMs >= work.timeMs);
  const woke = own.findIndex((row) => row.kind === "wake" && row.on === "compute" && row.timeMs === work.endMs);
  const next = own[woke + 1];
  return woke >= 0 && !(next?.kind === "log" && "message" in next.fields) && next?.kind !== "exit";
}

function outcomesAgree(run: Run): string[] {
  const wrong: string[] = [];
  const jobs = Object.entries(run.outcomes as Record<string, { how: string } | { how: string }[]>);
  for (const [name, outcome] of jobs) {
    for (const { how } of [outcome].flat()) {
      if (how === "unfinished" && !run.reachedLimit)
        wrong.push(`${name} is unfinished, and the run did not end by its limit`);
    }
  }
  for (const row of of(run, "exit"))
    if (row.how === "threw" && row.error !== "Error: on purpose") wrong.push(`${threadKey(row)} threw ${row.error}`);
  return wrong;
}

/** The other direction of a connection. */
const back = (direction: unknown): "out" | "in" => (direction === "out" ? "in" : "out");

/** Bytes of a direction that were sent and not taken, after each row that tells of them. */
class Unread {
  readonly #bytes = new Map<string, number>();

  see(row: TraceRow): void {
    if (row.kind !== "send" && row.kind !== "receive") return;
    const key = `${row.connection} ${row.direction}`;
    this.#bytes.set(key, this.of(row.connection, row.direction) + (row.kind === "send" ? row.bytes : -row.bytes));
  }

  of(connection: string, direction: string): number {
    return this.#bytes.get(`${connection} ${direction}`) ?? 0;
  }
}

/**
 * Who is told that the peer has ended has had every byte that was sent; who is told of a reset by a peer has a peer that reset the
 * connection, died, or returned with something unread. Never is more taken than was sent.
 */
function endsAndResetsAreTrue(run: Run): string[] {
  const wrong: string[] = [];
  const unread = new Unread();
  const owners = new Map<string, number>();
  const ends = new Map<number, string>();
  const resets = new Set<string>();
  const urgent = new Set<string>();
  for (const row of run.rows) {
    unread.see(row);
    if (row.kind === "receive" && unread.of(row.connection, row.direction) < 0)
      wrong.push(`${row.connection} ${row.direction}: more bytes taken than sent`);
    if (row.kind === "urgent" && row.sent) urgent.add(`${row.connection} ${row.direction}`);
    if (row.kind === "exit" && row.as === "process") ends.set(row.pid, row.how);
    if (row.kind !== "log") continue;
    const { connection, hears, message, probes } = row.fields as Record<string, string>;
    if (row.event === "owns") owners.set(`${connection} ${hears}`, row.pid);
    if (row.event === "resets") resets.add(`${connection}`);
    const silent = /^(\S+): keepalive got no answer/.exec(`${message}`)?.[1];
    if (silent) resets.add(silent);
    if (row.event === "ended") {
      const lost = unread.of(`${connection}`, `${hears}`);
      if (lost !== 0) wrong.push(`${connection} ${hears} ended at ${row.timeMs}, and ${lost} bytes were lost`);
    }
    const by =
      row.event === "ConnectionReset" && hears ? /^(\S+) was reset by (?!this)/.exec(`${message}`)?.[1] : undefined;
    if (!by || resets.has(by)) continue;
    const towards = `${by} ${back(hears)}`;
    const owner = owners.get(towards);
    // Nobody accepted it, or it was on its way to a child; or a probe found an end that had been given up.
    if (owner === undefined || probes) continue;
    const cause =
      ends.get(owner) !== "returned" ? ends.get(owner) : unread.of(by, back(hears)) > 0 || urgent.has(towards);
    if (!cause) wrong.push(`${by}: pid ${row.pid} was reset at ${row.timeMs}, and pid ${owner} did not`);
  }
  return wrong;
}

/** Nobody waits for a message that has come: what was sent long enough before the end is here, unless a fault holds it. */
function arrivedMessagesAreTaken(plan: Scenario, run: Run): string[] {
  if (plan.faults.length > 0) return [];
  const wrong: string[] = [];
  const unread = new Unread();
  const sent = new Map<string, Of<"send">>();
  const waiting = new Map<string, Of<"wait">>();
  let bytes = 0;
  for (const row of run.rows) {
    unread.see(row);
    if (row.kind === "send") {
      sent.set(`${row.connection} ${row.direction}`, row as Of<"send">);
      bytes += row.bytes;
    }
    if (row.kind === "datagram" && row.what === "sent") bytes += 2 * row.bytes;
    if (row.kind === "wait") waiting.set(threadKey(row), row);
    else if (row.kind === "wake" || (row.kind === "exit" && row.timeMs < lastRowMs(run)))
      waiting.delete(threadKey(row));
  }
  // Each message passes two interfaces, each of which has taken all others before at worst.
  const passingMs = (2 * bytes * 1000) / slowestRate(plan);
  for (const { on, host, pid } of waiting.values()) {
    const [, connection = "", from, to] = /^receive on ((\S+)#\d+>(\S+):\d+) from/.exec(on) ?? [];
    if (from === to) continue;
    const direction = host === to ? "out" : "in";
    const last = sent.get(`${connection} ${direction}`);
    if (!last || unread.of(connection, direction) === 0) continue;
    if (last.timeMs + latencyOf(plan, last.host, host) + passingMs < run.endMs)
      wrong.push(`pid ${pid} waits for what has come: ${on}`);
  }
  return wrong;
}

const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(":"));

function fatesOf({ network }: Scenario, a: string, b: string): { loss: number; duplicates: number; jitterMs: number } {
  const link = network.links?.findLast(({ between }) => between.includes(a) && between.includes(b));
  const fates = { loss: 0, duplicates: 0, jitterMs: 0 };
  return a === b ? fates : { ...fates, ...network.datagrams, ...link?.datagrams };
}

/** What became of the copies of a datagram. */
interface Fate {
  readonly sent: DatagramRow;
  readonly ends: DatagramRow[];
}

/**
 * Each datagram is lost or doubled as the draws for its pair of hosts say, in the order of sending; each copy is received or lost once at most, unchanged and
 * not before it can be there; and every loss has the reason that it tells.
 */
function datagramsAreTrue(plan: Scenario, run: Run): string[] {
  const wrong: string[] = [];
  const ways = new Map<string, Fate[]>();
  const unread = new Map<string, number>();
  const draws = new Map<string, () => number>();
  const draw = (way: string, purpose: string): number => {
    const name = `datagrams/${way}/${purpose}`;
    if (!draws.has(name)) draws.set(name, randomStream(run.seed, name));
    return (draws.get(name) as () => number)();
  };
  for (const row of of(run, "datagram") as DatagramRow[]) {
    const [from, to] = [hostOf(row.from), hostOf(row.to)];
    const way = `${from}>${to}`;
    const fates = ways.get(way) ?? [];
    ways.set(way, fates);
    const { loss, duplicates } = fatesOf(plan, from, to);
    const name = `datagram ${row.sequence} of ${way}`;
    if (row.what === "sent") {
      fates.push({ sent: row, ends: [] });
      if (row.sequence !== fates.length) wrong.push(`${name} came as number ${fates.length}`);
      const isLost = loss > 0 && draw(way, "loss") < loss;
      const copies = isLost ? 1 : duplicates > 0 && draw(way, "duplicates") < duplicates ? 2 : 1;
      if (isLost && duplicates > 0) draw(way, "duplicates");
      expectedCopies.set(row, isLost ? 0 : copies);
      unread.set(row.to, (unread.get(row.to) ?? 0) + row.bytes * copies);
      continue;
    }
    const fate = fates[row.sequence - 1];
    if (!fate) {
      wrong.push(`${name} has an end and was never sent`);
      continue;
    }
    if (fate.ends.some(({ copy }) => copy === row.copy)) wrong.push(`copy ${row.copy} of ${name} ends twice`);
    fate.ends.push(row);
    const copies = expectedCopies.get(fate.sent) ?? 0;
    if (row.reason === "loss" ? copies !== 0 : row.copy > copies) wrong.push(`${name}: copy ${row.copy} of ${copies}`);
    if (row.from !== fate.sent.from || row.to !== fate.sent.to || row.bytes !== fate.sent.bytes)
      wrong.push(`${name} changed its address or size`);
    if (row.message !== fate.sent.message) wrong.push(`${name} changed on its way`);
    if (row.what === "received") wrong.push(...arrivesInTime(plan, fate.sent, row, name));
    else if (!reasonHolds(run, row, unread.get(row.to) ?? 0)) wrong.push(`${name} was not lost by ${row.reason}`);
    unread.set(row.to, (unread.get(row.to) ?? 0) - row.bytes);
  }
  return wrong;
}

/** How many copies of a datagram the draws let through. */
const expectedCopies = new WeakMap<DatagramRow, number>();

function arrivesInTime(plan: Scenario, sent: DatagramRow, row: DatagramRow, name: string): string[] {
  const latencyMs = sent.host === row.host ? 0 : latencyOf(plan, sent.host, row.host);
  const { jitterMs } = fatesOf(plan, sent.host, row.host);
  const arrivedMs = row.arrivedMs ?? Number.NaN;
  const leastMs = sent.timeMs + latencyMs - 1e-9;
  const isFree = slowestRate(plan) === Infinity && !plan.faults.some(({ kind }) => kind === "pause");
  const mostMs = isFree ? sent.timeMs + latencyMs + jitterMs + 1e-9 : Infinity;
  return arrivedMs >= leastMs && arrivedMs <= mostMs && arrivedMs <= row.timeMs
    ? []
    : [`${name} arrived at ${arrivedMs}, sent at ${sent.timeMs}, taken at ${row.timeMs}`];
}

function reasonHolds(run: Run, row: DatagramRow, unresolvedBytes: number): boolean {
  const [from, to] = [hostOf(row.from), hostOf(row.to)];
  const faults = of(run, "fault").filter(({ timeMs }) => timeMs <= row.timeMs);
  const last = (...names: string[]) =>
    faults.findLast(({ fault, host, timeMs }) => names.includes(`${fault} ${host}`) && timeMs < row.timeMs);
  const isNow = (...names: string[]) =>
    faults.some(({ fault, host, timeMs }) => names.includes(`${fault} ${host}`) && timeMs === row.timeMs);
  const cuts = [`cut ${from}–${to} ${from}`, `cut ${to}–${from} ${to}`];
  const heals = cuts.map((name) => name.replace("cut", "heal"));
  switch (row.reason) {
    case "loss":
      return true; // by the draws
    case "cut":
      return isNow(...cuts) || last(...cuts, ...heals)?.fault.startsWith("cut") === true;
    case "down":
      return isNow(`crash ${to}`) || last(`crash ${to}`, `restart ${to}`)?.fault === "crash";
    case "inbox":
      return unresolvedBytes > 64 * 1024;
    case "closed port":
      return isNow(`crash ${to}`, `restart ${to}`) || last(`crash ${to}`, `restart ${to}`)?.fault !== "crash";
    default:
      return false; // the system has no part in virtual time
  }
}

/** Nobody waits at a port to which a datagram has come. */
function arrivedDatagramsAreTaken(plan: Scenario, run: Run): string[] {
  if (plan.faults.length > 0) return [];
  const open = new Map<string, DatagramRow[]>();
  const waiting = new Map<string, Of<"wait">>();
  let bytes = 0;
  for (const row of run.rows) {
    if (row.kind === "send") bytes += row.bytes;
    if (row.kind === "datagram") {
      const own = open.get(row.to) ?? [];
      open.set(
        row.to,
        row.what === "sent"
          ? [...own, row]
          : own.filter(({ from, sequence }) => from !== row.from || sequence !== row.sequence),
      );
      if (row.what === "sent") bytes += row.bytes * 2;
    }
    if (row.kind === "wait") waiting.set(threadKey(row), row);
    else if (row.kind === "wake" || (row.kind === "exit" && row.timeMs < lastRowMs(run)))
      waiting.delete(threadKey(row));
  }
  const passingMs = (2 * bytes * 1000) / slowestRate(plan);
  return [...waiting.values()].flatMap(({ on, host, pid }) => {
    const [, port] = /^receive on datagram port (\d+)/.exec(on) ?? [];
    const here = (open.get(`${host}:${port}`) ?? []).find((sent) => {
      const from = hostOf(sent.from);
      const wayMs = from === host ? 0 : latencyOf(plan, from, host) + fatesOf(plan, from, host).jitterMs;
      return sent.timeMs + wayMs + passingMs < run.endMs;
    });
    return here ? [`pid ${pid} waits for datagram ${here.sequence} of ${here.from}, which has come: ${on}`] : [];
  });
}

function slowestRate({ hosts, network }: Scenario): number {
  const rates = [network, ...Object.values(hosts), ...(network.links ?? [])].map(
    ({ bytesPerS }) => bytesPerS ?? Infinity,
  );
  return Math.min(...rates);
}

/** What the scenario says of a program, by its name. */
function jobsByName(plan: Scenario): Map<string, Job> {
  const named = Object.entries(plan.programs).flatMap(([name, entry]): [string, Job][] =>
    Array.isArray(entry) ? entry.map((job: Job, i) => [`${name}[${i}]`, job]) : [[name, entry as Job]],
  );
  return new Map(named);
}

/** A program starts at its time, and a daemon again whenever its machine boots; no program runs twice at once. */
function everyProgramStarts(plan: Scenario, run: Run): string[] {
  const wrong: string[] = [];
  for (const [name, { host, startMs, isDaemon }] of jobsByName(plan)) {
    const own = run.rows.filter(
      (row): row is Of<"start"> | Of<"exit"> =>
        (row.kind === "start" || row.kind === "exit") && row.as === "process" && row.process === name,
    );
    const running = new Set<number>();
    for (const { kind, pid, timeMs } of own) {
      if (kind === "start") running.add(pid);
      else running.delete(pid);
      if (running.size > 1) wrong.push(`${name} runs twice at ${timeMs}`);
    }
    const startsMs = own.filter(({ kind }) => kind === "start").map(({ timeMs }) => timeMs);
    if (startsMs.some((timeMs) => timeMs < startMs)) wrong.push(`${name} started at ${startsMs}, before ${startMs}`);
    const faults = of(run, "fault").filter((row) => row.host === host && /^(crash|restart|pause)/.test(row.fault));
    const isPausedAt = (atMs: number): boolean =>
      faults.some(({ fault, timeMs }) => {
        const [, forMs] = /^pause for (\S+) ms/.exec(fault) ?? [];
        return forMs !== undefined && timeMs <= atMs && timeMs + Number(forMs) >= atMs;
      });
    const upOrDown = faults.filter(({ fault }) => !fault.startsWith("pause"));
    const before = upOrDown.findLast(({ timeMs }) => timeMs <= startMs);
    const dueMs = before?.fault === "crash" ? [] : [startMs];
    upOrDown.forEach(({ fault, timeMs }, i) => {
      // The machine may crash again at that very moment.
      const isBoot = fault === "restart" && upOrDown[i + 1]?.timeMs !== timeMs;
      if (isDaemon && isBoot && timeMs >= startMs) dueMs.push(timeMs);
    });
    for (const timeMs of dueMs) {
      if (isPausedAt(timeMs) || timeMs >= lastRowMs(run)) continue;
      if (!startsMs.includes(timeMs)) wrong.push(`${name} did not start at ${timeMs}`);
    }
  }
  return wrong;
}

/** Who is killed was killed by a fault, by a program, or with the run. */
function nobodyIsKilledWithoutCause(plan: Scenario, run: Run): string[] {
  const wrong: string[] = [];
  const struck = new Set<string>();
  const isDaemon = daemonsOf(plan, run);
  for (const row of run.rows) {
    if (row.kind === "fault")
      struck.add(row.fault === "kill" ? `pid ${row.pid}` : `${row.fault} ${row.host} ${row.timeMs}`);
    if (row.kind === "log" && row.event === "kills") struck.add(`pid ${row.fields.pid}`);
    if (row.kind !== "exit" || row.how !== "killed" || row.as !== "process") continue;
    const isEnd = row.timeMs === lastRowMs(run) && (run.reachedLimit || isDaemon(row.pid));
    const causes = [`pid ${row.pid}`, `crash ${row.host} ${row.timeMs}`];
    if (!isEnd && !causes.some((cause) => struck.has(cause)))
      wrong.push(`pid ${row.pid} was killed at ${row.timeMs} by nobody`);
  }
  return wrong;
}

/** When something happened last: at the limit what is left is ended then, and the run's end is later. */
const lastRowMs = (run: Run): number => run.rows.at(-1)?.timeMs ?? 0;

/** Whether a process is a daemon or a child of one. */
function daemonsOf(plan: Scenario, run: Run): (pid: number) => boolean {
  const jobs = jobsByName(plan);
  const daemons = new Map<number, boolean>();
  for (const { pid, parent, process } of of(run, "start"))
    if (!daemons.has(pid))
      daemons.set(pid, parent === 0 ? (jobs.get(process)?.isDaemon ?? false) : (daemons.get(parent) ?? false));
  // Some are killed before their first line.
  for (const { pid, process } of of(run, "exit"))
    if (!daemons.has(pid)) daemons.set(pid, jobs.get(process)?.isDaemon ?? true);
  return (pid) => daemons.get(pid) ?? false;
}

/** At the limit something still runs that the run waits for; else the run ends with the last such process, and not before. */
function theRunEndsWithItsPrograms(plan: Scenario, run: Run): string[] {
  const isDaemon = daemonsOf(plan, run);
  const awaited = of(run, "exit").filter(({ as, pid }) => as === "process" && !isDaemon(pid));
  const outcomes = Object.values(run.outcomes).flat() as { how: string }[];
  if (run.reachedLimit) {
    const runs =
      outcomes.some(({ how }) => how === "unfinished") || awaited.some(({ timeMs }) => timeMs === lastRowMs(run));
    return runs ? [] : [`nothing that is awaited runs at the limit`];
  }
  const lastMs = Math.max(0, ...awaited.map(({ timeMs }) => timeMs));
  return lastMs === run.endMs || awaited.length < outcomes.length
    ? []
    : [`the run ended at ${run.endMs}, its programs at ${lastMs}`];
}
