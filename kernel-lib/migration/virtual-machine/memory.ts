import { checkNonNegative, checkPositive, checkWhole, refuse } from "../../errors.js";

/** A part of what runs in a virtual machine, as far as a migration sees it: which pages it writes, and how often. */
export interface Writer {
  /** Writes a second, each of one page, while it is on. */
  readonly pagesPerS: number;
  /** How many pages it writes to, one behind the other in memory: its working set. */
  readonly pages: number;
  /** The first of them. 0 unless told. */
  readonly firstPage?: number;
  /** Where a sweep stands when the migration begins, counted from `firstPage`; may lie between two pages. 0 unless told. */
  readonly startPage?: number;
  /** `sequential`: a sweep, page after page, round and round. `random`: each write goes to any of the pages. `sequential` unless told. */
  readonly order?: "sequential" | "random";
  /** It writes for so long, then rests for `offMs`, and so on: bursts. Without it, it never rests. */
  readonly onMs?: number;
  /** See `onMs`. 0 unless told. */
  readonly offMs?: number;
}

/** The memory of a virtual machine and who writes it. */
export interface Memory {
  /** Pages that have content, those of zeros not counted. */
  readonly memoryPages: number;
  /** Pages that are all zeros and stay so. They lie before the others, and are sent once, as headers. 0 unless told. */
  readonly zeroPages?: number;
  /** Hot and cold memory, or bursts, are several writers. Where they overlap, a page is written by all. */
  readonly writers: readonly Writer[];
  /** For writers in random order. 1 unless told. */
  readonly seed?: number;
}

/** A writer with nothing left out. @internal */
export type WholeWriter = Readonly<Required<Writer>>;

/** A memory with nothing left out. @internal */
export interface WholeMemory {
  readonly memoryPages: number;
  readonly zeroPages: number;
  readonly writers: readonly WholeWriter[];
  readonly seed: number;
}

/** 256 GiB of pages of 4 KiB: a byte each, some times over, is what a computer of today has room for. */
const mostPages = 2 ** 26;

/** Fills in what was left out. @throws {@link ParameterError} in the name of `where`. @internal */
export function checkMemory(where: string, memory: Memory): WholeMemory {
  if (typeof memory !== "object" || memory === null) refuse(where, "memory", "an object", memory);
  const { zeroPages = 0, seed = 1, writers } = memory;
  const memoryPages = checkWhole(where, "memoryPages", memory.memoryPages, 1, mostPages);
  if (!Array.isArray(writers)) refuse(where, "writers", "an array", writers);
  return {
    memoryPages,
    zeroPages: checkWhole(where, "zeroPages", zeroPages, 0, mostPages),
    seed: checkWhole(where, "seed", seed),
    writers: writers.map((writer, i) => checkWriter(where, `writers[${i}]`, writer, memoryPages)),
  };
}

function checkWriter(where: string, at: string, writer: Writer, memoryPages: number): WholeWriter {
  if (typeof writer !== "object" || writer === null) refuse(where, at, "an object", writer);
  const { firstPage: first = 0, startPage = 0, order = "sequential", onMs, offMs = 0 } = writer;
  const firstPage = checkWhole(where, `${at}.firstPage`, first, 0, memoryPages - 1);
  const pages = checkWhole(where, `${at}.pages`, writer.pages, 1, memoryPages - firstPage);
  if (!(checkNonNegative(where, `${at}.startPage`, startPage) < pages))
    refuse(where, `${at}.startPage`, `below ${pages}, its number of pages`, startPage);
  if (order !== "sequential" && order !== "random") refuse(where, `${at}.order`, '"sequential" or "random"', order);
  checkNonNegative(where, `${at}.offMs`, offMs);
  return {
    pagesPerS: checkNonNegative(where, `${at}.pagesPerS`, writer.pagesPerS),
    pages,
    firstPage,
    startPage,
    order,
    // A writer that rests must be told how long it writes.
    onMs: onMs === undefined && offMs === 0 ? Infinity : checkPositive(where, `${at}.onMs`, onMs),
    offMs,
  };
}
