import { checkNonNegative, checkPositive, checkWhole, refuse } from "../../errors.js";
import { exponential, randomStream, Scheduler } from "../../simulation/index.js";

/** See {@link retryStormModel}. */
export interface RetryStormOptions {
  /** New requests in a second, a Poisson process; retries come on top. */
  readonly arrivalsPerS: number;
  /** Mean service time, exponential; one server, first come first served. */
  readonly serviceMs: number;
  /** How long a client waits for an answer before it gives up the attempt; the server does not notice. */
  readonly timeoutMs: number;
  /** How often a client tries again at most, at once. */
  readonly retries: number;
  /** A cause that passes: for a while there are more new requests. */
  readonly spike: {
    /** When it begins. */
    readonly atMs: number;
    /** How long it lasts. */
    readonly durationMs: number;
    /** How many times as many new requests there are. */
    readonly factor: number;
  };
  /** How many retries there may be for each new request, over all clients, such as 0.1; no bound unless told. Ten are in hand at most, and at the start. */
  readonly retryBudget?: number;
  /** How many requests may wait or be served; one more is refused at once, and not tried again. No bound unless told. */
  readonly queueLimit?: number;
  /** When the run ends. */
  readonly untilMs: number;
  /** A whole number: the same seed gives the same rows. */
  readonly seed: number;
}

/** A second of {@link retryStormModel}. */
export interface RetryStormRow {
  /** The second's start. */
  readonly timeMs: number;
  /** New requests. */
  readonly requests: number;
  /** Attempts, first ones and retries. */
  readonly attempts: number;
  /** Requests that were answered in time. */
  readonly answered: number;
  /** Attempts that were refused. */
  readonly refused: number;
  /** Attempts served whose client had given up: service in vain. */
  readonly inVain: number;
  /** Attempts at the server at the second's end. */
  readonly queue: number;
}

/**
 * A server whose clients lose patience and try again: a spike can begin a storm of retries that outlives it, as all service goes to attempts that nobody waits for any
 * more. A budget of retries, or a short queue, ends it.
 *
 * @returns a row a second.
 * @throws {@link ParameterError} if a number is out of range.
 * @see Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021.
 */
export function retryStormModel(options: RetryStormOptions): RetryStormRow[] {
  const where = "retryStormModel";
  const arrivalsPerS = atMost(1e6, where, "arrivalsPerS", options?.arrivalsPerS);
  const serviceMs = checkPositive(where, "serviceMs", options.serviceMs);
  const timeoutMs = checkPositive(where, "timeoutMs", options.timeoutMs);
  const retries = checkWhole(where, "retries", options.retries);
  const untilMs = atMost(1e8, where, "untilMs", options.untilMs);
  checkWhole(where, "seed", options.seed);
  const { spike, retryBudget, queueLimit } = options;
  if (typeof spike !== "object" || spike === null) refuse(where, "spike", "an object", spike);
  checkNonNegative(where, "spike.atMs", spike.atMs);
  checkNonNegative(where, "spike.durationMs", spike.durationMs);
  atMost(1000, where, "spike.factor", spike.factor);
  if (retryBudget !== undefined) checkNonNegative(where, "retryBudget", retryBudget);
  if (queueLimit !== undefined) checkWhole(where, "queueLimit", queueLimit, 1);
  const gap = exponential({ mean: 1 }, randomStream(options.seed, "arrivals"));
  const service = exponential({ mean: serviceMs }, randomStream(options.seed, "service"));
  const scheduler = new Scheduler();
  const blank = { requests: 0, attempts: 0, answered: 0, refused: 0, inVain: 0, queue: 0 };
  const rows = Array.from({ length: Math.ceil(untilMs / 1000) }, (_, i) => ({ timeMs: 1000 * i, ...blank }));
  const row = () => rows[Math.min(rows.length - 1, Math.floor(scheduler.nowMs / 1000))] as (typeof rows)[number];
  // What was not used in quiet times must not feed a storm.
  const most = retryBudget === undefined ? Infinity : 10;
  let [queue, freeAtMs, inHand] = [0, 0, most];
  const attempt = (retriesLeft: number): void => {
    row().attempts++;
    if (queueLimit !== undefined && queue >= queueLimit) return void row().refused++;
    queue++;
    const giveUpMs = scheduler.nowMs + timeoutMs;
    freeAtMs = Math.max(freeAtMs, scheduler.nowMs) + service();
    // First come first served, so the end is known now; the client does not know it, and waits.
    const isInTime = freeAtMs <= giveUpMs;
    scheduler.at(freeAtMs, () => {
      queue--;
      if (isInTime) row().answered++;
      else row().inVain++;
    });
    if (isInTime || retriesLeft === 0) return;
    scheduler.at(giveUpMs, () => {
      if (inHand < 1) return;
      inHand--;
      attempt(retriesLeft - 1);
    });
  };
  const arrive = (): void => {
    row().requests++;
    inHand = Math.min(most, inHand + (retryBudget ?? 0));
    attempt(retries);
    scheduler.after(nextGapMs(scheduler.nowMs), arrive);
  };
  /** A gap of rate 1 is used up faster during the spike. */
  const nextGapMs = (fromMs: number): number => {
    let [left, atMs] = [gap(), fromMs];
    for (const [endMs, factor] of [
      [spike.atMs, 1],
      [spike.atMs + spike.durationMs, spike.factor],
      [Infinity, 1],
    ] as const) {
      const perMs = (arrivalsPerS * factor) / 1000;
      if (atMs + left / perMs <= endMs) return atMs + left / perMs - fromMs;
      if (endMs <= atMs) continue;
      left -= (endMs - atMs) * perMs;
      atMs = endMs;
    }
    return left;
  };
  const look = (): void => {
    // At the end of a second, before the next begins.
    (rows[Math.ceil(scheduler.nowMs / 1000) - 1] as (typeof rows)[number]).queue = queue;
  };
  for (let i = 1; i <= rows.length; i++) scheduler.at(Math.min(1000 * i, untilMs), look);
  scheduler.after(nextGapMs(0), arrive);
  scheduler.run({ untilMs });
  return rows;
}

/** A number above 0 and not so large that the run would not end within a reader's patience, else a ParameterError. */
function atMost(most: number, where: string, field: string, value: unknown): number {
  if (!(checkPositive(where, field, value) <= most)) refuse(where, field, `above 0 and at most ${most}`, value);
  return value as number;
}
