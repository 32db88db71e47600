import { checkWhole, refuse } from "../errors.js";
import { cos, sin, tan } from "./elementary-functions/index.js";

/**
 * The quantile of Student's t distribution: what a t-interval multiplies the standard error by.
 *
 * @param probability above 0 and below 1: 0.975 for the two-sided 95 % interval.
 * @param degrees degrees of freedom, a whole number: one less than the number of replications.
 * @throws {@link ParameterError} if one of them is out of its range.
 * @see Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.3–4 (the distribution, exact for whole
 * degrees), inverted here by bisection.
 */
export function studentQuantile(probability: number, degrees: number): number {
  if (!(probability > 0 && probability < 1)) {
    refuse("studentQuantile", "probability", "above 0 and below 1", probability);
  }
  checkWhole("studentQuantile", "degrees", degrees, 1, 1_000_000);
  if (probability === 0.5) return 0;
  // The angle whose tangent is t / √degrees runs from 0 to π/2 as t runs from 0 to infinity.
  const inside = Math.abs(2 * probability - 1);
  let low = 0;
  let high = Math.PI / 2;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (shareWithin(middle, degrees) < inside) low = middle;
    else high = middle;
  }
  return Math.sign(probability - 0.5) * tan(high) * Math.sqrt(degrees);
}

/** The probability that |T| is at most √degrees · tan(angle). */
function shareWithin(angle: number, degrees: number): number {
  const cosine = cos(angle);
  const sine = sin(angle);
  const even = degrees % 2 === 0;
  let term = even ? 1 : cosine;
  let sum = degrees === 1 ? 0 : term;
  for (let k = even ? 2 : 3; k <= degrees - 2; k += 2) {
    term *= (cosine * cosine * (k - 1)) / k;
    sum += term;
    if (term < sum * 1e-17) break;
  }
  return even ? sine * sum : ((angle + sine * sum) * 2) / Math.PI;
}
