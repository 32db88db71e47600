import { checkPositive, checkWhole, refuse } from "../../errors.js";
import { exponential, type RandomSource, randomStream, Scheduler } from "../../simulation/index.js";

/**
 * What a client does with a request: `single` sends it to one server; `copies` to two, and both are served; `hedge` to a second one after a
 * while without an answer, and both are served; `tied` to two who know of each other: who begins tells the other to drop it.
 */
export type ReplicaPolicy =
  | {
      /** One server. */
      readonly kind: "single" | "copies";
    }
  | {
      /** A second one, if need be. */
      readonly kind: "hedge";
      /** After which time. */
      readonly afterMs: number;
      /** Of all requests, the share that may be sent a second time; all unless told. */
      readonly cap?: number;
    }
  | {
      /** Two who know of each other. */
      readonly kind: "tied";
      /** How long it takes to tell the other one; 0 unless told. */
      readonly tellMs?: number;
    };

/** See {@link replicaModel}. */
export interface ReplicaModelOptions {
  /** How many servers there are, each with a queue of its own; 10 unless told. */
  readonly servers?: number;
  /** The load of each server if every request were served once. */
  readonly load: number;
  /** Mean service time; exponential, and drawn anew for each copy. 1 ms unless told. */
  readonly serviceMs?: number;
  /** What clients do. */
  readonly policy: ReplicaPolicy;
  /** How many requests; the first tenth is left out. */
  readonly requests: number;
  /** What random numbers are drawn from. */
  readonly seed: number;
}

/** See {@link replicaModel}. A type, not an interface, so that it can be what `sweep` measures. */
export type ReplicaModelResult = {
  /** Mean time from a request to its first answer. */
  readonly responseMs: number;
  /** The time that 99 of 100 requests do not exceed. */
  readonly p99Ms: number;
  /** How many copies were begun, a request. */
  readonly begun: number;
  /** How many copies were sent, a request. */
  readonly sent: number;
};

interface Copy {
  readonly request: number;
  readonly serviceMs: number;
  state: "waits" | "runs" | "dropped";
  other?: Copy;
}

/**
 * Servers with queues, and clients that send some requests twice, on the bare event list. Servers are chosen by chance; arrivals are Poisson.
 *
 * Two copies of everything double the load: they pay only below load 1/3, where 1/(2(1−2ρ)) < 1/(1−ρ).
 *
 * @throws {@link ParameterError} if an option is out of range.
 */
export function replicaModel(options: ReplicaModelOptions): ReplicaModelResult {
  const { servers = 10, load, serviceMs = 1, policy, requests, seed } = options ?? {};
  checkWhole("replicaModel", "servers", servers, 2);
  checkPositive("replicaModel", "load", load);
  checkPositive("replicaModel", "serviceMs", serviceMs);
  checkWhole("replicaModel", "requests", requests, 10);
  if (!["single", "copies", "hedge", "tied"].includes(policy?.kind))
    refuse("replicaModel", "policy.kind", '"single", "copies", "hedge" or "tied"', policy?.kind);
  const draw = (purpose: string): RandomSource => randomStream(seed, purpose);
  const between = exponential({ mean: serviceMs / (load * servers) }, draw("arrivals"));
  const service = [exponential({ mean: serviceMs }, draw("service")), exponential({ mean: serviceMs }, draw("copies"))];
  const choice = [draw("server"), draw("other server")];
  const scheduler = new Scheduler();
  const queues = Array.from({ length: servers }, () => new ServerQueue());
  const arrivedMs = new Float64Array(requests);
  const answeredMs = new Float64Array(requests).fill(-1);
  let [begun, sent, spare] = [0, 0, 0];

  const begin = (queue: ServerQueue, copy: Copy): void => {
    queue.running = copy;
    copy.state = "runs";
    begun++;
    scheduler.after(copy.serviceMs, finish, queue);
    const { other } = copy;
    if (policy.kind === "tied" && other) scheduler.after(policy.tellMs ?? 0, drop, other);
  };
  const drop = (copy: Copy): void => {
    if (copy.state === "waits") copy.state = "dropped";
  };
  const finish = (queue: ServerQueue): void => {
    const { request } = queue.running as Copy;
    if ((answeredMs[request] as number) < 0) answeredMs[request] = scheduler.nowMs;
    const next = queue.next();
    queue.running = undefined;
    if (next) begin(queue, next);
  };
  const send = (server: number, copy: Copy): void => {
    sent++;
    const queue = queues[server] as ServerQueue;
    if (queue.running) queue.put(copy);
    else begin(queue, copy);
  };
  const hedge = (late: { readonly server: number; readonly copy: Copy }): void => {
    if ((answeredMs[late.copy.request] as number) >= 0) return;
    if (policy.kind === "hedge" && policy.cap !== undefined && spare < 1) return;
    spare--;
    send(late.server, late.copy);
  };
  const arrive = (request: number): void => {
    arrivedMs[request] = scheduler.nowMs;
    // All is drawn whatever the policy, so that policies meet the same requests.
    const first = Math.floor((choice[0] as RandomSource)() * servers);
    const second = (first + 1 + Math.floor((choice[1] as RandomSource)() * (servers - 1))) % servers;
    const [own, copy] = service.map((each): Copy => ({ request, serviceMs: each(), state: "waits" })) as [Copy, Copy];
    if (policy.kind === "tied") {
      own.other = copy;
      copy.other = own;
    }
    send(first, own);
    if (policy.kind === "copies") send(second, copy);
    // The other copy may have been dropped already by the first, which has begun.
    if (policy.kind === "tied" && !((policy.tellMs ?? 0) === 0 && own.state === "runs")) send(second, copy);
    if (policy.kind === "hedge") {
      spare = Math.min(10, spare + (policy.cap ?? 1));
      scheduler.after(policy.afterMs, hedge, { server: second, copy });
    }
    if (request + 1 < requests) scheduler.after(between(), arrive, request + 1);
  };
  scheduler.after(between(), arrive, 0);
  scheduler.run();

  const measured = Array.from(arrivedMs, (fromMs, i) => (answeredMs[i] as number) - fromMs)
    .slice(Math.floor(requests / 10))
    .sort((a, b) => a - b);
  const responseMs = measured.reduce((sum, each) => sum + each, 0) / measured.length;
  const p99Ms = measured[Math.ceil(0.99 * measured.length) - 1] as number;
  return { responseMs, p99Ms, begun: begun / requests, sent: sent / requests };
}

/** First come, first served. Taken off by moving the start: shifting a long array costs its length. */
class ServerQueue {
  running: Copy | undefined;
  #waiting: Copy[] = [];
  #first = 0;

  put(copy: Copy): void {
    this.#waiting.push(copy);
  }

  /** The next one that was not dropped. */
  next(): Copy | undefined {
    for (;;) {
      const copy = this.#waiting[this.#first];
      if (!copy) {
        this.#waiting = [];
        this.#first = 0;
        return undefined;
      }
      this.#first++;
      if (this.#first > 1000 && 2 * this.#first > this.#waiting.length) {
        this.#waiting = this.#waiting.slice(this.#first);
        this.#first = 0;
      }
      if (copy.state === "waits") return copy;
    }
  }
}
