import { monitorEventLoopDelay } from "node:perf_hooks";
import {
  type LiveRun,
  type Outcome,
  type Programs,
  type Run,
  type RunLiveOptions,
  runLive,
  type Scenario,
  type SimulateOptions,
} from "kernel-lib";
import type { uvu } from "uvu";
import * as assert from "uvu/assert";
import { inBothWorlds, type Play, rowsOf, type World } from "./both-worlds.js";

/** How much later than in virtual time things may happen live, in real ms: what a busy machine takes. */
const lateRealMs = 400;
/** How much earlier, in real ms: Node's timers are whole milliseconds. */
const earlyRealMs = 2;
/** A core that others use too gives a third of itself at worst. */
const slowestCore = 3;
/** A run in which Node stood still for so long may have other times. */
const stallRealMs = 50;
const mostTries = 3;

/**
 * As {@link inBothWorlds}, and the live run is compared with the virtual one: outcomes, results, what each process logged in
 * order and what was sent on each connection are equal; times are as late as the machine makes them and no later.
 *
 * Live, a scenario whose run differs is played again at half the speed, three times at most, if the machine can be the cause:
 * many short halts change the order of things and are not seen. What is early with none seen fails at once.
 */
export function alikeInBoth(
  test: uvu.Test<Record<string, unknown>>,
  name: string,
  body: (play: Play, world: World) => Promise<void>,
  live: RunLiveOptions = {},
): void {
  const both = (play: Play, world: World) => body(world === "live" ? (...of) => playAlike(live, ...of) : play, world);
  inBothWorlds(test, name, both, live);
}

/** Plays a scenario live until it is like its virtual run. @throws if it never is. */
export async function playAlike<P extends Programs>(
  live: RunLiveOptions,
  plan: Scenario<string, P>,
  options: RunLiveOptions & SimulateOptions = {},
): Promise<Run<P>> {
  let timeScale = live.timeScale ?? 4;
  for (let tries = 1; ; tries++, timeScale *= 2) {
    const delays = monitorEventLoopDelay({ resolution: 5 });
    delays.enable();
    let run: LiveRun<P>;
    try {
      run = await runLive(plan, { maxRealMs: 60_000, ...live, ...options, timeScale });
    } finally {
      delays.disable();
    }
    const [other, early, late] = differences(run.predicted, run, timeScale);
    const isExcused = other.length + late.length > 0 || delays.max / 1e6 > stallRealMs;
    if (tries === mostTries || !isExcused)
      assert.equal([...other, ...early, ...late], [], "live is not as virtual time");
    if (other.length + early.length + late.length === 0) return run;
  }
}

/** What a live run has other than the virtual one: in what it did, in times that are too early, in times that are too late. */
export function differences<P extends Programs>(
  virtual: Run<P>,
  live: Run<P>,
  timeScale: number,
): [other: string[], early: string[], late: string[]] {
  const [other, early, late]: [string[], string[], string[]] = [[], [], []];
  const works = rowsOf(virtual, "compute").map(({ workMs }) => workMs);
  // A job that shared its core may have it alone.
  const earlyMs = earlyRealMs / timeScale + Math.max(0, ...works);
  const lateMs = lateRealMs / timeScale + slowestCore * works.reduce((sum, ms) => sum + ms, 0);
  const [expected, found] = [whatHappened(virtual), whatHappened(live)];
  for (const [what, [values, timesMs]] of Object.entries(expected)) {
    const [liveValues, liveTimesMs = []] = found[what] ?? [];
    if (values !== liveValues) {
      other.push(`${what}: ${liveValues}, and in virtual time ${values}`);
      continue;
    }
    timesMs.forEach((virtualMs, i) => {
      const liveMs = liveTimesMs[i] as number;
      const text = `${what}: ${liveMs} ms, and in virtual time ${virtualMs} ms`;
      if (!(liveMs >= virtualMs - earlyMs)) early.push(text);
      else if (!(liveMs <= virtualMs + lateMs)) late.push(text);
    });
  }
  for (const what of Object.keys(found)) if (!(what in expected)) other.push(`${what}: in virtual time there is none`);
  return [other, early, late];
}

/** Values that don't depend on time, as text, and times beside them. */
type Happened = [values: string, timesMs: number[]];

function whatHappened(run: Run): Record<string, Happened> {
  const all: Record<string, Happened> = {
    "the run's end": apart({ reachedLimit: run.reachedLimit, endMs: run.endMs }),
  };
  for (const [name, outcome] of Object.entries(run.outcomes)) {
    const list = [outcome].flat() as Outcome[];
    all[`outcome of ${name}`] = apart(list.map((each) => (each.how === "threw" ? `threw ${each.error}` : each)));
  }
  const logs = groups(rowsOf(run, "log"), ({ host, process, pid }) => [`log of ${process} on ${host}`, `${pid}`]);
  for (const [name, lists] of logs)
    all[name] = inAnyOrder(lists.map((rows) => rows.map(({ event, fields, timeMs }) => ({ event, fields, timeMs }))));
  const sends = groups(rowsOf(run, "send"), ({ connection, direction }) => [
    `sent ${direction} on ${connection.replace(/#\d+/, "")}`,
    connection,
  ]);
  for (const [name, lists] of sends)
    all[name] = inAnyOrder(lists.map((rows) => rows.map(({ message, bytes }) => `${message} (${bytes} bytes)`)));
  return all;
}

/** Rows by a name and, below it, by what tells those of one name apart: which of them came first is a matter of time. */
function groups<R>(rows: readonly R[], keysOf: (row: R) => [name: string, key: string]): [string, R[][]][] {
  const found = new Map<string, Map<string, R[]>>();
  for (const row of rows) {
    const [name, key] = keysOf(row);
    const group = found.get(name) ?? new Map<string, R[]>();
    found.set(name, group);
    group.set(key, [...(group.get(key) ?? []), row]);
  }
  return [...found].map(([name, group]) => [name, [...group.values()]]);
}

function inAnyOrder(lists: readonly unknown[]): Happened {
  const apartEach = lists.map(apart).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return [apartEach.map(([values]) => values).join("\n"), apartEach.flatMap(([, timesMs]) => timesMs)];
}

/** Takes the times out of a value: numbers in fields whose names end with `Ms`. */
function apart(value: unknown): Happened {
  const timesMs: number[] = [];
  const takeOut = (key: string, each: unknown): unknown => {
    if (!(typeof each === "number" && /Ms$/.test(key))) return each === undefined ? "undefined" : each;
    timesMs.push(each);
    return "a time";
  };
  const text = JSON.stringify(value, takeOut);
  return [text, timesMs];
}
