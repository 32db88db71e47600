import type { Machine } from "./machine.js";
import type { MachineValue } from "./types.js";

/** What a program needs of a resource: this very one, its contents, or any of its kind. */
export type Binding = "identifier" | "value" | "type";

/** How a resource is tied to its computer: easily moved, moved at a cost, or not at all. */
export type Attachment = "unattached" | "fastened" | "fixed";

/** What a resource answers when it can't yet: the machine then stops as waiting, until {@link Machine.answer}. */
export const pending: unique symbol = Symbol("pending");

/**
 * Answers a call of the machine.
 *
 * @param args the arguments; `i64` as bigint
 * @param machine the machine that calls, to read and write its memory
 * @returns nothing, the result, an array of several results, or {@link pending}. Throw a {@link Trapped} to make the machine trap;
 *   any other error leaves {@link Machine.run}, and the machine then stands before the call.
 */
export type ResourceFunction = (
  args: readonly MachineValue[],
  machine: Machine,
  // biome-ignore lint/suspicious/noConfusingVoidType: a function without a return is what most resources are
) => MachineValue | readonly MachineValue[] | typeof pending | undefined | void;

/** What an import is bound to. */
export interface Resource {
  /** `type` if left out. */
  readonly binding?: Binding;
  /** `unattached` if left out. */
  readonly attachment?: Attachment;
  /** Which one it is, for a binding by identifier, such as `file://server/log.txt`. */
  readonly identifier?: string;
  /** For an imported function. */
  readonly call?: ResourceFunction;
  /** For an imported global: its first value. */
  readonly value?: MachineValue;
}

/**
 * The bindings of a machine's imports, by `module.name`. A bare function stands for `{ call }`, a bare number for `{ value }`.
 * Imported memories and tables need none: the machine makes its own.
 */
export type Resources = { readonly [name: string]: Resource | ResourceFunction | MachineValue };
