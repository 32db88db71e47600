import { readFileSync } from "node:fs";
import { compileAssemblyScript } from "kernel-lib";

/** The programs that machines run in the benchmark: each exports `run(n)`, whose work grows with n. */
export const programNames = ["sieve", "nbody", "sha256", "words"] as const;

/** The module of a program. */
export const compiled = (name: string): Promise<Uint8Array> =>
  compileAssemblyScript(readFileSync(new URL(`programs/${name}.as`, import.meta.url), "utf8"));
