import { checkValues } from "./values.js";

/** What {@link warmUp} found. */
export interface WarmUp {
  /** How many values at the beginning to leave out; a multiple of 5. */
  readonly count: number;
  /** The mean of the values that stay. */
  readonly mean: number;
  /** False when the rule found no place in the first half of the run: the run is too short to trust. */
  readonly settled: boolean;
}

/**
 * Where the warm-up of a run ends, by the rule MSER-5: of all cuts in the first half, at multiples of 5 values, the one
 * after which the mean of the rest would be known best (smallest squared standard error, taken over means of 5 values).
 *
 * @param values one run's observations in time order: the wait of each customer, say; at least 10.
 * @throws {@link ParameterError} if there are fewer than 10 values or one is not finite.
 * @see White, Cobb and Spratt, "A comparison of five steady-state truncation heuristics for simulation", WSC 2000.
 */
export function warmUp(values: ArrayLike<number>): WarmUp {
  checkValues("warmUp", values, 10);
  const batches = Math.floor(values.length / 5);
  const half = Math.floor(batches / 2);
  let [count, mean, squares] = [0, 0, 0];
  let best = { error: Infinity, cut: 0, mean: 0 };
  // From the end backwards: the batches that a cut would keep are those seen so far.
  for (let batch = batches - 1; batch >= 0; batch--) {
    let sum = 0;
    for (let i = batch * 5; i < batch * 5 + 5; i++) sum += values[i] as number;
    const deviation = sum / 5 - mean;
    mean += deviation / ++count;
    squares += deviation * (sum / 5 - mean);
    const error = squares / (count * count);
    // On equal errors the earlier cut keeps more.
    if (batch <= half && error <= best.error) best = { error, cut: batch, mean };
  }
  return { count: best.cut * 5, mean: best.mean, settled: best.cut < half };
}
