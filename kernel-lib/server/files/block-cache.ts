import type { StoredBlock } from "./protocol.js";

interface Copy {
  readonly stored: StoredBlock;
  /** Until when it may be used without asking. */
  untilMs: number;
}

/** A client's copies of blocks. */
export class BlockCache {
  readonly #files = new Map<string, Map<number, Copy>>();
  /** By file, the number of the last recall: see {@link FileReply.serial}. */
  readonly #recalled = new Map<string, number>();

  /** The copy, if it may still be used. */
  fresh(file: string, block: number, nowMs: number): StoredBlock | undefined {
    const copy = this.#files.get(file)?.get(block);
    return copy && nowMs < copy.untilMs ? copy.stored : undefined;
  }

  /** The copy, however old. */
  any(file: string, block: number): StoredBlock | undefined {
    return this.#files.get(file)?.get(block)?.stored;
  }

  /** Keeps a copy; unless the file was recalled after the server had granted this. */
  keep(file: string, block: number, stored: StoredBlock, untilMs: number, serial: number): void {
    if (this.wasRecalled(file, serial)) return;
    const copies = this.#files.get(file) ?? new Map<number, Copy>();
    this.#files.set(file, copies);
    copies.set(block, { stored, untilMs });
  }

  wasRecalled(file: string, serial: number): boolean {
    return serial < (this.#recalled.get(file) ?? 0);
  }

  /** From now on no copy of this file may be used without asking. */
  recall(file: string, serial: number): void {
    this.#recalled.set(file, serial);
    for (const copy of this.#files.get(file)?.values() ?? []) copy.untilMs = 0;
  }

  /** A server that has started again counts from the beginning. */
  forgetSerials(): void {
    this.#recalled.clear();
  }

  clear(): void {
    this.#files.clear();
    this.#recalled.clear();
  }
}
