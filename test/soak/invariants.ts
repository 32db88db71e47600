import type { Run, Scenario, TraceRow } from "kernel-lib";

type Of<K, R extends TraceRow = TraceRow> = R extends TraceRow ? (K extends R["kind"] ? R : never) : never;
const of = <K extends TraceRow["kind"]>(run: Run, ...kinds: K[]) =>
  run.rows.filter((row): row is Of<K> => kinds.includes(row.kind as K));

/** What is wrong with a finished run, judged by its trace alone; empty if nothing is. */
export function violations(plan: Scenario, run: Run): string[] {
  return [
    ...timeGoesForward(plan, run),
    ...messagesAreInOrder(plan, run),
    ...everyStartHasItsEnd(run),
    ...everyWaitHasItsEnd(run),
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
  const link = plan.network.links?.find(({ between }) => between.includes(a) && between.includes(b));
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
  ); // prettier-ignore
  run.rows.forEach((row, i) => {
    const end = late.get(row.pid);
    if (row.kind !== "fault" && row.kind !== "exit" && end !== undefined && i > end)
      wrong.push(`pid ${row.pid} has a ${row.kind} row after its end`);
  }); // prettier-ignore
  return wrong;
}

function everyWaitHasItsEnd(run: Run): string[] {
  const waits = new Map<string, number>();
  for (const row of of(run, "wait", "wake")) {
    const open = (waits.get(threadKey(row)) ?? 0) + (row.kind === "wait" ? 1 : -1);
    if (open < 0) return [`${threadKey(row)} woke without a wait`];
    waits.set(threadKey(row), open);
  }
  return of(run, "exit")
    .filter((row) => row.how === "returned" && (waits.get(threadKey(row)) ?? 0) > 0)
    .map((row) => `${threadKey(row)} returned and still waits`);
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
  } // prettier-ignore
  for (const row of of(run, "exit")) if (row.how === "threw") wrong.push(`${threadKey(row)} threw ${row.error}`);
  return wrong;
}
