import { refuse } from "../errors.js";
import { checkValues } from "./values.js";

/**
 * The value below which a share `probability` of the values lies, interpolated between the two nearest (R's type 7,
 * NumPy's default). `quantile(values, 0.5)` is the median, `quantile(values, 0.99)` the 99th percentile.
 *
 * @throws {@link ParameterError} if there is no value, one is not finite, or the probability is not from 0 to 1.
 * @see Hyndman and Fan, "Sample quantiles in statistical packages", The American Statistician 50(4), 1996.
 */
export function quantile(values: ArrayLike<number>, probability: number): number {
  return quantiles(values, [probability])[0] as number;
}

/** Several quantiles of the same values, in the order of the probabilities; the values are sorted once. See {@link quantile}. */
export function quantiles(values: ArrayLike<number>, probabilities: readonly number[]): number[] {
  checkValues("quantile", values, 1);
  const sorted = Float64Array.from(values).sort();
  return probabilities.map((probability) => {
    if (!(probability >= 0 && probability <= 1)) refuse("quantile", "probability", "from 0 to 1", probability);
    const place = probability * (sorted.length - 1);
    const below = Math.floor(place);
    const low = sorted[below] as number;
    const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
    return low + (high - low) * (place - below);
  });
}
