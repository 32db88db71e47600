import { ParameterError } from "../../errors.js";
import { maxTimeMs } from "../../world/checks.js";
import { Deadlock, ForeignWait } from "../../world/errors.js";
import type { Programs, Run, Scenario, WorkRow } from "../../world/index.js";
import { namedJobs } from "../../world/scenario.js";
import { Simulation } from "../../world/virtual/virtual.js";

/** A mean CPU or disk time below which Node's overhead shows, in real ms. */
const clearWorkMs = 20;

/** How many times as long as it may be a scenario is simulated, to tell how long it is. */
const farTooLong = 100;

/** What a live run is told beforehand. */
export interface Prediction<P extends Programs> {
  /** The virtual run of the same draws. */
  readonly run: Run<P>;
  /** Why that run has no end: the live run has to find out for itself. */
  readonly brokeOff: Error | undefined;
  /** How many jobs compute at once on each host that computes, at most as many as it has cores. */
  readonly jobsAtOnce: ReadonlyMap<string, number>;
  /** How many cores of all hosts together are busy at once. */
  readonly busyCores: number;
}

/** See {@link predict}. */
export interface PredictionOptions {
  readonly seed: number | undefined;
  readonly signal: AbortSignal;
  readonly timeScale: number | undefined;
  readonly maxRealMs: number;
}

/**
 * Simulates a scenario that is to be run live.
 *
 * @throws {@link ParameterError} if it is longer by far than it may be, never ends, or takes more than `maxRealMs` to simulate.
 */
export async function predict<P extends Programs>(
  scenario: Scenario<string, P>,
  { seed, signal, timeScale, maxRealMs }: PredictionOptions,
): Promise<Prediction<P>> {
  const patience = new AbortController();
  const onAbort = (): void => patience.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const deadline = performance.now() + maxRealMs;
  const onProgress = (nowMs: number): void => {
    if (performance.now() > deadline) patience.abort(neverMovesOn(nowMs, maxRealMs));
  };
  const simulation = new Simulation(scenario, {
    ...(seed !== undefined && { seed }),
    signal: patience.signal,
    onProgress,
  });
  // Far enough to propose a time scale; what is longer by far, or never ends, is refused as it is.
  const untilMs = (farTooLong * maxRealMs) / Math.min(1, timeScale ?? 1);
  let brokeOff: Error | undefined;
  try {
    signal.throwIfAborted();
    await simulation.advance(untilMs);
  } catch (error) {
    if (!(error instanceof Deadlock || error instanceof ForeignWait)) throw error;
    brokeOff = error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
  if (!simulation.isOver) {
    throw new ParameterError(
      `runLive: the scenario takes more than ${untilMs} ms in virtual time, or never ends; ` +
        `${fittingLimit(scenario, maxRealMs / (timeScale ?? 1))} would fit`,
    );
  }
  const run = simulation.unwatchedRun();
  return { run, brokeOff, ...computing(scenario, run) };
}

/** A limit that `scenario` takes, not above `longestMs`, and what it asks for. */
function fittingLimit(scenario: Scenario, longestMs: number): string {
  // Below 1 ms a twentieth is left for the rounding.
  const limitMs =
    longestMs < 1 ? Number((0.95 * longestMs).toPrecision(2)) : Math.floor(Math.min(longestMs, maxTimeMs));
  const isLate =
    scenario.faults.some(({ atMs }) => atMs > limitMs) ||
    namedJobs(scenario.programs).some(({ job }) => job.startMs > limitMs);
  return `limitMs: ${limitMs}${isLate ? ", with no fault or start after it," : ""}`;
}

function neverMovesOn(nowMs: number, maxRealMs: number): ParameterError {
  return new ParameterError(
    `runLive: simulating the scenario, which comes first, took more than ${maxRealMs} real ms (maxRealMs) and came to ` +
      `t=${nowMs.toFixed(3)} ms; ask less of it, or give the network a latency if its time stands still`,
  );
}

const isWork = (row: { readonly kind: string }): row is WorkRow => row.kind === "compute" || row.kind === "disk";

function worksOf(run: Run): WorkRow[] {
  return run.rows.filter(isWork).filter(({ workMs }) => workMs > 0);
}

function computing(scenario: Scenario, run: Run): Pick<Prediction<Programs>, "jobsAtOnce" | "busyCores"> {
  const jobs = worksOf(run).filter(({ kind }) => kind === "compute");
  const changes = jobs.flatMap(({ host, timeMs, endMs = run.endMs }) => [
    { host, timeMs, change: 1 },
    { host, timeMs: endMs, change: -1 },
  ]);
  changes.sort((a, b) => a.timeMs - b.timeMs || a.change - b.change);
  const running = new Map<string, number>();
  const jobsAtOnce = new Map<string, number>();
  let busy = 0;
  let busyCores = 0;
  for (const { host, change } of changes) {
    const cores = scenario.hosts[host]?.cores ?? 1;
    const before = running.get(host) ?? 0;
    running.set(host, before + change);
    busy += Math.min(cores, before + change) - Math.min(cores, before);
    busyCores = Math.max(busyCores, busy);
    jobsAtOnce.set(host, Math.max(jobsAtOnce.get(host) ?? 0, Math.min(cores, before + change)));
  }
  return { jobsAtOnce, busyCores };
}

/** How far to stretch a run of which nothing is said: see `timeScale` of `RunLiveOptions`. */
export function defaultTimeScale(predicted: Run, maxRealMs: number): number {
  const works = worksOf(predicted);
  if (works.length === 0) return 1;
  const fittingScale = maxRealMs / 2 / predicted.endMs;
  return Math.max(1, Math.min(clearWorkMs / meanMs(works), fittingScale));
}

function meanMs(works: readonly WorkRow[]): number {
  return works.reduce((sum, { workMs }) => sum + workMs, 0) / works.length;
}

/** @throws {@link ParameterError} with proposals, each of which would fit if followed. */
export function refuseLongRun(endMs: number, timeScale: number, maxRealMs: number, isChosen: boolean): void {
  const realMs = endMs * timeScale;
  if (realMs <= maxRealMs) return;
  const smaller = Math.floor((maxRealMs / endMs) * 100) / 100;
  const percent = Math.floor((maxRealMs / realMs) * 1000) / 10;
  const proposals = [
    ...(isChosen && smaller > 0 ? [`timeScale: ${smaller}`] : []),
    ...(percent > 0 ? [`a scenario of ${percent} % of this length (fewer requests, say, or a limitMs)`] : []),
    `maxRealMs: ${Math.ceil(realMs / 1000) * 1000}`,
  ];
  throw new ParameterError(
    `runLive: the scenario takes ${Math.round(endMs)} ms in virtual time, so ${Math.round(realMs)} ms here at timeScale ` +
      `${timeScale}, and maxRealMs is ${maxRealMs}; what would fit: ${proposals.join(", or ")}`,
  );
}

/** What no live run can hold. */
const alwaysLost =
  "times and the order of ties are this machine's; latency, bandwidth and faults are put in by the library (within 1 to 2 ms); " +
  "all programs share one Node process, whose own JavaScript stops every host";

/** What a live run of that prediction can't hold, most important first. */
export function limitsOf(prediction: Prediction<Programs>, effectiveCores: number, timeScale: number): string[] {
  const { run, brokeOff, busyCores } = prediction;
  const limits: string[] = [];
  if (brokeOff)
    limits.push(`the virtual run broke off, so \`predicted\` holds no more than its beginning: ${brokeOff.message}`);
  if (busyCores > effectiveCores + 0.25) {
    limits.push(
      `the scenario's programs compute on up to ${busyCores} cores at once, and worker threads get ${effectiveCores} of this ` +
        "machine's: expect longer times whenever they are all busy",
    );
  }
  const works = worksOf(run);
  const realMs = works.length === 0 ? clearWorkMs : timeScale * meanMs(works);
  if (realMs < clearWorkMs * 0.99) {
    limits.push(
      `a job takes ${realMs.toPrecision(2)} ms on average here, and Node adds about 1 ms to each request: a larger timeScale ` +
        "would bring the two worlds closer",
    );
  }
  limits.push(alwaysLost);
  return limits;
}
