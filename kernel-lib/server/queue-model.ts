import { checkWhole, refuse } from "../errors.js";
import { Scheduler } from "../simulation/index.js";
import { SharedProcessor } from "../world/machine/processor.js";
import { streams, type WorkloadOptions } from "./workload.js";

/** See {@link queueModel}. */
export interface QueueModelOptions extends WorkloadOptions {
  /** How many requests are served at the same time; with `sharing`, how many cores there are. 1 unless told. */
  readonly servers?: number;
  /**
   * `queue`: one line, first come first served, as in an iterative server or a pool. `sharing`: all requests at once, each with
   * an equal share of the cores, as with a thread for each. `queue` unless told.
   */
  readonly discipline?: "queue" | "sharing";
}

/** See {@link queueModel}. A type, not an interface, so that it can be what `sweep` and `replicate` measure. */
export type QueueModelResult = {
  /** Mean time from arrival to answer, without the first tenth of the requests. */
  readonly responseMs: number;
  /** Of those, the largest. */
  readonly maxMs: number;
};

/**
 * A server with Poisson arrivals, on the bare event list: no hosts and no messages, so that millions of requests take seconds.
 * It starts empty; the first tenth of the requests is left out as warm-up. (A rule that looks at the values, such as MSER-5, tends
 * to cut off the long queues of a highly loaded run and finds means that are some percent too low.)
 *
 * @throws {@link ParameterError} as {@link workload}, if there are fewer than 10 requests, servers is not whole and at least 1, or the
 * discipline is unknown.
 */
export function queueModel(options: QueueModelOptions): QueueModelResult {
  const draw = streams("queueModel", options);
  const requests = checkWhole("queueModel", "requests", options.requests, 10);
  const { servers: told = 1, discipline = "queue" } = options;
  const servers = checkWhole("queueModel", "servers", told, 1);
  const scheduler = new Scheduler();
  const responsesMs = new Float64Array(requests);
  const service =
    discipline === "queue"
      ? inLine(scheduler, servers)
      : discipline === "sharing"
        ? shared(scheduler, servers)
        : refuse("queueModel", "discipline", '"queue" or "sharing"', discipline);
  let request = 0;
  let next = draw();
  const arrive = (): void => {
    const { arrivalMs, serviceMs } = next;
    const own = request++;
    service(serviceMs, () => {
      responsesMs[own] = scheduler.nowMs - arrivalMs;
    });
    if (request < requests) {
      next = draw();
      scheduler.at(next.arrivalMs, arrive);
    }
  };
  scheduler.at(next.arrivalMs, arrive);
  scheduler.run();
  const measured = responsesMs.subarray(Math.floor(requests / 10));
  let [sum, maxMs] = [0, 0];
  for (const responseMs of measured) {
    sum += responseMs;
    maxMs = Math.max(maxMs, responseMs);
  }
  return { responseMs: sum / measured.length, maxMs };
}

type Service = (serviceMs: number, done: () => void) => void;

function inLine(scheduler: Scheduler, servers: number): Service {
  const waiting: { serviceMs: number; done: () => void }[] = [];
  let first = 0;
  let busy = 0;
  const leave = (done: () => void): void => {
    done();
    const next = waiting[first];
    if (!next) {
      busy--;
      return;
    }
    // Taken off by moving the start: shifting a long array costs its length.
    if (++first === waiting.length) {
      waiting.length = 0;
      first = 0;
    }
    scheduler.after(next.serviceMs, leave, next.done);
  };
  return (serviceMs, done) => {
    if (busy === servers) return void waiting.push({ serviceMs, done });
    busy++;
    scheduler.after(serviceMs, leave, done);
  };
}

function shared(scheduler: Scheduler, cores: number): Service {
  const processor = new SharedProcessor(
    {
      now: () => scheduler.nowMs,
      at: (timeMs, callback, argument) => scheduler.at(timeMs, callback, argument),
      cancel: (id) => void scheduler.cancel(id),
    },
    cores,
  );
  return (serviceMs, done) => processor.add({ workMs: serviceMs, priority: 0, done });
}
