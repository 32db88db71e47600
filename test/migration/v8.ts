import type { TrapKind } from "kernel-lib";

/** The part of V8's WebAssembly that serves as an oracle; Node's types leave it out. */
interface V8 {
  readonly Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): readonly { module: string; name: string; kind: string }[];
  };
  readonly Instance: new (module: object, imports: object) => { readonly exports: never };
  validate(bytes: Uint8Array): boolean;
}
export const v8 = (globalThis as unknown as { WebAssembly: V8 }).WebAssembly;

export type V8Function = (...args: (number | bigint)[]) => unknown;

/** Instantiates a module in V8. */
export const inV8 = (bytes: Uint8Array, imports: object = {}): { readonly exports: never } =>
  new v8.Instance(new v8.Module(bytes), imports);

/** What V8 says when it traps, and what the specification calls it; V8 does not tell all of them apart. */
const messages: readonly (readonly [RegExp, readonly TrapKind[]])[] = [
  [/^unreachable$/, ["unreachable"]],
  [/^(divide|remainder) by zero$/, ["integer divide by zero"]],
  [/^divide result unrepresentable$/, ["integer overflow"]],
  [/^float unrepresentable in integer range$/, ["integer overflow", "invalid conversion to integer"]],
  [/^memory access out of bounds$/, ["out of bounds memory access"]],
  [/^table index is out of bounds$/, ["undefined element", "out of bounds table access"]],
  [/^(table access|element segment|table element index) out of bounds$/, ["out of bounds table access"]],
  [/^null function or function signature mismatch$/, ["uninitialized element", "indirect call type mismatch"]],
  [/^Maximum call stack size exceeded$/, ["call stack exhausted"]],
];

/** The kinds of trap that an error of V8's may stand for. */
export function trapsOf(error: unknown): readonly TrapKind[] {
  const text = (error as Error).message;
  const found = messages.find(([pattern]) => pattern.test(text));
  if (found === undefined) throw new Error(`V8 said something new: ${text}`);
  return found[1];
}
