import { checkOptions, checkPositive, checkText, checkWhole, refuse } from "../errors.js";
import { ConnectionRefused, ConnectionReset, type Host, TimedOut } from "../world/index.js";

/**
 * What became of a request: `answered`; `busy` (the server answered just that); `refused` (nobody listens); `reset` (the
 * server's process died, or its machine); `timed out` (no answer within `timeoutMs`, and the client left); `closed` (the server
 * ended the connection without an answer).
 */
export type RequestOutcome = "answered" | "busy" | "refused" | "reset" | "timed out" | "closed";

/** A request and what became of it. */
export interface LoadRow {
  /** Its place in the plan, from 0. */
  readonly request: number;
  /** When it was due by the plan. */
  readonly arrivalMs: number;
  /** From then to the answer, or to the moment in which the client knew that there would be none. */
  readonly responseMs: number;
  /** How it came out. */
  readonly outcome: RequestOutcome;
}

/** See {@link openLoop}. */
export interface OpenLoopOptions {
  /** The server's host; `"server"` unless told. */
  readonly to?: string;
  /** Its port; 80 unless told. */
  readonly port?: number;
  /** How long a client waits for a connection and its answer, together; for ever unless told. */
  readonly timeoutMs?: number;
}

/**
 * Clients who come when they come, whether or not others still wait: each planned request gets a thread of its own, which
 * connects at `arrivalMs`, sends the request, and waits for the answer.
 *
 * @param plan the requests: {@link workload} draws one. The whole record is sent.
 * @returns one row a request, in the order of the plan.
 * @throws {@link ParameterError} if the plan's arrivals are not numbers in order, or an option is out of range.
 */
export async function openLoop(
  host: Host,
  plan: readonly { readonly arrivalMs: number }[],
  options: OpenLoopOptions = {},
): Promise<LoadRow[]> {
  checkOptions("openLoop", options);
  const { to, port, timeoutMs } = options;
  if (to !== undefined) checkText("openLoop", "to", to);
  if (port !== undefined) checkWhole("openLoop", "port", port, 1, 65535);
  if (timeoutMs !== undefined) checkPositive("openLoop", "timeoutMs", timeoutMs);
  if (!Array.isArray(plan)) refuse("openLoop", "plan", "an array of requests with arrivalMs", plan);
  const rows: LoadRow[] = [];
  const ended = [];
  for (const [request, planned] of plan.entries()) {
    const arrivalMs: unknown = planned?.arrivalMs;
    if (typeof arrivalMs !== "number" || !(arrivalMs >= (plan[request - 1]?.arrivalMs ?? 0) && arrivalMs < Infinity))
      refuse("openLoop", `plan[${request}].arrivalMs`, "at least that of the request before", arrivalMs);
    await host.sleepUntil(planned.arrivalMs);
    const ask = async (own: Host): Promise<void> => {
      const outcome = await requestOnce(own, planned, options);
      rows[request] = { request, arrivalMs: planned.arrivalMs, responseMs: own.now() - planned.arrivalMs, outcome };
    };
    ended.push(host.spawn(ask, { as: "thread", name: `request ${request}` }));
  }
  for (const each of ended) await each.done();
  return rows;
}

async function requestOnce(
  host: Host,
  planned: { readonly arrivalMs: number },
  { to = "server", port = 80, timeoutMs }: OpenLoopOptions,
): Promise<RequestOutcome> {
  const rest = () => Math.max(1e-3, planned.arrivalMs + (timeoutMs as number) - host.now());
  try {
    const connection = await host.connect(to, port, timeoutMs === undefined ? {} : { timeoutMs: rest() });
    try {
      await connection.send(planned);
      const answer = await connection.receive(timeoutMs === undefined ? {} : { timeoutMs: rest() });
      if (answer === undefined) return "closed";
      connection.end();
      return answer === "busy" ? "busy" : "answered";
    } catch (error) {
      if (error instanceof TimedOut) connection.reset();
      throw error;
    }
  } catch (error) {
    if (error instanceof TimedOut) return "timed out";
    if (error instanceof ConnectionRefused) return "refused";
    if (error instanceof ConnectionReset) return "reset";
    throw error;
  }
}
