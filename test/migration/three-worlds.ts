import {
  type Fault,
  type Host,
  type LogRow,
  NumberFile,
  on,
  Printer,
  place,
  processesAt,
  type Run,
  runLive,
  scenario,
  simulate,
  type TraceRow,
  withPlaceProcesses,
} from "kernel-lib";
import type { uvu } from "uvu";

/** Where a rule of places is played. */
export type PlaceWorld = "virtual" | "live" | "processes";

interface PlaceFault {
  readonly kind: "crash" | "kill";
  readonly place: string;
  /** Between real processes, which a busy machine makes slow, it waits until somebody is there, if that is told. */
  readonly atMs: number;
  readonly hasGuest?: boolean;
}

/** A place with a file of numbers and a printer each, programs that ask them, and what goes wrong. */
export interface PlacesPlay {
  readonly places: readonly string[];
  /** Run by host, all at once; `user` has no place. */
  readonly programs: Readonly<Record<string, (host: Host) => Promise<unknown>>>;
  /** A machine that falls silent, or a place's process that is killed. */
  readonly faults?: readonly PlaceFault[];
  readonly handOverMs?: number;
  readonly deadAfterMs?: number;
}

/** What came of it: what the programs returned or threw, and what was logged. */
export interface Played {
  readonly values: Readonly<Record<string, unknown>>;
  readonly logs: readonly LogRow[];
  /** Of the world's own runs. */
  readonly rows: readonly TraceRow[];
}

/** Instructions that take a guest some ms in that world: a real process runs as fast as it can. */
export const instructionsPerMs: Readonly<Record<PlaceWorld, number>> = {
  virtual: 10_000,
  live: 10_000,
  processes: 400_000,
};

export type PlayPlaces = (play: PlacesPlay) => Promise<Played>;

/** One rule of places, from the same source in virtual time, over real sockets and between real processes. */
export function inThreeWorlds(
  test: uvu.Test<Record<string, unknown>>,
  name: string,
  body: (play: PlayPlaces, world: PlaceWorld) => Promise<void>,
): void {
  test(`${name}, in virtual time`, () => body((play) => scenarioPlayed(play, "virtual"), "virtual"));
  test(`${name}, live`, () => body((play) => scenarioPlayed(play, "live"), "live"));
  test(`${name}, between real processes`, () => body(processesPlayed, "processes"));
}

const fileOf = (name: string) => `file:${name}`;
const printerOf = (name: string) => `printer:${name}`;

/** Also for rules that are played at very many moments, in virtual time alone. */
export async function scenarioPlayed(play: PlacesPlay, world: "virtual" | "live"): Promise<Played> {
  const { places, programs, faults = [], ...rules } = play;
  const here = place({
    ...rules,
    instructionsPerMs: instructionsPerMs[world],
    resources: ({ name }) => [new NumberFile(fileOf(name)), new Printer(printerOf(name))],
  });
  const hosts = [...new Set([...places, ...Object.keys(programs)])];
  const plan = scenario({
    hosts: Object.fromEntries(hosts.map((host) => [host, {}])),
    network: { latencyMs: 2, bytesPerS: 1_000_000 },
    programs: {
      ...Object.fromEntries(places.map((host) => [`place ${host}`, on(host, here).daemon()])),
      ...Object.fromEntries(
        Object.entries(programs).map(([host, program]) => [`at ${host}`, on(host, settled(program))]),
      ),
    },
    faults: faults.map(
      ({ kind, place: at, atMs }): Fault =>
        kind === "crash" ? { kind, host: at, atMs } : { kind, program: `place ${at}`, atMs },
    ),
    limitMs: 3_000_000,
  } as never);
  const run = (world === "virtual"
    ? await simulate(plan, { seed: 1 })
    : await runLive(plan, { seed: 1, timeScale: 1, maxRealMs: 60_000 })) as unknown as Run<Record<string, never>>;
  const values = Object.keys(programs).map((host) => {
    const outcome = run.outcomes[`at ${host}`] as unknown as { how: string; value?: unknown };
    return [host, outcome.how === "returned" ? outcome.value : outcome.how] as const;
  });
  const logs = run.rows.filter((row): row is LogRow => row.kind === "log");
  return { values: Object.fromEntries(values), logs, rows: run.rows };
}

/** Each place is a process of the operating system; a machine that falls silent is one that is stopped. */
async function processesPlayed({ places, programs, faults = [], ...rules }: PlacesPlay): Promise<Played> {
  const given = places.map((name) => [name, { files: { [fileOf(name)]: [] }, printer: printerOf(name) }] as const);
  return withPlaceProcesses(
    Object.fromEntries(given),
    async (group) => {
      const happen = async ({ kind, place: at, atMs, hasGuest = false }: PlaceFault) => {
        const watcher = group.host("watcher");
        await watcher.sleepUntil(atMs);
        while (hasGuest && (await processesAt(watcher, at)).length === 0) await watcher.sleep(10);
        process.kill(group.pid(at), kind === "kill" ? "SIGKILL" : "SIGSTOP");
      };
      for (const fault of faults) void happen(fault);
      const running = Object.entries(programs).map(
        async ([host, program]) => [host, await settled(program)(group.host(host))] as const,
      );
      const values = Object.fromEntries(await Promise.all(running));
      return { values, logs: group.rows, rows: group.rows };
    },
    rules,
  );
}

const settled = (program: (host: Host) => Promise<unknown>) => async (host: Host) =>
  program(host).catch((error: unknown) => error);
