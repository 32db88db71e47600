import { checkPositive, checkWhole, ModelError, refuse } from "../../errors.js";
import { streams, type WorkloadOptions } from "../../server/workload.js";
import { type RandomSource, randomStream, Scheduler } from "../../simulation/index.js";
import type { DispatchPolicy } from "../policies/index.js";

/** See {@link dispatchModel}. `arrivalsPerS` are those of the whole cluster. */
export interface DispatchModelOptions extends WorkloadOptions {
  /** How many back ends there are, all alike; each serves one request at a time, first come first served. */
  readonly servers: number;
  /** Makes the policy; the source is a random stream of its own: `(source) => choices(2, source)`. */
  readonly policy: (source: RandomSource) => DispatchPolicy;
  /** How old the policy's views become before all are renewed at once, in ms. Always fresh unless told. */
  readonly refreshMs?: number;
}

/** See {@link dispatchModel}. A type, not an interface, so that it can be what `sweep` and `replicate` measure. */
export type DispatchModelResult = {
  /** Mean time from arrival to answer, without the first fifth of the requests. */
  readonly responseMs: number;
  /** Of those, the largest. */
  readonly maxMs: number;
  /** The most requests that were at one back end at the same time. */
  readonly longest: number;
};

/**
 * A cluster behind a front end that takes no time, on the bare event list: Poisson arrivals, a policy, equal back ends. It starts empty; the first fifth of
 * the requests is left out as warm-up.
 *
 * @throws {@link ParameterError} as {@link workload}, if there are fewer than 10 requests, servers is not whole and at least 1, refreshMs not finite and above 0, or
 * policy is no function that makes one.
 * @see Mitzenmacher, "How Useful Is Old Information?", IEEE TPDS 11, 2000, for views that are renewed periodically.
 */
export function dispatchModel(options: DispatchModelOptions): DispatchModelResult {
  const draw = streams("dispatchModel", options);
  const requests = checkWhole("dispatchModel", "requests", options.requests, 10);
  const servers = checkWhole("dispatchModel", "servers", options.servers, 1);
  const { refreshMs } = options;
  if (refreshMs !== undefined) checkPositive("dispatchModel", "refreshMs", refreshMs);
  const policy = policyOf("dispatchModel", options);
  const scheduler = new Scheduler();
  const backEnds = Array.from({ length: servers }, (_, i) => ({ name: `b${i}`, place: i, active: 0, freeAtMs: 0 }));
  const views = refreshMs === undefined ? backEnds : backEnds.map((backEnd) => ({ ...backEnd }));
  const firstMeasured = Math.floor(requests / 5);
  let [request, sum, maxMs, longest] = [0, 0, 0, 0];
  let next = draw();
  const leave = (backEnd: (typeof backEnds)[number]): void => {
    backEnd.active--;
    policy.done?.({}, backEnd);
  };
  const arrive = (): void => {
    const { arrivalMs, serviceMs } = next;
    const chosen = policy.choose({}, views);
    const backEnd = backEnds[chosen?.place ?? -1];
    if (!backEnd) throw new ModelError(`dispatchModel: ${policy.name} chose none of ${servers} back ends`);
    longest = Math.max(longest, ++backEnd.active);
    // One at a time and in order, so the end is known as soon as it comes.
    backEnd.freeAtMs = Math.max(backEnd.freeAtMs, arrivalMs) + serviceMs;
    scheduler.at(backEnd.freeAtMs, leave, backEnd);
    if (request++ >= firstMeasured) {
      const responseMs = backEnd.freeAtMs - arrivalMs;
      sum += responseMs;
      maxMs = Math.max(maxMs, responseMs);
    }
    if (request < requests) {
      next = draw();
      scheduler.at(next.arrivalMs, arrive);
    }
  };
  const renew = (): void => {
    for (const [i, view] of views.entries()) view.active = (backEnds[i] as (typeof backEnds)[number]).active;
    if (request < requests) scheduler.after(refreshMs as number, renew);
  };
  if (refreshMs !== undefined) scheduler.after(refreshMs, renew);
  scheduler.at(next.arrivalMs, arrive);
  scheduler.run();
  return { responseMs: sum / (requests - firstMeasured), maxMs, longest };
}

/** The policy of a model, with a stream of its own. @internal */
export function policyOf(
  where: string,
  options: { readonly policy: (source: RandomSource) => DispatchPolicy; readonly seed: number },
): DispatchPolicy {
  const wanted = "a function that makes a policy, such as () => roundRobin()";
  if (typeof options.policy !== "function") refuse(where, "policy", wanted, options.policy);
  const policy = options.policy(randomStream(options.seed, "policy"));
  if (typeof policy?.choose !== "function") refuse(where, "policy", wanted, policy);
  return policy;
}
