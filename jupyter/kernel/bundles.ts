import { inspect } from "node:util";
import { jupyterDisplay } from "kernel-lib/jupyter";
import { domBundle } from "./dom.js";

/** One value in several formats, by MIME type, as whoever made it left it. */
export type Bundle = Readonly<Record<string, unknown>>;

/** How a value wants to be shown: by its own method, as what it draws if it is of a document, else as text. */
export async function bundleOf(value: unknown): Promise<Bundle> {
  const own = (value as Record<symbol, unknown>)[jupyterDisplay];
  const bundle: unknown = typeof own === "function" ? await own.call(value) : own;
  if (typeof bundle === "object" && bundle !== null) return bundle as Bundle;
  return domBundle(value) ?? { "text/plain": inspect(value) };
}

/** Values as notebooks may keep them: bytes become base64, and only a type that is JSON holds anything but text. */
export function asJson(bundle: Bundle): Record<string, unknown> {
  const isJson = (type: string) => /[/+]json$/.test(type);
  const isText = (value: unknown) =>
    typeof value === "string" || (Array.isArray(value) && value.every((line) => typeof line === "string"));
  return Object.fromEntries(
    Object.entries(bundle)
      .filter(([, value]) => value !== undefined)
      .map(([type, value]) => {
        if (value instanceof Uint8Array) return [type, Buffer.from(value).toString("base64")];
        return [type, isJson(type) || isText(value) ? value : String(value)];
      }),
  );
}
