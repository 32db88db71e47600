import { createRequire } from "node:module";
import { ParameterError, refuse } from "../../errors.js";

/**
 * The source text of a function that shall run elsewhere, where it sees its parameters and what JavaScript itself has.
 *
 * @throws {@link ParameterError} if it is no arrow function and no function written out: a method, a bound or a built-in one.
 */
export function sourceOf(where: string, field: string, value: unknown): string {
  if (typeof value !== "function") refuse(where, field, "a function", value);
  const source = String(value);
  try {
    new Function(`return (${source});`);
  } catch {
    throw new ParameterError(`${where}: ${field} must be an arrow function or a function written out`);
  }
  return source;
}

type Module = Readonly<Record<string, unknown>> & { readonly __esModule?: boolean };

/** What compilers write into a function's text: the notebook's for `await` and `import()`, TypeScript's to CommonJS, esbuild's. */
const written = {
  __tslab__: {
    epoch: 0,
    resumed: (_epoch: number, value: unknown): unknown => value,
    imported: (name: string, required: Promise<unknown>): Promise<unknown> => {
      required.catch(() => undefined);
      return import(name);
    },
    items: (iterable: unknown): unknown => iterable,
  },
  __importStar: (found: Module): Module => (found.__esModule ? found : { ...found, default: found }),
  __name: (value: unknown): unknown => value,
  require: createRequire(import.meta.url),
};

/** The function again, from its text. */
export function compiled<F>(source: string): F {
  return new Function(...Object.keys(written), `"use strict"; return (${source});`)(...Object.values(written)) as F;
}

/** Says of a name from outside, which was left behind, what to do about it. */
export function explainMissing(error: unknown, advice: string): unknown {
  return error instanceof ReferenceError ? new ReferenceError(`${error.message}: ${advice}`) : error;
}
