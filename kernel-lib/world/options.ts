import { checkWhole, ParameterError, refuse, shown } from "../errors.js";
import { checkSignal, isRecord, rejectUnknownFields } from "./checks.js";
import { isScenario } from "./scenario.js";
import { type TraceKind, traceKinds } from "./trace/trace.js";

/**
 * Checks what a runtime is given, before anything starts.
 *
 * @param ownOptions those that this runtime has beside the options of every one.
 * @throws {@link ParameterError}
 */
export function checkRun(where: string, scenario: unknown, options: unknown, ownOptions: readonly string[] = []): void {
  if (!isScenario(scenario)) {
    throw new ParameterError(`${where}: its first argument must be made by scenario({ … }), got ${shown(scenario)}`);
  }
  if (!isRecord(options)) refuse(where, "options", "an object such as { seed: 1 }", options);
  rejectUnknownFields(where, "", options, ["seed", "trace", ...ownOptions, "signal", "onProgress"]);
  const { seed, trace, signal, onProgress } = options;
  if (seed !== undefined) checkWhole(where, "seed", seed);
  if (trace !== undefined) checkTrace(where, trace);
  checkSignal(where, signal);
  if (onProgress !== undefined && typeof onProgress !== "function") {
    refuse(where, "onProgress", "a function of the scenario's time", onProgress);
  }
}

function checkTrace(where: string, trace: unknown): void {
  if (trace === "all" || trace === "none") return;
  if (!Array.isArray(trace)) refuse(where, "trace", '"all", "none" or an array of kinds', trace);
  for (const kind of trace) {
    if (!traceKinds.includes(kind as TraceKind)) refuse(where, "trace", `kinds of ${traceKinds.join(", ")}`, kind);
  }
}
