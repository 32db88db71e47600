import { ParameterError } from "../errors.js";
import { strangerIn, tagOf } from "./strangers.js";

/**
 * A copy of a process's arguments, as fork gives: the child shares no object with its parent. What `passes` says (connections)
 * and functions are handed over as they are; instances of classes become plain objects, but errors stay what they are.
 *
 * @throws {@link ParameterError} for what can't be copied: a promise, shared memory, a queue, what nests too deep.
 */
export function copied(value: unknown, passes: (value: object) => boolean, where = "spawn"): unknown {
  const cannotHold = (what: string): never => {
    throw new ParameterError(`${where}: a process's arguments are copied, and can't hold ${what}`);
  };
  try {
    return copyOf(value, passes, cannotHold, new Map());
  } catch (error) {
    if (error instanceof RangeError && /call stack/i.test(error.message)) cannotHold("what nests so deep");
    throw error;
  }
}

function copyOf(
  value: unknown,
  passes: (value: object) => boolean,
  cannotHold: (what: string) => never,
  seen: Map<object, unknown>,
): unknown {
  if (typeof value !== "object" || value === null || passes(value)) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  const again = (item: unknown): unknown => copyOf(item, passes, cannotHold, seen);
  const remembered = <T extends object>(copy: T): T => {
    seen.set(value, copy);
    return copy;
  };
  if (Array.isArray(value)) {
    const copy = remembered<unknown[]>([]);
    for (const item of value) copy.push(again(item));
    return copy;
  }
  const tag = tagOf(ArrayBuffer.isView(value) ? value.buffer : value);
  if (["ArrayBuffer", "Date", "RegExp"].includes(tag)) return structuredClone(value);
  if (tag === "Map") {
    const copy = remembered(new Map<unknown, unknown>());
    for (const [key, item] of value as Map<unknown, unknown>) copy.set(again(key), again(item));
    return copy;
  }
  if (tag === "Set") {
    const copy = remembered(new Set<unknown>());
    for (const item of value as Set<unknown>) copy.add(again(item));
    return copy;
  }
  // Defined, not set: a key `__proto__` is a key.
  const define = (copy: object, key: string, enumerable: boolean): void => {
    const own = again((value as Record<string, unknown>)[key]);
    Object.defineProperty(copy, key, { value: own, enumerable, writable: true, configurable: true });
  };
  if (tag === "Error") {
    const copy: object = remembered(Object.setPrototypeOf(new Error(), Object.getPrototypeOf(value)));
    for (const key of Object.getOwnPropertyNames(value))
      define(copy, key, Object.prototype.propertyIsEnumerable.call(value, key));
    return copy;
  }
  const stranger = strangerIn(value, tag);
  if (stranger !== undefined) cannotHold(stranger);
  const copy = remembered({});
  for (const key of Object.keys(value)) define(copy, key, true);
  return copy;
}
