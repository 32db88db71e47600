import { refuse } from "../errors.js";
import type { LoadRow } from "./open-loop.js";

/** One request in two runs of the same draws. */
export interface PairedRow {
  /** Its place in the order of arrival, from 0. */
  readonly request: number;
  /** Its response time in the virtual run. */
  readonly predictedMs: number;
  /** Its response time in the live run. */
  readonly measuredMs: number;
}

/** See {@link pairLoads}. */
export interface PairedLoad {
  /** Mean of the virtual run. */
  readonly predictedMs: number;
  /** Mean of the live run. */
  readonly measuredMs: number;
  /** One row a request, in the order of the plan. */
  readonly rows: readonly PairedRow[];
}

/**
 * Puts a live run beside the virtual run of the same draws, request by request: both had the same arrivals and service times, so what
 * differs is the machine's part.
 *
 * @param predicted what `openLoop` returned in the virtual run: `run.predicted.results.load`.
 * @param live what it returned in the live run: `run.results.load`.
 * @throws {@link ParameterError} if the two don't have the same requests, or none.
 */
export function pairLoads(predicted: readonly LoadRow[], live: readonly LoadRow[]): PairedLoad {
  if (!Array.isArray(predicted) || predicted.length === 0)
    refuse("pairLoads", "predicted", "at least one row", predicted);
  if (live?.length !== predicted.length)
    refuse("pairLoads", "live", `rows of the same ${predicted.length} requests`, live);
  const rows = predicted.map(({ request, responseMs }, i) => {
    const other = live[i] as LoadRow;
    if (other.request !== request) refuse("pairLoads", `live[${i}].request`, String(request), other.request);
    return { request, predictedMs: responseMs, measuredMs: other.responseMs };
  });
  const mean = (field: "predictedMs" | "measuredMs") => rows.reduce((sum, row) => sum + row[field], 0) / rows.length;
  return { predictedMs: mean("predictedMs"), measuredMs: mean("measuredMs"), rows };
}
