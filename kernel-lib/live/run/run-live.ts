import { checkPositive } from "../../errors.js";
import { stopSignal } from "../../simulation/interrupt.js";
import { refuseInPrograms } from "../../world/core/programs-run.js";
import { watchForUnseen } from "../../world/core/unseen.js";
import type { Programs, Run, Scenario, TraceLevel } from "../../world/index.js";
import { checkRun } from "../../world/options.js";
import { failuresOf } from "../../world/run.js";
import { LiveSession } from "./live-session.js";
import { type MachineInfo, measureMachine } from "./machine.js";
import { defaultTimeScale, limitsOf, predict, refuseLongRun } from "./prediction.js";
import { inTurn, orAborted } from "./turn.js";

/** Options of {@link runLive}. */
export interface RunLiveOptions {
  /** A whole number: programs draw the same random numbers as in `simulate` with that seed. 1 unless told. */
  readonly seed?: number;
  /** Which rows to keep: all unless told. */
  readonly trace?: TraceLevel;
  /**
   * Real milliseconds for one of the scenario. Unless told, as many as make its mean CPU or disk time 20 ms, so that Node's own
   * overhead (about 1 ms a request) does not drown it; never below 1, and no more than fits into half of `maxRealMs`.
   */
  readonly timeScale?: number;
  /**
   * The longest real time that the run may take; 10,000 ms unless told. What was predicted to take longer is refused; a run is
   * broken off at 1.5 times that and 2 s.
   */
  readonly maxRealMs?: number;
  /** Stops the run: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called some ten times a second with the scenario's time, for a progress bar. Not an async function: nobody waits for it. */
  readonly onProgress?: (nowMs: number) => void;
}

/** What came of a scenario on this machine. Times are in the scenario's ms: real ms divided by `timeScale`. */
export interface LiveRun<P extends Programs = Programs> extends Run<P> {
  /** Which runtime played the scenario. */
  readonly world: "live";
  /** Real milliseconds for one of the scenario. */
  readonly timeScale: number;
  /** The virtual run of the same draws, to compare with request by request. */
  readonly predicted: Run<P>;
  /** What this machine is, and what it really gives. */
  readonly machine: MachineInfo;
  /** What this run could not hold, most important first: missing cores, a short time scale, and what no live run can hold. */
  readonly limits: readonly string[];
}

/**
 * Runs a scenario on this machine: real sockets on loopback, the real clock, CPU time burned by one thread for each core, files.
 * The network's latency and bandwidth are put in by holding each frame until it is due.
 *
 * Before it, the scenario is simulated with the same seed: that run is in `predicted`, and tells how long this one will take.
 * Live runs of one process take turns: two at once would measure each other.
 *
 * @throws {@link ParameterError} for bad options, if a program of a run calls it, or if it would take longer than `maxRealMs`;
 *   {@link Deadlock} if all is quiet and programs wait; {@link Interrupted} after Interrupt; an Error if it takes far longer than
 *   predicted, or if this machine gives no thread, port or socket for it.
 */
export async function runLive<P extends Programs>(
  scenario: Scenario<string, P>,
  options: RunLiveOptions = {},
): Promise<LiveRun<P>> {
  checkRun("runLive", scenario, options, ["timeScale", "maxRealMs"]);
  const { seed } = options;
  refuseInPrograms("runLive");
  const maxRealMs = options.maxRealMs === undefined ? 10_000 : checkPositive("runLive", "maxRealMs", options.maxRealMs);
  if (options.timeScale !== undefined) checkPositive("runLive", "timeScale", options.timeScale);
  const stop = stopSignal(options.signal, () => "runLive was interrupted before it began");
  const { signal } = stop;
  try {
    return await inTurn(signal, async () => {
      const prediction = await predict(scenario, { seed, signal, timeScale: options.timeScale, maxRealMs });
      const predicted = prediction.run;
      const timeScale = options.timeScale ?? defaultTimeScale(predicted, maxRealMs);
      refuseLongRun(predicted.endMs, timeScale, maxRealMs, options.timeScale !== undefined);
      const machine = await orAborted(measureMachine(), signal);
      // From here on the session listens itself.
      stop.release();
      const session = new LiveSession(scenario, options, prediction.jobsAtOnce, machine, timeScale, maxRealMs);
      const run = await session.run();
      const [inPrediction, failures] = [failuresOf(predicted), failuresOf(run)];
      inPrediction.sawThoseOf(failures);
      watchForUnseen("runLive", failures);
      watchForUnseen("runLive, in the predicted run", inPrediction);
      const limits = limitsOf(prediction, machine.effectiveCores, timeScale);
      return { ...run, world: "live", timeScale, predicted, machine, limits };
    });
  } finally {
    stop.release();
  }
}
