/** What neither travels in a message nor is copied for a process, and what to do instead. */

/** Under this name, a prototype of what a host gives its program says in words what it is: it belongs to one process. */
export const ofHost = Symbol("of host");

const itsItems = "make it an array";
const itsValue = "take the value out of it";
const inOneProcess = "it is memory of one process";

const instead: ReadonlyMap<string, string> = new Map([
  ["Promise", "await it first"],
  ["Generator", itsItems],
  ["AsyncGenerator", itsItems],
  ["WeakMap", "make it a Map"],
  ["WeakSet", itsItems],
  ["WeakRef", itsValue],
  ["SharedArrayBuffer", "processes share no memory"],
  ["AbortController", inOneProcess],
  ["AbortSignal", inOneProcess],
  ["DOMException", "make it a text"],
  ["Number", itsValue],
  ["String", itsValue],
  ["Boolean", itsValue],
  ["BigInt", itsValue],
  ["Symbol", itsValue],
]);

/** What kind of object it is, of whatever realm: `Promise`, `Map`; `Object` for instances of most classes. */
export function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/**
 * What it is and what to do instead (`a Promise; await it first`), if it can neither travel nor be copied: it is one of the above,
 * a host's, or something built in that would become an empty object.
 */
export function strangerIn(value: object, tag: string): string | undefined {
  const given = (value as { readonly [ofHost]?: string })[ofHost];
  if (given !== undefined) return given;
  const known = instead.get(tag);
  if (known !== undefined) return named(tag, known);
  if (tag === "Object" || tag === "Array" || tag === "Arguments" || Object.keys(value).length > 0) return undefined;
  return named(tag, tag.endsWith("Iterator") ? itsItems : "make it an array, a text or a plain object");
}

/** With its article: `an Error; send its text`. */
export function named(name: string, rest: string): string {
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}; ${rest}`;
}
