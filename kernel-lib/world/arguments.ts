import { ParameterError } from "../errors.js";
import { Endpoint } from "./connection.js";
import { DiskView } from "./machine.js";
import { OpenPort } from "./port.js";
import { ThreadMutex, ThreadQueue } from "./queue.js";
import { Thread } from "./thread.js";
import { nameOf, strangers, tagOf } from "./values.js";

/** What a host gave its program, in words; `undefined` if the value is no such thing. */
export function hostObject(value: object): string | undefined {
  if (value instanceof Thread) return "a host; each process gets one of its own";
  if (value instanceof DiskView) return "a disk; each process has its host's";
  if (value instanceof ThreadQueue) return "a queue, which is memory of one process";
  if (value instanceof ThreadMutex) return "a mutex, which is memory of one process";
  if (value instanceof Endpoint) return "a connection, which belongs to a process";
  if (value instanceof OpenPort) return "a listener, which belongs to a process";
  return undefined;
}

/**
 * A copy of a process's arguments, as fork gives: the child shares no object with its parent. What `passes` says (connections)
 * and functions are handed over as they are; instances of classes become plain objects, but errors stay what they are.
 *
 * @throws {@link ParameterError} for what can't be copied: a promise, shared memory, a queue.
 */
export function copied(
  value: unknown,
  passes: (value: object) => boolean,
  where = "spawn",
  seen = new Map<object, unknown>(),
): unknown {
  if (typeof value !== "object" || value === null || passes(value)) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  const again = (item: unknown): unknown => copied(item, passes, where, seen);
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
  const stranger = hostObject(value) ?? (strangers.has(tag) ? nameOf(value, tag) : undefined);
  if (stranger) throw new ParameterError(`${where}: a process's arguments are copied, and can't hold ${stranger}`);
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
  if (tag === "Error") {
    const copy: object = remembered(Object.setPrototypeOf(new Error(), Object.getPrototypeOf(value)));
    for (const name of Object.getOwnPropertyNames(value)) {
      const enumerable = Object.prototype.propertyIsEnumerable.call(value, name);
      const own = again((value as Record<string, unknown>)[name]);
      Object.defineProperty(copy, name, { value: own, enumerable, writable: true, configurable: true });
    }
    return copy;
  }
  const copy = remembered<Record<string, unknown>>({});
  for (const [key, item] of Object.entries(value)) copy[key] = again(item);
  return copy;
}
