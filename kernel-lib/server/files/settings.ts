import { checkNonNegative, checkPositive, checkText, checkWhole, refuse } from "../../errors.js";

/** What a server keeps between two requests: see {@link fileServer}. */
export type FileServerKind = "stateless" | "soft state" | "leases" | "stateful";

/** The kinds, from the one that keeps least. */
export const fileServerKinds: readonly FileServerKind[] = ["stateless", "soft state", "leases", "stateful"];

/** A file service: the same value goes to {@link fileServer} and to each {@link fileClient}. */
export interface FileServiceOptions {
  /** What the server keeps between two requests. */
  readonly kind: FileServerKind;
  /** Files that are there from the beginning, as numbers of blocks of zeros. */
  readonly files?: Readonly<Record<string, number>>;
  /** The size of a block; 4096 unless told. */
  readonly blockBytes?: number;
  /** The server's host; `"server"` unless told. */
  readonly to?: string;
  /** The server's port; 2049 unless told. */
  readonly port?: number;
  /** How long a client waits for an answer before it connects anew and asks again; 1000 unless told. */
  readonly timeoutMs?: number;
  /** Stateless and soft state: how long a client uses a copy without asking; 0 (no copies) unless told. */
  readonly cacheMs?: number;
  /** Soft state and stateful: how many blocks are read ahead of a client; 0 unless told. */
  readonly readAhead?: number;
  /**
   * Soft state and leases: how long a block stays in the server's memory. Unless told, 10,000 with soft state, and 0 with leases: a server
   * with leases remembers its promises and no blocks.
   */
  readonly memoryMs?: number;
  /** Leases: how long one lasts; 10,000 unless told. */
  readonly termMs?: number;
  /** Leases: how much earlier a client stops, since its clock may be slow; 0 unless told. */
  readonly allowanceMs?: number;
  /** Stateful: whether clients may keep copies, which the server promises to call back; true unless told. */
  readonly copies?: boolean;
  /**
   * Stateful: how long writes may stay at the client: until its first operation after that time, until another wants the file, or until it
   * leaves. Needs `copies`; 0 (writes go to the server at once) unless told.
   */
  readonly writeBackMs?: number;
  /**
   * Stateful: what a server does after a crash. `none`: what it knew is lost. `reclaim`: for `graceMs` it lets clients say what they had,
   * and lets all other requests wait. `none` unless told.
   */
  readonly recovery?: "none" | "reclaim";
  /** Stateful: how long clients may reclaim; 5000 unless told, at least twice `timeoutMs`. */
  readonly graceMs?: number;
  /** Stateful: how long a client may be silent before the server forgets what it knows of it; `Infinity` unless told. */
  readonly silenceMs?: number;
}

/** @internal */
export type FileServiceSettings = Required<FileServiceOptions>;

/** Fills in what is not told, and refuses what can't be. @internal */
export function checkedService(where: string, options: FileServiceOptions): FileServiceSettings {
  const kind = options?.kind;
  if (!fileServerKinds.includes(kind))
    refuse(where, "kind", fileServerKinds.map((one) => JSON.stringify(one)).join(" or "), kind);
  const settings: FileServiceSettings = {
    files: {},
    blockBytes: 4096,
    to: "server",
    port: 2049,
    timeoutMs: 1000,
    cacheMs: 0,
    readAhead: 0,
    memoryMs: kind === "leases" ? 0 : 10_000,
    termMs: 10_000,
    allowanceMs: 0,
    copies: true,
    writeBackMs: 0,
    recovery: "none",
    graceMs: 5000,
    silenceMs: Number.POSITIVE_INFINITY,
    // What is told to be undefined is not told.
    ...(Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as typeof options),
  };
  if (typeof settings.files !== "object" || settings.files === null)
    refuse(where, "files", "an object of numbers of blocks by name", settings.files);
  for (const [file, blocks] of Object.entries(settings.files)) checkWhole(where, `files.${file}`, blocks);
  checkWhole(where, "blockBytes", settings.blockBytes, 1, 1_048_576);
  checkText(where, "to", settings.to);
  checkWhole(where, "port", settings.port, 1, 65535);
  checkPositive(where, "timeoutMs", settings.timeoutMs);
  checkNonNegative(where, "cacheMs", settings.cacheMs);
  checkWhole(where, "readAhead", settings.readAhead, 0, 1024);
  if (kind === "leases") checkNonNegative(where, "memoryMs", settings.memoryMs);
  else checkPositive(where, "memoryMs", settings.memoryMs);
  checkPositive(where, "termMs", settings.termMs);
  checkNonNegative(where, "allowanceMs", settings.allowanceMs);
  if (typeof settings.copies !== "boolean") refuse(where, "copies", "true or false", settings.copies);
  if (checkNonNegative(where, "writeBackMs", settings.writeBackMs) > 0 && !settings.copies)
    refuse(where, "writeBackMs", "0 where copies is false", settings.writeBackMs);
  if (settings.recovery !== "none" && settings.recovery !== "reclaim")
    refuse(where, "recovery", '"none" or "reclaim"', settings.recovery);
  if (!(checkPositive(where, "graceMs", settings.graceMs) >= 2 * settings.timeoutMs) && settings.recovery === "reclaim")
    refuse(where, "graceMs", `at least twice timeoutMs, ${2 * settings.timeoutMs}`, settings.graceMs);
  if (settings.silenceMs !== Number.POSITIVE_INFINITY) checkPositive(where, "silenceMs", settings.silenceMs);
  return settings;
}
