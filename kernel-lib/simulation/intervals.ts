import { checkWhole, refuse } from "../errors.js";
import { RunningStatistics } from "./running-statistics.js";
import { studentQuantile } from "./student.js";
import { checkValues } from "./values.js";

/** An estimate of a mean, and how far it may be off. */
export interface Interval {
  /** The mean of the values. */
  readonly mean: number;
  /** The lower end of the interval. */
  readonly low: number;
  /** The upper end of the interval. */
  readonly high: number;
  /** Half the interval's width: `mean ± halfWidth`. */
  readonly halfWidth: number;
  /** How often an interval made like this holds the true mean: 0.95 for 95 %. */
  readonly confidence: number;
  /** How many values it was made from. */
  readonly count: number;
}

/** How sure an interval is. */
export interface IntervalOptions {
  /** Above 0 and below 1; 0.95 without it. */
  readonly confidence?: number;
}

/**
 * Student's t-interval for the mean of independent values, one from each replication, say. Customers of one run are
 * *not* independent: use {@link batchMeans} for them.
 *
 * @throws {@link ParameterError} if there are fewer than two values, one is not finite, or `confidence` is out of range.
 */
export function confidenceInterval(values: ArrayLike<number>, options: IntervalOptions = {}): Interval {
  const confidence = checkConfidence("confidenceInterval", options.confidence ?? 0.95);
  checkValues("confidenceInterval", values, 2);
  const statistics = new RunningStatistics();
  for (let i = 0; i < values.length; i++) statistics.add(values[i] as number);
  const { mean, count } = statistics;
  const halfWidth = studentQuantile((1 + confidence) / 2, count - 1) * Math.sqrt(statistics.variance / count);
  return { mean, low: mean - halfWidth, high: mean + halfWidth, halfWidth, confidence, count };
}

/** How {@link batchMeans} cuts a run. */
export interface BatchMeansOptions extends IntervalOptions {
  /** How many batches to cut the values into, at least 2; 20 without it. */
  readonly batches?: number;
}

/** An interval from the batches of one run. */
export interface BatchMeans extends Interval {
  /** The mean of each batch, in the order of the run. */
  readonly means: readonly number[];
  /** How many values each batch holds; a rest at the beginning of the run is left out. */
  readonly batchSize: number;
  /**
   * How much a batch's mean resembles the next one's, from −1 to 1. Clearly above 0 (say 0.3 with 20 batches), batches
   * are too short: the interval is too narrow to be believed.
   */
  readonly autocorrelation: number;
}

/**
 * An interval for the mean of one long run: values next to each other resemble each other, the means of long batches
 * hardly do. Take off the warm-up first ({@link warmUp}).
 *
 * @throws {@link ParameterError} if there are fewer values than batches, one is not finite, or an option is out of range.
 * @see Law, "Simulation Modeling and Analysis", 5th edition, §9.5.3.
 */
export function batchMeans(values: ArrayLike<number>, options: BatchMeansOptions = {}): BatchMeans {
  const batches = checkWhole("batchMeans", "batches", options.batches ?? 20, 2);
  checkConfidence("batchMeans", options.confidence ?? 0.95);
  checkValues("batchMeans", values, batches);
  const batchSize = Math.floor(values.length / batches);
  let at = values.length - batches * batchSize;
  const means: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    let sum = 0;
    for (const end = at + batchSize; at < end; at++) sum += values[at] as number;
    means.push(sum / batchSize);
  }
  const interval = confidenceInterval(means, options);
  let squares = 0;
  let products = 0;
  for (const [i, mean] of means.entries()) {
    const deviation = mean - interval.mean;
    squares += deviation * deviation;
    if (i > 0) products += deviation * ((means[i - 1] as number) - interval.mean);
  }
  return { ...interval, means, batchSize, autocorrelation: squares > 0 ? products / squares : 0 };
}

/** A level of confidence, else a {@link ParameterError}. @internal */
export function checkConfidence(where: string, confidence: number): number {
  if (!(confidence > 0 && confidence < 1)) refuse(where, "confidence", "above 0 and below 1", confidence);
  return confidence;
}
