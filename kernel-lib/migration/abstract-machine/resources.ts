import { refuse } from "../../errors.js";
import type { CodeSegment } from "./code-segment.js";
import type { Machine } from "./machine.js";
import type { MachineValue } from "./types.js";

/** What a program needs of a resource: this very one, its contents, or any of its kind. */
export type Binding = "identifier" | "value" | "type";

/** How a resource is tied to its computer: easily moved, moved at a cost, or not at all. */
export type Attachment = "unattached" | "fastened" | "fixed";

/** The type of {@link pending}. */
export interface Pending {
  /** Tells it from any value of a machine. */
  readonly answer: "pending";
}

/** What a resource answers when it can't yet: the machine then stops as waiting, until {@link Machine.answer}. */
export const pending: Pending = Object.freeze({ answer: "pending" });

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
) => MachineValue | readonly MachineValue[] | Pending | undefined | void;

/** What an import is bound to. */
export interface Resource {
  /** If left out: `type` for a function, `value` for a global. */
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

/** A resource with every field that its import needs, under the import's name. */
export interface BoundResource {
  readonly name: string;
  readonly kind: "function" | "global";
  readonly binding: Binding;
  readonly attachment: Attachment;
  readonly identifier: string | undefined;
  readonly call: ResourceFunction | undefined;
  readonly value: MachineValue | undefined;
}

/** The bindings, in the order in which images write them. */
export const bindings: readonly Binding[] = ["identifier", "value", "type"];

/** The attachments, in the order in which images write them. */
export const attachments: readonly Attachment[] = ["unattached", "fastened", "fixed"];

function asResource(where: string, name: string, given: unknown): Resource {
  if (typeof given === "function") return { call: given as ResourceFunction };
  if (typeof given === "number" || typeof given === "bigint") return { value: given };
  if (typeof given === "object" && given !== null) return given;
  return refuse(where, `resources["${name}"]`, "a resource, a function or a number", given);
}

/** What an image says of a resource: what stays as it was when a new binding does not say otherwise. */
export type ResourceRecord = Pick<BoundResource, "binding" | "attachment" | "identifier">;

/**
 * Finds the resource of every imported function and global, in the order of the imports.
 *
 * @param before the bindings of a machine that goes on, whose globals need no first value; undefined for one that begins
 */
export function bind(
  where: string,
  code: CodeSegment,
  resources: Resources,
  before: readonly ResourceRecord[] | undefined,
): BoundResource[] {
  const bound: BoundResource[] = [];
  for (const { name, kind } of code.imports) {
    if (kind !== "function" && kind !== "global") continue;
    const record = before?.[bound.length] ?? defaults[kind];
    const given = Object.hasOwn(resources, name) ? resources[name] : undefined;
    const mayLack = kind === "global" && before !== undefined;
    const resource = given === undefined && mayLack ? {} : asResource(where, name, given);
    const {
      binding = record.binding,
      attachment = record.attachment,
      identifier = record.identifier,
      call,
      value,
    } = resource;
    const field = (part: string): string => `resources["${name}"].${part}`;
    if (!bindings.includes(binding)) refuse(where, field("binding"), "identifier, value or type", binding);
    if (!attachments.includes(attachment))
      refuse(where, field("attachment"), "unattached, fastened or fixed", attachment);
    if (identifier !== undefined && typeof identifier !== "string")
      refuse(where, field("identifier"), "a string", identifier);
    if (kind === "function" && typeof call !== "function") refuse(where, field("call"), "a function", call);
    if (kind === "global" && value === undefined && !mayLack)
      refuse(where, field("value"), "a number or a bigint", value);
    bound.push({ name, kind, binding, attachment, identifier, call, value });
  }
  return bound;
}

const defaults: Readonly<Record<"function" | "global", ResourceRecord>> = {
  function: { binding: "type", attachment: "unattached", identifier: undefined },
  global: { binding: "value", attachment: "unattached", identifier: undefined },
};
