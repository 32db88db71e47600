import { checkNonNegative, checkOptions, refuse } from "../../errors.js";
import type { TraceRow } from "../../world/index.js";

/** A read or a write of a block, as the program saw it. Texts are unique to writes: see {@link blockOf}. */
export interface FileOperation {
  /** The machine that asked. */
  readonly host: string;
  /** The process that asked. */
  readonly pid: number;
  /** What it asked. */
  readonly op: "read" | "write";
  /** Of which file. */
  readonly file: string;
  /** Of which block. */
  readonly block: number;
  /** What was read or written; empty for a block that was never written. */
  readonly text: string;
  /** When it asked. */
  readonly beganMs: number;
  /** When it was told that it is done; `Infinity` if never. */
  readonly endedMs: number;
}

/** Something that a file service should not do. */
export interface FileViolation {
  /** What should hold. */
  readonly invariant:
    | "no stale read"
    | "read your writes"
    | "no lost acknowledged write"
    | "no read of what nobody wrote";
  /** The read that shows it; of a lost write, the write. */
  readonly operation: FileOperation;
  /** The write that should have been seen; none where nobody wrote what was read. */
  readonly missed: FileOperation | undefined;
  /** For how long the missed write had been acknowledged when the read began. */
  readonly staleMs: number;
}

/** See {@link checkFiles}. */
export interface FileCheck {
  /** How many reads were answered. */
  readonly reads: number;
  /** How many writes were acknowledged. */
  readonly writes: number;
  /** Reads that returned something older than a write that had been acknowledged before they began. */
  readonly staleReads: number;
  /** The longest that such a write had been acknowledged; 0 if there was none. */
  readonly worstStaleMs: number;
  /** Acknowledged writes that the last read of their block shows to be lost. */
  readonly lostWrites: number;
  /** All violations, reads in time order first, then lost writes. */
  readonly violations: readonly FileViolation[];
}

/**
 * The reads and writes that {@link fileClient} recorded, in the order of their beginning. Reads without an answer are left out.
 *
 * @param rows a run's trace, of all kinds or of kind `log`.
 */
export function fileHistory(rows: readonly TraceRow[]): FileOperation[] {
  if (!Array.isArray(rows)) refuse("fileHistory", "rows", "the rows of a trace", rows);
  const operations: FileOperation[] = [];
  const open = new Map<string, number>();
  for (const row of rows) {
    if (row.kind !== "log" || !row.event.startsWith("file ")) continue;
    const { file, block, text, beganMs } = row.fields as Pick<FileOperation, "file" | "block" | "text" | "beganMs">;
    const common = { host: row.host, pid: row.pid, file, block, text, beganMs };
    const key = JSON.stringify([row.pid, file, block, text, beganMs]);
    if (row.event === "file read") operations.push({ ...common, op: "read", endedMs: row.timeMs });
    else if (row.event === "file write begins") {
      open.set(key, operations.length);
      operations.push({ ...common, op: "write", endedMs: Number.POSITIVE_INFINITY });
    } else if (row.event === "file write") {
      operations[open.get(key) ?? operations.length] = { ...common, op: "write", endedMs: row.timeMs };
    }
  }
  return operations.sort((a, b) => a.beganMs - b.beganMs);
}

/**
 * Reads a trace and counts what a file service should not do, by real time alone: write *w* comes before write *v* if *w* was
 * acknowledged before *v* began, and writes that overlap may come in either order. A write that was never acknowledged may have
 * happened or not, at any time.
 *
 * - **no stale read**: no read returns what a write overwrote that had been acknowledged more than `boundMs` before the read began
 *   (0 unless told: a copy may be as old as its lease, no older).
 * - **read your writes**: no process reads what it has itself overwritten.
 * - **no lost acknowledged write**: the last read of a block shows the last write, or one that overlaps it. Read every block at the
 *   end of a run, when all is quiet, for this to say something.
 * - **no read of what nobody wrote**.
 *
 * @throws {@link ParameterError} if boundMs is not at least 0 or two writes of a block have the same text.
 */
export function checkFiles(rows: readonly TraceRow[], options: { readonly boundMs?: number } = {}): FileCheck {
  checkOptions("checkFiles", options);
  const { boundMs = 0 } = options;
  checkNonNegative("checkFiles", "boundMs", boundMs);
  const history = fileHistory(rows);
  const blocks = new Map<string, FileOperation[]>();
  for (const operation of history) {
    const key = JSON.stringify([operation.file, operation.block]);
    blocks.set(key, [...(blocks.get(key) ?? []), operation]);
  }
  const found: FileViolation[] = [];
  const lost: FileViolation[] = [];
  let [staleReads, worstStaleMs] = [0, 0];
  for (const operations of blocks.values()) {
    const writes = operations.filter(({ op }) => op === "write");
    const byText = new Map(writes.map((write) => [write.text, write]));
    if (byText.size < writes.length || byText.has(""))
      refuse(
        "checkFiles",
        "the texts written",
        "different and not empty",
        writes.map(({ text }) => text),
      );
    const reads = operations.filter(({ op }) => op === "read");
    for (const read of reads) {
      const source = byText.get(read.text);
      if (!source ? read.text !== "" : source.beganMs > read.endedMs) {
        found.push({ invariant: "no read of what nobody wrote", operation: read, missed: undefined, staleMs: 0 });
        continue;
      }
      const missed = overwriting(writes, source).filter(({ endedMs }) => endedMs < read.beganMs);
      const first = missed[0];
      if (!first) continue;
      const staleMs = read.beganMs - Math.min(...missed.map(({ endedMs }) => endedMs));
      staleReads++;
      worstStaleMs = Math.max(worstStaleMs, staleMs);
      if (staleMs > boundMs) found.push({ invariant: "no stale read", operation: read, missed: first, staleMs });
      const own = missed.find(({ pid }) => pid === read.pid);
      if (own)
        found.push({
          invariant: "read your writes",
          operation: read,
          missed: own,
          staleMs: read.beganMs - own.endedMs,
        });
    }
    const last = reads[reads.length - 1];
    if (!last) continue;
    for (const write of lastOf(overwriting(writes, byText.get(last.text))))
      if (write.endedMs < last.beganMs)
        lost.push({
          invariant: "no lost acknowledged write",
          operation: write,
          missed: undefined,
          staleMs: last.beganMs - write.endedMs,
        });
  }
  return {
    reads: history.filter(({ op }) => op === "read").length,
    writes: history.filter(({ op, endedMs }) => op === "write" && endedMs < Number.POSITIVE_INFINITY).length,
    staleReads,
    worstStaleMs,
    lostWrites: lost.length,
    violations: [...found.sort((a, b) => a.operation.beganMs - b.operation.beganMs), ...lost],
  };
}

/** The acknowledged writes that came after `source`: all, if it is the block's beginning. */
function overwriting(writes: readonly FileOperation[], source: FileOperation | undefined): FileOperation[] {
  return writes.filter(
    (write) => write.endedMs < Number.POSITIVE_INFINITY && (!source || source.endedMs < write.beganMs),
  );
}

/** Those that no other of them came after: the others would have been overwritten anyway. */
function lastOf(writes: readonly FileOperation[]): FileOperation[] {
  return writes.filter((write) => !writes.some((other) => write.endedMs < other.beganMs));
}
