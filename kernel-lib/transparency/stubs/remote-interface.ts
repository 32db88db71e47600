import { checkText, checkWhole, refuse } from "../../errors.js";
import type { XdrType } from "../../protocol/index.js";

/** What one method of an interface takes and gives: made by {@link procedure}. */
export interface Procedure<A extends readonly unknown[] = readonly unknown[], R = unknown> {
  /** Its number in the program, from 1: number 0 does nothing, by custom. */
  readonly number: number;
  /** The types of its arguments, in order. */
  readonly args: { readonly [I in keyof A]: XdrType<A[I]> };
  /** The type of its result. */
  readonly result: XdrType<R>;
}

/** The methods of an interface, by name. */
// biome-ignore lint/suspicious/noExplicitAny: each method keeps its own types
export type Methods = Readonly<Record<string, Procedure<any, any>>>;

/** An interface that exists while the program runs: made by {@link remoteInterface}. */
export interface RemoteInterface<M extends Methods = Methods> {
  /** The program's number in ONC RPC; 0x20000000 to 0x3fffffff are free for anybody's own. */
  readonly program: number;
  /** The interface's version. */
  readonly version: number;
  /** Its methods, by name. */
  readonly methods: M;
}

/** What a client sees of an interface: its methods, each with a result that comes later, if ever. */
export type Remote<I extends RemoteInterface> = {
  readonly [K in keyof I["methods"]]: I["methods"][K] extends Procedure<infer A, infer R>
    ? (...args: A extends readonly unknown[] ? [...A] : never) => Promise<R>
    : never;
};

/** What a server offers under an interface: the same methods, at once or later. */
export type Implementation<I extends RemoteInterface> = {
  readonly [K in keyof I["methods"]]: I["methods"][K] extends Procedure<infer A, infer R>
    ? (...args: A extends readonly unknown[] ? [...A] : never) => R | Promise<R>
    : never;
};

/**
 * Describes a method: `procedure(1, [int, int], int)` is number 1, takes two whole numbers and gives one.
 *
 * @throws {@link ParameterError} if the number is not whole and from 1 to 4,294,967,295, or a type is none.
 */
export function procedure<A extends readonly unknown[], R>(
  number: number,
  args: readonly [...{ [I in keyof A]: XdrType<A[I]> }],
  result: XdrType<R>,
): Procedure<A, R> {
  checkWhole("procedure", "number", number, 1, 0xffffffff);
  if (!Array.isArray(args)) refuse("procedure", "args", "an array of types, such as [int, int]", args);
  args.forEach((type, i) => {
    checkType(`args[${i}]`, type);
  });
  checkType("result", result);
  return { number, args: args as unknown as { readonly [I in keyof A]: XdrType<A[I]> }, result };
}

function checkType(field: string, type: unknown): void {
  const { name, read, write } = (type ?? {}) as Partial<XdrType<unknown>>;
  if (typeof name !== "string" || typeof read !== "function" || typeof write !== "function")
    refuse("procedure", field, "a type, such as int or string(40)", type);
}

/**
 * Describes an interface. The value is there while the program runs, so that stubs of both sides are made of it, names of methods
 * are known, and arguments are checked; and their types are inferred from it.
 *
 * @throws {@link ParameterError} if a number is out of range, two methods have the same one, or a method was not made by
 *   {@link procedure}.
 * @example
 * const Calculator = remoteInterface({ program: 0x20000002, version: 1, methods: { add: procedure(1, [xdr.int, xdr.int], xdr.int) } });
 */
export function remoteInterface<const M extends Methods>(description: {
  /** See {@link RemoteInterface.program}. */
  readonly program: number;
  /** See {@link RemoteInterface.version}. */
  readonly version: number;
  /** See {@link RemoteInterface.methods}. */
  readonly methods: M;
}): RemoteInterface<M> {
  const { program, version, methods } = description ?? {};
  checkWhole("remoteInterface", "program", program, 0, 0xffffffff);
  checkWhole("remoteInterface", "version", version, 0, 0xffffffff);
  if (typeof methods !== "object" || methods === null)
    refuse("remoteInterface", "methods", "an object of methods by name", methods);
  const numbers = new Map<number, string>();
  for (const [name, method] of Object.entries(methods)) {
    checkText("remoteInterface", "a method's name", name);
    // A promise that gives a stub would call its `then`; and nothing named so could be called on a stub.
    if (name === "then") refuse("remoteInterface", "methods", 'without "then", which is what makes a promise', name);
    if (typeof method?.number !== "number")
      refuse("remoteInterface", `methods.${name}`, "made by procedure(number, args, result)", method);
    const other = numbers.get(method.number);
    if (other !== undefined)
      refuse("remoteInterface", `methods.${name}`, `of another number than ${other}`, method.number);
    numbers.set(method.number, name);
  }
  return Object.freeze({ program, version, methods });
}

/** The method of a number, with its name. */
export function methodOf(
  { methods }: RemoteInterface,
  number: number,
): { readonly name: string; readonly method: Methods[string] } | undefined {
  for (const [name, method] of Object.entries(methods)) if (method.number === number) return { name, method };
  return undefined;
}
