import { readFileSync } from "node:fs";
import { checkWhole } from "../../../errors.js";
import { ToolMissing } from "../../children/index.js";

/** A file whose code a process has in memory. */
export interface CodeInMemoryRow {
  /** Its name. */
  readonly file: string;
  /** How much of its code is in memory, whether or not other processes have it too. */
  readonly kilobytes: number;
  /** Whether it is a library of the X Window System. */
  readonly isInterface: boolean;
}

/**
 * Of which files the code in a process's memory is, the largest first (Linux's `/proc/pid/smaps`).
 *
 * @throws {@link ToolMissing} elsewhere than on Linux.
 */
export function codeInMemory(pid: number): CodeInMemoryRow[] {
  checkWhole("codeInMemory", "pid", pid, 1);
  if (process.platform !== "linux") throw new ToolMissing(`codeInMemory asks Linux, and this is ${process.platform}`);
  const mappings = readFileSync(`/proc/${pid}/smaps`, "latin1").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  return mappings
    .flatMap((mapping) => {
      const [, file] = /^\S+ r-xp .*\/([^/\n]+)$/m.exec(mapping) ?? [];
      const isInterface = /^lib(X|xcb|ICE|SM)/.test(file ?? "");
      return file ? [{ file, kilobytes: Number(/^Rss: +(\d+)/m.exec(mapping)?.[1]), isInterface }] : [];
    })
    .sort((a, b) => b.kilobytes - a.kilobytes);
}
