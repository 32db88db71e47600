import { refuse } from "../errors.js";

/** A list of at least so many finite numbers, else a {@link ParameterError}. @internal */
export function checkValues(where: string, values: ArrayLike<number>, least: number): void {
  const length = (values as ArrayLike<number> | undefined)?.length;
  if (typeof values !== "object" || !Number.isSafeInteger(length))
    refuse(where, "values", "an array of numbers", values);
  if (values.length < least) {
    refuse(where, "values", `at least ${least} number${least === 1 ? "" : "s"}`, `${values.length} of them`);
  }
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) refuse(where, `values[${i}]`, "a finite number", values[i]);
  }
}
