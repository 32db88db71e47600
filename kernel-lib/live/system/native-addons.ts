import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";

/** A native part of a package, as it was compiled for one kind of computer. */
export interface NativeAddon {
  /** The operating system, as `process.platform` calls it. */
  readonly system: string;
  /** The processor, as `process.arch` calls it. */
  readonly processor: string;
  /** The C library, or the version of Node's own interface, and which version of that. */
  readonly library: string;
  /** Where it lies. */
  readonly file: string;
}

/**
 * One program in C++, ZeroMQ, which the notebook's kernel itself uses, in all the forms in which its package ships it: compiled for each system,
 * each processor and each C library apart.
 */
export function nativeAddons(): NativeAddon[] {
  const folder = join(dirname(createRequire(import.meta.url).resolve("zeromq")), "..", "build");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".node"))
    .sort()
    .map((file) => {
      const [system = "", processor = "", _node, library = ""] = file.split(sep);
      return { system, processor, library, file: join(folder, file) };
    });
}
